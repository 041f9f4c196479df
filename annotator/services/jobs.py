"""Long work. The Job row is the truth; Celery only carries its id.

A job is claimed by a conditional UPDATE, beats every few seconds, writes checkpoints in the transactions of its own
work, and is requeued by the reaper where its heart stopped. A message that comes twice, or after a requeue, claims
nothing and does nothing; a message that got lost is sent again.
"""

import logging
import threading
import traceback
import uuid
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from celery import current_app
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from kombu.exceptions import OperationalError as BrokerError

from annotator.errors import ConflictError, DomainError
from annotator.models import Job, Project, User
from annotator.services.events import record_event

logger = logging.getLogger(__name__)

HEARTBEAT_S: Final = 5.0
DEAD_AFTER_S: Final = 30.0
RESEND_AFTER_S: Final = 60.0
MAX_ATTEMPTS: Final = 5
_PROGRESS_EVERY_S: Final = 0.5
_ERROR_LENGTH: Final = 8000

JobFunction = Callable[["JobRun"], dict[str, Any] | None]
_kinds: dict[str, JobFunction] = {}


class ClaimLostError(Exception):
    """Another worker owns the job now; this one must stop and write nothing more."""


class JobCancelledError(Exception):
    """The job was cancelled; raised by `JobRun.stop_if_cancelled`."""


class JobFailedError(DomainError):
    """The job cannot succeed however often it is tried; the message is for the person who started it."""

    code = "job_failed"


def job_kind(name: str) -> Callable[[JobFunction], JobFunction]:
    """Register a function as the work of jobs of this kind; put it in a `tasks` module of its app."""

    def register(function: JobFunction) -> JobFunction:
        if _kinds.get(name, function).__qualname__ != function.__qualname__:
            raise ValueError(f"job kind {name!r} is registered twice")
        _kinds[name] = function
        return function

    return register


def enqueue_job(
    kind: str,
    *,
    key: str = "",
    params: dict[str, Any] | None = None,
    project: Project | None = None,
    queue: str = "default",
    by: User | None = None,
) -> Job:
    """Create a job and send its id to a worker when the transaction commits; one that is active already is returned.

    Args:
        kind: a registered kind; the web process need not have it loaded.
        key: jobs of one key are the same work: while one is queued or running, it is returned instead of a new one.
        params: JSON for the job's function.
        queue: `default`, `render` or `gpu`.
        by: who asked for it.
    """
    job = create_job(kind, key=key, params=params, project=project, queue=queue, by=by)
    if job.state == Job.State.QUEUED and job.sent_at is None:
        transaction.on_commit(lambda: send(job.pk, queue))
    return job


def create_job(
    kind: str,
    *,
    key: str = "",
    params: dict[str, Any] | None = None,
    project: Project | None = None,
    queue: str = "default",
    by: User | None = None,
) -> Job:
    """Create a job without sending it, for a caller that runs it itself; see `enqueue_job`."""
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind, key=key, params=params or {}, project=project, queue=queue, created_by=by
            )
            record_event(verb="started", target=job, project=project, actor=by, after={"kind": kind, "key": key})
            return job
    except IntegrityError:
        active = Job.objects.filter(key=key, state__in=[Job.State.QUEUED, Job.State.RUNNING]).first()
        if active is None:
            # It ended between the two statements: then this is new work.
            return create_job(kind, key=key, params=params, project=project, queue=queue, by=by)
        return active


def send(job_id: uuid.UUID, queue: str) -> bool:
    """Send a job's id to its queue. A broker that is down is no error: the reaper sends it again."""
    try:
        current_app.send_task("annotator.run_job", [str(job_id)], queue=queue, retry=False)
    except (BrokerError, OSError) as error:
        logger.warning("job_not_sent id=%s error=%s", job_id, error)
        return False
    Job.objects.filter(pk=job_id).update(sent_at=timezone.now())
    return True


def cancel_job(*, job: Job, by: User | None) -> Job:
    """Stop a job that is queued or running.

    Raises:
        ConflictError: it has ended already.
    """
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, state__in=[Job.State.QUEUED, Job.State.RUNNING]).update(
            state=Job.State.CANCELLED, claim=None, finished_at=timezone.now(), message="Cancelled"
        )
        if not changed:
            raise ConflictError("This job has ended already.", code="job_over")
        record_event(verb="cancelled", target=job, project=job.project_id, actor=by)
    job.refresh_from_db()
    return job


class JobRun:
    """What a job's function is given: its parameters, and the ways to tell how it gets on."""

    def __init__(self, job: Job, claim: uuid.UUID) -> None:
        self.job = job
        self.id = job.pk
        self.params: dict[str, Any] = job.params
        self.project = job.project
        self.last_checkpoint: dict[str, Any] | None = job.checkpoint
        self._claim = claim
        self._lost = threading.Event()
        self._told_at = 0.0

    def stop_if_cancelled(self) -> None:
        """Raise JobCancelledError where the job should not go on."""
        if self._lost.is_set():
            raise JobCancelledError

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell how far it is; writes at most twice a second, and always when done."""
        now = monotonic()
        if done < total and now - self._told_at < _PROGRESS_EVERY_S:
            return
        self._told_at = now
        self._update(progress_done=done, progress_total=total, message=message[:200], heartbeat_at=timezone.now())

    def checkpoint(self, data: dict[str, Any]) -> None:
        """Store where to go on after a crash; call it in the transaction of the work that it speaks of.

        A job that gets on is never given up: a new checkpoint sets the count of attempts back.

        Raises:
            ClaimLostError: another worker owns the job; the caller's transaction must roll back.
        """
        advanced = {} if data == self.last_checkpoint else {"attempts": 1}
        self._update(checkpoint=data, heartbeat_at=timezone.now(), **advanced)
        self.last_checkpoint = data

    def beat(self) -> bool:
        """Write one heartbeat; returns whether the job is still ours."""
        if not self._mine().update(heartbeat_at=timezone.now()):
            self._lost.set()
        return not self._lost.is_set()

    def _mine(self) -> Any:
        return Job.objects.filter(pk=self.id, claim=self._claim, state=Job.State.RUNNING)

    def _update(self, **values: Any) -> None:
        if not self._mine().update(**values):
            self._lost.set()
            raise ClaimLostError(f"job {self.id} was cancelled or belongs to another worker")


def run_job(job_id: uuid.UUID | str) -> Job | None:
    """Claim and run a job in this process; returns it when this call ended it, None when there was nothing to do."""
    claim = uuid.uuid4()
    now = timezone.now()
    claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, claim=claim, heartbeat_at=now, started_at=now, attempts=F("attempts") + 1, error=""
    )
    if not claimed:
        return None
    job = Job.objects.select_related("project", "created_by").get(pk=job_id)
    logger.info("job_started id=%s kind=%s attempt=%s", job.pk, job.kind, job.attempts)
    run = JobRun(job, claim)
    stop = threading.Event()
    beating = threading.Thread(target=_beat_until, args=(run, stop), name=f"heart-{job.pk}", daemon=True)
    beating.start()
    try:
        _work(run, claim)
    finally:
        stop.set()
        beating.join()
    job.refresh_from_db()
    return job


def _work(run: JobRun, claim: uuid.UUID) -> None:
    job = run.job
    try:
        result = _function_of(job.kind)(run)
    except (ClaimLostError, JobCancelledError):
        logger.info("job_stopped id=%s kind=%s", job.pk, job.kind)
    except (OperationalError, InterfaceError):
        # The database went away: nobody's fault. Give the job back; where even that fails, the reaper will.
        logger.warning("job_interrupted id=%s kind=%s", job.pk, job.kind, exc_info=True)
        connection.close()
        _give_back(job, claim)
    except DomainError as error:
        _finish(job, claim, Job.State.FAILED, error=error.message)
    except Exception as error:
        # A job's function may raise anything; whatever it is belongs in the row, not in a dead worker.
        logger.exception("job_failed id=%s kind=%s", job.pk, job.kind)
        text = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}"
        _finish(job, claim, Job.State.FAILED, error=text[:_ERROR_LENGTH])
    else:
        _finish(job, claim, Job.State.DONE, result=result or {})


def _function_of(kind: str) -> JobFunction:
    if kind not in _kinds:
        autodiscover_modules("tasks")
    if kind not in _kinds:
        raise JobFailedError(f"No worker knows jobs of the kind {kind!r}.")
    return _kinds[kind]


def _finish(job: Job, claim: uuid.UUID, state: Job.State, **values: Any) -> None:
    with transaction.atomic():
        changed = Job.objects.filter(pk=job.pk, claim=claim, state=Job.State.RUNNING).update(
            state=state, claim=None, finished_at=timezone.now(), **values
        )
        if changed:
            record_event(verb=state.value, target=job, project=job.project_id, after={"kind": job.kind})
    logger.info("job_ended id=%s kind=%s state=%s", job.pk, job.kind, state.value)


def _give_back(job: Job, claim: uuid.UUID) -> None:
    try:
        Job.objects.filter(pk=job.pk, claim=claim).update(state=Job.State.QUEUED, claim=None, sent_at=None)
    except (OperationalError, InterfaceError):
        logger.warning("job_not_given_back id=%s", job.pk)


def _beat_until(run: JobRun, stop: threading.Event) -> None:
    """Beat from a thread with its own connection; a lost database is tried again until the job ends."""
    while not stop.wait(HEARTBEAT_S):
        try:
            if not run.beat():
                break
        except (OperationalError, InterfaceError):
            logger.warning("job_heartbeat_failed id=%s", run.id)
            connection.close()
    connection.close()


def reap_jobs() -> dict[str, int]:
    """Requeue jobs whose heart stopped, give up those that died too often, send lost messages again."""
    now = timezone.now()
    dead = Job.objects.filter(
        Q(heartbeat_at__lt=now - timedelta(seconds=DEAD_AFTER_S)) | Q(heartbeat_at=None), state=Job.State.RUNNING
    )
    failed = dead.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        claim=None,
        finished_at=now,
        error=f"The worker died {MAX_ATTEMPTS} times at the same place, perhaps for want of memory.",
    )
    requeued = dead.update(state=Job.State.QUEUED, claim=None, sent_at=None)
    old = now - timedelta(seconds=RESEND_AFTER_S)
    lost = Job.objects.filter(
        Q(sent_at=None, created_at__lt=now - timedelta(seconds=HEARTBEAT_S)) | Q(sent_at__lt=old),
        state=Job.State.QUEUED,
    )
    sent = 0
    for job_id, queue in lost.order_by("created_at").values_list("pk", "queue")[:500]:
        if not send(job_id, queue):
            break
        sent += 1
    if failed or requeued or sent:
        logger.info("jobs_reaped failed=%s requeued=%s sent=%s", failed, requeued, sent)
    return {"failed": failed, "requeued": requeued, "sent": sent}
