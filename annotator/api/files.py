"""Serving stored files: with the type we gave them, never as HTML, cached by the one who may see them."""

from pathlib import PurePosixPath
from typing import Final

from django.http import FileResponse

from annotator.errors import NotFoundError
from annotator.storage import open_stored

_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".json": "application/json",
    ".bin": "application/octet-stream",
}
_CACHE: Final = "private, max-age=31536000, immutable"


def picture_response(name: str) -> FileResponse:
    """Return a stored file whose name never has other content.

    Raises:
        NotFoundError: its file is gone.
    """
    content_type = _TYPES[PurePosixPath(name).suffix]
    try:
        source = open_stored(name)
    except FileNotFoundError as error:
        raise NotFoundError("The file of this picture is missing from the storage.", code="file_missing") from error
    response = FileResponse(source, content_type=content_type)
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = _CACHE
    return response
