"""What one's home shows: the projects, what waits in each to be reviewed or annotated, and today's work."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import ExtractHour
from django.utils import timezone

from annotator.models import Consensus, Lease, Membership, Project, SentBack, Stage, Submission, Task, User
from annotator.permissions import may_annotate, may_browse, may_review
from annotator.selectors.bundles import start_of_today
from annotator.selectors.progress import progress_for
from annotator.selectors.scope import projects_of

_MEDIAN_OF_LAST = 50


@dataclass(frozen=True)
class StageWork:
    """What waits for one person at one stage of a project."""

    stage: str
    waiting: int
    lease: Lease | None


@dataclass(frozen=True)
class ProjectWork:
    """One project on the home page."""

    membership: Membership
    stages: list[StageWork]
    counts: dict[str, dict[str, int]]
    in_hand: dict[str, int]
    sent_back: int
    review: dict[str, int]

    @property
    def cases(self) -> int:
        """How many cases of both stages wait for a reviewer; 0 for who may not review."""
        return sum(self.review.values())

    @property
    def project(self) -> Project:
        return self.membership.project

    @property
    def waiting(self) -> int:
        return sum(stage.waiting for stage in self.stages)

    @property
    def must_qualify(self) -> bool:
        """Whether nothing but the exam stands between the person and the work here."""
        return self.membership.must_qualify and not self.membership.is_paused

    @property
    def next_stage(self) -> StageWork | None:
        """What to go on with: work that lies half done, then points, then parts."""
        held = [stage for stage in self.stages if stage.lease is not None]
        ready = [stage for stage in reversed(self.stages) if stage.waiting]
        return next(iter(held or ready), None)


def work_for(user: User) -> list[ProjectWork]:
    """Return the user's projects with what waits in each: those with cases to review first, then those with work."""
    memberships = [membership for membership in projects_of(user) if not membership.project.is_archived]
    told = progress_for(memberships)
    waiting = _waiting(user, memberships)
    leases = _held(user)
    sent_back = dict(
        SentBack.objects.filter(author=user, is_open=True)
        .order_by()
        .values_list("submission__task__project_id")
        .annotate(n=Count("id"))
    )
    works = []
    for membership in memberships:
        project_id = membership.project_id
        may_work = may_annotate(membership) and not membership.is_paused and not membership.must_qualify
        stages = [
            StageWork(stage.value, waiting.get((project_id, stage.value), 0), leases.get((project_id, stage.value)))
            for stage in Stage
            if may_work
        ]
        counts, in_hand = told[project_id]
        review = {stage: row[Task.State.REVIEW] for stage, row in counts.items() if may_review(membership)}
        works.append(ProjectWork(membership, stages, counts, in_hand, sent_back.get(project_id, 0), review))
    return sorted(works, key=lambda work: (-work.cases, work.next_stage is None, work.project.name))


def _waiting(user: User, memberships: list[Membership]) -> dict[tuple[int, str], int]:
    """Return how many tasks this person could still be given, checks not counted, by project and stage; three queries.

    For who may not browse, each check of today is taken off as if it had been one of them, until the day is over: taken
    or done, work makes the number smaller, and so a check must. Points that wait since their own parts were accepted
    today are not counted either, as a check leads to none. Where anything waits it is never told to be nothing.
    """
    own = Submission.objects.filter(task=OuterRef("pk"), annotator=user)
    had = Lease.objects.filter(task=OuterRef("pk"), annotator=user, state__in=[Lease.State.LIVE, Lease.State.SKIPPED])
    tasks = Task.objects.filter(
        ~Exists(own), ~Exists(had), project_id__in=[membership.project_id for membership in memberships],
        is_gold=False, state=Task.State.OPEN, places_left__gt=0,
    ).order_by()  # fmt: skip
    rows = tasks.values_list("project_id", "stage").annotate(n=Count("id"))
    measured = [one.project_id for one in memberships if not may_browse(one)]
    less = _checks_of_today(user, measured) + _points_of_own_parts_of_today(user, tasks) if measured else Counter()
    return {
        (project, stage): max(1, n - less[project, stage]) if project in measured else n for project, stage, n in rows
    }


def _points_of_own_parts_of_today(user: User, tasks: QuerySet[Task]) -> Counter[tuple[int, str]]:
    """Return how many of some tasks are of points of people whose parts were accepted today by someone's own answer.

    Asked from these few people: asked of each task, it takes as long again as counting tens of thousands.
    """
    people = Consensus.objects.filter(
        stage=Stage.PARTS, submission__annotator=user, accepted_at__gte=start_of_today()
    ).values("person")
    found = tasks.filter(stage=Stage.CORRESPONDENCE, person__in=people)
    rows = found.values_list("project_id", "stage").annotate(n=Count("id"))
    return Counter({(project, stage): n for project, stage, n in rows})


def _checks_of_today(user: User, project_ids: list[int]) -> Counter[tuple[int, str]]:
    """Return how many checks someone has in hand, or ended today: until then the lease went on being extended."""
    checks = Q(purpose=Lease.Purpose.CHECK) | Q(purpose=Lease.Purpose.WORK, task__is_gold=True)
    ended = Q(state__in=[Lease.State.SUBMITTED, Lease.State.SKIPPED], expires_at__gte=start_of_today())
    rows = (
        Lease.objects.filter(checks, Q(state=Lease.State.LIVE) | ended)
        .filter(annotator=user, revises=None, task__project_id__in=project_ids)
        .order_by()
        .values_list("task__project_id", "task__stage")
        .annotate(n=Count("task", distinct=True))
    )
    return Counter({(project, stage): n for project, stage, n in rows})


def _held(user: User) -> dict[tuple[int, str], Lease]:
    """Return the newest live or expired lease with a draft of each project and stage."""
    kept = Q(state=Lease.State.LIVE) | Q(state=Lease.State.EXPIRED, draft__isnull=False)
    # A check asks for people who are done; begun it looks like any other, as what is opened again does.
    given = Q(state=Lease.State.LIVE, purpose__in=["", Lease.Purpose.CHECK]) | Q(revises=None) & (
        Q(task__state=Task.State.OPEN, purpose="", task__places_left__gt=0)
        | Q(task__state=Task.State.DONE, purpose=Lease.Purpose.CHECK)
    )
    leases = (
        Lease.objects.filter(kept, given, annotator=user)
        .select_related("task__person__image")
        .defer("draft")
        .order_by("created_at")
    )
    return {(lease.task.project_id, lease.task.stage): lease for lease in leases}


def today_for(user: User) -> dict[str, Any]:
    """Return what a person did today: people, active time, median seconds a stage, and answers by hour."""
    today = Submission.objects.filter(annotator=user, created_at__gte=start_of_today())
    totals = today.aggregate(people=Count("id"), active_ms=Sum("active_ms", default=0))
    hour = ExtractHour("created_at", tzinfo=timezone.get_current_timezone())
    hours = dict(today.order_by().values_list(hour).annotate(n=Count("id")))
    first, last = min(hours, default=8), max(hours, default=15)
    shown = range(min(first, 8), max(last, min(first, 8) + 7) + 1)
    return {
        **totals,
        "medians": {stage.value: _median_ms(user, stage) for stage in Stage},
        "hours": [(f"{number}:00", hours.get(number, 0)) for number in shown],
    }


def _median_ms(user: User, stage: Stage) -> float | None:
    values = sorted(
        Submission.objects.filter(annotator=user, task__stage=stage)
        .order_by("-id")
        .values_list("active_ms", flat=True)[:_MEDIAN_OF_LAST]
    )
    return float(values[len(values) // 2]) if values else None


def feedback_for(user: User, limit: int = 5) -> list[SentBack]:
    """Return what was sent back to a person and waits to be done again, newest first."""
    return list(
        SentBack.objects.filter(author=user, is_open=True)
        .select_related("submission__task__person__image", "submission__task__project", "reviewer")
        .order_by("-id")[:limit]
    )
