"""How far a project is, in a few queries that do not grow with its size more than the rows they count."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from annotator.models import Lease, Membership, Project, Stage, Submission, Task
from annotator.natural_order import natural_key
from annotator.permissions import may_browse

Counts = dict[str, dict[str, int]]
_A_DAY_S: Final = 25 * 3600
_DAYS: Final = 14


def task_counts(project_ids: list[int]) -> dict[int, Counts]:
    """Return for each project the number of tasks by stage and state, gold left out, zeros included. One query."""
    empty = {stage.value: {state.value: 0 for state in Task.State} for stage in Stage}
    found: dict[int, Counts] = {project: {stage: dict(row) for stage, row in empty.items()} for project in project_ids}
    rows = (
        Task.objects.filter(project_id__in=project_ids, is_gold=False)
        .order_by()
        .values_list("project_id", "stage", "state")
        .annotate(n=Count("id"))
    )
    for project_id, stage, state, n in rows:
        found[project_id][stage][state] = n
    return found


def held_counts(project_ids: list[int]) -> dict[int, dict[str, int]]:
    """Return for each project the open tasks that someone has in hand, by stage, gold left out. One query."""
    found: dict[int, dict[str, int]] = {project: {} for project in project_ids}
    rows = (
        Task.objects.filter(
            project_id__in=project_ids, is_gold=False, state=Task.State.OPEN, leases__state=Lease.State.LIVE
        )
        .order_by()
        .values_list("project_id", "stage")
        .annotate(n=Count("pk", distinct=True))
    )
    for project_id, stage, n in rows:
        found[project_id][stage] = n
    return found


def progress_for(memberships: Sequence[Membership]) -> dict[int, tuple[Counts, dict[str, int]]]:
    """Return task_counts and held_counts of members' projects as each member is told them.

    Who may not browse a project is told how it stood when one such member first asked on a day, or first asked since
    tasks were added: these numbers move with work and not with hidden checks, and would tell which of both an answer
    was. Two or three queries.
    """
    live = task_counts([membership.project_id for membership in memberships])
    day = timezone.localdate().isoformat()
    keys = {m.project_id: f"progress:{m.project_id}:{day}" for m in memberships if not may_browse(m)}
    kept = cache.get_many(keys.values()) if keys else {}
    told = {pk: kept[key] for pk, key in keys.items() if key in kept and _tasks(kept[key][0]) == _tasks(live[pk])}
    asked = [pk for pk in live if pk not in told]
    held = held_counts(asked)
    fresh = {pk: (live[pk], held[pk]) for pk in asked}
    if new := {keys[pk]: fresh[pk] for pk in asked if pk in keys}:
        cache.set_many(new, timeout=_A_DAY_S)
    return told | fresh


def _tasks(counts: Counts) -> int:
    return sum(n for row in counts.values() for n in row.values())


def throughput_for_project(project: Project) -> list[dict[str, Any]]:
    """Return submissions a day and stage of the last days, with hours worked, gold left out; idle days are zeros."""
    today = timezone.localdate()
    first = today - timedelta(days=_DAYS - 1)
    rows = (
        Submission.objects.filter(
            task__project=project, task__is_gold=False, created_at__date__gte=first, annotator__isnull=False
        )
        .order_by()
        .values_list(TruncDate("created_at"), "task__stage")
        .annotate(n=Count("id"), active_ms=Sum("active_ms"))
    )
    by_day: dict[date, dict[str, dict[str, float]]] = defaultdict(dict)
    for day, stage, n, active_ms in rows:
        by_day[day][stage] = {"submissions": n, "hours": active_ms / 3_600_000}
    nothing = {"submissions": 0, "hours": 0.0}
    return [
        {"day": day.isoformat(), **{stage.value: by_day[day].get(stage.value, nothing) for stage in Stage}}
        for day in (first + timedelta(days=index) for index in range(_DAYS))
    ]


def annotator_figures(project: Project) -> list[dict[str, Any]]:
    """Return for each annotator how many answers of each stage, and the mean active seconds, by user name. One query.

    What reviewers placed better is no work of that kind.
    """
    parts, points = Q(task__stage=Stage.PARTS), Q(task__stage=Stage.CORRESPONDENCE)
    rows = (
        Submission.objects.filter(task__project=project, annotator__isnull=False)
        .exclude(origin=Submission.Origin.REVIEW)
        .order_by()
        .values("annotator_id", "annotator__username", "annotator__display_name")
        .annotate(
            parts=Count("id", filter=parts),
            points=Count("id", filter=points),
            parts_ms=Sum("active_ms", filter=parts, default=0),
            points_ms=Sum("active_ms", filter=points, default=0),
        )
    )
    ordered = sorted(rows, key=lambda row: natural_key(row["annotator__username"]))
    return [
        {
            "user_id": row["annotator_id"],
            "username": row["annotator__username"],
            "name": row["annotator__display_name"] or row["annotator__username"],
            "parts": row["parts"],
            "points": row["points"],
            "parts_mean_s": row["parts_ms"] / row["parts"] / 1000 if row["parts"] else None,
            "points_mean_s": row["points_ms"] / row["points"] / 1000 if row["points"] else None,
        }
        for row in ordered
    ]
