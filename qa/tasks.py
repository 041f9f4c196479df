"""Merging answers as they come in, and keeping figures in step with them.

What a killed worker or a lost message left undone is found and done at the next beat.
"""

import logging
import time
from typing import Final

from celery import shared_task
from django.db.models import F, OuterRef, Q, Subquery

from annotator.models import Project, Submission, Task
from qa.geodesics import geodesic_table
from qa.gold_tasks import add_gold_people, score_gold, score_waiting_gold
from qa.models import ChangedTask
from qa.services.consensus import merge_answers
from qa.services.refreshing import is_stale, refresh_project

# Workers find tasks and kinds of jobs in this module.
__all__ = [
    "add_gold_people", "merge_answers_of", "merge_waiting", "refresh_figures", "score_gold", "score_waiting_gold",
]  # fmt: skip

logger = logging.getLogger(__name__)
# A crowd of answers at once, as after an import, is measured in several passes; others want the worker too.
_SECONDS_AT_MOST: Final = 120.0
_MERGES_A_BEAT: Final = 200


@shared_task(name="qa.merge_answers")  # type: ignore[untyped-decorator]  # Celery brings no types
def merge_answers_of(task_id: int) -> str | None:
    """Merge the answers to one task; returns what came of it."""
    decision = merge_answers(task_id)
    return decision.outcome if decision else None


@shared_task(name="qa.merge_waiting")  # type: ignore[untyped-decorator]
def merge_waiting() -> int:
    """Merge what waits in review and was not compared since its last answer; returns how many tasks were looked at."""
    newest = (
        Submission.objects.filter(task=OuterRef("pk"), superseded_by=None, sent_back=None)
        .order_by("-pk")
        .values("pk")[:1]
    )
    waiting = (
        Task.objects.filter(state=Task.State.REVIEW, is_gold=False, project__is_archived=False)
        .annotate(newest_answer=Subquery(newest))
        .filter(Q(merge_decision=None) | ~Q(merge_decision__newest=F("newest_answer")), newest_answer__isnull=False)
        .order_by("pk")
    )
    tasks = list(waiting.values_list("pk", flat=True)[:_MERGES_A_BEAT])
    for task_id in tasks:
        try:
            merge_answers(task_id)
        except Exception:  # One that cannot be merged must not hold up the others; it is tried again at the next beat.
            logger.exception("merge_failed task=%s", task_id)
    return len(tasks)


@shared_task(name="qa.refresh_figures")  # type: ignore[untyped-decorator]  # Celery brings no types
def refresh_figures() -> int:
    """Measure what changed in each project and write the sheets that it touches; returns in how many projects."""
    table = geodesic_table()
    refreshed = 0
    until = time.monotonic() + _SECONDS_AT_MOST
    for project in Project.objects.filter(is_archived=False).order_by("pk"):
        if not is_stale(project, table):
            continue
        started = time.monotonic()
        try:
            while (change := refresh_project(project, table)) and change.is_more and time.monotonic() < until:
                pass
        except Exception:  # One project's figures must not hold up the others'; they are tried again at the next beat.
            logger.exception("figures_failed project=%s", project.pk)
            continue
        refreshed += 1
        logger.info("figures_refreshed project=%s seconds=%.2f", project.pk, time.monotonic() - started)
    ChangedTask.objects.exclude(project_id__in=Project.objects.values("pk")).delete()
    return refreshed
