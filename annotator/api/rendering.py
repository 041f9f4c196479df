"""JSON in and out by orjson."""

from typing import Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from annotator.errors import TooLargeError


class OrjsonRenderer(BaseRenderer):
    """Dates as ISO 8601 with an offset, lazy translations as text."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


class OrjsonParser(BaseParser):
    """Refuses what PostgreSQL cannot hold (NUL characters) and bodies above the limit of the settings."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLargeError(f"The body has more than {limit} bytes.")
        if rb"\u0000" in raw:
            raise ParseError("The text holds a NUL character.")
        try:
            return orjson.loads(raw) if raw.strip() else {}
        except orjson.JSONDecodeError as error:
            raise ParseError(f"This is no JSON: {error}") from error
