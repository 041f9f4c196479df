"""The way to the first real person: a guided tutorial with feedback, then an exam, both on rendered people.

What is done in the tutorial counts in no figure. The exam is measured when its last answer is in; who passes gets work,
who does not may try again with other people, as often and as soon as the project's bars say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.errors import ConflictError
from annotator.models import Gold, Lease, Membership, Project, Stage, Submission, Task, User
from annotator.permissions import may_annotate, membership_for
from annotator.selectors.part_views import style_for_surface, style_for_work
from annotator.services.checks import lease_for_training
from annotator.services.events import record_event
from annotator.services.gold import open_training_tasks
from body.geodesics import GeodesicTable
from qa.models import AutomaticAct, ExamAttempt, GoldScore, QualityPolicy
from qa.services.gold_bars import mean_value
from qa.services.gold_people import fill_training_pool, policy_of
from qa.services.gold_scores import score_submission

# Of the points whose truth is known, so many must be given a place: "cannot tell" is honest, and not a way through.
LEAST_PLACED = 0.7
_PREPARING = "preparing"


@dataclass(frozen=True)
class Step:
    """One person at one stage of the tutorial or the exam, with the answer that was given, if any."""

    task: Task
    number: int
    answer: Submission | None
    score: GoldScore | None = None

    @property
    def is_done(self) -> bool:
        return self.answer is not None


@dataclass(frozen=True)
class Way:
    """Where a member stands on the way to the first real person."""

    membership: Membership
    policy: QualityPolicy
    tutorial: list[Step]
    exam: list[Step]
    attempts: list[ExamAttempt]
    attempts_left: int
    next_attempt_at: datetime | None
    has_views: bool

    @property
    def next_tutorial_step(self) -> Step | None:
        return next((step for step in self.tutorial if not step.is_done), None)

    @property
    def is_tutorial_done(self) -> bool:
        return bool(self.tutorial) and self.next_tutorial_step is None

    @property
    def attempt(self) -> ExamAttempt | None:
        """The attempt that is under way."""
        return next((attempt for attempt in self.attempts if attempt.ended_at is None), None)

    @property
    def last_attempt(self) -> ExamAttempt | None:
        """The last attempt that has ended."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.ended_at is not None), None)

    @property
    def next_exam_step(self) -> Step | None:
        return next((step for step in self.exam if not step.is_done), None)

    @property
    def waits_for_measure(self) -> bool:
        """Whether all was answered and the figures are still to come."""
        return self.attempt is not None and bool(self.exam) and self.next_exam_step is None


def way_of(membership: Membership) -> Way:
    """Return where a member stands."""
    policy = policy_of(membership.project)
    attempts = list(ExamAttempt.objects.filter(project=membership.project_id, annotator=membership.user_id))
    counted = [attempt for attempt in attempts if not attempt.is_excused]
    ended = [attempt for attempt in counted if attempt.ended_at is not None]
    again = None
    if ended and ended[-1].ended_at is not None:
        again = ended[-1].ended_at + timedelta(hours=policy.exam_wait_hours)
    tutorial = open_training_tasks(membership.project, Gold.Purpose.TUTORIAL)[: 2 * policy.tutorial_people]
    open_attempt = next((attempt for attempt in attempts if attempt.ended_at is None), None)
    exam: list[Step] = []
    if open_attempt is not None:
        tasks = Task.objects.filter(person__in=open_attempt.people).select_related("person__image")
        exam = _steps(membership, sorted(tasks, key=_in_order), Lease.Purpose.EXAM, since=open_attempt.started_at)
    return Way(
        membership=membership,
        policy=policy,
        tutorial=_steps(membership, tutorial, Lease.Purpose.TUTORIAL),
        exam=exam,
        attempts=attempts,
        attempts_left=max(0, policy.exam_attempts - len(ended)),
        next_attempt_at=again if again is not None and again > timezone.now() else None,
        has_views=style_for_surface(membership.project.surface_hash) is not None,
    )


def _in_order(task: Task) -> tuple[int, bool]:
    return task.person_id, task.stage != Stage.PARTS


def _steps(
    membership: Membership, tasks: list[Task], purpose: Lease.Purpose, since: datetime | None = None
) -> list[Step]:
    answers = Submission.objects.filter(
        task__in=tasks, annotator=membership.user_id, lease__purpose=purpose
    ).select_related("gold_score")
    if since is not None:
        answers = answers.filter(created_at__gte=since)
    newest = {answer.task_id: answer for answer in answers.order_by("pk")}
    return [
        Step(task, number, newest.get(task.pk), getattr(newest.get(task.pk), "gold_score", None))
        for number, task in enumerate(tasks, start=1)
    ]


def take_tutorial_step(*, user: User, project_id: int, task_id: int | None = None) -> Lease:
    """Lease the next person of the tutorial, or one of them once more.

    Raises:
        NotFoundError, NotAllowedError: the user may not annotate in this project.
        ConflictError: nothing is left, or is drawn yet; what is missing is then being drawn.
    """
    with _drawing_what_lacks(project_id):
        return _tutorial_step(user, project_id, task_id)


@transaction.atomic
def _tutorial_step(user: User, project_id: int, task_id: int | None) -> Lease:
    membership = membership_for(user, project_id, may_annotate, lock=True)
    way = way_of(membership)
    chosen = next((step for step in way.tutorial if step.task.pk == task_id), None) or way.next_tutorial_step
    if chosen is None and way.tutorial:
        raise ConflictError(_("You have done the whole tutorial."), code="no_step")
    if chosen is None:
        raise ConflictError(_("The tutorial is being drawn. Try again soon."), code=_PREPARING)
    return _lease(membership, chosen.task, Lease.Purpose.TUTORIAL)


def take_exam_step(*, user: User, project_id: int) -> Lease:
    """Lease the next person of the exam, starting an attempt where none is under way.

    Raises:
        NotFoundError, NotAllowedError: the user may not annotate in this project.
        ConflictError: the tutorial comes first, no attempt is left or it is too soon, or people are still being drawn.
    """
    with _drawing_what_lacks(project_id):
        return _exam_step(user, project_id)


@transaction.atomic
def _exam_step(user: User, project_id: int) -> Lease:
    membership = membership_for(user, project_id, may_annotate, lock=True)
    way = way_of(membership)
    if way.attempt is None:
        _start_attempt(membership, way)
        way = way_of(membership)
    step = way.next_exam_step
    if step is None:
        raise ConflictError(_("You have answered everything; the result comes by itself."), code="no_step")
    return _lease(membership, step.task, Lease.Purpose.EXAM)


@contextmanager
def _drawing_what_lacks(project_id: int) -> Iterator[None]:
    """Have a worker draw people where tutorial or exam lack them, outside of the transaction that found it out."""
    try:
        yield
    except ConflictError as error:
        if error.error_code == _PREPARING:
            fill_training_pool(project=Project.objects.get(pk=project_id))
        raise


def _lease(membership: Membership, task: Task, purpose: Lease.Purpose) -> Lease:
    style = style_for_work(membership.project, task.stage)
    return lease_for_training(membership=membership, task=task, purpose=purpose, style=style)


def _start_attempt(membership: Membership, way: Way) -> None:
    if membership.qualified_at is not None:
        raise ConflictError(_("You have passed already."), code="qualified")
    if not way.is_tutorial_done:
        raise ConflictError(_("The tutorial comes first."), code="tutorial_first")
    if way.attempts_left == 0:
        raise ConflictError(_("No attempt is left. Please talk to a manager of the project."), code="no_attempt")
    if way.next_attempt_at is not None:
        raise ConflictError(_("It is too soon for another attempt."), code="too_soon")
    people = _unseen_people(membership, way)
    if len(people) < way.policy.exam_people:
        raise ConflictError(_("The people of your exam are being drawn. Try again soon."), code=_PREPARING)
    attempt = ExamAttempt.objects.create(
        project=membership.project, annotator=membership.user, number=len(way.attempts) + 1,
        people=people[: way.policy.exam_people],
    )  # fmt: skip
    record_event(
        verb="started exam", target=attempt, project=membership.project, actor=membership.user,
        after={"number": attempt.number},
    )  # fmt: skip


def _unseen_people(membership: Membership, way: Way) -> list[int]:
    """Return the people of the exam, those first whom earlier attempts asked for least."""
    people = {task.person_id for task in open_training_tasks(membership.project, Gold.Purpose.EXAM)}
    met = [person for attempt in way.attempts for person in attempt.people]
    return sorted(people, key=lambda person: (met.count(person), person))


@transaction.atomic
def end_exam(*, project_id: int, annotator: int, table: GeodesicTable | None) -> ExamAttempt | None:
    """Measure an attempt whose every answer is in, and say how it ended; None where it is not so far.

    Done twice it changes nothing: an attempt that has ended stays as it is.
    """
    attempt = (
        ExamAttempt.objects.select_for_update(of=("self",))
        .filter(project=project_id, annotator=annotator, ended_at=None)
        .first()
    )
    if attempt is None:
        return None
    membership = Membership.objects.select_related("project", "user").filter(project=project_id, user=annotator).first()
    if membership is None:
        return None
    answers = [step.answer for step in way_of(membership).exam]
    scores = []
    for answer in answers:
        if answer is None:
            return None
        answer.task.project = membership.project
        score = getattr(answer, "gold_score", None) or score_submission(answer, table)
        if score is None:
            return None
        scores.append(score)
    return _judge(attempt, membership, scores)


def _judge(attempt: ExamAttempt, membership: Membership, scores: list[GoldScore]) -> ExamAttempt:
    policy = policy_of(membership.project)
    parts = [score for score in scores if score.stage == Stage.PARTS]
    points = [score for score in scores if score.stage == Stage.CORRESPONDENCE]
    known = sum(score.n for score in points)
    iou, auc10 = mean_value(parts) or 0.0, mean_value(points) or 0.0
    placed = sum(score.placed for score in points) / known if known else 0.0
    attempt.figures = {
        "iou": round(iou, 4), "iou_bar": policy.exam_iou, "auc10": round(auc10, 4), "auc10_bar": policy.exam_auc10,
        "placed": round(placed, 4), "placed_bar": LEAST_PLACED, "people": len(attempt.people),
    }  # fmt: skip
    attempt.has_passed = iou >= policy.exam_iou and auc10 >= policy.exam_auc10 and placed >= LEAST_PLACED
    attempt.ended_at = timezone.now()
    attempt.save(update_fields=["figures", "has_passed", "ended_at"])
    if attempt.has_passed:
        Membership.objects.filter(pk=membership.pk).update(qualified_at=attempt.ended_at)
    kind = AutomaticAct.Kind.QUALIFIED if attempt.has_passed else AutomaticAct.Kind.EXAM_FAILED
    AutomaticAct.objects.create(
        project=membership.project, kind=kind, subject=membership.user,
        figures=attempt.figures | {"attempt": attempt.number}, details={"attempt": attempt.pk},
    )  # fmt: skip
    return attempt


@transaction.atomic
def vouch_for_member(*, membership: Membership, by: User, is_qualified: bool) -> None:
    """Let a member have real people without the exam, or ask for the exam again."""
    Membership.objects.filter(pk=membership.pk).update(qualified_at=timezone.now() if is_qualified else None)
    record_event(
        verb="vouched for" if is_qualified else "asked for the exam", target=membership,
        project=membership.project_id, actor=by,
    )  # fmt: skip
