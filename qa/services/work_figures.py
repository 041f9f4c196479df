"""Figures of work and time, by SQL: how much, how fast, how it changes; for a project and each of its annotators."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from annotator.models import Project

_DAYS = 60
_SPEED = """
SELECT s.annotator_id, t.stage, count(*), count(*) FILTER (WHERE s.supersedes_id IS NULL), sum(s.active_ms),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.active_ms), max(s.created_at), count(b.id),
       count(r.id)
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id
LEFT JOIN annotator_sentback b ON b.submission_id = s.id
LEFT JOIN annotator_submission r ON r.supersedes_id = s.id AND r.origin = 'review'
WHERE t.project_id = %s AND s.annotator_id IS NOT NULL AND s.origin IN ('workbench', 'api')
GROUP BY GROUPING SETS ((s.annotator_id, t.stage), (t.stage))
"""
_BY_DAY = """
SELECT s.annotator_id, t.stage, s.created_at::date, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.active_ms)
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id
WHERE t.project_id = %s AND s.annotator_id IS NOT NULL AND s.created_at >= %s AND s.origin IN ('workbench', 'api')
GROUP BY GROUPING SETS ((s.annotator_id, t.stage, s.created_at::date), (t.stage, s.created_at::date))
ORDER BY 3
"""
_SKIPS = """
SELECT l.annotator_id, count(*) FROM annotator_lease l JOIN annotator_task t ON t.id = l.task_id
WHERE t.project_id = %s AND l.state = 'skipped' GROUP BY GROUPING SETS ((l.annotator_id), ())
"""
# With and without suggestions, as the draw by task number decided; of parts alone, where suggestions are shown.
_ASSISTANCE = """
SELECT l.is_assisted, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY s.active_ms), avg(s.active_ms),
       stddev_samp(s.active_ms), count(r.id) + count(b.id)
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id JOIN annotator_lease l ON l.id = s.lease_id
LEFT JOIN annotator_submission r ON r.supersedes_id = s.id AND r.origin = 'review'
LEFT JOIN annotator_sentback b ON b.submission_id = s.id
WHERE t.project_id = %s AND t.stage = 'parts' AND s.supersedes_id IS NULL AND s.origin IN ('workbench', 'api')
GROUP BY l.is_assisted
"""

Figures = dict[str, Any]


def work_figures(project: Project) -> tuple[Figures, dict[int, Figures]]:
    """Return the figures of the project and of each annotator, ready for JSON."""
    found: dict[int | None, Figures] = defaultdict(lambda: {"stages": {}, "days": [], "skips": 0})
    since = timezone.now() - timedelta(days=_DAYS)
    for annotator, stage, answers, people, ms, median, newest, sent_back, corrected in _rows(_SPEED, project.pk):
        found[annotator]["stages"][stage] = {
            "answers": answers, "people": people, "hours": round(ms / 3_600_000, 3),
            "median_s": round(median / 1000, 1), "newest": newest.isoformat(), "sent_back": sent_back,
            "corrected": corrected,
        }  # fmt: skip
    for annotator, stage, day, answers, median in _rows(_BY_DAY, project.pk, since):
        told = {"day": day.isoformat(), "stage": stage, "answers": answers, "median_s": round(median / 1000, 1)}
        found[annotator]["days"].append(told)
    for annotator, skips in _rows(_SKIPS, project.pk):
        found[annotator]["skips"] = skips
    everyone = found.pop(None, {"stages": {}, "days": [], "skips": 0})
    everyone["assistance"] = [
        {"assisted": assisted, "n": n, "median_s": round(median / 1000, 1), "mean_s": round(float(mean) / 1000, 2),
         "deviation_s": round(float(deviation or 0) / 1000, 2), "corrected": corrected}
        for assisted, n, median, mean, deviation, corrected in _rows(_ASSISTANCE, project.pk)
    ]  # fmt: skip
    return everyone, {pk: figures for pk, figures in found.items() if pk is not None}


def _rows(statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())
