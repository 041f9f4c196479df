"""The one Celery task behind all jobs: it carries an id to `run_job`."""

from celery import shared_task

from annotator.services.jobs import run_job


@shared_task(name="annotator.run_job")  # type: ignore[untyped-decorator]  # Celery brings no types
def run_job_task(job_id: str) -> None:
    run_job(job_id)
