"""Figures of work and time, by SQL: how much, how fast, how it changes; for a project and each of its annotators."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from annotator.models import Project

_DAYS = 60
# `who` names the annotator in the columns, or nobody for the whole project; `whose` limits them to some.
# Of first answers: what was mended in a minute says nothing of how long a person takes. Of all where there is none.
_MEDIAN = """COALESCE(
  percentile_cont(0.5) WITHIN GROUP (ORDER BY s.active_ms) FILTER (WHERE s.supersedes_id IS NULL),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY s.active_ms))"""
_SPEED = """
SELECT {column}, t.stage, count(*), count(*) FILTER (WHERE s.supersedes_id IS NULL), sum(s.active_ms),
       {median}, max(s.created_at), count(b.id),
       count(r.id)
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id
LEFT JOIN annotator_sentback b ON b.submission_id = s.id
LEFT JOIN annotator_submission r ON r.supersedes_id = s.id AND r.origin = 'review'
WHERE t.project_id = %s AND s.annotator_id IS NOT NULL AND s.origin IN ('workbench', 'api') {whose}
GROUP BY {who} t.stage
"""
_BY_DAY = """
SELECT {column}, t.stage, s.created_at::date, count(*), {median}
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id
WHERE t.project_id = %s AND s.annotator_id IS NOT NULL AND s.created_at >= %s AND s.origin IN ('workbench', 'api')
{whose}
GROUP BY {who} t.stage, s.created_at::date ORDER BY 3
"""
_SKIPS = """
SELECT l.annotator_id, count(*) FROM annotator_lease l JOIN annotator_task t ON t.id = l.task_id
WHERE t.project_id = %s AND l.state = 'skipped' GROUP BY 1
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


def work_of_project(project: Project) -> Figures:
    """Return the work of everyone together, ready for JSON; reads all answers of the project."""
    words = {"column": "0", "who": "", "whose": "", "median": _MEDIAN}
    found = _work(project, words).get(0) or _nothing()
    found["skips"] = sum(skips for _annotator, skips in _rows(_SKIPS, project.pk))
    found["assistance"] = [
        {"assisted": assisted, "n": n, "median_s": round(median / 1000, 1), "mean_s": round(float(mean) / 1000, 2),
         "deviation_s": round(float(deviation or 0) / 1000, 2), "corrected": corrected}
        for assisted, n, median, mean, deviation, corrected in _rows(_ASSISTANCE, project.pk)
    ]  # fmt: skip
    return found


def work_of_annotators(project: Project, annotators: Collection[int] | None = None) -> dict[int, Figures]:
    """Return the work of each of some annotators, or of all, ready for JSON."""
    words = {"column": "s.annotator_id", "who": "s.annotator_id,", "whose": "", "median": _MEDIAN}
    if annotators is not None:
        words["whose"] = "AND s.annotator_id = ANY(%s)"
    found = _work(project, words, annotators)
    for annotator in annotators or ():
        found.setdefault(annotator, _nothing())
    for annotator, skips in _rows(_SKIPS, project.pk):
        if annotator in found:
            found[annotator]["skips"] = skips
    return found


def _work(project: Project, words: dict[str, str], annotators: Collection[int] | None = None) -> dict[int, Figures]:
    found: dict[int, Figures] = defaultdict(_nothing)
    some = () if annotators is None else (list(annotators),)
    since = timezone.now() - timedelta(days=_DAYS)
    for annotator, stage, answers, people, ms, median, newest, sent_back, corrected in _rows(
        _SPEED.format(**words), project.pk, *some
    ):
        found[annotator]["stages"][stage] = {
            "answers": answers, "people": people, "hours": round(ms / 3_600_000, 3),
            "median_s": round(median / 1000, 1), "newest": newest.isoformat(), "sent_back": sent_back,
            "corrected": corrected,
        }  # fmt: skip
    for annotator, stage, day, answers, median in _rows(_BY_DAY.format(**words), project.pk, since, *some):
        told = {"day": day.isoformat(), "stage": stage, "answers": answers, "median_s": round(median / 1000, 1)}
        found[annotator]["days"].append(told)
    return dict(found)


def _nothing() -> Figures:
    return {"stages": {}, "days": [], "skips": 0}


def _rows(statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())
