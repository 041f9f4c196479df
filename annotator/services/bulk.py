"""Acts on many tasks at once: one refusal does not stop the others, and each act leaves its event."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from annotator.errors import ConflictError, DomainError, InvalidInputError, NotFoundError
from annotator.models import Lease, Task, User
from annotator.permissions import may_annotate, may_review, membership_for, membership_of
from annotator.selectors.part_views import style_for_work
from annotator.services.events import record_event
from annotator.services.leases import take_place
from annotator.services.task_states import settle_task
from annotator.services.tasks import ask_another, change_task

MAX_TASKS: Final = 500
# A task given to someone waits for them this long.
ASSIGNED_DAYS: Final = 7


@dataclass
class BulkResult:
    """How many tasks were changed, and why others were not, by the words of the refusal."""

    done: int = 0
    refused: dict[str, int] = field(default_factory=dict)


def change_tasks(
    *, user: User, project_id: int, task_ids: Sequence[int], act: str, priority: int = 0, to: int | None = None
) -> BulkResult:
    """Carry out one act on tasks of a project: pause, open, priority, free, another, assign.

    Args:
        priority: for `priority`.
        to: the member who gets the tasks, for `assign`.

    Raises:
        NotFoundError, NotAllowedError: not a project where the user may review, or no such member.
        InvalidInputError: no such act, or too many tasks.
    """
    membership_for(user, project_id, may_review)
    if len(task_ids) > MAX_TASKS:
        raise InvalidInputError(f"At most {MAX_TASKS} tasks are changed at once, got {len(task_ids)}.")
    member = _member(project_id, to) if act == "assign" else user
    acts: dict[str, Callable[[Task], object]] = {
        "pause": lambda task: change_task(task=task, by=user, state=Task.State.PAUSED),
        "open": lambda task: change_task(task=task, by=user, state=Task.State.OPEN),
        "priority": lambda task: change_task(task=task, by=user, priority=priority),
        "free": lambda task: free_leases(task=task, by=user),
        "another": lambda task: ask_another(task=task, by=user),
        "assign": lambda task: assign_task(task=task, to=member, by=user),
    }
    if act not in acts:
        raise InvalidInputError(f"act must be one of {', '.join(acts)}, got {act!r}.")
    result = BulkResult()
    for task in Task.objects.filter(project_id=project_id, pk__in=task_ids).order_by("pk"):
        try:
            acts[act](task)
            result.done += 1
        except DomainError as error:
            result.refused[error.message] = result.refused.get(error.message, 0) + 1
    return result


@transaction.atomic
def free_leases(*, task: Task, by: User) -> int:
    """End the live leases of a task, so that others can take their places; drafts stay with their owners."""
    live = Lease.objects.select_for_update().filter(task=task, state=Lease.State.LIVE)
    owners = list(live.order_by("pk").values_list("annotator__username", flat=True))
    if not owners:
        raise ConflictError("Nobody holds this task.", code="not_held")
    Lease.objects.filter(task=task, state=Lease.State.LIVE).update(state=Lease.State.EXPIRED)
    settle_task(Task.objects.select_for_update(no_key=True).get(pk=task.pk))
    record_event(verb="freed", target=task, project=task.project_id, actor=by, before={"held_by": owners})
    return len(owners)


@transaction.atomic
def assign_task(*, task: Task, to: User, by: User) -> Lease:
    """Give a free place of a task to a member: it is the next they get, and waits for them for some days.

    Raises:
        ConflictError: no place is free, they answered or skipped it, or the views of the body are not drawn yet.
    """
    task = Task.objects.select_for_update(of=("self",), no_key=True).select_related("project").get(pk=task.pk)
    known = Lease.objects.filter(task=task, annotator=to)
    if known.filter(state__in=[Lease.State.LIVE, Lease.State.SUBMITTED, Lease.State.SKIPPED]).exists():
        raise ConflictError("They have it, answered it or skipped it already.", code="known")
    style = style_for_work(task.project, task.stage)
    if not take_place(task.pk):
        raise ConflictError("No place of it is free: ask for one more answer, or free it first.", code="no_place")
    lease = Lease.objects.create(
        task=task, annotator=to, expires_at=timezone.now() + timedelta(days=ASSIGNED_DAYS),
        surface_hash=task.project.surface_hash, style_hash=style,
    )  # fmt: skip
    record_event(verb="assigned", target=task, project=task.project_id, actor=by, after={"to": to.username})
    return lease


def _member(project_id: int, user_id: int | None) -> User:
    member = User.objects.filter(pk=user_id, is_active=True).first() if user_id is not None else None
    membership = membership_of(member, project_id) if member else None
    if member is None or not may_annotate(membership):
        raise NotFoundError("There is no such member who annotates in this project.")
    if membership is not None and membership.is_paused:
        raise ConflictError(f"{member} is paused.", code="paused")
    return member
