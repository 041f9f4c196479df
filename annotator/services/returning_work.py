"""Leases that come back: work whose time ran out, that was sent back, or that is revised."""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from annotator.errors import ConflictError, GoneError, NotAllowedError, NotFoundError
from annotator.models import Lease, Membership, SentBack, Stage, Submission, User
from annotator.permissions import may_annotate, membership_for, why_no_work
from annotator.selectors.part_views import style_for_surface, style_for_work
from annotator.services.drafts import carry_draft, draft_of_submission, draft_to_look_over
from annotator.services.leases import check_live, expiry_of, is_free, loaded_lease, own_lease, take_place
from annotator.services.point_sets import points_for_person


@transaction.atomic
def take_again(*, user: User, lease_id: uuid.UUID) -> Lease:
    """Make a new live lease that goes on from an expired or released one's draft; a live one is returned as it is.

    Raises:
        NotAllowedError: `paused` or `qualification`, the member gets no work just now.
        ConflictError: `task_taken` where others took the place meanwhile, or the caller answered or skipped the task.
    """
    lease = own_lease(user=user, lease_id=lease_id, lock=True)
    if lease.state == Lease.State.LIVE:
        return lease
    live = Lease.objects.filter(task=lease.task, annotator=user, state=Lease.State.LIVE).first()
    if live is not None:
        return own_lease(user=user, lease_id=live.pk)
    if (rests := _why_no_work(lease)) is not None:
        raise NotAllowedError(rests[1], code=rests[0])
    new = None
    if is_free(lease):
        new = retaken(lease, _style_now(lease))
    if new is None:
        raise ConflictError(
            _("Someone else has this task now. Your draft is kept, and comes back should the task be free again."),
            code="task_taken",
        )
    return with_points(loaded_lease(new, lease.task.project))


@transaction.atomic
def open_sent_back(*, user: User, sent_back_id: int) -> Lease:
    """Lease the work that was sent back to a person, ahead of whatever else waits for them.

    Raises:
        NotFoundError: nothing of this number waits for the person.
        NotAllowedError: the person may not annotate there any more, or gets no work just now.
        ConflictError: the views of the body are not drawn yet.
    """
    sent_back = (
        SentBack.objects.select_related(
            "submission__task__project", "submission__task__person__image", "submission__annotator"
        )
        .filter(pk=sent_back_id, author=user, is_open=True)
        .first()
    )
    if sent_back is None:
        raise NotFoundError(_("This was done again already, or was never sent back to you."))
    task = sent_back.submission.task
    membership = membership_for(user, task.project_id, may_annotate, lock=True)
    check_gets_work(membership)
    live = Lease.objects.filter(task=task, annotator=user, state=Lease.State.LIVE).first()
    if live is not None:
        return with_points(loaded_lease(live.pk, task.project))
    style = style_for_work(task.project, task.stage)
    lease = lease_to_revise(submission=sent_back.submission, style=style, sent_back=sent_back)
    return with_points(loaded_lease(lease.pk, task.project))


def revive(lease: Lease) -> None:
    """Make an expired lease live again, where its place is free and its points are today's; for work a little late.

    Raises:
        GoneError: `lease_over`, the place is gone, or its owner gets no work just now.
    """
    is_outdated = lease.point_set is not None and not lease.point_set.is_current
    may_go_on = lease.state == Lease.State.EXPIRED and not is_outdated and is_free(lease) and not _why_no_work(lease)
    if not may_go_on or (lease.holds_place and not take_place(lease.task_id)):
        check_live(lease)
        raise GoneError(
            _("Your time for this task ran out. Your draft is kept."), code="lease_over", data={"is_free": False}
        )
    lease.state = Lease.State.LIVE
    lease.expires_at = expiry_of(lease.task.project)
    lease.save(update_fields=["state", "expires_at"])


def check_gets_work(membership: Membership) -> None:
    """Raise where a member gets no work just now.

    Raises:
        NotAllowedError: `paused` or `qualification`.
    """
    if (rests := why_no_work(membership)) is not None:
        raise NotAllowedError(rests[1], code=rests[0])


def lease_to_revise(
    *, submission: Submission, style: str, sent_back: SentBack | None = None, by: User | None = None
) -> Lease:
    """Make a live lease with a submission's answer as the draft, for its author or a reviewer; it takes no place.

    Where the answer was sent back, it is a draft of suggestions. Its time begins anew: what the answer before took is
    counted with that one, and hours are sums over answers.
    """
    task = submission.task
    owner = by or submission.annotator
    previous = (
        Lease.objects.filter(task=task, annotator=owner, revises=submission, draft__isnull=False)
        .exclude(state=Lease.State.SUBMITTED)
        .order_by("-created_at")
        .first()
    )
    lease = Lease(
        task=task,
        annotator=owner,
        expires_at=expiry_of(task.project),
        revises=submission,
        sent_back=sent_back,
        purpose=submission.lease.purpose if submission.lease and owner == submission.annotator else "",
        crop=[submission.crop_x, submission.crop_y, submission.crop_width, submission.crop_height]
        if submission.crop_width
        else None,
        surface_hash=submission.surface_hash or task.project.surface_hash,
        style_hash=submission.style_hash or style,
        draft=draft_to_look_over(submission) if sent_back else draft_of_submission(submission),
        point_set=points_for_person(task.person) if task.stage == Stage.CORRESPONDENCE else None,
    )
    if previous is not None:
        carry_draft(source=previous, target=lease)
        if previous.state == Lease.State.EXPIRED:
            Lease.objects.filter(pk=previous.pk).update(state=Lease.State.RETAKEN)
    elif lease.point_set is not None:
        carry_draft(source=lease, target=lease)
    lease.save(force_insert=True)
    return lease


def retaken(old: Lease, style: str) -> uuid.UUID | None:
    """Make the new lease that goes on from an ended one, whose row is locked; None where its place is gone."""
    if old.revises_id:
        submission = Submission.objects.select_related("task__project", "task__person__image", "annotator").get(
            pk=old.revises_id
        )
        return lease_to_revise(submission=submission, style=style, sent_back=old.sent_back, by=old.annotator).pk
    if old.holds_place and not take_place(old.task_id):
        return None
    new = Lease(
        task=old.task,
        purpose=old.purpose,
        annotator_id=old.annotator_id,
        expires_at=expiry_of(old.task.project),
        is_assisted=old.is_assisted,
        proposal_id=old.proposal_id,
        surface_hash=old.surface_hash or old.task.project.surface_hash,
        style_hash=old.style_hash or style,
        point_set=points_for_person(old.task.person) if old.task.stage == Stage.CORRESPONDENCE else None,
    )
    carry_draft(source=old, target=new)
    Lease.objects.filter(pk=old.pk).update(state=Lease.State.RETAKEN)
    new.save(force_insert=True)
    return new.pk


def with_points(lease: Lease) -> Lease:
    """Give a correspondence lease its points, sampling them now where it is the first of its person."""
    if lease.task.stage == Stage.CORRESPONDENCE and lease.point_set is None:
        lease.point_set = points_for_person(lease.task.person)
        lease.save(update_fields=["point_set"])
    return lease


def _why_no_work(lease: Lease) -> tuple[str, str] | None:
    """Return why the owner gets no work just now; what leads to work, tutorial and exam, waits for none of it."""
    membership = membership_for(lease.annotator, lease.task.project_id, may_annotate)
    rests = why_no_work(membership)
    return None if rests and rests[0] == "qualification" and lease.is_training else rests


def _style_now(lease: Lease) -> str:
    return lease.style_hash or style_for_surface(lease.task.project.surface_hash) or ""
