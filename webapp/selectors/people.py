"""The people browser: states with counts, keyset pages in two orders, and one person with all answers."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import (
    Comment,
    Consensus,
    Event,
    Lease,
    Person,
    PointSet,
    Project,
    SentBack,
    Stage,
    Submission,
    Task,
)
from annotator.selectors.scope import real_people
from qa.models import MergeDecision

PAGE_SIZE = 40

_LIVE = Lease.objects.filter(task__person=OuterRef("pk"), state=Lease.State.LIVE)
_SENT_BACK = SentBack.objects.filter(submission__task__person=OuterRef("pk"), is_open=True)
# Nobody has settled what the answers to these differ about.
_UNSETTLED = (Task.State.OPEN, Task.State.REVIEW, Task.State.FLAGGED, Task.State.PAUSED)
_DISPUTED = MergeDecision.objects.filter(
    person=OuterRef("pk"), disagreement__gt=F("project__disputed_bar"), task__state__in=_UNSETTLED
)


def _task(stage: Stage, *states: Task.State) -> Q:
    return Q(Exists(Task.objects.filter(person=OuterRef("pk"), stage=stage, state__in=states)))


def _any_task(state: Task.State) -> Q:
    return Q(Exists(Task.objects.filter(person=OuterRef("pk"), state=state)))


STATES: dict[str, tuple[Any, Q]] = {
    "all": (gettext_lazy("All"), Q()),
    "parts-open": (gettext_lazy("Parts open"), _task(Stage.PARTS, Task.State.OPEN)),
    "points-open": (gettext_lazy("Points open"), _task(Stage.CORRESPONDENCE, Task.State.OPEN)),
    "in-hand": (gettext_lazy("In hand"), Q(Exists(_LIVE))),
    "review": (gettext_lazy("Review"), _any_task(Task.State.REVIEW)),
    "disagree": (gettext_lazy("Answers disagree"), Q(Exists(_DISPUTED))),
    "sent-back": (gettext_lazy("Sent back"), Q(Exists(_SENT_BACK))),
    "flagged": (gettext_lazy("Flagged"), _any_task(Task.State.FLAGGED)),
    "paused": (gettext_lazy("Paused"), _any_task(Task.State.PAUSED)),
    "skipped": (
        gettext_lazy("Skipped"),
        Q(Exists(Lease.objects.filter(task__person=OuterRef("pk"), state=Lease.State.SKIPPED, task__state="open"))),
    ),
    "accepted": (gettext_lazy("Accepted"), _task(Stage.CORRESPONDENCE, Task.State.DONE)),
    "proposed": (gettext_lazy("To confirm"), Q(is_proposed=True)),
    "set-aside": (gettext_lazy("Crowd or ignored"), Q(is_crowd=True) | Q(is_ignored=True)),
}


ORDERS: dict[str, Any] = {"newest": gettext_lazy("Newest"), "disputed": gettext_lazy("Most disputed")}


@dataclass(frozen=True)
class PeopleFilter:
    """What is looked for, from the address of the page, and in which of ORDERS."""

    state: str = "all"
    split: str = ""
    search: str = ""
    after: int = 0
    order: str = "newest"


@dataclass(frozen=True)
class PeoplePage:
    """One page of people, and where the next one starts."""

    people: list[Person]
    next_after: int | None


def state_counts(project: Project, split: str = "") -> list[tuple[str, str, int]]:
    """Return (state, label, number of people) for every filter.

    Told from tasks where they tell it: each person has one of each stage, and to ask every person takes ten times as
    long.
    """
    people = _visible(project, split)
    of_people = {name: Count("pk", filter=STATES[name.replace("_", "-")][1]) for name in ("proposed", "set_aside")}
    found = people.aggregate(all=Count("pk"), **of_people)
    counts = {name.replace("_", "-"): n for name, n in found.items()} | _counts_of_tasks(project, split)
    decisions = MergeDecision.objects.filter(
        project=project, disagreement__gt=project.disputed_bar, task__state__in=_UNSETTLED
    )
    decisions = decisions.filter(person__image__split=split) if split else decisions
    counts["disagree"] = decisions.order_by().values("person").distinct().count()
    return [
        (name, str(label), counts[name] if name in counts else people.filter(condition).count())
        for name, (label, condition) in STATES.items()
    ]


def _counts_of_tasks(project: Project, split: str) -> dict[str, int]:
    """Return how many people are in the states that one task is enough to tell."""
    tasks = Task.objects.filter(project=project, is_gold=False)
    tasks = tasks.filter(person__image__split=split) if split else tasks
    rows = tasks.order_by().values_list("stage", "state").annotate(n=Count("pk"))
    found = {(stage, state): n for stage, state, n in rows}

    def of(stage: Stage, state: Task.State) -> int:
        n: int = found.get((stage.value, state.value), 0)
        return n

    counts = {
        "parts-open": of(Stage.PARTS, Task.State.OPEN),
        "points-open": of(Stage.CORRESPONDENCE, Task.State.OPEN),
        "accepted": of(Stage.CORRESPONDENCE, Task.State.DONE),
    }
    for name, state in (("review", Task.State.REVIEW), ("flagged", Task.State.FLAGGED), ("paused", Task.State.PAUSED)):
        of_stages = [of(stage, state) for stage in Stage]
        # With both stages in one state a person could count twice.
        counts[name] = (
            tasks.filter(state=state).values("person").distinct().count() if all(of_stages) else sum(of_stages)
        )
    return counts


def people_page(project: Project, wanted: PeopleFilter) -> PeoplePage:
    """Return a page of people; costs the same at the end of a long list as at its start."""
    people = _visible(project, wanted.split).filter(STATES[wanted.state][1]).filter(_search(wanted.search))
    if wanted.order == "disputed":
        people = _most_disputed(people, project, wanted.after)
    else:
        people = people.filter(pk__lt=wanted.after) if wanted.after else people
        people = people.order_by("-pk")
    rows = list(_with_state(people)[: PAGE_SIZE + 1])
    return PeoplePage(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None)


def _most_disputed(people: QuerySet[Person], project: Project, after: int) -> QuerySet[Person]:
    """Return those about whom any answers differ, by the stage in dispute most; read along the index of decisions."""
    people = people.annotate(
        decision=F("merge_decisions__pk"), share=F("merge_decisions__disagreement"), of=F("merge_decisions__project")
    )
    more = Q(disagreement__gt=OuterRef("share")) | Q(disagreement=OuterRef("share"), pk__gt=OuterRef("decision"))
    people = people.filter(
        ~Exists(MergeDecision.objects.filter(more, person=OuterRef("pk"))), of=project.pk, share__gt=0
    )
    if after:
        last = MergeDecision.objects.filter(person=after, project=project).order_by("-disagreement").first()
        share = last.disagreement if last else 0.0
        people = people.filter(Q(share__lt=share) | Q(pk__lt=after), share__lte=share)
    return people.order_by("-share", "-pk")


def _visible(project: Project, split: str) -> QuerySet[Person]:
    people = real_people(Person.objects.filter(project=project, is_deleted=False))
    return people.filter(image__split=split) if split else people


def _search(text: str) -> Q:
    """Match a number of ours or of the import, part of a file name, or a group."""
    text = text.strip()
    if not text:
        return Q()
    found = Q(image__file_name__icontains=text) | Q(image__group__icontains=text)
    if text.isdecimal() and len(text) < 19:
        found |= Q(pk=int(text)) | Q(source_id=int(text)) | Q(image__source_id=int(text))
    return found


def _with_state(people: QuerySet[Person]) -> QuerySet[Person]:
    return people.select_related("image").prefetch_related(
        Prefetch("tasks", Task.objects.order_by("-stage")),
        Prefetch("consensus", Consensus.objects.only("id", "person_id", "stage", "accepted_at", "method", "status")),
        Prefetch("point_sets", PointSet.objects.filter(is_current=True).only("id", "person_id", "key")),
        Prefetch(
            "merge_decisions", MergeDecision.objects.select_related("task", "project").defer("figures"), "decisions"
        ),
    ).annotate(is_in_hand=Exists(_LIVE), is_sent_back=Exists(_SENT_BACK))  # fmt: skip


def person_state(person: Person) -> tuple[str, str]:
    """Return the chip of a person from `people_page`: its colour and its word."""
    if person.is_crowd or person.is_ignored:
        return "", _("crowd") if person.is_crowd else _("ignored")
    if person.is_proposed:
        return "warn", _("to confirm")
    states = {task.stage: task.state for task in person.tasks.all()}
    parts, points = states.get(Stage.PARTS), states.get(Stage.CORRESPONDENCE)
    checks: tuple[tuple[bool, str, str], ...] = (
        (person.image.state != "ready", "bad", _("cannot be read")),
        (Task.State.FLAGGED in states.values(), "bad", _("flagged")),
        (getattr(person, "is_sent_back", False), "warn", _("sent back")),
        (getattr(person, "is_in_hand", False), "accent", _("in hand")),
        (is_disputed(person), "bad", _("answers disagree")),
        (points == Task.State.DONE, "ok", _("accepted")),
        (Task.State.REVIEW in states.values(), "accent", _("review")),
        (Task.State.PAUSED in states.values(), "", _("paused")),
        (points == Task.State.OPEN, "", _("points open")),
        (parts == Task.State.OPEN, "", _("parts open")),
    )
    return next(((colour, word) for is_so, colour, word in checks if is_so), ("", _("no task")))


def _decisions(person: Person) -> list[MergeDecision]:
    return getattr(person, "decisions", [])


def is_disputed(person: Person) -> bool:
    """Return whether answers differ beyond the project's bar and nobody settled that."""
    return any(
        decision.disagreement > decision.project.disputed_bar and decision.task.state in _UNSETTLED
        for decision in _decisions(person)
    )


def dispute_note(person: Person) -> str:
    """Return how much of a person is disputed, at the stage where that is most; empty where nothing is."""
    decisions = [decision for decision in _decisions(person) if decision.disagreement]
    if not decisions:
        return ""
    worst = max(decisions, key=lambda decision: decision.disagreement)
    words = (
        _("%(percent)d %% of pixels disputed")
        if worst.task.stage == Stage.PARTS
        else _("%(percent)d %% of points disputed")
    )
    return words % {"percent": round(100 * worst.disagreement)}


def person_note(person: Person) -> str:
    """Return the line under a thumbnail: how many points there are, or what there is to start from."""
    answered = next((c for c in person.consensus.all() if c.stage == Stage.CORRESPONDENCE), None)
    if answered is not None and answered.status is not None:
        return _("%(n)d points") % {"n": len(answered.status)}
    for points in person.point_sets.all():
        return _("0 of %(n)d points") % {"n": len(points.key)}
    if any(c.stage == Stage.PARTS for c in person.consensus.all()):
        return _("parts done")
    if person.consensus.all():
        return _("parts, no points yet")
    return _("hints only") if person.keypoints else _("nothing yet")


def person_with_state(project: Project, person_id: int) -> Person | None:
    """Return one person as `people_page` would; None where the project has no such person."""
    return _with_state(_visible(project, "")).filter(pk=person_id).first()


def answers_of(person: Person) -> list[Submission]:
    """Return all answers for a person, newest first."""
    return list(
        Submission.objects.filter(task__person=person)
        .select_related("task", "annotator", "sent_back")
        .defer("label_map", "triangle", "weights", "click")
        .order_by("-id")
    )


def history_of(person: Person, limit: int = 12) -> list[Event]:
    """Return the last acts on a person, its tasks and their answers."""
    tasks = [str(task.pk) for task in person.tasks.all()]
    answers = [str(pk) for pk in Submission.objects.filter(task__person=person).values_list("pk", flat=True)]
    about = (
        Q(object_type="person", object_id=str(person.pk))
        | Q(object_type="task", object_id__in=tasks)
        | Q(object_type="submission", object_id__in=answers)
    )
    return list(Event.objects.filter(about, project=person.project_id).select_related("actor")[:limit])


def notes_of(person: Person) -> list[Comment]:
    """Return what people left with a person's tasks, oldest first."""
    return list(Comment.objects.filter(task__person=person).select_related("author", "task"))


def holders_of(person: Person) -> list[Lease]:
    """Return who has work on a person in hand, the longest first."""
    return list(
        Lease.objects.filter(task__person=person, state=Lease.State.LIVE, purpose=Lease.Purpose.WORK)
        .select_related("annotator", "task")
        .defer("draft")
        .order_by("created_at")
    )


def skips_of(person: Person) -> list[Lease]:
    """Return who skipped a person, and why."""
    return list(
        Lease.objects.filter(task__person=person, state=Lease.State.SKIPPED)
        .select_related("annotator", "task")
        .defer("draft")
        .order_by("-created_at")
    )
