"""Holding, extending and giving back a place of a task.

Locks are always taken in one order: membership, lease, task. So no two requests wait for each other in a circle.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.errors import ConflictError, GoneError, InvalidInputError, NotAllowedError, NotFoundError
from annotator.models import Comment, Lease, Project, Stage, Submission, Task, User
from annotator.permissions import may_annotate, membership_of
from annotator.services.events import record_event

SKIP_REASONS: Final = ("bad_image", "not_a_person", "too_small", "too_hard", "other")
# One person's word is enough for these; that it is too hard takes two.
_FLAGS_AT_ONCE: Final = frozenset({"bad_image", "not_a_person", "other"})
_SKIPS_TO_FLAG: Final = 2
_MAX_ACTIVE_MS: Final = 7 * 24 * 3600 * 1000
# Outlines and imported records may be long, and are needed only when a first suggestion is made.
_LOADED: Final = Lease.objects.select_related("task__person__image").defer(
    "task__person__mask", "task__person__source", "task__person__image__source"
)

_ANY_DUE = "SELECT EXISTS (SELECT 1 FROM annotator_lease WHERE state = 'live' AND expires_at <= now())"
# One sweep at a time; a lease that is being saved just now is left to live. Leases by id, then tasks by id: whoever
# holds several of either takes them in this order, and so no two wait for each other.
_EXPIRE = """
WITH due AS (
    SELECT id FROM annotator_lease WHERE state = 'live' AND expires_at <= now() ORDER BY id FOR UPDATE SKIP LOCKED
), gone AS (
    UPDATE annotator_lease l SET state = 'expired' FROM due WHERE l.id = due.id
    RETURNING l.task_id, l.revises_id IS NULL AND l.purpose = '' AS holds_place
), places AS (
    SELECT task_id, count(*) AS n FROM gone WHERE holds_place GROUP BY task_id
), held AS MATERIALIZED (
    SELECT id FROM annotator_task WHERE id IN (SELECT task_id FROM places) ORDER BY id FOR NO KEY UPDATE
), freed AS (
    UPDATE annotator_task t SET places_left = LEAST(t.overlap, t.places_left + places.n)
    FROM held JOIN places ON places.task_id = held.id WHERE t.id = held.id
)
SELECT count(*) FROM gone
"""
_SWEEP_LOCK: Final = 7_203_411


def expire_leases() -> int:
    """End all leases that are overdue and free their places; drafts stay with their owners. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE)
        if not cursor.fetchone()[0]:
            return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SWEEP_LOCK])
        cursor.execute(_EXPIRE)
        return int(cursor.fetchone()[0])


def expiry_of(project: Project) -> datetime:
    return timezone.now() + timedelta(minutes=project.lease_minutes)


def loaded_lease(lease_id: uuid.UUID, project: Project) -> Lease:
    """Return a lease of a project with task, person and image, without asking whose it is."""
    lease = _LOADED.get(pk=lease_id)
    lease.task.project = project
    return lease


def own_lease(*, user: User, lease_id: uuid.UUID, lock: bool = False) -> Lease:
    """Return one of the user's own leases with task, person, image and project.

    Raises:
        NotFoundError: no such lease, someone else's, or the user is no longer a member.
        NotAllowedError: the role of the membership does not admit annotating.
    """
    leases = _LOADED.select_for_update(of=("self",)) if lock else _LOADED
    lease = leases.filter(pk=lease_id, annotator=user).first()
    membership = membership_of(user, lease.task.project_id) if lease else None
    if lease is None or membership is None:
        raise NotFoundError(_("There is no such lease of yours."))
    lease.task.project = membership.project
    if not may_annotate(membership):
        raise NotAllowedError(_("Your role in this project does not admit annotating."))
    return lease


def check_live(lease: Lease) -> None:
    """Raise unless the lease is live. One that is overdue but whose place nobody freed yet counts as live.

    Raises:
        GoneError: `lease_over`, with `is_free`: whether it can be taken again.
    """
    if lease.state != Lease.State.LIVE:
        words = {
            Lease.State.EXPIRED: _("Your time for this task ran out. Your draft is kept."),
            Lease.State.SUBMITTED: _("This task was submitted. Your draft is kept."),
            Lease.State.SKIPPED: _("You skipped this task. Your draft is kept."),
            Lease.State.RELEASED: _("You gave this task back. Your draft is kept."),
            Lease.State.RETAKEN: _("You took this task again elsewhere. Your draft is kept."),
        }
        raise GoneError(
            words[Lease.State(lease.state)],
            code="lease_over",
            data={"is_free": is_free(lease), "state": lease.state},
        )


def is_free(lease: Lease) -> bool:
    """Return whether the owner of an ended lease can go on with it: nobody answers, or skips, one task twice."""
    if lease.state not in {Lease.State.EXPIRED, Lease.State.RELEASED}:
        return False
    if lease.revises_id:
        return not Submission.objects.filter(supersedes=lease.revises_id).exists()
    if lease.is_training:
        return lease.task.state not in {Task.State.CLOSED, Task.State.WAITING}
    others = Lease.objects.filter(task=lease.task_id, annotator=lease.annotator_id)
    if others.filter(state__in=[Lease.State.LIVE, Lease.State.SUBMITTED, Lease.State.SKIPPED]).exists():
        return False
    if lease.purpose:
        return lease.task.state not in {Task.State.CLOSED, Task.State.WAITING}
    return lease.task.state == Task.State.OPEN and lease.task.places_left > 0


def take_place(task_id: int) -> bool:
    """Take one place of an open task; returns whether there was one."""
    open_tasks = Task.objects.filter(pk=task_id, state=Task.State.OPEN, places_left__gt=0)
    return bool(open_tasks.update(places_left=F("places_left") - 1))


def free_place(lease: Lease) -> None:
    """Give back the place that a lease held; revisions and checks held none."""
    if lease.holds_place:
        Task.objects.filter(pk=lease.task_id).update(places_left=Least(F("overlap"), F("places_left") + 1))


def counted_ms(value: Any, before: int) -> int:
    """Return the active time to store: it never shrinks.

    Raises:
        InvalidInputError: no whole number of milliseconds of at most a week.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_ACTIVE_MS:
        raise InvalidInputError(
            f"active_ms must be a whole number of milliseconds from 0 to {_MAX_ACTIVE_MS}, got {value!r}.",
            fields={"active_ms": ["Give whole milliseconds."]},
        )
    return max(before, value)


@transaction.atomic
def heartbeat(*, user: User, lease_id: uuid.UUID, active_ms: int) -> Lease:
    """Extend a live lease."""
    lease = own_lease(user=user, lease_id=lease_id, lock=True)
    check_live(lease)
    lease.active_ms = counted_ms(active_ms, lease.active_ms)
    lease.expires_at = expiry_of(lease.task.project)
    lease.save(update_fields=["active_ms", "expires_at"])
    return lease


@transaction.atomic
def release_lease(*, user: User, lease_id: uuid.UUID) -> Lease:
    """Give a task back with its draft kept; releasing twice is no error."""
    lease = own_lease(user=user, lease_id=lease_id, lock=True)
    if lease.state == Lease.State.RELEASED:
        return lease
    check_live(lease)
    lease.state = Lease.State.RELEASED
    lease.save(update_fields=["state"])
    free_place(lease)
    record_event(verb="released", target=lease.task, project=lease.task.project_id, actor=user)
    return lease


@transaction.atomic
def skip_task(*, user: User, lease_id: uuid.UUID, reason: str, note: str = "") -> Lease:
    """Pass a task on with a reason; it does not come back to this annotator.

    It is flagged for a manager at once, or, where it is only too hard or too small, after two people said so.
    """
    if reason not in SKIP_REASONS:
        raise InvalidInputError(
            f"reason must be one of {', '.join(SKIP_REASONS)}, got {reason!r}.", fields={"reason": ["Choose a reason."]}
        )
    if len(note) > 500:
        raise InvalidInputError(
            _("A note must have 500 characters at most."), fields={"note": [_("Shorten the note.")]}
        )
    lease = own_lease(user=user, lease_id=lease_id, lock=True)
    if lease.state == Lease.State.SKIPPED:
        return lease
    check_live(lease)
    if lease.revises_id:
        raise ConflictError(
            _("This is an answer of yours that is being revised: submit it again or release it."), code="revising"
        )
    lease.state, lease.skip_reason, lease.skip_note = Lease.State.SKIPPED, reason, note
    lease.save(update_fields=["state", "skip_reason", "skip_note"])
    free_place(lease)
    task = Task.objects.select_for_update(no_key=True).get(pk=lease.task_id)
    if note:
        Comment.objects.create(task=task, author=user, text=note)
    people = Lease.objects.filter(task=task, state=Lease.State.SKIPPED).values("annotator").distinct().count()
    if task.state == Task.State.OPEN and not task.is_gold and (reason in _FLAGS_AT_ONCE or people >= _SKIPS_TO_FLAG):
        task.state = Task.State.FLAGGED
        task.save(update_fields=["state", "updated_at"])
    record_event(
        verb="skipped",
        target=task,
        project=task.project_id,
        actor=user,
        after={"reason": reason, "note": note, "state": task.state},
    )
    return lease


def stage_of(value: str) -> Stage:
    """Return the stage of that name.

    Raises:
        InvalidInputError: there is none.
    """
    if value not in Stage.values:
        raise InvalidInputError(
            f"stage must be parts or correspondence, got {value!r}.", fields={"stage": ["Choose a stage."]}
        )
    return Stage(value)
