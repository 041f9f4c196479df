"""Keeping the figure sheets up to date. A sheet that a killed worker did not write is written at the next beat."""

import logging
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from annotator.models import Project, Submission
from qa.geodesics import geodesic_table
from qa.gold_tasks import add_gold_people, score_gold, score_waiting_gold
from qa.models import FigureSheet
from qa.services.sheets import write_sheets

# Workers find tasks and kinds of jobs in this module.
__all__ = ["add_gold_people", "is_stale", "refresh_figures", "score_gold", "score_waiting_gold"]

logger = logging.getLogger(__name__)
# A sheet rests this many times as long as it took to write, so that figures never take more than a tenth of a worker.
_REST: Final = 10
_LOCK: Final = 7_203_412


@shared_task(name="qa.refresh_figures")  # type: ignore[untyped-decorator]  # Celery brings no types
def refresh_figures() -> int:
    """Write the sheets of the projects where something was submitted since; returns of how many."""
    written = 0
    for project in Project.objects.filter(is_archived=False).order_by("pk"):
        if is_stale(project):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, project.pk])
                if not cursor.fetchone()[0]:
                    continue
                sheet = write_sheets(project, geodesic_table())
            written += 1
            logger.info("figures_written project=%s seconds=%s", project.pk, sheet.data["seconds"])
    return written


def is_stale(project: Project) -> bool:
    """Return whether a project's sheet is missing, or older than its newest answer and rested enough."""
    newest = Submission.objects.filter(task__project=project).order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        return False
    sheet = FigureSheet.objects.filter(project=project, annotator=None).only("data", "computed_at").first()
    if sheet is None:
        return True
    rest = timedelta(seconds=_REST * float(sheet.data.get("seconds", 0)))
    is_measured_now = not sheet.data.get("is_measured") and geodesic_table() is not None
    return (sheet.data.get("newest") != newest or is_measured_now) and timezone.now() > sheet.computed_at + rest
