"""The people browser, one person beside it, and what can be done with one."""

from typing import Any
from urllib.parse import urlsplit

from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator.api.files import picture_response
from annotator.models import Membership, Person, Split, Submission, Task
from annotator.permissions import check_allowed, may_browse, may_change_person, may_manage, may_review
from annotator.services.acceptance import accept_submission, send_back
from annotator.services.bulk import free_leases
from annotator.services.people import change_person
from annotator.services.tasks import change_task
from webapp.overlays import OVERLAYS, stored_overlay
from webapp.selectors import people as selectors
from webapp.selectors.comparisons import comparisons_of
from webapp.views.common import PageRequest, project_page, render_project, told
from webapp.words import holder_words


@require_safe
@project_page(may_browse)
def people(request: PageRequest, membership: Membership) -> HttpResponse:
    """Thumbnails by state, searched and paged; the next pages come as fragments."""
    wanted = _filter(request)
    page = selectors.people_page(membership.project, wanted)
    context: dict[str, Any] = {
        "page": page, "rows": _described(page.people, wanted.order), "wanted": wanted, "overlay": _overlay(request),
        "overlays": OVERLAYS, "orders": selectors.ORDERS.items(), "query": request.GET,
    }  # fmt: skip
    if request.htmx and wanted.after:
        return render_project(request, membership, "webapp/people_rows.html", "people", **context)
    context |= {
        "states": selectors.state_counts(membership.project, wanted.split),
        "splits": Split.choices,
        "shown": _person_panel(membership, request.GET.get("person", "")),
    }
    return render_project(request, membership, "webapp/people.html", "people", **context)


@require_safe
@project_page(may_browse)
def person(request: PageRequest, membership: Membership, person_id: int) -> HttpResponse:
    """One person as a fragment for the side of the browser; whoever opens the address itself gets it in its place."""
    if request.headers.get("Sec-Fetch-Dest") == "document":
        return redirect(f"{reverse('project-people', args=[membership.project_id])}?{urlencode({'person': person_id})}")
    shown = _person_panel(membership, str(person_id))
    if shown is None:
        raise Http404
    # The list that the browser shows beside it, which acts and the way back keep.
    query = QueryDict(urlsplit(request.htmx.current_url or "").query)
    return render_project(
        request, membership, "webapp/person_panel.html", "people", shown=shown, overlay=_overlay(request),
        overlays=OVERLAYS, query=query,
    )  # fmt: skip


@require_safe
@project_page(may_browse)
def person_picture(request: PageRequest, membership: Membership, person_id: int, overlay: str) -> HttpResponseBase:
    """A person's thumbnail with an overlay."""
    if overlay not in OVERLAYS:
        raise Http404
    found = _own(membership, person_id)
    response = picture_response(stored_overlay(found, overlay))
    # The address stays when an answer comes, so a browser must ask again.
    del response["Cache-Control"]
    patch_cache_control(response, private=True, max_age=20)
    return response


@require_POST
@project_page(may_browse)
def person_act(request: PageRequest, membership: Membership, person_id: int) -> HttpResponse:
    """Carry out one act on a person: pause, reopen, free, ignore, crowd, accept or send back an answer."""
    found = _own(membership, person_id)
    acts = {
        "pause": _pause,
        "reopen": _reopen,
        "free": _free,
        "flags": _flags,
        "accept": _accept,
        "send-back": _send_back,
    }
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    told(request, lambda: act(request, membership, found), _("Done."))
    return redirect(f"{_people_url(membership)}?{request.GET.urlencode()}" if request.GET else _people_url(membership))


def _people_url(membership: Membership) -> str:
    return reverse("project-people", args=[membership.project_id])


def _pause(request: PageRequest, membership: Membership, found: Person) -> None:
    check_allowed(may_review(membership))
    for task in found.tasks.filter(state__in=["open", "waiting", "review", "flagged"]):
        change_task(task=task, by=request.user, state="paused")


def _reopen(request: PageRequest, membership: Membership, found: Person) -> None:
    check_allowed(may_review(membership))
    for task in found.tasks.filter(Q(state__in=["paused", "flagged"]) | Q(leases__state="skipped")).distinct():
        change_task(task=task, by=request.user, state="open")


def _free(request: PageRequest, membership: Membership, found: Person) -> None:
    check_allowed(may_review(membership))
    for task in found.tasks.filter(leases__state="live", leases__purpose="").distinct():
        free_leases(task=task, by=request.user)


def _flags(request: PageRequest, membership: Membership, found: Person) -> None:
    names = ("is_crowd", "is_ignored", "is_proposed", "is_deleted")
    changes = {name: request.POST[name] == "1" for name in names if name in request.POST}
    check_allowed(may_change_person(membership, changes))
    given = request.POST.get("revision", "")
    revision = int(given) if given.isdecimal() and len(given) < 10 else 0
    change_person(person_id=found.pk, revision=revision, changes=changes, by=request.user)


def _accept(request: PageRequest, membership: Membership, found: Person) -> None:
    accept_submission(user=request.user, submission_id=_submission(request, found).pk)


def _send_back(request: PageRequest, membership: Membership, found: Person) -> None:
    note = request.POST.get("note", "").strip()
    send_back(user=request.user, submission_id=_submission(request, found).pk, note=note)


def _submission(request: PageRequest, found: Person) -> Submission:
    number = request.POST.get("submission", "")
    submission = Submission.objects.filter(pk=number, task__person=found).first() if number.isdecimal() else None
    if submission is None:
        raise Http404
    return submission


def _own(membership: Membership, person_id: int) -> Person:
    found = (
        Person.objects.select_related("image")
        .filter(project=membership.project, pk=person_id, is_deleted=False)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _filter(request: PageRequest) -> selectors.PeopleFilter:
    given = request.GET
    state, after = given.get("state", "all"), given.get("after", "")
    state = state if state in selectors.STATES else "all"
    usual = "disputed" if state == "disagree" else "newest"
    return selectors.PeopleFilter(
        state=state,
        split=given["split"] if given.get("split") in Split.values else "",
        search=given.get("q", "")[:120],
        after=int(after) if after.isdecimal() and len(after) < 19 else 0,
        order=given["order"] if given.get("order") in selectors.ORDERS else usual,
    )


def _overlay(request: PageRequest) -> str:
    overlay = request.GET.get("overlay", "parts")
    return overlay if overlay in OVERLAYS else "parts"


def _described(found: list[Person], order: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one in found:
        tells_dispute = order == "disputed" or selectors.is_disputed(one)
        note = selectors.dispute_note(one) if tells_dispute else selectors.person_note(one)
        rows.append({"person": one, "chip": selectors.person_state(one), "note": note})
    return rows


def _person_panel(membership: Membership, number: str) -> dict[str, object] | None:
    if not number.isdecimal() or len(number) > 18:
        return None
    found = selectors.person_with_state(membership.project, int(number))
    if found is None:
        return None
    tasks = list(found.tasks.all())
    answers = selectors.answers_of(found)
    return {
        "person": found,
        "chip": selectors.person_state(found),
        "note": selectors.person_note(found),
        "answers": answers,
        "comparisons": comparisons_of(found, answers),
        "replaced": {answer.supersedes_id for answer in answers},
        "accepted": {consensus.submission_id for consensus in found.consensus.all()},
        "holders": [(lease, holder_words(lease)) for lease in selectors.holders_of(found)],
        "skips": selectors.skips_of(found),
        "notes": selectors.notes_of(found),
        "history": selectors.history_of(found),
        "tasks": tasks,
        "case": next((task for task in tasks if task.state == Task.State.REVIEW and may_review(membership)), None),
        "is_held": any(task.state in {"paused", "flagged"} for task in tasks),
        "may_review": may_review(membership),
        "may_manage": may_manage(membership),
    }
