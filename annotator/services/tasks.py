"""What managers and reviewers do with a task itself: pause it, take it back into work, move it forward, comment."""

from django.db import transaction

from annotator.errors import ConflictError, InvalidInputError
from annotator.models import Comment, Consensus, Lease, Task, User
from annotator.services.events import changes, record_event
from annotator.services.task_states import settle_task

MAX_PRIORITY = 1000
MAX_OVERLAP = 20


@transaction.atomic
def change_task(*, task: Task, by: User, state: str | None = None, priority: int | None = None) -> Task:
    """Pause a task (`paused`), take a paused or flagged one back into work (`open`), or change its priority.

    Raises:
        InvalidInputError: another state, or a priority out of range.
        ConflictError: a pause of a task that is done or closed.
    """
    task = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    before = {"state": task.state, "priority": task.priority}
    if priority is not None:
        if abs(priority) > MAX_PRIORITY:
            raise InvalidInputError(
                f"priority must be from {-MAX_PRIORITY} to {MAX_PRIORITY}.", fields={"priority": ["Out of range."]}
            )
        task.priority = priority
        task.save(update_fields=["priority", "updated_at"])
    if state == Task.State.PAUSED:
        if task.state not in {Task.State.OPEN, Task.State.FLAGGED, Task.State.WAITING, Task.State.REVIEW}:
            raise ConflictError(f"A task that is {task.get_state_display().lower()} cannot be paused.")
        task.state = Task.State.PAUSED
        task.save(update_fields=["state", "updated_at"])
    elif state == Task.State.OPEN:
        # People who skipped it may see it again: someone decided that it can be done.
        Lease.objects.filter(task=task, state=Lease.State.SKIPPED).update(state=Lease.State.RELEASED)
        settle_task(task, release_hold=True)
    elif state is not None:
        raise InvalidInputError(f"state can be set to open or paused, got {state!r}.", fields={"state": []})
    old, new = changes(before, {"state": str(task.state), "priority": task.priority})
    if new:
        record_event(verb="changed", target=task, project=task.project_id, actor=by, before=old, after=new)
    return task


@transaction.atomic
def ask_another(*, task: Task, by: User | None) -> Task:
    """Want one more answer to a task than now, and take it back into work; `by` None is the platform itself.

    Raises:
        ConflictError: it is closed, accepted, waits for parts, or has as many answers as a task may want.
    """
    task = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    if task.state in {Task.State.CLOSED, Task.State.WAITING}:
        raise ConflictError("This person is not to be annotated just now.", code="task_closed")
    if Consensus.objects.filter(person_id=task.person_id, stage=task.stage).exists():
        raise ConflictError("An answer is accepted already: send it back to ask again.", code="accepted")
    if task.overlap >= MAX_OVERLAP:
        raise ConflictError(f"A task wants at most {MAX_OVERLAP} answers.")
    task.overlap += 1
    task.save(update_fields=["overlap", "updated_at"])
    settle_task(task, release_hold=True)
    record_event(
        verb="asked another", target=task, project=task.project_id, actor=by,
        before={"overlap": task.overlap - 1}, after={"overlap": task.overlap},
    )  # fmt: skip
    return task


@transaction.atomic
def add_comment(*, task: Task, by: User, text: str) -> Comment:
    """Leave a note with a task."""
    comment = Comment.objects.create(task=task, author=by, text=text)
    record_event(verb="commented", target=task, project=task.project_id, actor=by, after={"text": text})
    return comment
