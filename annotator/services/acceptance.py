"""From submissions to the accepted answer of a person: at once where one is wanted, else merged, or by a reviewer."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from annotator.errors import ConflictError, InvalidInputError, NotFoundError
from annotator.models import Answer, Consensus, Lease, SentBack, Stage, Submission, Task, User
from annotator.permissions import can_work, may_review, membership_for
from annotator.services.events import record_event
from annotator.services.point_sets import parts_accepted
from annotator.services.task_states import check_open, counting_answers, settle_task, settle_with_points
from annotator.signals import answers_complete


def accept_if_complete(*, task: Task, submission: Submission) -> None:
    """Settle a task after a submission, whose row the caller holds: accept, wait for more answers, or leave for review.

    Several answers wait in review until they are merged (`answers_complete`). A submission that supersedes the accepted
    one is accepted in its place, unless the project asks for review. What a reviewer settled stays otherwise.
    """
    if task.is_gold:
        return
    accepted = Consensus.objects.filter(person_id=task.person_id, stage=task.stage).only("method", "submission").first()
    replaces_accepted = (
        accepted is not None
        and submission.supersedes_id is not None
        and accepted.submission_id == submission.supersedes_id
    )
    if accepted is not None and accepted.method == Consensus.Method.REVIEWED and not replaces_accepted:
        return
    standing = counting_answers(task)
    if standing < task.overlap and not replaces_accepted:
        return
    if task.project.is_review_required or standing > 1:
        if task.state != Task.State.FLAGGED:
            task.state = Task.State.REVIEW
            task.save(update_fields=["state", "updated_at"])
            answers_complete.send(Task, task=task)
        return
    place_consensus(task=task, answer=submission, method=Consensus.Method.SINGLE, by=None, answers=standing)


def place_consensus(
    *,
    task: Task,
    answer: Answer,
    method: Consensus.Method,
    by: User | None,
    answers: int = 1,
    figures: dict[str, Any] | None = None,
) -> Consensus:
    """Make an answer the accepted one of its person; parts get their points. The caller holds the task's row.

    Args:
        answer: a submission, or an unsaved answer that several were merged into.
        answers: how many stood when this one was accepted.
        figures: of their agreement; exported with the answer.
    """
    submission = answer if isinstance(answer, Submission) else None
    before = Consensus.objects.filter(person_id=task.person_id, stage=task.stage).first()
    # Where an accepted answer was sent back there is no consensus now, but its points are there.
    known = before or (submission.supersedes if submission else None)
    previous = known.painted() if known is not None and task.stage == Stage.PARTS else None
    told = {"submission": before.submission_id, "method": before.method} if before else None
    consensus = before or Consensus(person_id=task.person_id, stage=task.stage)
    placed = {
        **answer.answer_columns(),
        "submission": submission,
        "method": method,
        "verbatim": None,
        "answers": max(1, answers),
        "figures": figures or {},
        "accepted_by": by,
        "accepted_at": timezone.now(),
    }
    for column, value in placed.items():
        setattr(consensus, column, value)
    consensus.save(force_insert=before is None)
    task.state = Task.State.DONE
    task.save(update_fields=["state", "updated_at"])
    record_event(
        verb="accepted",
        target=submission or consensus,
        project=task.project_id,
        actor=by,
        before=told,
        after={"task": task.pk, "stage": task.stage, "method": method.value},
    )
    if task.stage == Stage.PARTS:
        parts_accepted(person=task.person, parts=consensus, previous=previous)
    return consensus


@transaction.atomic
def accept_submission(*, user: User, submission_id: int) -> Consensus:
    """Accept a submission as a reviewer or manager.

    Raises:
        NotFoundError, NotAllowedError: not in a project where the user may review.
        ConflictError: superseded, or of another version of the points.
    """
    submission, task = reviewed_submission(user, submission_id)
    check_open(task)
    if submission.point_set is not None and not submission.point_set.is_current:
        raise ConflictError("The points of this person changed since this answer.", code="points_changed")
    SentBack.objects.filter(submission=submission).delete()
    consensus = place_consensus(
        task=task,
        answer=submission,
        method=Consensus.Method.REVIEWED,
        by=user,
        answers=counting_answers(task),
    )
    settle_task(task)
    return consensus


@transaction.atomic
def send_back(*, user: User, submission_id: int, note: str) -> SentBack:
    """Return a submission to its author with a note; it is leased to the author first.

    Where the author can no longer work here, the place goes to anyone.

    Raises:
        NotFoundError, NotAllowedError: not in a project where the user may review.
        InvalidInputError: no note.
        ConflictError: superseded, sent back already, or imported (then nobody is there to send it to).
    """
    note = note.strip()
    if not 1 <= len(note) <= 1000:
        raise InvalidInputError(
            f"note must have 1 to 1000 characters, got {len(note)}.", fields={"note": ["Say what should be better."]}
        )
    submission, task = reviewed_submission(user, submission_id)
    author = submission.annotator
    if author is None:
        raise ConflictError("This answer was imported: there is no author to send it back to.", code="no_author")
    if SentBack.objects.filter(submission=submission).exists():
        raise ConflictError("This submission was sent back already.", code="already_sent_back")
    sent_back = SentBack.objects.create(
        submission=submission, author=author, reviewer=user, note=note, is_open=can_work(author, task.project_id)
    )
    Consensus.objects.filter(submission=submission).delete()
    if task.state in {Task.State.DONE, Task.State.REVIEW}:
        task.state = Task.State.OPEN
    settle_with_points(task)
    record_event(verb="sent back", target=submission, project=task.project_id, actor=user, after={"note": note})
    return sent_back


def reviewed_submission(user: User, submission_id: int) -> tuple[Submission, Task]:
    """Return a submission that the user may settle, with its task's row held.

    Raises:
        NotFoundError, NotAllowedError: not in a project where the user may review.
        ConflictError: a later one supersedes it.
    """
    submission = (
        Submission.objects.select_related("task__project", "annotator", "point_set").filter(pk=submission_id).first()
    )
    if submission is None:
        raise NotFoundError("There is no such submission.")
    membership_for(user, submission.task.project_id, may_review)
    task = (
        Task.objects.select_for_update(of=("self",), no_key=True)
        .select_related("project", "person__image")
        .get(pk=submission.task_id)
    )
    if Submission.objects.filter(supersedes=submission).exists():
        raise ConflictError("A later submission supersedes this one.", code="superseded")
    return submission, task


def free_places_of(*, user: User, project_id: int) -> int:
    """Give what a member holds to others, when the member leaves or is paused: live leases and work sent back.

    Drafts stay. Returns how many places were freed.
    """
    leases = Lease.objects.select_for_update().filter(
        annotator=user, task__project_id=project_id, state=Lease.State.LIVE
    )
    task_ids = set(leases.order_by("pk").values_list("task_id", flat=True))
    freed = Lease.objects.filter(annotator=user, task__project_id=project_id, state=Lease.State.LIVE).update(
        state=Lease.State.EXPIRED
    )
    waiting = SentBack.objects.filter(author=user, is_open=True, submission__task__project_id=project_id)
    task_ids |= set(waiting.values_list("submission__task_id", flat=True))
    freed += SentBack.objects.filter(pk__in=waiting.values("pk")).update(is_open=False)
    for task in Task.objects.select_for_update(no_key=True).filter(pk__in=task_ids).order_by("pk"):
        settle_task(task)
    return freed
