"""How the answers to one person compare, for the panel of the people browser: read from kept rows, nothing measured."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import Event, Person, Stage, Submission, User
from qa.models import Comparison, GoldScore, MergeDecision, PartsComparison, PointsComparison
from qa.services.parts_agreement import LIMBS
from qa.services.point_pairs import MILLION, UNITS_PER_CM
from webapp.selectors.figures_detail import SWAP_LABELS, limb_name

# A person has two or three answers; a project that wants twenty would have 190 pairs.
MAX_PAIRS: Final = 24


@dataclass(frozen=True)
class PairRow:
    """Two answers compared: whose, two figures, and what else in words.

    Figures are mean cm and AUC@10 of points, None where both placed none; IoU and that of the outline of parts.
    """

    who: str
    figures: tuple[float | None, float | None]
    notes: str


@dataclass(frozen=True)
class Decided:
    """What someone decided about the answers to a stage, in words, and when."""

    words: str
    at: datetime


@dataclass
class StageComparison:
    """One stage of a person: its pairs, what the answers came to, how each fared, and checks that showed the person.

    `decided` is the last that a reviewer did about it, None where nobody did since the answers were compared.
    """

    stage: str
    pairs: list[PairRow] = field(default_factory=list)
    is_cut: bool = False
    decision: MergeDecision | None = None
    decided: Decided | None = None
    fared: list[tuple[str, str]] = field(default_factory=list)
    checks: list[GoldScore] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.pairs or self.decision or self.checks)

    @property
    def disputed_percent(self) -> float:
        return 100 * self.decision.disagreement if self.decision else 0.0


def comparisons_of(person: Person, answers: list[Submission]) -> list[StageComparison]:
    """Return both stages that have anything to compare; seven queries, whatever the project's size.

    Args:
        answers: all of the person's.
    """
    found = {stage.value: StageComparison(stage.value) for stage in Stage}
    rows = {
        Stage.PARTS: _pairs(PartsComparison, person, "confusion", "boundary"),
        Stage.CORRESPONDENCE: _pairs(PointsComparison, person, "said", "points"),
    }
    names = _names([row for of_stage in rows.values() for row in of_stage])
    for stage, of_stage in rows.items():
        told = _parts_row if stage == Stage.PARTS else _points_row
        found[stage].pairs = [told(row, names) for row in of_stage[:MAX_PAIRS]]
        found[stage].is_cut = len(of_stage) > MAX_PAIRS
    authors = {str(answer.pk): str(answer.annotator or answer.get_origin_display()) for answer in answers}
    for decision in MergeDecision.objects.filter(task__person=person).select_related("task"):
        told_of = found[decision.task.stage]
        told_of.decision, told_of.fared = decision, _fared(decision, authors)
    for stage_name, decided in _decided(person, answers, authors).items():
        known = found[stage_name].decision
        if known is None or decided.at > known.compared_at:
            found[stage_name].decided = decided
    scores = GoldScore.objects.filter(person=person, project=person.project_id, value__isnull=False)
    for score in scores.select_related("annotator")[:MAX_PAIRS]:
        found[score.stage].checks.append(score)
    return [one for one in found.values() if not one.is_empty]


def _pairs(model: type[Comparison], person: Person, *heavy: str) -> list[Any]:
    kinds = (Comparison.Kind.BETWEEN, Comparison.Kind.SETTLED)
    rows = model._default_manager.filter(person=person, project=person.project_id, kind__in=kinds)
    return list(rows.defer(*heavy).order_by("kind", "first_id", "second_id")[: MAX_PAIRS + 1])


def _names(rows: list[Any]) -> dict[int, str]:
    wanted = {pk for row in rows for pk in (row.first_annotator_id, row.second_annotator_id) if pk}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=wanted)}


def _who(row: Any, names: dict[int, str]) -> str:
    first = names.get(row.first_annotator_id, "–")
    if row.kind == Comparison.Kind.SETTLED:
        return _("%(who)s and what was settled") % {"who": first}
    return _(" and ").join((first, names.get(row.second_annotator_id, "–")))


def _points_row(row: PointsComparison, names: dict[int, str]) -> PairRow:
    notes = [ngettext("%(n)d point placed by both", "%(n)d points placed by both", row.n) % {"n": row.n}]
    if row.far:
        notes.append(_("%(n)d beyond 10 cm") % {"n": row.far})
    for name, label in SWAP_LABELS.items():
        if n := getattr(row, name):
            notes.append(_("%(sides)s swapped: %(n)d") % {"sides": label, "n": n})
    figures = (row.cm / row.n / UNITS_PER_CM, row.auc10 / row.n / 1000) if row.n else (None, None)
    return PairRow(_who(row, names), figures, _told(notes))


def _parts_row(row: PartsComparison, names: dict[int, str]) -> PairRow:
    notes = []
    limbs = [limb_name(right).lower() for bit, (right, _left) in enumerate(LIMBS) if row.swapped >> bit & 1]
    if limbs:
        told = {"sides": SWAP_LABELS["left_right"], "limbs": _(", ").join(limbs)}
        notes.append(_("%(sides)s swapped: %(limbs)s") % told)
        notes.append(_("IoU %(iou)s without that") % {"iou": f"{row.exchanged_iou / MILLION:.2f}"})
    if row.seen_by_one:
        n = row.seen_by_one
        notes.append(ngettext("%(n)d part seen by one alone", "%(n)d parts seen by one alone", n) % {"n": n})
    return PairRow(_who(row, names), (row.iou / MILLION, row.outline_iou / MILLION), _told(notes))


def _decided(person: Person, answers: list[Submission], authors: dict[str, str]) -> dict[str, Decided]:
    """Return the last that a reviewer or manager did about each stage, from the trail of events."""
    tasks = {str(task.pk): str(task.stage) for task in person.tasks.all()}
    stages = {str(answer.pk): str(answer.task.stage) for answer in answers}
    placed = {str(answer.pk) for answer in answers if answer.origin == Submission.Origin.REVIEW}
    about = (
        Q(object_type="submission", object_id__in=stages, verb__in=["accepted", "sent back"])
        | Q(object_type="consensus", object_id__in=[str(one.pk) for one in person.consensus.all()], verb="accepted")
        | Q(object_type="task", object_id__in=tasks, verb="asked another")
    )
    events = Event.objects.filter(about, project=person.project_id, actor__isnull=False).select_related("actor")
    found = {}
    for event in events.order_by("pk"):
        told = {"who": str(event.actor), "author": authors.get(event.object_id, "")}
        if event.object_type == "task":
            stage, words = tasks[event.object_id], _("%(who)s asked for one more answer")
        elif event.object_type == "consensus":
            stage, words = (event.after or {})["stage"], _("%(who)s accepted what the answers come to together")
        elif event.verb == "sent back":
            stage, words = stages[event.object_id], _("%(who)s sent the answer of %(author)s back")
        elif event.object_id in placed:
            stage, words = stages[event.object_id], _("%(who)s settled it with an answer of their own")
        else:
            stage, words = stages[event.object_id], _("%(who)s accepted the answer of %(author)s")
        found[stage] = Decided(words % told, event.created_at)
    return found


def _fared(decision: MergeDecision, authors: dict[str, str]) -> list[tuple[str, str]]:
    """Return (author, in words) how each answer fared when they were put together."""
    found = []
    for answer, figures in decision.figures.get("answers", {}).items():
        if "overlap" in figures:
            words = _("overlap %(share)s with what they come to") % {"share": f"{figures['overlap']:.2f}"}
        else:
            words = _("stands at %(standing)d points, far off at %(outliers)d, sides swapped at %(swaps)d") % figures
        found.append((authors.get(answer, "–"), words))
    return found


def _told(notes: list[str]) -> str:
    return capfirst(_(", ").join(notes))
