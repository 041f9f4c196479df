"""Builds the report: the figures' pages as a manager sees them, one after the other, in one HTML file."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation
from PIL import Image as Pillow

from annotator.models import Membership, Project, User
from annotator.natural_order import natural_key
from annotator.permissions import may_manage
from qa.models import FigureSheet
from qa.selectors.figures import sheet_of
from webapp.report.inline import standalone
from webapp.selectors.figures import annotator_rows

STYLES: Final = ("webapp/tokens.css", "webapp/site.css", "webapp/report.css")
# Pictures of the body in colours of an error: so few colours look the same and take a fifth.
_COLOURS: Final = 96
_BODY: Final = "body-"


class ReportError(RuntimeError):
    """There is nothing to report yet, in words."""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of the report: its id in the file, its title, its address on the server."""

    anchor: str
    title: str
    address: str


def build_report(
    project: Project, *, annotators: int, language: str = "en", on_progress: Callable[[str], None] | None = None
) -> str:
    """Return the report as HTML.

    Args:
        annotators: how many of them get a page: those with flags, then those with most answers; either by name.
        language: of the words, like "en" or "zh-hant".
        on_progress: called with the title of each page.

    Raises:
        ReportError: no figures are kept yet, nobody manages the project, or static files were not collected.
    """
    sheet = sheet_of(project)
    if sheet is None:
        raise ReportError(f"{project.name} has no figures yet; a worker writes them soon after the first answer")
    _check_static_files()
    manager = _manager_of(project)
    with translation.override(language):
        pages = _pages(project, sheet, annotators)
        anchors = {page.address: page.anchor for page in pages}
        parts = []
        for page in pages:
            if on_progress is not None:
                on_progress(page.title)
            content = _content(page.address, manager)
            picture = partial(_picture, manager=manager)
            inside = standalone(content.decode(), prefix=f"{page.anchor}-", anchors=anchors, picture=picture)
            parts.append((page, inside))
        return render_to_string(
            "webapp/report.html",
            {"project": project, "sheet": sheet, "pages": parts, "styles": _styles(), "now": timezone.now(),
             "language": language},
        )  # fmt: skip


def _check_static_files() -> None:
    """Pages name their style sheets by hashed names, though the report needs none of these files."""
    try:
        staticfiles_storage.url(STYLES[0])
    except ValueError as error:
        raise ReportError("the static files are not collected; run manage.py collectstatic --noinput") from error


def _pages(project: Project, sheet: FigureSheet, annotators: int) -> list[ReportPage]:
    figures = reverse("project-figures", args=[project.pk])
    detail = reverse("project-figures-detail", args=[project.pk])
    found = [
        ReportPage("figures", translation.gettext("Figures"), figures),
        ReportPage("detail", translation.gettext("Figures in full"), detail),
    ]
    flagged = {flag["annotator"] for flag in sheet.data.get("flags", [])}
    rows = sorted(annotator_rows(sheet), key=lambda row: row["id"] not in flagged)[:annotators]
    for row in sorted(rows, key=lambda row: (row["id"] not in flagged, natural_key(row["name"]))):
        address = reverse("project-annotator", args=[project.pk, row["id"]])
        found.append(ReportPage(f"annotator-{row['id']}", row["name"], address))
    return found


def _manager_of(project: Project) -> User:
    """Return someone who may see all that the report tells."""
    for membership in Membership.objects.filter(project=project).select_related("user").order_by("pk"):
        if may_manage(membership):
            return membership.user
    raise ReportError(f"{project.name} has no manager, for whom its pages could be written")


def _content(address: str, user: User) -> bytes:
    """Return what the server answers to a manager at an address of ours."""
    split = urlsplit(address)
    view, args, kwargs = resolve(split.path)
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", split.path, split.path
    request.user = user
    request.META |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    response = cast(HttpResponse, view(request, *args, **kwargs))
    if response.status_code != 200:
        raise ReportError(f"{address} answered {response.status_code}")
    return response.content


def _picture(address: str, manager: User) -> str | None:
    """Return a data URI of a picture of figures; photographs of people stay on the server."""
    name = Path(urlsplit(address).path).name
    if not name.startswith(_BODY):
        return None
    try:
        content = _content(address, manager)
    except Resolver404:
        return None
    sink = io.BytesIO()
    small = Pillow.open(io.BytesIO(content)).convert("RGBA").quantize(_COLOURS, Pillow.Quantize.FASTOCTREE)
    small.save(sink, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(sink.getvalue()).decode()}"


def _styles() -> str:
    found: list[Any] = [finders.find(name) for name in STYLES]
    return "\n".join(Path(path).read_text(encoding="utf-8") for path in found)
