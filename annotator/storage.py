"""Writing files so that a reader sees the whole file or none: temporary name, fsync, rename.

Names are made of ids and content hashes, never of what a user called a file.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

_BLOCK = 1 << 20


def store_bytes(name: str, content: bytes) -> str:
    """Store bytes under exactly this name, replacing what was there; returns the name."""
    return store_file(name, ContentFile(content))


def store_file(name: str, source: "IO[bytes] | File[bytes]") -> str:
    """Store a stream under exactly this name, atomically, replacing what was there; returns the name.

    An object store is atomic by itself; on a local disk the file is written aside, synced and renamed.
    """
    try:
        target = Path(default_storage.path(name))
    except NotImplementedError:
        if default_storage.exists(name):
            default_storage.delete(name)
        return default_storage.save(name, source if isinstance(source, File) else File(source))
    with whole_file(target) as sink:
        while block := source.read(_BLOCK):
            sink.write(block)
    return name


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a local file for writing that appears under its name only when the block ends without an error.

    Readers see the old file or the whole new one, whatever is killed when.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        Path(temporary).chmod(0o640)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def open_stored(name: str) -> "File[bytes]":
    """Open a stored file for reading.

    Raises:
        FileNotFoundError: nothing is stored under the name.
    """
    return default_storage.open(name, "rb")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
