"""Work that waits for a word: flagged, skipped, called "not this part", paused, held for long."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from annotator.models import Lease, Membership, PointStatus, Project, Role, SentBack, Submission, Task, User
from annotator.natural_order import natural_key
from webapp.words import SKIP_WORDS, holder_words

PAGE_SIZE: Final = 50
HELD_LONG: Final = timedelta(hours=2)

_SKIPPED = Lease.objects.filter(task=OuterRef("pk"), state=Lease.State.SKIPPED)
_LIVE = Lease.objects.filter(task=OuterRef("pk"), state=Lease.State.LIVE)
# Written as in the partial index submission_not_this_part, which finds these without reading answers.
_PLACE_OF_DOUBT = Func(
    Value(bytes([PointStatus.NOT_THIS_PART])), F("status"), function="position", arg_joiner=" in ",
    output_field=IntegerField(),
)  # fmt: skip
# Asked whether there is such a row, the database joins where it would look up one answer after another.
_DOUBTED = Submission.objects.annotate(doubt=_PLACE_OF_DOUBT).filter(
    ~Exists(Submission.objects.filter(supersedes=OuterRef("pk"), supersedes__isnull=False)),
    ~Exists(SentBack.objects.filter(submission=OuterRef("pk"))), doubt__gt=0,
)  # fmt: skip


KINDS: dict[str, Any] = {
    "all": gettext_lazy("All"),
    "flagged": gettext_lazy("Flagged"),
    "skipped": gettext_lazy("Skipped"),
    "not-this-part": gettext_lazy("Not this part"),
    "paused": gettext_lazy("Paused"),
    "held": gettext_lazy("Held for long"),
}


@dataclass
class InboxRow:
    """One task of the inbox: all that it is here for, what people said of it, who holds it, since when it waits."""

    task: Task
    kinds: list[str]
    words: list[str] = field(default_factory=list)
    holders: list[str] = field(default_factory=list)
    since: datetime | None = None

    @property
    def chips(self) -> list[tuple[str, str]]:
        return [(kind, str(KINDS[kind])) for kind in self.kinds]


# What "all" holds: pauses are somebody's decision already.
_WAITING: Final = ("flagged", "skipped", "not-this-part", "held")


def of_kind(project: Project, kind: str) -> QuerySet[Task]:
    conditions = {
        "flagged": Q(state=Task.State.FLAGGED),
        "skipped": Q(Exists(_SKIPPED), state=Task.State.OPEN),
        "not-this-part": ~Q(state=Task.State.CLOSED) & Exists(_DOUBTED.filter(task=OuterRef("pk"))),
        "paused": Q(state=Task.State.PAUSED),
        "held": Q(Exists(_LIVE.filter(created_at__lt=timezone.now() - HELD_LONG)), state=Task.State.OPEN),
    }
    return Task.objects.filter(conditions[kind], project=project, is_gold=False)


def inbox_counts(project: Project) -> list[tuple[str, str, int]]:
    """Return (kind, label, number of tasks)."""
    few = {kind: set(of_kind(project, kind).values_list("pk", flat=True)) for kind in ("flagged", "skipped", "held")}
    found = {kind: len(tasks) for kind, tasks in few.items()}
    doubted = of_kind(project, "not-this-part")
    found |= {"paused": of_kind(project, "paused").count(), "not-this-part": doubted.count()}
    others = set().union(*few.values())
    found["all"] = found["not-this-part"] + len(others) - (doubted.filter(pk__in=others).count() if others else 0)
    return [(kind, str(label), found[kind]) for kind, label in KINDS.items()]


def inbox_page(project: Project, kind: str, after: int = 0) -> tuple[list[InboxRow], int | None]:
    """Return a page of the inbox, newest person first, and where the next one starts."""
    kinds = _WAITING if kind == "all" else (kind,)
    newest: set[int] = set()
    for one in kinds:
        tasks = of_kind(project, one).filter(pk__lt=after) if after else of_kind(project, one)
        newest.update(tasks.order_by("-pk").values_list("pk", flat=True)[: PAGE_SIZE + 1])
    shown = sorted(newest, reverse=True)[: PAGE_SIZE + 1]
    found = (
        Task.objects.filter(pk__in=shown[:PAGE_SIZE])
        .select_related("person__image")
        .defer("person__mask", "person__source", "person__keypoints", "person__image__source")
        .order_by("-pk")
    )
    return _described(list(found), kind), shown[PAGE_SIZE - 1] if len(shown) > PAGE_SIZE else None


def _described(tasks: list[Task], wanted: str) -> list[InboxRow]:
    leases = (
        Lease.objects.filter(task__in=tasks, state__in=[Lease.State.SKIPPED, Lease.State.LIVE])
        .select_related("annotator")
        .defer("draft")
        .order_by("created_at")
    )
    by_task: dict[int, list[Lease]] = defaultdict(list)
    for lease in leases:
        by_task[lease.task_id].append(lease)
    doubts: dict[int, int] = defaultdict(int)
    doubted = _DOUBTED.filter(task__in=tasks).values_list("task_id", "status")
    for task_id, status in doubted:
        doubts[task_id] += int((np.asarray(status) == PointStatus.NOT_THIS_PART).sum())
    return [_row(task, by_task[task.pk], doubts[task.pk], wanted) for task in tasks]


def _row(task: Task, leases: list[Lease], doubts: int, wanted: str) -> InboxRow:
    skips = [lease for lease in leases if lease.state == Lease.State.SKIPPED]
    live = [lease for lease in leases if lease.state == Lease.State.LIVE]
    held = [lease for lease in live if lease.created_at < timezone.now() - HELD_LONG]
    is_open = task.state == Task.State.OPEN
    checks = {
        "flagged": task.state == Task.State.FLAGGED, "paused": task.state == Task.State.PAUSED,
        "skipped": is_open and bool(skips), "not-this-part": doubts > 0, "held": is_open and bool(held),
    }  # fmt: skip
    kinds = [kind for kind, is_so in checks.items() if is_so]
    words = []
    for lease in skips:
        note = f" “{lease.skip_note}”" if lease.skip_note else ""
        words.append(f"{lease.annotator}: {SKIP_WORDS.get(lease.skip_reason, lease.skip_reason)}{note}")
    if doubts:
        words.append(ngettext("%(n)d point “not this part”", "%(n)d points “not this part”", doubts) % {"n": doubts})
    asked = held if wanted == "held" or kinds == ["held"] else skips or live
    since = asked[0].created_at if asked else task.updated_at
    return InboxRow(task, kinds, words, [holder_words(lease) for lease in live], since)


def assignable_members(project: Project) -> list[User]:
    """Return the members who can be given tasks, by name."""
    memberships = (
        Membership.objects.filter(project=project, is_paused=False, user__is_active=True)
        .exclude(role=Role.ENGINEER)
        .select_related("user")
    )
    return sorted((membership.user for membership in memberships), key=natural_key)
