"""Keeping figures in step with the answers. What a killed worker did not finish is done at the next beat."""

import logging
import time
from typing import Final

from celery import shared_task

from annotator.models import Project
from qa.geodesics import geodesic_table
from qa.gold_tasks import add_gold_people, score_gold, score_waiting_gold
from qa.models import ChangedTask
from qa.services.refreshing import is_stale, refresh_project

# Workers find tasks and kinds of jobs in this module.
__all__ = ["add_gold_people", "refresh_figures", "score_gold", "score_waiting_gold"]

logger = logging.getLogger(__name__)
# A crowd of answers at once, as after an import, is measured in several passes; others want the worker too.
_SECONDS_AT_MOST: Final = 120.0


@shared_task(name="qa.refresh_figures")  # type: ignore[untyped-decorator]  # Celery brings no types
def refresh_figures() -> int:
    """Measure what changed in each project and write the sheets that it touches; returns in how many projects."""
    table = geodesic_table()
    refreshed = 0
    until = time.monotonic() + _SECONDS_AT_MOST
    for project in Project.objects.filter(is_archived=False).order_by("pk"):
        if not is_stale(project, table):
            continue
        refreshed += 1
        started = time.monotonic()
        while (change := refresh_project(project, table)) is not None and change.is_more and time.monotonic() < until:
            pass
        logger.info("figures_refreshed project=%s seconds=%.2f", project.pk, time.monotonic() - started)
    ChangedTask.objects.exclude(project_id__in=Project.objects.values("pk")).delete()
    return refreshed
