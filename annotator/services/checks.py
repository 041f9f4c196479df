"""Hidden checks on real people: someone whom a reviewer settled is handed to another annotator, who cannot tell.

Such a lease takes no place of its task, which is done already: the person stays accepted and exported as it is, and the
answer is one more that qa can compare with the settled one.
"""

import random
import uuid
from typing import Final

from django.db import connection

from annotator.models import Lease, Membership, Stage, Task
from annotator.services.leases import expiry_of, loaded_lease
from annotator.services.point_sets import points_for_person

# Of the checks, while there are people of both kinds. Renders can be told from photographs by a sharp eye.
RENDERED_SHARE: Final = 0.25

# Settled by someone else, by an answer and not by what several were merged into, never had by this annotator, and not
# taken out of the checks. The search starts at a random place, so that everyone meets other people, and costs the same
# however many are settled.
_SETTLED = """
SELECT c.id, t.id FROM annotator_consensus c
JOIN annotator_person p ON p.id = c.person_id
JOIN annotator_task t ON t.person_id = c.person_id AND t.stage = c.stage
WHERE p.project_id = %(project)s AND c.stage = %(stage)s AND c.method = 'reviewed' AND c.accepted_by_id <> %(user)s
  AND c.submission_id IS NOT NULL AND c.id >= %(start)s AND t.state = 'done' AND NOT t.is_gold
  AND NOT EXISTS (SELECT 1 FROM annotator_lease l WHERE l.task_id = t.id AND l.annotator_id = %(user)s)
  AND NOT EXISTS (SELECT 1 FROM annotator_submission s WHERE s.task_id = t.id AND s.annotator_id = %(user)s)
  AND NOT EXISTS (SELECT 1 FROM annotator_gold g WHERE g.person_id = c.person_id AND NOT g.is_active)
ORDER BY c.id LIMIT 1
"""
_RANGE = """
SELECT min(c.id), max(c.id) FROM annotator_consensus c JOIN annotator_person p ON p.id = c.person_id
WHERE p.project_id = %(project)s AND c.stage = %(stage)s AND c.method = 'reviewed'
  AND c.submission_id IS NOT NULL
"""


def take_check(membership: Membership, stage: Stage, style: str) -> uuid.UUID | None:
    """Lease a person whom a reviewer settled to a member who never had it; None where there is none.

    Args:
        style: of the pictures shown, empty for parts.
    """
    known: dict[str, int | str] = {"project": membership.project_id, "stage": stage.value, "user": membership.user_id}
    with connection.cursor() as cursor:
        cursor.execute(_RANGE, known)
        first, last = cursor.fetchone()
        if first is None:
            return None
        start = random.randint(first, last)  # noqa: S311 - a draw, not a secret
        row = None
        for begin in (start, first):
            cursor.execute(_SETTLED, {**known, "start": begin})
            if row := cursor.fetchone():
                break
    if row is None:
        return None
    return _lease(membership, Task.objects.select_related("person").get(pk=row[1]), style, Lease.Purpose.CHECK).pk


def lease_for_training(*, membership: Membership, task: Task, purpose: Lease.Purpose, style: str) -> Lease:
    """Lease a rendered person for the tutorial or the exam; a lease that is still live comes back with its draft.

    The caller holds the membership's row.
    """
    live = Lease.objects.filter(task=task, annotator=membership.user_id, state=Lease.State.LIVE).first()
    return loaded_lease((live or _lease(membership, task, style, purpose)).pk, membership.project)


def _lease(membership: Membership, task: Task, style: str, purpose: Lease.Purpose) -> Lease:
    project = membership.project
    return Lease.objects.create(
        task=task,
        annotator_id=membership.user_id,
        purpose=purpose,
        expires_at=expiry_of(project),
        # As a task of work: every annotator of a task sees the same help. The exam asks what someone can do alone.
        is_assisted=purpose == Lease.Purpose.CHECK and task.pk * 2654435761 % 1000 < 1000 * project.assistance_share,
        point_set=points_for_person(task.person) if task.stage == Stage.CORRESPONDENCE else None,
        surface_hash=project.surface_hash,
        style_hash=style,
    )
