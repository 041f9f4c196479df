"""Checks, for managers: what the platform did by itself, who passed the exam, and the people with known truth."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotator.models import Consensus, Gold, Job, Membership
from annotator.permissions import may_manage
from qa.models import AutomaticAct
from qa.selectors.figures import PAPER_AUC10, PAPER_AUC30
from qa.selectors.gold import acts_of, checked_members
from qa.services.automatic_acts import leave_act, undo_act
from qa.services.gold_people import AUTOMATIC, JOB_KIND, enqueue_gold, gold_counts, policy_of
from qa.services.policies import change_policy
from qa.services.qualification import vouch_for_member
from webapp.forms.quality import QualityPolicyForm
from webapp.selectors.checks import act_rows, member_rows
from webapp.views.common import PageRequest, project_page, render_project, told

SHOWN_ACTS = 60


@require_safe
@project_page(may_manage)
def checks(request: PageRequest, membership: Membership) -> HttpResponse:
    """The log of automatic acts, the annotators with their checks, and how many people there are to check with."""
    project = membership.project
    settled = Consensus.objects.filter(
        person__project=project, method=Consensus.Method.REVIEWED, accepted_by__isnull=False, submission__isnull=False
    )
    context: dict[str, Any] = {
        "acts": act_rows(acts_of(project)[:SHOWN_ACTS]),
        "members": member_rows(checked_members(project)),
        "policy": policy_of(project),
        "gold": gold_counts(project),
        "purposes": [(AUTOMATIC, _("whatever is needed first")), *Gold.Purpose.choices],
        "settled": settled.order_by().values("person").distinct().count(),
        "paper": {"auc10": PAPER_AUC10, "auc30": PAPER_AUC30},
        "jobs": Job.objects.filter(
            project=project, kind=JOB_KIND, state__in=[Job.State.QUEUED, Job.State.RUNNING]
        ).order_by("created_at"),
    }
    return render_project(request, membership, "webapp/checks.html", "checks", **context)


@require_POST
@project_page(may_manage)
def gold_add(request: PageRequest, membership: Membership) -> HttpResponse:
    """Have people with known truth drawn and added."""
    count = request.POST.get("count", "")

    def start() -> None:
        enqueue_gold(
            project=membership.project, count=int(count) if count.isdecimal() and len(count) < 9 else 0,
            purpose=request.POST.get("purpose", AUTOMATIC), by=request.user,
        )  # fmt: skip

    told(request, start, _("They are being drawn, a few seconds each; nobody is told which they are."))
    return redirect("project-checks", membership.project_id)


@require_POST
@project_page(may_manage)
def act_decide(request: PageRequest, membership: Membership, act_id: int) -> HttpResponse:
    """Undo an automatic act, or let it stand."""
    if request.POST.get("act") == "undo":
        done: list[AutomaticAct] = []
        if told(request, lambda: done.append(undo_act(project=membership.project, act_id=act_id, by=request.user))):
            messages.success(request, undone_words(done[0]))
    else:
        told(request, lambda: leave_act(project=membership.project, act_id=act_id, by=request.user))
    return redirect("project-checks", membership.project_id)


@require_POST
@project_page(may_manage)
def member_vouch(request: PageRequest, membership: Membership, user_id: int) -> HttpResponse:
    """Let an annotator begin without the exam, or ask for the exam again."""
    member = get_object_or_404(Membership, project=membership.project, user=user_id)
    is_qualified = request.POST.get("act") == "vouch"
    told(
        request, lambda: vouch_for_member(membership=member, by=request.user, is_qualified=is_qualified), _("Saved.")
    )  # fmt: skip
    return redirect("project-checks", membership.project_id)


@require_POST
@project_page(may_manage)
def policy_save(request: PageRequest, membership: Membership) -> HttpResponse:
    """Set the bars of a project."""
    form = QualityPolicyForm(request.POST, instance=policy_of(membership.project))

    def save() -> None:
        form.raise_first_error()
        change_policy(project=membership.project, by=request.user, values=form.cleaned_data)

    told(request, save, _("Saved."))
    return redirect("project-settings", membership.project_id)


def undone_words(act: AutomaticAct) -> str:
    """Return what undoing an act came to."""
    outcome = act.outcome
    if act.kind == AutomaticAct.Kind.REQUEUED:
        taken, used = outcome["taken_back"], outcome["in_use"]
        words = ngettext("%(n)d person taken back.", "%(n)d people taken back.", taken) % {"n": taken}
        if used:
            held = ngettext("%(n)d is already in other hands.", "%(n)d are already in other hands.", used)
            words = f"{words} {held % {'n': used}}"
        return words
    return _("Undone.")
