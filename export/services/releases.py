"""Releases: made by a manager or engineer, written by a job, never changed afterwards."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from annotator.errors import InvalidInputError
from annotator.models import Project, Split, User
from annotator.services.events import record_event
from annotator.services.jobs import enqueue_job
from annotator.storage import open_stored, store_bytes, store_file
from export.models import Format, Release
from export.services.densepose_file import (
    CHUNK,
    FileOptions,
    OnProgress,
    chosen_images,
    name_in_release,
    release_names,
    write_densepose_file,
)
from export.services.files import DigestingFile

JOB_KIND: Final = "write_release"
ARCHIVE_NAME: Final = "release.zip"
MANIFEST_NAME: Final = "manifest.json"
# Archives carry no clock, so that the same state gives the same bytes.
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)


@transaction.atomic
def create_release(
    *, project: Project, by: User, fmt: str, note: str = "", only_annotated: bool = False, has_images: bool = False
) -> Release:
    """Number a new release and enqueue the job that writes it.

    Raises:
        InvalidInputError: an unknown format.
    """
    if fmt not in Format.values:
        raise InvalidInputError(
            f"format must be one of {', '.join(Format.values)}, got {fmt!r}", fields={"format": ["unknown format"]}
        )
    # The project's row serialises numbering.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    last = Release.objects.filter(project=project).order_by("-number").values_list("number", flat=True).first()
    release = Release.objects.create(
        project=project,
        number=(last or 0) + 1,
        note=note,
        format=fmt,
        only_annotated=only_annotated,
        has_images=has_images,
        created_by=by,
    )
    release.job = enqueue_job(
        JOB_KIND, key=f"release:{release.pk}", params={"release": str(release.pk)}, project=project, by=by
    )
    release.save(update_fields=["job"])
    record_event(
        verb="created", target=release, project=project, actor=by, after={"number": release.number, "format": fmt}
    )
    return release


def write_release(release: Release, on_progress: OnProgress, stop_if_cancelled: Callable[[], None]) -> Release:
    """Write a release's files and manifest; does nothing where it is finished already.

    The release counts as finished only when its last file lies in storage: a job killed at any moment starts again
    and replaces what the dead one may have left.
    """
    if release.is_finished:
        return release
    folder = f"releases/{release.project_id}/{release.pk}"
    files: list[dict[str, Any]] = []

    def tell(done: int, total: int) -> None:
        if done % CHUNK == 0:
            stop_if_cancelled()
        on_progress(done, total)

    for split in Split.values:
        options = FileOptions(release.format, split, release.only_annotated)
        files.append(_write_split(release, folder, options, tell))
    if release.has_images:
        files.append(_write_archive(release, folder, [entry["name"] for entry in files], tell))
    manifest = {
        "project": release.project.name,
        "release": release.number,
        "format": release.format,
        "only_annotated": release.only_annotated,
        "surface": release.project.surface_hash,
        "files": files,
    }
    store_bytes(f"{folder}/{MANIFEST_NAME}", json.dumps(manifest, indent=1, sort_keys=True).encode())
    with transaction.atomic():
        release.folder, release.manifest, release.finished_at = folder, manifest, timezone.now()
        release.save(update_fields=["folder", "manifest", "finished_at"])
        record_event(verb="finished", target=release, project=release.project, after={"files": files})
    return release


def delete_release(*, release: Release, by: User) -> None:
    """Remove a release's row; its files are removed when that is certain."""
    names = [f"{release.folder}/{entry['name']}" for entry in release.manifest.get("files", [])]
    with transaction.atomic():
        record_event(
            verb="deleted", target=release, project=release.project, actor=by, before={"number": release.number}
        )
        if release.folder:
            names.append(f"{release.folder}/{MANIFEST_NAME}")
        transaction.on_commit(lambda: _discard(names))
        release.delete()


def _discard(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _write_split(release: Release, folder: str, options: FileOptions, on_progress: OnProgress) -> dict[str, Any]:
    name = f"densepose_{options.split}.json"
    with tempfile.TemporaryFile() as scratch:
        sink = DigestingFile(scratch)
        counts = write_densepose_file(sink, release.project, options, on_progress)
        scratch.seek(0)
        store_file(f"{folder}/{name}", scratch)
    return {"name": name, "split": options.split, "bytes": sink.size, "sha256": sink.sha256, **asdict(counts)}


def _write_archive(release: Release, folder: str, names: list[str], on_progress: OnProgress) -> dict[str, Any]:
    """A zip with annotations/ and images/, ready for training. Images are stored as they are: they are compressed."""
    images = chosen_images(release.project, FileOptions(release.format, "", release.only_annotated))
    renamed = release_names(release.project)
    total, missing = images.count(), []
    with tempfile.NamedTemporaryFile(suffix=".zip") as scratch:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name in names:
                _add(archive, f"annotations/{name}", f"{folder}/{name}", zipfile.ZIP_DEFLATED)
            for done, image in enumerate(images.iterator(chunk_size=CHUNK), start=1):
                try:
                    _add(archive, f"images/{name_in_release(image, renamed)}", str(image.file.name), zipfile.ZIP_STORED)
                except FileNotFoundError:
                    missing.append(image.pk)
                on_progress(done, total)
        scratch.flush()
        sink = _digest(Path(scratch.name))
        scratch.seek(0)
        store_file(f"{folder}/{ARCHIVE_NAME}", scratch)
    return {"name": ARCHIVE_NAME, **sink, "images": total - len(missing), "images_missing": missing}


def _add(archive: zipfile.ZipFile, name: str, stored: str, method: int) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_DATE)
    entry.compress_type = method
    entry.external_attr = 0o640 << 16
    with open_stored(stored) as source, archive.open(entry, "w", force_zip64=True) as sink:
        while block := source.read(1 << 20):
            sink.write(block)


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
