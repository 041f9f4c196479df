"""The reaper: frees what dead workers and absent annotators hold. Runs every few seconds from Celery beat."""

from celery import shared_task

from annotator.services.jobs import reap_jobs
from annotator.services.leases import expire_leases


@shared_task(name="annotator.reap")  # type: ignore[untyped-decorator]  # Celery brings no types
def reap() -> dict[str, int]:
    return {**reap_jobs(), "leases": expire_leases()}
