"""Registering weights and finding them again. Nothing here loads a network: the web process asks, workers run."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.core.files.storage import default_storage
from django.db import transaction

import densepose
from annotator.errors import InvalidInputError
from annotator.models import ModelVersion
from annotator.services.events import record_event
from annotator.storage import open_stored, store_file

_BUNDLED_FOLDER: Final = Path(densepose.__file__).parent / "weights"
# They find people for others and propose nothing themselves.
FINDERS: Final = frozenset({"detector"})
_SUFFIXES: Final = frozenset({".safetensors", ".pkl", ".pth"})


def bundled_names() -> list[str]:
    """Return the names of the networks that propose and whose weights lie beside the code."""
    return sorted({path.stem for path in _BUNDLED_FOLDER.glob("*.safetensors")} - FINDERS)


def version_named(name: str) -> ModelVersion:
    """Return the version of a bundled network's name, or of a file of weights; both are registered at the first call.

    Raises:
        InvalidInputError: neither a bundled name nor a file of weights.
    """
    path = _BUNDLED_FOLDER / f"{name}.safetensors"
    if name in FINDERS or name in bundled_names():
        return _registered(path, name=name, bundled=name)
    path = Path(name)
    if path.suffix not in _SUFFIXES or not path.is_file():
        known = ", ".join(bundled_names()) or "none yet"
        raise InvalidInputError(
            f"{name!r} is neither a bundled network ({known}) nor a file of weights ({', '.join(sorted(_SUFFIXES))})."
        )
    return _registered(path, name=path.stem, bundled="")


def default_version() -> ModelVersion | None:
    """Return the bundled network's version; where none is bundled the newest, None where there is no model."""
    for name in bundled_names():
        return version_named(name)
    return ModelVersion.objects.filter(bundled="").first()


@contextmanager
def weights_of(version: ModelVersion) -> Iterator[Path]:
    """Open a version's weights as a local file.

    Raises:
        InvalidInputError: the file is gone, or is not the one that was registered.
    """
    with tempfile.TemporaryDirectory(prefix="weights-") as folder:
        if version.bundled:
            path = _BUNDLED_FOLDER / f"{version.bundled}.safetensors"
        else:
            path = Path(folder) / Path(str(version.file.name)).name
            if default_storage.exists(str(version.file.name)):
                with open_stored(str(version.file.name)) as source, path.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
        if not path.is_file() or _digest(path) != version.digest:
            raise InvalidInputError(f"The weights of {version} are not there any more.", code="weights_missing")
        yield path


def _registered(path: Path, *, name: str, bundled: str) -> ModelVersion:
    digest = _digest(path)
    known = ModelVersion.objects.filter(digest=digest).first()
    if known is not None:
        return known
    stored = ""
    if not bundled:
        with path.open("rb") as source:
            stored = store_file(f"models/{digest[:2]}/{digest}{path.suffix}", source)
    with transaction.atomic():
        version, is_new = ModelVersion.objects.get_or_create(
            digest=digest, defaults={"name": name[:80], "bundled": bundled, "file": stored}
        )
        if is_new:
            record_event(verb="registered", target=version, after={"name": version.name, "digest": digest})
    return version


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
