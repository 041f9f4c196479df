"""The rendered views of the surface, as files that never change under their address."""

import re
from typing import Final

from django.http import HttpResponseBase
from rest_framework.request import Request

from annotator.api.base import ApiView, documented
from annotator.api.files import picture_response
from annotator.errors import NotFoundError
from annotator.models import PartViewSet

_FILE: Final = re.compile(r"manifest\.json|pick\.bin|view-[1-6]\.webp")


class PartViewFileView(ApiView):
    @documented("A file of a part's six views: manifest.json, pick.bin or view-1.webp .. view-6.webp", answers=bytes)
    def get(self, request: Request, surface: str, style: str, part: int, file: str) -> HttpResponseBase:
        if not _FILE.fullmatch(file):
            raise NotFoundError("There is no such file.")
        folder = (
            PartViewSet.objects.filter(surface_hash=surface, style_hash=style, part=part)
            .values_list("folder", flat=True)
            .first()
        )
        if folder is None:
            raise NotFoundError("These views are not drawn.", code="views_missing")
        return picture_response(f"{folder}/{file}")
