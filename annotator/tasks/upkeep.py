"""The reaper frees what dead workers and absent annotators hold, every few seconds; left uploads go once an hour."""

from celery import shared_task

from annotator.services.jobs import reap_jobs
from annotator.services.leases import expire_leases
from annotator.services.uploads import discard_left_uploads


@shared_task(name="annotator.reap")  # type: ignore[untyped-decorator]  # Celery brings no types
def reap() -> dict[str, int]:
    return {**reap_jobs(), "leases": expire_leases()}


@shared_task(name="annotator.discard_uploads")  # type: ignore[untyped-decorator]  # Celery brings no types
def discard_uploads() -> int:
    return discard_left_uploads()
