"""Turning a draft into an immutable submission: once, whatever the network repeats; and reopening it for a while."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.errors import ConflictError, InvalidInputError, NotFoundError
from annotator.models import Consensus, Lease, SentBack, Stage, Submission, Task, User
from annotator.permissions import may_annotate, membership_for
from annotator.selectors.part_views import style_for_surface
from annotator.services.acceptance import accept_if_complete, place_consensus
from annotator.services.answers import parts_columns, points_columns
from annotator.services.events import record_event
from annotator.services.leases import check_live, counted_ms, own_lease
from annotator.services.provenance import provenance_of
from annotator.services.returning_work import check_gets_work, lease_to_revise, revive
from annotator.services.task_states import check_open, counting_answers
from annotator.signals import gold_answered


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission and whether this call made it."""

    submission: Submission
    is_new: bool

    @property
    def reopen_until(self) -> datetime:
        return reopen_until(self.submission)


def reopen_until(submission: Submission) -> datetime:
    return submission.created_at + timedelta(minutes=submission.task.project.reopen_minutes)


def submit(
    *,
    user: User,
    lease_id: uuid.UUID,
    client_uuid: uuid.UUID,
    active_ms: int,
    answer: dict[str, Any],
    origin: Submission.Origin = Submission.Origin.WORKBENCH,
) -> Submitted:
    """Store an answer for good and accept it where nothing more is wanted.

    The same client_uuid again gives the first result. A lease that ran out is revived while its place is free.

    Raises:
        InvalidInputError: the answer is incomplete or malformed; the lease stays as it was.
        GoneError: `lease_over`.
        ConflictError: the client_uuid belongs to other work, or the points changed.
    """
    if not isinstance(answer, dict):
        raise InvalidInputError("answer must be an object.", fields={"answer": ["Give an object."]})
    try:
        with transaction.atomic():
            lease = own_lease(user=user, lease_id=lease_id, lock=True)
            # Asked under the lock: another request of the same submit may have held the row until now.
            first = _first_result(user, lease_id, client_uuid)
            if first is not None:
                return first
            if lease.state == Lease.State.EXPIRED:
                revive(lease)
            check_live(lease)
            counted = counted_ms(active_ms, lease.active_ms)
            submission = _store(lease, answer, client_uuid=client_uuid, active_ms=counted, origin=origin, user=user)
            return Submitted(submission, is_new=True)
    except IntegrityError:
        first = _first_result(user, lease_id, client_uuid)
        if first is None:
            raise
        return first


def _first_result(user: User, lease_id: uuid.UUID, client_uuid: uuid.UUID) -> Submitted | None:
    found = Submission.objects.filter(client_uuid=client_uuid).order_by().first()
    if found is None:
        return None
    if found.annotator_id != user.pk or found.lease_id != lease_id:
        raise ConflictError("This client_uuid belongs to another submission: make a new one.", code="uuid_taken")
    return Submitted(found, is_new=False)


def _store(
    lease: Lease, answer: dict[str, Any], *, client_uuid: uuid.UUID, active_ms: int, origin: str, user: User
) -> Submission:
    is_parts = lease.task.stage == Stage.PARTS
    columns = parts_columns(lease=lease, answer=answer) if is_parts else points_columns(lease=lease, answer=answer)
    task = lease.task
    task.state = Task.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=task.pk)
    check_open(task)
    if lease.revises_id and Submission.objects.filter(supersedes=lease.revises_id).exists():
        raise ConflictError(_("Someone placed a better answer meanwhile."), code="superseded")
    submission = Submission.objects.create(
        client_uuid=client_uuid,
        task=task,
        annotator_id=lease.annotator_id,
        lease=lease,
        active_ms=active_ms,
        origin=Submission.Origin.REVIEW if lease.is_review else origin,
        provenance=provenance_of(lease, answer, columns),
        supersedes_id=lease.revises_id,
        **columns,
    )
    if lease.revises_id:
        SentBack.objects.filter(submission_id=lease.revises_id, is_open=True).update(is_open=False)
    lease.state, lease.active_ms, lease.draft = Lease.State.SUBMITTED, active_ms, None
    lease.save(update_fields=["state", "active_ms", "draft"])
    record_event(
        verb="submitted",
        target=submission,
        project=task.project_id,
        actor=user,
        after={"task": task.pk, "stage": task.stage, "supersedes": lease.revises_id, "active_ms": active_ms},
    )
    if task.is_gold or lease.purpose:
        gold_answered.send(Submission, submission=submission)
    if lease.is_review:
        answers = counting_answers(task)
        place_consensus(task=task, answer=submission, method=Consensus.Method.REVIEWED, by=user, answers=answers)
    elif not lease.purpose:
        accept_if_complete(task=task, submission=submission)
    return submission


@transaction.atomic
def reopen_submission(*, user: User, submission_id: int) -> Lease:
    """Lease a fresh submission to its author again, with its answer as the draft.

    Raises:
        NotFoundError: no such submission of the user's.
        NotAllowedError: the user gets no work just now.
        ConflictError: `reopen_over` after the project's minutes, `superseded` when a later one exists.
    """
    submission = (
        Submission.objects.select_related("task__project", "task__person__image", "point_set", "annotator", "lease")
        .filter(pk=submission_id, annotator=user)
        .first()
    )
    if submission is None:
        raise NotFoundError(_("There is no such submission of yours."))
    membership = membership_for(user, submission.task.project_id, may_annotate, lock=True)
    live = Lease.objects.filter(task=submission.task, annotator=user, state=Lease.State.LIVE).first()
    if live is not None:
        return own_lease(user=user, lease_id=live.pk)
    if submission.lease is not None and submission.lease.is_training:
        raise ConflictError(_("Answers of the tutorial and of the exam stand as they are."), code="reopen_over")
    check_gets_work(membership)
    if Submission.objects.filter(supersedes=submission).exists():
        raise ConflictError(_("You submitted this person again since: reopen that one."), code="superseded")
    if timezone.now() > reopen_until(submission):
        raise ConflictError(
            _("A submission can be reopened for %(n)d minutes; ask a reviewer.")
            % {"n": submission.task.project.reopen_minutes},
            code="reopen_over",
        )
    if submission.task.state == Task.State.CLOSED:
        raise ConflictError(_("This person is not to be annotated any more."), code="task_closed")
    style = style_for_surface(submission.task.project.surface_hash) or ""
    sent_back = SentBack.objects.filter(submission=submission, is_open=True).first()
    lease = lease_to_revise(submission=submission, style=style, sent_back=sent_back)
    record_event(verb="reopened", target=submission, project=submission.task.project_id, actor=user)
    return own_lease(user=user, lease_id=lease.pk)
