"""Jobs: claimed once, resumed from their checkpoint, healed by the reaper, honest about errors."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotator.errors import ConflictError
from annotator.models import Job
from annotator.services import jobs
from annotator.services.jobs import (
    ClaimLostError,
    JobCancelledError,
    JobFailedError,
    cancel_job,
    enqueue_job,
    job_kind,
    reap_jobs,
    run_job,
)

seen: list[object] = []


@job_kind("test_counts")
def counts(run):
    start = (run.last_checkpoint or {}).get("done", 0)
    for number in range(start, run.params["until"]):
        run.stop_if_cancelled()
        with transaction.atomic():
            seen.append(number)
            run.checkpoint({"done": number + 1})
        if number == run.params.get("die_at"):
            raise KeyboardInterrupt
        run.progress(number + 1, run.params["until"])
    return {"counted": run.params["until"]}


@job_kind("test_fails")
def fails(run):
    raise JobFailedError("The file is gone.")


@job_kind("test_crashes")
def crashes(run):
    return {"one": 1 / 0}


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """What went to Celery; nothing is really sent."""
    seen.clear()
    messages = []
    monkeypatch.setattr(
        jobs.current_app, "send_task", lambda name, args, queue, retry: messages.append((args[0], queue))
    )
    return messages


def test_runs_and_tells(db, django_capture_on_commit_callbacks, sent):
    with django_capture_on_commit_callbacks(execute=True):
        job = enqueue_job("test_counts", params={"until": 3}, queue="render")
    assert sent == [(str(job.pk), "render")]
    done = run_job(job.pk)
    assert done.state == "done"
    assert done.result == {"counted": 3}
    assert (done.progress_done, done.progress_total) == (3, 3)
    assert run_job(job.pk) is None
    assert seen == [0, 1, 2]


def test_one_key_is_one_job_while_active(db):
    first = enqueue_job("test_counts", key="same", params={"until": 1})
    assert enqueue_job("test_counts", key="same", params={"until": 1}) == first
    run_job(first.pk)
    assert enqueue_job("test_counts", key="same", params={"until": 1}) != first


def test_a_killed_worker_loses_nothing(db):
    job = enqueue_job("test_counts", params={"until": 5, "die_at": 2})
    with pytest.raises(KeyboardInterrupt):
        run_job(job.pk)
    Job.objects.filter(pk=job.pk).update(
        heartbeat_at=timezone.now() - timedelta(seconds=jobs.DEAD_AFTER_S + 1), params={"until": 5}
    )
    assert reap_jobs()["requeued"] == 1
    assert run_job(job.pk).state == "done"
    assert seen == [0, 1, 2, 3, 4]


def test_a_job_that_dies_too_often_is_given_up(db):
    job = enqueue_job("test_counts", params={"until": 1})
    Job.objects.filter(pk=job.pk).update(state="running", claim=uuid.uuid4(), attempts=jobs.MAX_ATTEMPTS)
    assert reap_jobs()["failed"] == 1
    job.refresh_from_db()
    assert job.state == "failed"
    assert "died" in job.error


def test_lost_messages_are_sent_again(db, sent):
    job = enqueue_job("test_counts", params={"until": 1})
    Job.objects.filter(pk=job.pk).update(sent_at=timezone.now() - timedelta(seconds=jobs.RESEND_AFTER_S + 1))
    assert reap_jobs()["sent"] == 1
    assert sent == [(str(job.pk), "default")]
    assert reap_jobs()["sent"] == 0


def test_errors_are_kept(db):
    failed = run_job(enqueue_job("test_fails").pk)
    assert (failed.state, failed.error) == ("failed", "The file is gone.")
    crashed = run_job(enqueue_job("test_crashes").pk)
    assert crashed.state == "failed"
    assert crashed.error.startswith("ZeroDivisionError")
    unknown = run_job(enqueue_job("no_such_kind").pk)
    assert "no_such_kind" in unknown.error


def test_a_worker_that_lost_its_claim_writes_nothing(db):
    job = enqueue_job("test_counts", params={"until": 1})
    Job.objects.filter(pk=job.pk).update(state="running", claim=uuid.uuid4())
    job.refresh_from_db()
    run = jobs.JobRun(job, uuid.uuid4())
    with pytest.raises(ClaimLostError):
        run.checkpoint({"done": 1})
    with pytest.raises(JobCancelledError):
        run.stop_if_cancelled()
    assert Job.objects.get(pk=job.pk).checkpoint is None


def test_cancel(db):
    job = enqueue_job("test_counts", params={"until": 1})
    assert cancel_job(job=job, by=None).state == "cancelled"
    assert run_job(job.pk) is None
    with pytest.raises(ConflictError):
        cancel_job(job=job, by=None)


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_it_once():
    job = enqueue_job("test_counts", params={"until": 3})
    results = []

    def work():
        results.append(run_job(job.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result is not None for result in results) == 1
    assert seen == [0, 1, 2]
