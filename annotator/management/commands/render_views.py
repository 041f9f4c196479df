"""`manage.py render_views`: draw the views of all parts in this process, without a worker."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.models import Job
from annotator.services.jobs import create_job, run_job


class Command(BaseCommand):
    help = "Draw the six views of each body part that are missing, in this process."

    def handle(self, *args: Any, **options: Any) -> None:
        job = create_job("render_views", key="render_views", queue="render")
        done = run_job(job.pk)
        if done is None:
            raise CommandError(f"A worker is drawing them already (job {job.pk}): wait for it.")
        if done.state != Job.State.DONE:
            raise CommandError(f"The views were not drawn: {done.error or done.state}")
        result = done.result or {}
        self.stdout.write(f"Drew {result['drawn']} parts; surface {result['surface']}, style {result['style']}")
