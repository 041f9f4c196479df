"""A file that knows its own digest while it is written."""

import hashlib

from labels.densepose_coco import ByteSink


class DigestingFile:
    """A binary file open for writing that keeps the SHA-256 and the size of what went through it."""

    def __init__(self, stream: ByteSink) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._stream.write(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
