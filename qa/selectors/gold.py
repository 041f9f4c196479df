"""What pages read of the figures against known truth, and of what the platform did by itself."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from annotator.models import Lease, Membership, Project, Role, Stage
from annotator.natural_order import natural_key
from annotator.permissions import may_browse
from qa.models import AutomaticAct, ExamAttempt, GoldScore, GoldSheet
from qa.services.gold_bars import Rolling, rolling_of
from qa.services.gold_people import policy_of
from qa.services.told_figures import as_told

_RECENT: Final = timedelta(days=30)


@dataclass(frozen=True)
class CheckedMember:
    """An annotator with figures against known truth, and where they stand with the exam and the bars."""

    membership: Membership
    sheet: GoldSheet | None
    attempts: list[ExamAttempt]
    rolling: dict[str, Rolling | None]

    @property
    def open_attempt(self) -> ExamAttempt | None:
        return next((attempt for attempt in self.attempts if attempt.ended_at is None), None)


def gold_sheet_of(project: Project, annotator: int | None) -> GoldSheet | None:
    """Return the kept figures of one annotator, or of all together; None before the first measured answer."""
    return GoldSheet.objects.filter(project=project, annotator=annotator).first()


def gold_sheet_for(membership: Membership, annotator: int | None) -> GoldSheet | None:
    """Return such figures as a member is told them: who may not browse the project reads those of this morning."""
    sheet = gold_sheet_of(membership.project, annotator)
    return sheet if may_browse(membership) else as_told(sheet)


def checked_members(project: Project) -> list[CheckedMember]:
    """Return a project's annotators by name; a few queries, however many there are."""
    found = project.memberships.select_related("user", "project").filter(role=Role.ANNOTATOR)
    members = sorted(found, key=lambda member: natural_key(member.user))
    sheets = {sheet.annotator_id: sheet for sheet in GoldSheet.objects.filter(project=project)}
    attempts: dict[int, list[ExamAttempt]] = {}
    for attempt in ExamAttempt.objects.filter(project=project):
        attempts.setdefault(attempt.annotator_id, []).append(attempt)
    policy = policy_of(project)
    checked = set(
        GoldScore.objects.filter(project=project, purpose=Lease.Purpose.CHECK)
        .order_by()
        .values_list("annotator_id", "stage")
        .distinct()
    )
    return [
        CheckedMember(
            member, sheets.get(member.user_id), attempts.get(member.user_id, []),
            {
                stage.value: rolling_of(member, stage.value, policy)
                for stage in Stage
                if (member.user_id, stage.value) in checked
            },
        )
        for member in members
    ]  # fmt: skip


def acts_of(project: Project, *, waiting: bool = False) -> QuerySet[AutomaticAct]:
    """Return what the platform did by itself in a project, newest first; with `waiting` what no manager looked at."""
    acts = AutomaticAct.objects.filter(project=project).select_related("subject", "decided_by")
    if waiting:
        acts = acts.filter(kind__in=AutomaticAct.GRAVE, seen_at=None, created_at__gte=timezone.now() - _RECENT)
    return acts
