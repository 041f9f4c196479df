"""What project pages share: who may see them, their tabs, and domain errors as pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.middleware import HtmxDetails

from annotator.errors import DomainError, NotAllowedError, NotFoundError
from annotator.models import Membership, User
from annotator.permissions import (
    Predicate,
    is_member,
    may_annotate,
    may_browse,
    may_engineer,
    may_manage,
    may_review,
    membership_for,
)
from annotator.selectors.scope import projects_of

View = Callable[..., HttpResponseBase]


class PageRequest(HttpRequest):
    """A request of someone who is signed in, as the views behind `login_required` get it."""

    user: User
    htmx: HtmxDetails


def sees_own_alone(membership: Membership | None) -> bool:
    """Return whether someone annotates and may not look at others' figures."""
    return may_annotate(membership) and not may_browse(membership)


def must_qualify(membership: Membership | None) -> bool:
    """Return whether the exam stands between someone and real people."""
    return membership is not None and membership.must_qualify


TABS: tuple[tuple[str, str, Any, Predicate], ...] = (
    ("overview", "project-overview", gettext_lazy("Overview"), is_member),
    ("people", "project-people", gettext_lazy("People"), may_browse),
    ("qualification", "project-qualification", gettext_lazy("Exam"), must_qualify),
    ("mine", "project-my-figures", gettext_lazy("My figures"), sees_own_alone),
    ("figures", "project-figures", gettext_lazy("Figures"), may_browse),
    ("review", "project-review", gettext_lazy("Review"), may_review),
    ("inbox", "project-inbox", gettext_lazy("Inbox"), may_review),
    ("checks", "project-checks", gettext_lazy("Checks"), may_manage),
    ("upload", "project-upload", gettext_lazy("Upload"), may_manage),
    ("imports", "project-imports", gettext_lazy("Imports"), may_engineer),
    ("releases", "project-releases", gettext_lazy("Releases"), may_engineer),
    ("models", "project-models", gettext_lazy("Models"), may_engineer),
    ("members", "project-members", gettext_lazy("Members"), may_manage),
    ("settings", "project-settings", gettext_lazy("Settings"), may_manage),
    ("guide", "project-guide", gettext_lazy("Guide"), is_member),
)


class Tab(NamedTuple):
    """One entry of the navigation."""

    name: str
    url: str
    label: str


def project_page(allowed: Predicate = is_member) -> Callable[[View], View]:
    """Let signed-in members whose role `allowed` admits see a page; it gets their membership.

    Outsiders get 404, as if there were no such project; members of another role get 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def page(request: PageRequest, project_id: int, **kwargs: Any) -> HttpResponseBase:
            with as_pages():
                membership = membership_for(request.user, project_id, allowed)
                return view(request, membership, **kwargs)

        return page

    return decorate


class as_pages:  # noqa: N801 - used as a context manager
    """Turn the domain's "not found" and "not allowed" into Django's pages for them."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NotFoundError):
            raise Http404(error.message) from error
        if isinstance(error, NotAllowedError):
            raise PermissionDenied(error.message) from error


def shell_context(membership: Membership, active: str) -> dict[str, Any]:
    """Return what the shell around a project's page shows: its name, its tabs, the other projects."""
    project = membership.project
    tabs = [
        Tab(name, reverse(url, args=[project.pk]), str(label))
        for name, url, label, allowed in TABS
        if allowed(membership)
    ]
    others = [other.project for other in projects_of(membership.user) if other.project_id != project.pk]
    return {
        "project": project,
        "membership": membership,
        "tabs": tabs,
        "active_tab": active,
        "shell_projects": others[:12],
        "may_manage": may_manage(membership),
        "may_browse": may_browse(membership),
        "may_engineer": may_engineer(membership),
    }


def render_project(
    request: HttpRequest, membership: Membership, template: str, active: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Render a page of a project inside the shell."""
    return render(request, template, {**shell_context(membership, active), **context}, status=status)


def told(request: HttpRequest, act: Callable[[], object], success: str = "") -> bool:
    """Carry out a write and tell the person how it went; returns whether it went well.

    "Not found" and "not allowed" go on to their pages; what the person can mend is a message.
    """
    try:
        act()
    except (NotFoundError, NotAllowedError):
        raise
    except DomainError as error:
        messages.error(request, error.message)
        return False
    if success:
        messages.success(request, success)
    return True


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The page for an address that leads nowhere, or nowhere that this person may know of."""
    text = _("There is nothing here, or it belongs to a project that you are not a member of.")
    if request.path.startswith(reverse("api-root")):
        return JsonResponse({"code": "not_found", "message": text, "fields": {}}, status=404)
    return render(request, "webapp/error.html", {"title": _("Not found"), "text": text}, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The page for a member whose role does not admit this."""
    text = str(exception or "") or _("Your role does not admit this.")
    return render(request, "webapp/error.html", {"title": _("Not allowed"), "text": text}, status=403)


def failed(request: HttpRequest) -> HttpResponse:
    """The page for an error of ours."""
    text = _("Something went wrong on our side; what you saved before is safe. Try again.")
    return render(request, "webapp/error.html", {"title": _("Error"), "text": text}, status=500)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token is out of date, as after signing in again in another tab."""
    text = _("This form is out of date. Go back, load the page again, and repeat.")
    return render(request, "webapp/error.html", {"title": _("Please try again"), "text": text}, status=403)
