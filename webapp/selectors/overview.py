"""What a project's overview shows: how far both stages are, the pace, what needs a decision, running jobs."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import Gold, Image, Job, Lease, Person, Project, SentBack, Stage, Task
from annotator.selectors.progress import Counts, held_counts, task_counts
from annotator.selectors.scope import real_images
from qa.models import AutomaticAct, FigureSheet
from qa.selectors.figures import Forecast, days_of, forecast
from qa.selectors.gold import acts_of
from webapp.selectors.checks import act_reason, act_title
from webapp.selectors.flags import flag_rows, some_of
from webapp.words import SKIP_WORDS, day_words

SHOWN_JOBS = 6
SHOWN_ACTS = 6


@dataclass(frozen=True)
class StageProgress:
    """People of one stage by what became of them; `hand` are leased right now, `all` leaves out crowds.

    `wanted` are the answers that still have to come: more than the people where several answer each.
    """

    stage: str
    label: str
    accepted: int
    review: int
    hand: int
    open: int
    waiting: int
    stopped: int
    wanted: int

    @property
    def all(self) -> int:
        return self.accepted + self.review + self.hand + self.open

    @property
    def share(self) -> int:
        return 100 * self.accepted // self.all if self.all else 0


@dataclass(frozen=True)
class Decision:
    """Something that waits for a manager: an icon, words, and where to go."""

    icon: str
    colour: str
    title: str
    text: str
    url: str
    action: str


def progress_of(
    project: Project, counts: Counts | None = None, held: dict[str, int] | None = None
) -> list[StageProgress]:
    """Return the progress of both stages.

    Args:
        counts, held: as task_counts and held_counts tell them, where they are known already.
    """
    counts = counts or task_counts([project.pk])[project.pk]
    held = held_counts([project.pk])[project.pk] if held is None else held
    wanted = _wanted_answers(project)
    found = []
    for stage in Stage:
        row, hand = counts[stage.value], held.get(stage.value, 0)
        stopped = row[Task.State.FLAGGED] + row[Task.State.PAUSED]
        rest = row[Task.State.OPEN] - hand + row[Task.State.WAITING] + stopped
        found.append(
            StageProgress(
                stage.value,
                str(stage.label),
                row[Task.State.DONE],
                row[Task.State.REVIEW],
                hand,
                rest,
                row[Task.State.WAITING],
                stopped,
                wanted.get(stage.value, 0),
            )
        )
    return found


def _wanted_answers(project: Project) -> Counter[str]:
    """Return how many answers of each stage still have to come: free places, those in hand, those sent back."""
    unsettled = [Task.State.OPEN, Task.State.WAITING, Task.State.FLAGGED, Task.State.PAUSED]
    tasks = Task.objects.filter(project=project, is_gold=False, state__in=unsettled).order_by()
    back = SentBack.objects.filter(submission__task__in=tasks, is_open=True).order_by()
    in_hand = tasks.filter(leases__state=Lease.State.LIVE, leases__purpose="", leases__revises=None)
    found: Counter[str] = Counter()
    for rows in (
        tasks.values_list("stage").annotate(n=Sum("places_left")),
        in_hand.values_list("stage").annotate(n=Count("leases")),
        back.values_list("submission__task__stage").annotate(n=Count("pk")),
    ):
        found.update(dict(rows))
    return found


def pace_of(sheet: FigureSheet | None, days: int) -> dict[str, Any]:
    """Return the throughput of the last days as columns, with totals, and the median time of an answer; as kept."""
    rows = days_of(sheet, days) if sheet else []
    stages = sheet.data["stages"] if sheet else {}
    totals = {Stage.PARTS.value: sum(row[1] for row in rows), Stage.CORRESPONDENCE.value: sum(row[2] for row in rows)}
    return {
        "columns": [(day_words(day), parts, points) for day, parts, points in rows],
        "totals": totals,
        "medians": {stage.value: stages.get(stage.value, {}).get("median_s") for stage in Stage},
        "has_any": any(totals.values()),
    }


def end_of(sheet: FigureSheet, progress: list[StageProgress]) -> Forecast | None:
    """Return the forecast of the stage that takes longest; None where one of those with work left has none."""
    found = [forecast(sheet, stage.stage, stage.wanted) for stage in progress if stage.wanted]
    known = [each for each in found if each is not None]
    return max(known, key=lambda each: each.high) if known and len(known) == len(found) else None


def decisions_for(project: Project, counts: Counts, sizes: dict[str, int], sheet: FigureSheet | None) -> list[Decision]:
    """Return what waits for a decision, the gravest first.

    Args:
        counts, sizes: as `task_counts` and `sizes_of` tell.
        sheet: the project's own.
    """
    people = reverse("project-people", args=[project.pk])
    flagged, review = (sum(row[state] for row in counts.values()) for state in (Task.State.FLAGGED, Task.State.REVIEW))
    checks = (
        *_acts(project), _unreadable(project), _flagged(flagged, people), _review(project, review),
        _skipped(project, people), _habits(project, sheet), _sent_back(project, people),
        _proposed(sizes["proposed"], people), _without_people(project),
    )  # fmt: skip
    return [decision for decision in checks if decision is not None]


def _acts(project: Project) -> list[Decision]:
    """Return what the platform did by itself and no manager has looked at."""
    url = reverse("project-checks", args=[project.pk])
    icons = {AutomaticAct.Kind.PAUSED: ("pause", "bad"), AutomaticAct.Kind.REQUEUED: ("refresh", "warn")}
    return [
        Decision(
            *icons[AutomaticAct.Kind(act.kind)], act_title(act), act_reason(act), f"{url}#act-{act.pk}", _("Decide")
        )
        for act in acts_of(project, waiting=True)[:SHOWN_ACTS]
    ]


def _flagged(n: int, people: str) -> Decision | None:
    if not n:
        return None
    title = ngettext("%(n)d person is flagged", "%(n)d people are flagged", n) % {"n": n}
    text = _("Nobody gets them until someone decides.")
    return Decision("flag", "warn", title, text, f"{people}?state=flagged", _("Decide"))


def _review(project: Project, n: int) -> Decision | None:
    if not n:
        return None
    title = ngettext("%(n)d case waits for a reviewer", "%(n)d cases wait for a reviewer", n) % {"n": n}
    url = reverse("project-review", args=[project.pk])
    return Decision(
        "eye",
        "accent",
        title,
        _("Accept an answer or what they come to together, or send one back with a note."),
        url,
        _("Review"),
    )


def _skipped(project: Project, people: str) -> Decision | None:
    since = timezone.now() - timedelta(days=14)
    reasons = dict(
        Lease.objects.filter(
            task__project=project,
            task__is_gold=False,
            state=Lease.State.SKIPPED,
            created_at__gte=since,
            task__state=Task.State.OPEN,
        )
        .order_by()
        .values_list("skip_reason")
        .annotate(n=Count("task", distinct=True))
    )
    n = sum(reasons.values())
    if not n:
        return None
    title = ngettext("%(n)d person was skipped", "%(n)d people were skipped", n) % {"n": n}
    words = ", ".join(f"{SKIP_WORDS.get(str(reason), reason)} {count}" for reason, count in sorted(reasons.items()))
    return Decision("skip", "warn", title, words, f"{people}?state=skipped", _("Look"))


def _habits(project: Project, sheet: FigureSheet | None) -> Decision | None:
    people = {row["who"] for row in flag_rows(sheet)}
    if not people:
        return None
    n = len(people)
    title = ngettext("Look into the habits of %(n)d annotator", "Look into the habits of %(n)d annotators", n) % {
        "n": n
    }
    url = reverse("project-figures", args=[project.pk]) + "#habits"
    return Decision("warning", "warn", title, some_of(people), url, _("Look"))


def _sent_back(project: Project, people: str) -> Decision | None:
    n = SentBack.objects.filter(submission__task__project=project, is_open=True).count()
    if not n:
        return None
    title = ngettext("%(n)d answer is sent back", "%(n)d answers are sent back", n) % {"n": n}
    return Decision("back", "", title, _("They wait for their authors."), f"{people}?state=sent-back", _("Look"))


def _proposed(n: int, people: str) -> Decision | None:
    if not n:
        return None
    title = ngettext("%(n)d person was found by a model", "%(n)d people were found by a model", n) % {"n": n}
    text = _("Nobody gets them until someone confirms them.")
    return Decision("people", "accent", title, text, f"{people}?state=proposed", _("Look"))


def _unreadable(project: Project) -> Decision | None:
    n = project.images.filter(state=Image.State.UNREADABLE).count()
    if not n:
        return None
    title = ngettext("%(n)d image cannot be read", "%(n)d images cannot be read", n) % {"n": n}
    url = reverse("project-images", args=[project.pk]) + "?show=unreadable"
    return Decision("eye-off", "bad", title, _("Upload them again, or delete them."), url, _("See files"))


def _without_people(project: Project) -> Decision | None:
    n = project.images.filter(state=Image.State.READY).exclude(people__is_deleted=False).count()
    if not n:
        return None
    title = ngettext("%(n)d image has no people yet", "%(n)d images have no people yet", n) % {"n": n}
    url = reverse("project-images", args=[project.pk]) + "?show=empty"
    return Decision("box", "", title, _("Draw a box around each person."), url, _("Draw"))


def jobs_for(project: Project) -> list[Job]:
    """Return the newest jobs of a project, with those of the whole site that are running or failed."""
    own = list(Job.objects.filter(project=project).select_related("created_by").order_by("-created_at")[:SHOWN_JOBS])
    unsettled = [Job.State.QUEUED, Job.State.RUNNING, Job.State.FAILED]
    shared = list(Job.objects.filter(project=None, state__in=unsettled).order_by("-created_at")[:3])
    return sorted(own + shared, key=lambda job: job.created_at, reverse=True)[:SHOWN_JOBS]


def sizes_of(project: Project) -> dict[str, int]:
    """Return how many images and people a project has, without those rendered as gold, and how many are proposed."""
    people = Person.objects.filter(project=project, is_deleted=False)
    found = people.aggregate(people=Count("pk"), proposed=Count("pk", filter=Q(is_proposed=True)))
    # Subtracted, as to ask of each person takes ten times as long.
    rendered = people.filter(gold__kind=Gold.Kind.RENDERED).count()
    images = real_images(Image.objects.filter(project=project)).count()
    return found | {"people": found["people"] - rendered, "images": images}
