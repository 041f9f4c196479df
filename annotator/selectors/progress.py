"""How far a project is, in a few queries that do not grow with its size more than the rows they count."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from annotator.models import Project, Stage, Submission, Task
from annotator.natural_order import natural_key

Counts = dict[str, dict[str, int]]


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


def throughput_for_project(project: Project, *, days: int = 14) -> list[dict[str, Any]]:
    """Return submissions a day and stage of the last days, with hours worked, gold left out; idle days are zeros."""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
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
        for day in (first + timedelta(days=index) for index in range(days))
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
