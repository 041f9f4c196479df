"""Unpacking an uploaded zip of photographs in a job: bounded in count, size and expansion, nothing written by name."""

import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from annotator.errors import DomainError, InvalidInputError, TooLargeError
from annotator.models import Job, Project, Split, User
from annotator.services.images import add_image, clean_file_name
from annotator.services.jobs import enqueue_job
from annotator.storage import store_file

_MAX_REPORTED: Final = 500
_MAX_EXPANSION: Final = 200
_NESTED: Final = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")
_ZIP_ERRORS: Final = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)

Tell = Callable[[int, int, str], None]


@dataclass(slots=True)
class Unpacked:
    """What became of an archive's entries."""

    added: int = 0
    known: int = 0
    n_refused: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, name: str, reason: str) -> None:
        self.n_refused += 1
        if len(self.refused) < _MAX_REPORTED:
            self.refused.append({"name": clean_file_name(name), "reason": reason})

    def as_json(self) -> dict[str, Any]:
        return {
            "added": self.added, "known": self.known, "n_refused": self.n_refused, "refused": self.refused,
        }  # fmt: skip


def upload_archive(*, project: Project, source: "File[bytes]", by: User, split: str = Split.TRAIN) -> Job:
    """Store an uploaded zip and start the job that unpacks it.

    Raises:
        TooLargeError: more bytes than the limit.
        InvalidInputError: no zip file.
    """
    if source.size > settings.MAX_ARCHIVE_BYTES:
        raise TooLargeError(f"The archive has more than {settings.MAX_ARCHIVE_BYTES >> 20} MB.")
    if not zipfile.is_zipfile(source):
        raise InvalidInputError("The file is no zip archive, or it is damaged.", code="not_an_archive")
    source.seek(0)
    name = store_file(f"uploads/{uuid.uuid4()}.zip", source)
    with transaction.atomic():
        return enqueue_job("unpack_archive", params={"archive": name, "split": split}, project=project, by=by)


def unpack_archive(
    *,
    project: Project,
    archive: IO[bytes],
    by: User | None,
    split: str,
    start: dict[str, Any] | None = None,
    on_entry: Callable[[int, int, Unpacked], None] = lambda done, total, result: None,
) -> Unpacked:
    """Add all pictures of a zip to a project; whatever cannot be taken is reported with its reason.

    Args:
        start: checkpoint of an earlier run, `{"done": entries, "result": {...}}`.
        on_entry: called after each entry, in the transaction in which its image was added.

    Raises:
        InvalidInputError, TooLargeError: the archive as a whole cannot be taken.
    """
    result = Unpacked(**(start or {}).get("result", {}))
    done = int((start or {}).get("done", 0))
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _check_whole(entries)
            for index in range(done, len(entries)):
                with transaction.atomic():
                    _take(opened, entries[index], result, project=project, by=by, split=split)
                    on_entry(index + 1, len(entries), result)
    except zipfile.BadZipFile as error:
        raise InvalidInputError(f"The archive is damaged: {error}", code="not_an_archive") from error
    return result


def _check_whole(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > settings.MAX_ARCHIVE_FILES:
        raise TooLargeError(
            f"The archive holds {len(entries)} files, at most {settings.MAX_ARCHIVE_FILES} are taken: send it in parts."
        )
    expanded = sum(entry.file_size for entry in entries)
    if expanded > 2 * settings.MAX_ARCHIVE_BYTES:
        raise TooLargeError(f"The archive unpacks to {expanded >> 20} MB, more than is taken: send it in parts.")


def _take(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, result: Unpacked, *, project: Project, by: User | None, split: str
) -> None:
    try:
        content = _read(opened, entry)
        if content is None:
            return
        with transaction.atomic():
            _image, is_new = add_image(project=project, file_name=entry.filename, content=content, by=by, split=split)
        result.added += is_new
        result.known += not is_new
    except DomainError as error:
        result.refuse(entry.filename, error.message)
    except _ZIP_ERRORS as error:
        result.refuse(entry.filename, f"Cannot be unpacked: {error}")


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | None:
    """Return an entry's bytes, None for what systems put into archives; sizes in the header are not believed."""
    parts = entry.filename.replace("\\", "/").split("/")
    if parts[0] == "__MACOSX" or parts[-1].startswith(".") or parts[-1] == "Thumbs.db":
        return None
    if entry.flag_bits & 1:
        raise InvalidInputError("It is encrypted.")
    limit = settings.MAX_IMAGE_BYTES
    if entry.compress_size and entry.file_size > 1 << 20 and entry.file_size > _MAX_EXPANSION * entry.compress_size:
        raise TooLargeError(f"It unpacks to more than {_MAX_EXPANSION} times its size.")
    with opened.open(entry) as source:
        content = source.read(limit + 1)
    if len(content) > limit:
        raise TooLargeError(f"It has more than {limit >> 20} MB.")
    if content.startswith(_NESTED):
        raise InvalidInputError("Archives inside an archive are not unpacked.")
    return content
