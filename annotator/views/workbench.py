"""The two pages of the workbench. All they know of the task they ask the API for; this is only what never changes."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from annotator.errors import NotAllowedError, NotFoundError
from annotator.models import Stage
from annotator.permissions import may_annotate, membership_for
from annotator.words import VIEW_WORDS
from body.parts import CHARTS, PARTS, WORK_ORDER


@require_safe
@login_required
@never_cache
@ensure_csrf_cookie
def parts_page(request: HttpRequest, project_id: int) -> HttpResponse:
    """The page for painting parts."""
    return _page(request, project_id, Stage.PARTS, "annotator/workbench_parts.html")


@require_safe
@login_required
@never_cache
@ensure_csrf_cookie
def correspondence_page(request: HttpRequest, project_id: int) -> HttpResponse:
    """The page for placing points on the surface."""
    return _page(request, project_id, Stage.CORRESPONDENCE, "annotator/workbench_correspondence.html")


@require_safe
def offline_worker(_request: HttpRequest) -> HttpResponse:
    """The service worker of the two pages, at the site's root: it may look after no address outside its own folder."""
    found = finders.find("annotator/workbench/offline.js")
    assert isinstance(found, str)
    return HttpResponse(Path(found).read_bytes(), content_type="text/javascript", headers={"Cache-Control": "no-cache"})


def _page(request: HttpRequest, project_id: int, stage: Stage, template: str) -> HttpResponse:
    try:
        membership = membership_for(request.user, project_id, may_annotate)
    except NotFoundError as error:
        raise Http404(error.message) from error
    except NotAllowedError as error:
        raise PermissionDenied(error.message) from error
    project, user = membership.project, membership.user
    examples = project.examples.all()
    config: dict[str, Any] = {
        "api": reverse("api-root"),
        "project": {"id": project.pk, "name": project.name},
        "stage": stage.value,
        # The lease to begin with; the browser asks the API for it, which gives it to its owner alone.
        "lease": request.GET.get("lease", "")[:36],
        "back": _own_address(request.GET.get("back", "")),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "user": {"id": user.pk, "name": str(user)},
        "language": request.LANGUAGE_CODE,
        "key_bindings": user.key_bindings,
        "workbench_settings": user.workbench_settings,
        "parts": part_data(),
        "charts": [{"number": c.number, "name": c.name, "part": c.part, "mirror": c.mirror} for c in CHARTS],
        "work_order": list(WORK_ORDER),
        "view_words": {word: str(text) for word, text in VIEW_WORDS.items()},
        "instructions": project.instructions,
        "examples": [
            {"url": reverse("api-example-file", args=[example.pk]), "caption": example.caption, "good": example.is_good}
            for example in examples
        ],
    }
    return render(
        request, template, {"project": project, "stage": stage.value, "workbench_config": config, "examples": examples}
    )


def _own_address(path: str) -> str:
    """Return a path of this site as it is, and nothing else."""
    is_own = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_own else ""


def part_data() -> list[dict[str, Any]]:
    """Return the 14 parts for the browser, names in the language of the request."""
    return [
        {
            "number": part.number,
            "key": part.key,
            "name": _(part.name),
            "limb": part.limb,
            "side": part.side,
            "mirror": part.mirror,
            "digit": part.digit,
            "charts": list(part.charts),
            "colour": part.colour,
            "neighbours": list(part.neighbours),
        }
        for part in PARTS
    ]
