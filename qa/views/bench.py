"""The reviewer's bench: a page of its own, like the workbench. The cases it asks the API for."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from annotator.errors import NotAllowedError, NotFoundError
from annotator.models import Membership, Stage
from annotator.permissions import may_review, membership_for
from annotator.views.workbench import part_data
from annotator.words import VIEW_WORDS
from qa.selectors.bench import cases_by_stage


@require_safe
@login_required
def review(request: HttpRequest, project_id: int) -> HttpResponseRedirect:
    """Go to the bench of the stage where more waits."""
    project = _membership(request, project_id).project
    waiting = cases_by_stage(project)
    return redirect("review-bench", project_id, max(Stage, key=lambda stage: waiting[stage.value]).value)


@require_safe
@login_required
@never_cache
@ensure_csrf_cookie
def bench_page(request: HttpRequest, project_id: int, stage: str) -> HttpResponse:
    """All answers to a person side by side, to settle what they disagree about."""
    if stage not in Stage.values:
        raise Http404
    membership = _membership(request, project_id)
    project, user = membership.project, membership.user
    task = request.GET.get("task", "")
    config: dict[str, Any] = {
        "api": reverse("api-root"),
        "project": {"id": project.pk, "name": project.name},
        "stage": stage,
        "task": int(task) if task.isdecimal() and len(task) < 19 else None,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "user": {"id": user.pk, "name": str(user)},
        "language": request.LANGUAGE_CODE,
        "key_bindings": user.key_bindings,
        "workbench_settings": user.workbench_settings,
        "parts": part_data(),
        "view_words": {word: str(text) for word, text in VIEW_WORDS.items()},
    }
    other = Stage.CORRESPONDENCE if stage == Stage.PARTS else Stage.PARTS
    return render(
        request,
        "qa/bench.html",
        {"project": project, "stage": stage, "other_stage": other.value, "bench_config": config},
    )


def _membership(request: HttpRequest, project_id: int) -> Membership:
    try:
        return membership_for(request.user, project_id, may_review)
    except NotFoundError as error:
        raise Http404(error.message) from error
    except NotAllowedError as error:
        raise PermissionDenied(error.message) from error
