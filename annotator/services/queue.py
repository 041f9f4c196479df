"""The queue: what an annotator gets next.

First what is theirs already (a live lease they do not hold, work sent back, an expired draft whose place is free, what
they gave back or let run out), then the oldest task of the highest priority, taken by one statement. Gold is mixed in
by a draw, from people that look like any other (annotator.services.checks).
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from annotator.errors import ConflictError
from annotator.models import Lease, Membership, SentBack, Stage, Task, User
from annotator.permissions import may_annotate, membership_for, why_no_work
from annotator.selectors.part_views import style_for_work
from annotator.services.checks import RENDERED_SHARE, take_check
from annotator.services.drafts import carry_draft
from annotator.services.leases import expire_leases, expiry_of, loaded_lease
from annotator.services.returning_work import lease_to_revise, retaken, with_points

# Places of one's own, best first. A lease that revises a submission holds that submission's place. OFFSET 0 keeps the
# planner on the path from the few rows of the annotator to their tasks, also before it has statistics. What was given
# back comes again before anything is drawn from the queue, in the order in which it was had: otherwise work would come
# again as the oldest, and a check would not.
_GIVEN_BACK = """
    (SELECT {rank}, l.id::text FROM annotator_lease l
     CROSS JOIN LATERAL (SELECT * FROM annotator_task WHERE id = l.task_id OFFSET 0) t
     WHERE l.annotator_id = %(user)s AND l.state = {which} AND l.revises_id IS NULL
       AND t.project_id = %(project)s AND t.stage = %(stage)s
       AND (l.purpose = 'check' AND t.state = 'done'
            AND NOT EXISTS (SELECT 1 FROM annotator_gold g WHERE g.person_id = t.person_id AND NOT g.is_active OFFSET 0)
            OR l.purpose = '' AND t.state = 'open' AND t.places_left > 0)
       AND NOT EXISTS (SELECT 1 FROM annotator_lease o WHERE o.task_id = t.id AND o.annotator_id = %(user)s
                       AND o.state IN ('live', 'submitted', 'skipped') OFFSET 0)
     ORDER BY l.created_at {order} LIMIT 1)
"""
_RECENT = "AND l.created_at > now() - interval '7 days'"
_OWN_WORK = f"""
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
    UNION ALL {_GIVEN_BACK.format(rank=3, which="'expired' AND l.draft IS NOT NULL", order="DESC")}
    UNION ALL {_GIVEN_BACK.format(rank=4, which=f"'released' {_RECENT}", order="ASC")}
    UNION ALL {_GIVEN_BACK.format(rank=5, which=f"'expired' AND l.draft IS NULL {_RECENT}", order="ASC")}
) own ORDER BY rank LIMIT 1
"""  # noqa: S608 - all parts are literals of this module

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
        if (rests := why_no_work(membership)) is not None:
            url = reverse("project-qualification", args=[project.pk]) if rests[0] == "qualification" else ""
            return EmptyQueue(*rests, url)
        try:
            style = style_for_work(project, stage)
        except ConflictError as preparing:
            return EmptyQueue(preparing.error_code, preparing.message)
        lease_id = _own_work(membership, stage, style, holding) or _from_queue(membership, stage, style)
        if lease_id is not None:
            return with_points(loaded_lease(lease_id, project))
        return _why_empty(membership, stage)


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
    ended = (
        Lease.objects.select_related("task__project", "task__person__image")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(pk=found, state__in=[Lease.State.EXPIRED, Lease.State.RELEASED])
        .first()
    )
    return retaken(ended, style) if ended else None


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
