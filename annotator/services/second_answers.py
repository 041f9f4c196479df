"""Asking for a second answer where one annotator's work is in doubt, and taking that back while nobody has begun.

The answer itself stays. Where it had been accepted by itself, that is put aside until the second answer is there.
"""

from typing import Any, Final

from django.db import transaction
from django.utils.dateparse import parse_datetime

from annotator.models import Consensus, Lease, Submission, Task, User
from annotator.services.events import record_event
from annotator.services.task_states import counting_answers, settle_with_points
from annotator.services.tasks import MAX_OVERLAP

_KEPT: Final = ("answers", "figures", "method", "submission_id", "accepted_by_id")


@transaction.atomic
def ask_second_answers(submissions: list[Submission]) -> list[dict[str, Any]]:
    """Want one more answer to the task of each submission; returns what taking it back needs, one entry a task.

    Tasks whose accepted answer is not this one alone, that are closed, or that want as many answers as they may, are
    left alone.
    """
    asked = []
    for submission in sorted(submissions, key=lambda one: one.task_id):
        task = Task.objects.select_for_update(no_key=True).get(pk=submission.task_id)
        accepted = Consensus.objects.filter(person_id=task.person_id, stage=task.stage).first()
        is_other = accepted is not None and (
            accepted.method != Consensus.Method.SINGLE or accepted.submission_id != submission.pk
        )
        if is_other or task.is_gold or task.overlap >= MAX_OVERLAP or task.state == Task.State.CLOSED:
            continue
        kept = None
        if accepted is not None:
            kept = {name: getattr(accepted, name) for name in _KEPT} | {"accepted_at": accepted.accepted_at.isoformat()}
            accepted.delete()
        task.overlap += 1
        task.save(update_fields=["overlap", "updated_at"])
        settle_with_points(task)
        record_event(
            verb="asked another", target=task, project=task.project_id,
            before={"overlap": task.overlap - 1}, after={"overlap": task.overlap, "doubted": submission.pk},
        )  # fmt: skip
        asked.append({"task": task.pk, "overlap": task.overlap, "accepted": kept, "answers": counting_answers(task)})
    return asked


@transaction.atomic
def take_back_second_answers(asked: list[dict[str, Any]], by: User) -> tuple[int, int]:
    """Undo `ask_second_answers` where the place is still free; returns how many were, and how many are in use."""
    taken = used = 0
    for entry in asked:
        task = Task.objects.select_for_update(no_key=True).filter(pk=entry["task"]).first()
        if task is None:
            continue
        live = Lease.objects.filter(task=task, state=Lease.State.LIVE, revises=None, purpose="").exists()
        if live or task.overlap != entry["overlap"] or counting_answers(task) != entry["answers"]:
            used += 1
            continue
        task.overlap -= 1
        task.save(update_fields=["overlap", "updated_at"])
        _accept_again(task, entry["accepted"])
        settle_with_points(task)
        record_event(
            verb="asked less", target=task, project=task.project_id, actor=by,
            before={"overlap": task.overlap + 1}, after={"overlap": task.overlap},
        )  # fmt: skip
        taken += 1
    return taken, used


def _accept_again(task: Task, kept: dict[str, Any] | None) -> None:
    """Put an acceptance back as it was; the answer that it was made of cannot have changed."""
    if kept is None or Consensus.objects.filter(person_id=task.person_id, stage=task.stage).exists():
        return
    submission = Submission.objects.filter(pk=kept["submission_id"], superseded_by=None, sent_back=None).first()
    if submission is None:
        return
    values = {name: kept[name] for name in _KEPT} | {"accepted_at": parse_datetime(kept["accepted_at"])}
    Consensus.objects.create(person_id=task.person_id, stage=task.stage, **submission.answer_columns(), **values)
