"""Where the images of an annotation file lie: a folder, a zip, or the project itself."""

import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from django.conf import settings

from annotator.errors import InvalidInputError, NotFoundError


class ImageSource(Protocol):
    """Gives the bytes of an image by the name that the annotation file uses."""

    def read(self, name: str) -> bytes:
        """Return the file's bytes.

        Raises:
            NotFoundError: there is no such image.
            InvalidInputError: the name leaves the place it is looked up in, or the file is too large.
        """


def safe_name(name: str) -> PurePosixPath:
    """Return an annotation file's image name as a relative path.

    Raises:
        InvalidInputError: it is absolute or climbs out of its folder.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.name:
        raise InvalidInputError(f"file_name {name[:100]!r} must be a plain relative path")
    return path


class FolderImages:
    """Images below a folder of this machine; symbolic links that lead out of it are refused."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InvalidInputError(f"the image folder {folder} does not exist")
        self._root = folder.resolve()

    def read(self, name: str) -> bytes:
        relative = safe_name(name)
        for candidate in (self._root / relative, self._root / relative.name):
            path = candidate.resolve()
            if not path.is_relative_to(self._root):
                raise InvalidInputError(f"{name} leads out of the image folder")
            if path.is_file():
                _check_size(path.stat().st_size, name)
                return path.read_bytes()
        raise NotFoundError(f"{name} is not in the image folder")


class ZipImages:
    """Images inside a zip, found by whole name or, where that is not there, by file name."""

    def __init__(self, stream: IO[bytes]) -> None:
        try:
            self._archive = zipfile.ZipFile(stream)
        except zipfile.BadZipFile as error:
            raise InvalidInputError("the images must come as a zip, and this file is none") from error
        entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        if len(entries) > settings.MAX_ARCHIVE_FILES:
            raise InvalidInputError(
                f"the zip holds {len(entries):,} files, more than {settings.MAX_ARCHIVE_FILES:,}: "
                "unpack it on the server and import its folder with manage.py import_coco"
            )
        self._by_path = {entry.filename: entry for entry in entries}
        self._by_name = {PurePosixPath(entry.filename).name: entry for entry in entries}

    def read(self, name: str) -> bytes:
        relative = safe_name(name)
        entry = self._by_path.get(str(relative)) or self._by_name.get(relative.name)
        if entry is None:
            raise NotFoundError(f"{name} is not in the zip")
        _check_size(entry.file_size, name)
        try:
            # The directory's size may lie: never read more than it says.
            with self._archive.open(entry) as stream:
                return stream.read(entry.file_size + 1)[: entry.file_size]
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
            raise InvalidInputError(f"{name} cannot be read from the zip: {error}") from error


def _check_size(n_bytes: int, name: str) -> None:
    if n_bytes > settings.MAX_IMAGE_BYTES:
        limit = settings.MAX_IMAGE_BYTES >> 20
        raise InvalidInputError(f"{name} has {n_bytes >> 20} MiB, more than the limit of {limit} MiB")
