"""The queue: what an annotator gets next.

First what is theirs already (a live lease they do not hold, work sent back, an expired draft whose place is free),
then the oldest task of the highest priority, taken by one statement. Gold is mixed in by a draw, from people that
look like any other (annotator.services.checks).
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from annotator.errors import ConflictError, GoneError, NotAllowedError, NotFoundError
from annotator.models import Lease, Membership, SentBack, Stage, Submission, Task, User
from annotator.permissions import may_annotate, membership_for
from annotator.selectors.part_views import style_for_surface
from annotator.services.checks import RENDERED_SHARE, take_check
from annotator.services.drafts import carry_draft, draft_of_submission, draft_to_look_over
from annotator.services.leases import check_live, expire_leases, expiry_of, is_free, loaded_lease, own_lease, take_place
from annotator.services.point_sets import points_for_person

# Places of one's own, best first. A lease that revises a submission holds that submission's place. OFFSET 0 keeps the
# planner on the path from the few rows of the annotator to their tasks, also before it has statistics.
_OWN_WORK = """
SELECT rank, id FROM (
    (SELECT 1 AS rank, l.id::text AS id FROM annotator_lease l
     CROSS JOIN LATERAL (SELECT * FROM annotator_task WHERE id = l.task_id OFFSET 0) t
     WHERE l.annotator_id = %(user)s AND l.state = 'live' AND t.project_id = %(project)s AND t.stage = %(stage)s
       AND l.purpose IN ('', 'check') AND l.id <> ALL (%(holding)s) ORDER BY l.created_at LIMIT 1)
    UNION ALL
    (SELECT 2, s.id::text FROM annotator_sentback s
     CROSS JOIN LATERAL (SELECT t.* FROM annotator_submission a JOIN annotator_task t ON t.id = a.task_id
                         WHERE a.id = s.submission_id OFFSET 0) t
     WHERE s.author_id = %(user)s AND s.is_open AND t.project_id = %(project)s AND t.stage = %(stage)s
       AND t.state IN ('open', 'review', 'done')
       AND NOT EXISTS (SELECT 1 FROM annotator_lease l
                       WHERE l.task_id = t.id AND l.annotator_id = %(user)s AND l.state = 'live' OFFSET 0)
     ORDER BY s.id LIMIT 1)
    UNION ALL
    (SELECT 3, l.id::text FROM annotator_lease l
     CROSS JOIN LATERAL (SELECT * FROM annotator_task WHERE id = l.task_id OFFSET 0) t
     WHERE l.annotator_id = %(user)s AND l.state = 'expired' AND l.draft IS NOT NULL AND l.revises_id IS NULL
       AND t.project_id = %(project)s AND t.stage = %(stage)s
       AND (l.purpose = 'check' AND t.state = 'done' OR l.purpose = '' AND t.state = 'open' AND t.places_left > 0)
       AND NOT EXISTS (SELECT 1 FROM annotator_lease o WHERE o.task_id = t.id AND o.annotator_id = %(user)s
                       AND o.state IN ('live', 'submitted', 'skipped') OFFSET 0)
     ORDER BY l.created_at DESC LIMIT 1)
) own ORDER BY rank LIMIT 1
"""

_FREE = """
    t.project_id = %(project)s AND t.stage = %(stage)s AND t.state = 'open' AND t.places_left > 0
    AND t.is_gold = %(gold)s
    AND NOT EXISTS (SELECT 1 FROM annotator_lease l WHERE l.task_id = t.id AND l.annotator_id = %(user)s
                    AND l.state IN ('live', 'submitted', 'skipped') OFFSET 0)
"""

# The row is locked and its state and places are checked again on the newest version before it counts, so no place is
# given twice; rows that others are just taking are passed over. Tasks are assisted by a hash of their number, so that
# every annotator of a task sees the same help.
_TAKE = f"""
WITH picked AS (
    SELECT t.id FROM annotator_task t WHERE {_FREE}
    ORDER BY %(order)s LIMIT 1 FOR NO KEY UPDATE OF t %(skip)s
), taken AS (
    UPDATE annotator_task t SET places_left = t.places_left - 1 FROM picked WHERE t.id = picked.id
    RETURNING t.id, t.person_id
), leased AS (
    INSERT INTO annotator_lease (id, task_id, annotator_id, state, created_at, expires_at, revision, active_ms,
                                 is_assisted, point_set_id, skip_reason, skip_note, surface_hash, style_hash)
    SELECT gen_random_uuid(), taken.id, %(user)s, 'live', now(), %(expires_at)s, 0, 0,
           mod(taken.id * 2654435761, 1000) < 1000 * %(assistance)s,
           CASE WHEN %(stage)s = 'correspondence' THEN
               (SELECT p.id FROM annotator_pointset p WHERE p.person_id = taken.person_id AND p.is_current) END,
           '', '', %(surface)s, %(style)s
    FROM taken RETURNING id, task_id
)
SELECT leased.id, (
    SELECT o.id FROM annotator_lease o WHERE o.task_id = leased.task_id AND o.annotator_id = %(user)s
    AND o.draft IS NOT NULL AND o.state IN ('expired', 'released') ORDER BY o.created_at DESC LIMIT 1
) FROM leased
"""  # noqa: S608 - all parts are literals of this module

_OLDEST_FIRST = "t.priority DESC, t.uncertainty DESC, t.id"
# Everyone meets rendered people in an order of their own, so that nobody can tell another which they are.
_OWN_ORDER = "md5(t.id::text || '-' || %(user)s::text)"

_ANY_FREE = f"SELECT EXISTS (SELECT 1 FROM annotator_task t WHERE {_FREE})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class EmptyQueue:
    """Why there is nothing to do, words for the annotator, and where to go instead."""

    reason: str
    message: str
    url: str = ""


def take_next_task(
    *, user: User, project_id: int, stage: Stage, holding: Sequence[uuid.UUID] = ()
) -> Lease | EmptyQueue:
    """Lease the next task of a stage to a member, or say why there is none.

    Args:
        holding: ids of live leases that the client has open; another live one of the caller comes back first.

    Raises:
        NotFoundError, NotAllowedError: the user may not annotate in this project.
    """
    found = _next(user, project_id, stage, holding)
    if isinstance(found, EmptyQueue) and expire_leases():
        # Places that ran out just now are as good as any.
        found = _next(user, project_id, stage, holding)
    return found


def _next(user: User, project_id: int, stage: Stage, holding: Sequence[uuid.UUID]) -> Lease | EmptyQueue:
    with transaction.atomic():
        membership = membership_for(user, project_id, may_annotate, lock=True)
        project = membership.project
        if membership.is_paused:
            return EmptyQueue("paused", membership.pause_reason or _("A manager paused your work here for now."))
        if project.is_archived:
            return EmptyQueue("paused", _("This project is archived."))
        if membership.must_qualify:
            return EmptyQueue(
                "qualification",
                _("Before your first person here comes a short tutorial, then an exam. Take your time."),
                reverse("project-qualification", args=[project.pk]),
            )
        style = ""
        if stage is Stage.CORRESPONDENCE:
            found = style_for_surface(project.surface_hash)
            if found is None:
                return EmptyQueue("views_preparing", _("The pictures of the body are being drawn. Try again soon."))
            style = found
        lease_id = _own_work(membership, stage, style, holding) or _from_queue(membership, stage, style)
        if lease_id is not None:
            return _with_points(loaded_lease(lease_id))
        return _why_empty(membership, stage)


@transaction.atomic
def take_again(*, user: User, lease_id: uuid.UUID) -> Lease:
    """Make a new live lease that goes on from an expired or released one's draft; a live one is returned as it is.

    Raises:
        ConflictError: `task_taken` where others took the place meanwhile.
    """
    lease = own_lease(user=user, lease_id=lease_id, lock=True)
    if lease.state == Lease.State.LIVE:
        return lease
    live = Lease.objects.filter(task=lease.task, annotator=user, state=Lease.State.LIVE).first()
    if live is not None:
        return own_lease(user=user, lease_id=live.pk)
    new = None
    if is_free(lease):
        new = _retaken(lease, _style_now(lease))
    if new is None:
        raise ConflictError(
            _("Someone else has this task now. Your draft is kept, and comes back should the task be free again."),
            code="task_taken",
        )
    return _with_points(loaded_lease(new))


@transaction.atomic
def open_sent_back(*, user: User, sent_back_id: int) -> Lease:
    """Lease the work that was sent back to a person, ahead of whatever else waits for them.

    Raises:
        NotFoundError: nothing of this number waits for the person.
        NotAllowedError: the person may not annotate there any more, or is paused.
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
    if membership.is_paused:
        raise NotAllowedError(membership.pause_reason or _("A manager paused your work here for now."))
    live = Lease.objects.filter(task=task, annotator=user, state=Lease.State.LIVE).first()
    if live is not None:
        return _with_points(loaded_lease(live.pk))
    style = ""
    if task.stage == Stage.CORRESPONDENCE:
        style = style_for_surface(task.project.surface_hash) or ""
        if not style:
            raise ConflictError(_("The pictures of the body are being drawn. Try again soon."), code="views_preparing")
    lease = lease_to_revise(submission=sent_back.submission, style=style, sent_back=sent_back)
    return _with_points(loaded_lease(lease.pk))


def revive(lease: Lease) -> None:
    """Make an expired lease live again, where its place is free and its points are today's; for work a little late.

    Raises:
        GoneError: `lease_over`, the place is gone.
    """
    is_outdated = lease.point_set is not None and not lease.point_set.is_current
    may_go_on = lease.state == Lease.State.EXPIRED and not is_outdated and is_free(lease)
    if not may_go_on or (lease.holds_place and not take_place(lease.task_id)):
        check_live(lease)
        raise GoneError(
            _("Your time for this task ran out. Your draft is kept."), code="lease_over", data={"is_free": False}
        )
    lease.state = Lease.State.LIVE
    lease.expires_at = expiry_of(lease.task.project)
    lease.save(update_fields=["state", "expires_at"])


def lease_to_revise(
    *, submission: Submission, style: str, sent_back: SentBack | None = None, by: User | None = None
) -> Lease:
    """Make a live lease with a submission's answer as the draft, for its author or a reviewer; it takes no place.

    Where the answer was sent back, it is a draft of suggestions.
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
        # A reviewer's time is the reviewer's own.
        active_ms=submission.active_ms if owner == submission.annotator else 0,
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


def _own_work(membership: Membership, stage: Stage, style: str, holding: Sequence[uuid.UUID]) -> uuid.UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(
            _OWN_WORK,
            {
                "user": membership.user_id,
                "project": membership.project_id,
                "stage": stage.value,
                "holding": list(holding),
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None
    rank, found = row
    if rank == 1:
        # It may have been about to run out.
        live = Lease.objects.filter(pk=found, state=Lease.State.LIVE)
        return uuid.UUID(found) if live.update(expires_at=expiry_of(membership.project)) else None
    if rank == 2:
        sent_back = SentBack.objects.select_related(
            "submission__task__project", "submission__task__person__image", "submission__annotator"
        ).get(pk=found)
        return lease_to_revise(submission=sent_back.submission, style=style, sent_back=sent_back).pk
    expired = (
        Lease.objects.select_related("task__project", "task__person__image")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(pk=found, state=Lease.State.EXPIRED)
        .first()
    )
    return _retaken(expired, style) if expired else None


def _retaken(old: Lease, style: str) -> uuid.UUID | None:
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


def _from_queue(membership: Membership, stage: Stage, style: str) -> uuid.UUID | None:
    project = membership.project
    # A check comes in the place of other work: where there is none, nobody is kept busy with checks.
    if (
        project.gold_rate
        and random.random() < project.gold_rate  # noqa: S311 - a draw, not a secret
        and _any_free(membership, stage)
        and (taken := _check(membership, stage, style)) is not None
    ):
        return taken
    taken = _take(membership, stage, style, gold=False, skip_locked=True)
    if taken is None and _any_free(membership, stage):
        # All that is left was locked by others for a moment: wait for them rather than send someone home.
        taken = _take(membership, stage, style, gold=False, skip_locked=False)
    return taken


def _check(membership: Membership, stage: Stage, style: str) -> uuid.UUID | None:
    """Lease a person whose truth is known: mostly settled by a reviewer, as renders can be told from photographs."""
    if random.random() >= RENDERED_SHARE:  # noqa: S311 - a draw, not a secret
        return take_check(membership, stage, style) or _take(membership, stage, style, gold=True, skip_locked=True)
    return _take(membership, stage, style, gold=True, skip_locked=True) or take_check(membership, stage, style)


def _take(membership: Membership, stage: Stage, style: str, *, gold: bool, skip_locked: bool) -> uuid.UUID | None:
    project = membership.project
    statement = _TAKE.replace("%(skip)s", "SKIP LOCKED" if skip_locked else "")
    statement = statement.replace("%(order)s", _OWN_ORDER if gold else _OLDEST_FIRST)
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                **_free_arguments(membership, stage, gold=gold),
                "expires_at": expiry_of(project),
                "assistance": project.assistance_share,
                "surface": project.surface_hash,
                "style": style,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return None
    lease_id, previous_id = row
    if previous_id is not None:
        previous, lease = (
            Lease.objects.select_related("task", "point_set").get(pk=pk) for pk in (previous_id, lease_id)
        )
        carry_draft(source=previous, target=lease)
        lease.save()
        Lease.objects.filter(pk=previous_id).update(state=Lease.State.RETAKEN)
    return uuid.UUID(str(lease_id))


def _with_points(lease: Lease) -> Lease:
    """Give a correspondence lease its points, sampling them now where it is the first of its person."""
    if lease.task.stage == Stage.CORRESPONDENCE and lease.point_set is None:
        lease.point_set = points_for_person(lease.task.person)
        lease.save(update_fields=["point_set"])
    return lease


def _style_now(lease: Lease) -> str:
    return lease.style_hash or style_for_surface(lease.task.project.surface_hash) or ""


def _free_arguments(membership: Membership, stage: Stage, *, gold: bool) -> dict[str, Any]:
    return {
        "project": membership.project_id,
        "stage": stage.value,
        "user": membership.user_id,
        "gold": gold,
    }


def _any_free(membership: Membership, stage: Stage) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_ANY_FREE, _free_arguments(membership, stage, gold=False))
        return bool(cursor.fetchone()[0])


def _why_empty(membership: Membership, stage: Stage) -> EmptyQueue:
    tasks = Task.objects.filter(project_id=membership.project_id, stage=stage, is_gold=False)
    if tasks.filter(state=Task.State.OPEN, places_left__gt=0).exists():
        return EmptyQueue("all_yours_done", _("Every person still open here was done or skipped by you. Thank you."))
    if stage is Stage.CORRESPONDENCE and tasks.filter(state=Task.State.WAITING).exists():
        return EmptyQueue("waits_for_parts", _("Points come when the parts of a person are done."))
    return EmptyQueue("none_open", _("Nothing is open just now. New people appear here when they are added."))
