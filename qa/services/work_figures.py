"""Figures of work and time, by SQL: how much, how fast, how it changes; for a project and each of its annotators."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from annotator.models import Project, Stage
from qa.services.point_pairs import UNITS_PER_CM

_DAYS = 60
# What the platform itself sent back, as parts had changed, was nobody's mistake.
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
LEFT JOIN annotator_sentback b ON b.submission_id = s.id AND b.reviewer_id IS NOT NULL
LEFT JOIN annotator_submission r ON r.supersedes_id = s.id AND r.origin = 'review'
WHERE t.project_id = %s AND s.annotator_id IS NOT NULL AND s.origin IN ('workbench', 'api') {whose}
GROUP BY {who} t.stage
"""
_BY_DAY = """
SELECT {column}, t.stage, (s.created_at AT TIME ZONE %s)::date, count(*), {median}
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id
WHERE t.project_id = %s AND s.annotator_id IS NOT NULL AND s.created_at >= %s AND s.origin IN ('workbench', 'api')
{whose}
GROUP BY {who} t.stage, 3 ORDER BY 3
"""
_SKIPS = """
SELECT l.annotator_id, count(*) FROM annotator_lease l JOIN annotator_task t ON t.id = l.task_id
WHERE t.project_id = %s AND l.state = 'skipped' GROUP BY 1
"""
# With and without help, as the draw by task number decided. A task is what was drawn, so it counts once, with the mean
# of its answers: those to one person are alike.
_HELP_TIME = """
SELECT stage, is_assisted, count(*), avg(ms), stddev_samp(ms), sum(corrected)::float / sum(answers) FROM (
    SELECT t.stage, l.is_assisted, avg(s.active_ms) / 1000.0 AS ms, count(*) AS answers,
           count(*) FILTER (WHERE r.id IS NOT NULL OR b.id IS NOT NULL) AS corrected
    FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id JOIN annotator_lease l ON l.id = s.lease_id
    LEFT JOIN annotator_submission r ON r.supersedes_id = s.id AND r.origin = 'review'
    LEFT JOIN annotator_sentback b ON b.submission_id = s.id AND b.reviewer_id IS NOT NULL
    WHERE t.project_id = %s AND NOT t.is_gold AND l.purpose = '' AND s.supersedes_id IS NULL
      AND s.origin IN ('workbench', 'api')
    GROUP BY t.stage, l.is_assisted, t.id
) drawn GROUP BY stage, is_assisted
"""
_HELP_AGREEMENT = """
SELECT is_assisted, count(*), avg(agreement), stddev_samp(agreement) FROM (
    SELECT l.is_assisted, avg({agreement}) AS agreement
    FROM {table} c JOIN annotator_submission s ON s.id = c.first_id JOIN annotator_lease l ON l.id = s.lease_id
    WHERE c.project_id = %s AND c.kind = 0 {measured} GROUP BY l.is_assisted, c.task_id
) drawn GROUP BY is_assisted
"""
_AGREEMENTS = {
    Stage.PARTS: {"table": "qa_partscomparison", "agreement": "c.iou / 1000000.0", "measured": ""},
    Stage.CORRESPONDENCE: {
        "table": "qa_pointscomparison", "agreement": "c.auc10 / (1000.0 * c.n)", "measured": "AND c.n > 0"
    },
}  # fmt: skip
# Worst first. A pair that met once says nothing of the two.
_PAIRS = """
SELECT least(first_annotator_id, second_annotator_id), greatest(first_annotator_id, second_annotator_id),
       count(*), sum(n), sum(cm)::float / sum(n) / %s, sum(auc10)::float / sum(n) / 1000
FROM qa_pointscomparison WHERE project_id = %s AND kind = 0 AND n > 0
GROUP BY 1, 2 HAVING count(*) >= %s ORDER BY 5 DESC LIMIT %s
"""
_MIN_MET, _MAX_PAIRS = 3, 50

Figures = dict[str, Any]


def work_of_project(project: Project) -> Figures:
    """Return the work of everyone together, ready for JSON; reads all answers of the project."""
    words = {"column": "0", "who": "", "whose": "", "median": _MEDIAN}
    found = _work(project, words).get(0) or _nothing()
    found["skips"] = sum(skips for _annotator, skips in _rows(_SKIPS, project.pk))
    found["assistance"] = _assistance(project)
    found["pairs"] = [
        {"annotators": [one, other], "people": people, "points": points, "cm": round(cm, 3), "auc10": round(auc10, 4)}
        for one, other, people, points, cm, auc10 in _rows(_PAIRS, UNITS_PER_CM, project.pk, _MIN_MET, _MAX_PAIRS)
    ]
    return found


def _assistance(project: Project) -> Figures:
    """Return by stage the time of a task in seconds and the agreement of its answers, each with and without help."""
    found: Figures = {stage.value: {"time_s": {}, "agreement": {}} for stage in Stage}
    for stage, assisted, tasks, mean, deviation, corrected in _rows(_HELP_TIME, project.pk):
        side = _side(tasks, mean, deviation) | {"corrected": round(corrected, 4)}
        found[stage]["time_s"]["with" if assisted else "without"] = side
    for stage, words in _AGREEMENTS.items():
        for assisted, tasks, mean, deviation in _rows(_HELP_AGREEMENT.format(**words), project.pk):
            found[stage.value]["agreement"]["with" if assisted else "without"] = _side(tasks, mean, deviation)
    return found


def _side(tasks: int, mean: Any, deviation: Any) -> Figures:
    return {"tasks": tasks, "mean": round(float(mean), 4), "deviation": round(float(deviation or 0), 4)}


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
    for annotator, stage, day, answers, median in _rows(
        _BY_DAY.format(**words), settings.TIME_ZONE, project.pk, since, *some
    ):
        told = {"day": day.isoformat(), "stage": stage, "answers": answers, "median_s": round(median / 1000, 1)}
        found[annotator]["days"].append(told)
    return dict(found)


def _nothing() -> Figures:
    return {"stages": {}, "days": [], "skips": 0}


def _rows(statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())
