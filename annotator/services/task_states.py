"""A task's state and free places, worked out anew from its leases, submissions and person."""

from collections.abc import Iterable
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from annotator.errors import ConflictError
from annotator.models import Consensus, Lease, Person, PointSet, Project, Stage, Submission, Task

# Put aside by a person; only a person takes these back.
_HELD = frozenset({Task.State.FLAGGED, Task.State.PAUSED})
# Submissions that are not checks of who gave them.
IS_WORK: Final = Q(lease=None) | Q(lease__purpose="")

# Counted from rows, as settle_task does. What has enough answers goes to review, unless someone is still at it.
_OVERLAP = """
WITH counted AS (
    SELECT t.id, count(s.id) FILTER (WHERE b.id IS NULL) AS standing, count(s.id) AS held,
           (SELECT count(*) FROM annotator_lease l
            WHERE l.task_id = t.id AND l.state = 'live' AND l.revises_id IS NULL AND l.purpose = '') AS live
    FROM annotator_task t
    LEFT JOIN (annotator_submission s LEFT JOIN annotator_lease made ON made.id = s.lease_id
               LEFT JOIN annotator_sentback b ON b.submission_id = s.id)
        ON s.task_id = t.id AND coalesce(made.purpose, '') = '' AND (b.id IS NULL OR b.is_open)
        AND NOT EXISTS (SELECT 1 FROM annotator_submission later WHERE later.supersedes_id = s.id)
    WHERE t.id = ANY (%(tasks)s) GROUP BY t.id
)
UPDATE annotator_task t
SET overlap = %(overlap)s, places_left = greatest(0, %(overlap)s - held - live), updated_at = now(),
    state = CASE WHEN t.state = 'open' AND standing >= %(overlap)s AND live = 0 THEN 'review' ELSE t.state END
FROM counted WHERE t.id = counted.id
"""


def check_open(task: Task) -> None:
    """Raise ConflictError, `task_closed`, where no answer to a task can be taken or accepted."""
    if task.state in {Task.State.CLOSED, Task.State.WAITING}:
        raise ConflictError(_("This person is not to be annotated any more."), code="task_closed")


def standing_answers(task: Task) -> QuerySet[Submission]:
    """Return the submissions that count: neither superseded nor sent back, and no check of who gave it."""
    return Submission.objects.filter(IS_WORK, task=task, superseded_by=None, sent_back=None).order_by("pk")


def counting_answers(task: Task) -> int:
    """Return how many submissions count."""
    return standing_answers(task).count()


def settle_task(task: Task, *, release_hold: bool = False) -> Task:
    """Bring a task's state and places into line with what is there; the caller holds the task's row.

    Submissions sent back keep their place for their author until that is closed.

    Args:
        release_hold: also take a flagged or paused task back into work.
    """
    person = Person.objects.get(pk=task.person_id)
    standing = counting_answers(task)
    reserved = Submission.objects.filter(IS_WORK, task=task, superseded_by=None, sent_back__is_open=True).count()
    live = Lease.objects.filter(task=task, state=Lease.State.LIVE, revises=None, purpose="").count()
    task.places_left = max(0, task.overlap - standing - reserved - live)
    if not person.is_annotatable:
        task.state = Task.State.CLOSED
    elif task.stage == Stage.CORRESPONDENCE and not _has_points(person):
        task.state = Task.State.WAITING
    elif task.state not in _HELD or release_hold:
        task.state = _working_state(task, standing)
    task.save(update_fields=["state", "places_left", "updated_at"])
    return task


def settle_with_points(task: Task) -> None:
    """Bring a task into line, and the person's points with its parts: without parts they wait."""
    settle_task(task)
    others = Task.objects.select_for_update(no_key=True).filter(person=task.person_id, stage=Stage.CORRESPONDENCE)
    for other in others.exclude(pk=task.pk):
        settle_task(other)


def _has_points(person: Person) -> bool:
    """Whether points are there, or can be sampled from accepted parts."""
    return (
        PointSet.objects.filter(person=person, is_current=True).exists()
        or Consensus.objects.filter(person=person, stage=Stage.PARTS).exists()
    )


def _working_state(task: Task, standing: int) -> Task.State:
    if task.is_gold:
        # Asked again and again, whatever is known of the person.
        return Task.State.OPEN
    if Consensus.objects.filter(person_id=task.person_id, stage=task.stage).exists():
        return Task.State.DONE
    return Task.State.REVIEW if standing >= task.overlap else Task.State.OPEN


def change_overlap(project: Project, stage: Stage) -> None:
    """Bring the tasks of a stage that are not done to the project's overlap; what has enough answers goes to review."""
    tasks = Task.objects.filter(
        project=project, stage=stage, is_gold=False, state__in=[Task.State.OPEN, Task.State.WAITING]
    )
    # Held first, then counted: what others did to them until then is seen.
    held = list(tasks.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAP, {"tasks": held, "overlap": project.overlap_for(stage.value)})


def make_tasks(people: Iterable[Person], *, priority: int = 0) -> list[Task]:
    """Make both tasks of people who have none: parts open, correspondence waiting for them; one statement for all."""
    tasks = []
    for person in people:
        project = person.project
        for stage in Stage:
            overlap = project.overlap_for(stage.value)
            state = Task.State.OPEN if stage is Stage.PARTS else Task.State.WAITING
            tasks.append(
                Task(
                    project_id=person.project_id,
                    person=person,
                    stage=stage,
                    state=state if person.is_annotatable else Task.State.CLOSED,
                    overlap=overlap,
                    places_left=overlap,
                    priority=priority,
                )
            )
    return Task.objects.bulk_create(tasks, ignore_conflicts=True, batch_size=1000)
