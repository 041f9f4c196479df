"""The inbox of a project, acts on many tasks at once, and work and time as CSV."""

import csv
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotator.models import Membership
from annotator.permissions import may_manage, may_review
from annotator.services.bulk import BulkResult, change_tasks
from annotator.services.tasks import MAX_PRIORITY
from qa.selectors.gold import acts_of
from webapp.selectors import inbox as selectors
from webapp.selectors.checks import act_rows
from webapp.selectors.work import work_by_annotator
from webapp.views.common import PageRequest, project_page, render_project, told


@require_safe
@project_page(may_review)
def inbox(request: PageRequest, membership: Membership) -> HttpResponse:
    """Flagged, skipped and doubted work together."""
    kind = _kind(request.GET.get("kind", "all"))
    after = request.GET.get("after", "")
    rows, next_after = selectors.inbox_page(
        membership.project, kind, int(after) if after.isdecimal() and len(after) < 19 else 0
    )
    today = timezone.localdate()
    context: dict[str, Any] = {
        "rows": rows,
        "next_after": next_after,
        "kind": kind,
        "kinds": selectors.inbox_counts(membership.project),
        "members": selectors.assignable_members(membership.project),
        "month": (today.replace(day=1), today),
        "acts": act_rows(acts_of(membership.project, waiting=True)) if may_manage(membership) else [],
    }
    return render_project(request, membership, "webapp/inbox.html", "inbox", **context)


@require_POST
@project_page(may_review)
def inbox_act(request: PageRequest, membership: Membership) -> HttpResponse:
    """Carry out one act on the chosen tasks."""
    given = request.POST
    task_ids = [int(number) for number in given.getlist("task") if number.isdecimal() and len(number) < 19]
    priority, to = given.get("priority", "0"), given.get("to", "")
    results: list[BulkResult] = []

    def act() -> None:
        results.append(
            change_tasks(
                user=request.user, project_id=membership.project_id, task_ids=task_ids, act=given.get("act", ""),
                priority=int(priority) if priority.lstrip("-").isdecimal() else MAX_PRIORITY + 1,
                to=int(to) if to.isdecimal() else None,
            )
        )  # fmt: skip

    if not task_ids:
        messages.error(request, _("Choose at least one task."))
    elif told(request, act):
        _tell(request, results[0])
    query = urlencode({"kind": _kind(given.get("kind", "all"))})
    return redirect(f"{reverse('project-inbox', args=[membership.project_id])}?{query}")


@require_safe
@project_page(may_manage)
def work_csv(request: PageRequest, membership: Membership) -> HttpResponse:
    """Work and time by annotator and stage between two days, as CSV for payment."""
    today = timezone.localdate()
    first = _day(request.GET.get("from", ""), today - timedelta(days=30))
    last = _day(request.GET.get("to", ""), today)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="work-{membership.project_id}-{first}-{last}.csv"'
    writer = csv.writer(response)
    writer.writerow(["user name", "name", "stage", "people", "answers", "sent back", "hours"])
    for row in work_by_annotator(membership.project, first, last):
        names = [_plain(row.username), _plain(row.name)]
        writer.writerow([*names, row.stage, row.people, row.answers, row.sent_back, f"{row.hours:.3f}"])
    return response


def _plain(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _kind(text: str) -> str:
    return text if text in selectors.KINDS else "all"


def _tell(request: PageRequest, result: BulkResult) -> None:
    if result.done:
        done = ngettext("%(n)d task changed.", "%(n)d tasks changed.", result.done) % {"n": result.done}
        messages.success(request, done)
    for words, n in result.refused.items():
        messages.warning(request, f"{n} × {words}")
