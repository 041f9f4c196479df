"""A reviewer's better answer: painted or placed again in the workbench, or put together from the answers at hand.

Each makes a new submission that supersedes the one it starts from, and becomes the accepted answer.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from django.db import transaction

from annotator.errors import ConflictError, InvalidInputError
from annotator.models import Consensus, Lease, PointSet, PointStatus, SentBack, Stage, Submission, Task, User
from annotator.selectors.part_views import style_for_surface, style_for_work
from annotator.services.acceptance import accept_submission, place_consensus, reviewed_submission
from annotator.services.answers import surface_points
from annotator.services.drafts import STATUS_OF_WORD, check_point_answer
from annotator.services.events import record_event
from annotator.services.leases import loaded_lease
from annotator.services.returning_work import lease_to_revise
from annotator.services.task_states import check_open, counting_answers

_COLUMNS: Final = ("status", "view", "click", "triangle", "weights")


@transaction.atomic
def open_for_review(*, user: User, submission_id: int) -> Lease:
    """Lease someone's answer to a reviewer, with the answer as the draft; what is submitted there is accepted.

    Raises:
        NotFoundError, NotAllowedError: not in a project where the user may review.
        ConflictError: superseded, closed, or the views of the body are not drawn yet.
    """
    submission, task = reviewed_submission(user, submission_id)
    check_open(task)
    live = Lease.objects.filter(task=task, annotator=user, state=Lease.State.LIVE).first()
    if live is not None:
        return loaded_lease(live.pk, task.project)
    style = style_for_work(task.project, task.stage)
    submission.task = task
    lease = lease_to_revise(submission=submission, style=style, by=user)
    record_event(verb="opened for review", target=submission, project=task.project_id, actor=user)
    return loaded_lease(lease.pk, task.project)


@transaction.atomic
def settle_points(
    *,
    user: User,
    submission_id: int,
    taken: Mapping[str, int],
    placed: Mapping[str, Any],
    client_uuid: uuid.UUID,
    active_ms: int = 0,
) -> Consensus:
    """Accept an answer to the points, with some points taken from other answers and some placed anew.

    Args:
        submission_id: the answer to start from.
        taken: other answers of the same task by point key.
        placed: answers as the workbench sends them, by point key.
        client_uuid: the same one again gives the first result.

    Raises:
        NotFoundError, NotAllowedError: not in a project where the user may review.
        InvalidInputError: unknown points or answers, `off_surface`.
        ConflictError: superseded, closed, or the points changed.
    """
    done = Submission.objects.filter(client_uuid=client_uuid, annotator=user).first()
    if done is not None:
        return Consensus.objects.get(submission=done)
    if not taken and not placed:
        return accept_submission(user=user, submission_id=submission_id)
    base, task = reviewed_submission(user, submission_id)
    check_open(task)
    points = base.point_set
    if task.stage != Stage.CORRESPONDENCE or points is None:
        raise InvalidInputError("Only answers to points are put together point by point.")
    if not points.is_current:
        raise ConflictError("The points of this person changed since this answer.", code="points_changed")
    rows = {str(key): row for row, key in enumerate(points.key)}
    if unknown := (set(taken) | set(placed)) - set(rows):
        raise InvalidInputError(f"This person has no points {', '.join(sorted(unknown)[:10])}.")
    columns = {name: np.array(getattr(base, name)) for name in _COLUMNS}
    _take(columns, rows, taken, task, points)
    style = _place(columns, rows, placed, task, points) if placed else base.style_hash
    submission = Submission.objects.create(
        client_uuid=client_uuid, task=task, annotator=user, active_ms=active_ms, origin=Submission.Origin.REVIEW,
        supersedes=base, point_set=points, surface_hash=base.surface_hash or task.project.surface_hash,
        style_hash=style, provenance={"taken": dict(taken), "placed": sorted(placed)}, **columns,
    )  # fmt: skip
    SentBack.objects.filter(submission=base, is_open=True).update(is_open=False)
    record_event(
        verb="submitted", target=submission, project=task.project_id, actor=user,
        after={"task": task.pk, "stage": task.stage, "supersedes": base.pk, "placed": len(placed)},
    )  # fmt: skip
    return place_consensus(
        task=task, answer=submission, method=Consensus.Method.REVIEWED, by=user, answers=counting_answers(task)
    )


def _take(
    columns: dict[str, Any], rows: Mapping[str, int], taken: Mapping[str, int], task: Task, points: PointSet
) -> None:
    others = {
        other.pk: other for other in Submission.objects.filter(task=task, point_set=points, pk__in=set(taken.values()))
    }
    for key, number in taken.items():
        if number not in others:
            raise InvalidInputError(f"Answer {number} is not one of this person's points of today.")
        for name in _COLUMNS:
            columns[name][rows[key]] = getattr(others[number], name)[rows[key]]


def _place(
    columns: dict[str, Any], rows: Mapping[str, int], placed: Mapping[str, Any], task: Task, points: PointSet
) -> str:
    """Write newly placed points into the columns; returns the style of the pictures they were placed in."""
    surface = task.project.surface_hash
    style = style_for_surface(surface) or ""
    chosen = np.array([rows[key] for key in placed])
    view, click = np.zeros(len(chosen), np.uint8), np.full((len(chosen), 2), np.nan)
    for at, (key, answer) in enumerate(placed.items()):
        check_point_answer(key, answer)
        columns["status"][chosen[at]] = STATUS_OF_WORD[answer["status"]]
        if answer["status"] == "placed":
            view[at], click[at] = answer["view"], (answer["x"], answer["y"])
    found = surface_points(
        lease=Lease(surface_hash=surface, style_hash=style), part=points.part[chosen], view=view, click=click
    )
    missed = (columns["status"][chosen] == PointStatus.PLACED) & (found.triangle < 0)
    if missed.any():
        keys = [key for key, is_missed in zip(placed, missed, strict=True) if is_missed]
        raise InvalidInputError(
            f"{len(keys)} points lie beside the body: place them on the surface.",
            code="off_surface",
            fields={key: ["No surface under this click."] for key in keys},
        )
    columns["view"][chosen], columns["click"][chosen] = view, click
    columns["triangle"][chosen], columns["weights"][chosen] = found.triangle, found.weights
    return style
