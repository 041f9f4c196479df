"""How far each answer to a person's points lies from its reference, as sums that pages need; one pass, bounded memory.

The reference of an answer is what a reviewer settled (`SETTLED`) where that is not the answer itself, and each other
annotator's answer to the same points (`BETWEEN`). The two are never mixed: between two annotators of equal skill the
distance is sqrt(2) times that to the truth. Points that either side did not place have no distance.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from annotator.models import Consensus, PointStatus, Project, Stage, Submission, Task
from body.geodesics import GeodesicTable
from body.parts import N_PARTS
from body.surface import SurfacePoints, mirror, nearest_vertex

N_VERTICES: Final = 6890
BETWEEN, SETTLED = 0, 1
# A point this far off, that would be at least twice as near on the other side of the body, is a left-right swap.
SWAP_CM: Final = 10.0
_TASKS_AT_ONCE: Final = 200
_BIN_CM: Final = 0.5
_N_BINS: Final = 80

Float64 = NDArray[np.float64]


@dataclass
class Sums:
    """Sums over all distances of one annotator, or of everyone."""

    by_part: Float64 = field(default_factory=lambda: np.zeros((N_PARTS + 1, 3)))  # n, cm, n above 10 cm
    by_vertex: Float64 = field(default_factory=lambda: np.zeros((2, N_VERTICES), np.float64))  # n, cm
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_N_BINS + 1, np.int64))
    swaps: int = 0

    def add(self, cm: Float64, part: NDArray[np.uint8], vertex: NDArray[np.int32], swaps: int) -> None:
        self.by_part[:, 0] += np.bincount(part, minlength=N_PARTS + 1)
        self.by_part[:, 1] += np.bincount(part, cm, minlength=N_PARTS + 1)
        self.by_part[:, 2] += np.bincount(part, cm > SWAP_CM, minlength=N_PARTS + 1)
        np.add.at(self.by_vertex[0], vertex, 1.0)
        np.add.at(self.by_vertex[1], vertex, cm)
        self.histogram += np.bincount(np.minimum(cm / _BIN_CM, _N_BINS).astype(int), minlength=_N_BINS + 1)
        self.swaps += swaps

    @property
    def median_cm(self) -> float | None:
        """The median distance, to half a centimetre."""
        total = self.histogram.sum()
        if not total:
            return None
        return float((np.searchsorted(self.histogram.cumsum(), total / 2) + 0.5) * _BIN_CM)


@dataclass(frozen=True)
class AnswerRow:
    """One answer against one reference: over its n points, the sums of the scores whose mean is AUC.

    A pair of answers gives two rows, one to each annotator; `is_first` marks the one that counts for everyone.
    """

    kind: int
    is_first: bool
    annotator: int
    person: int
    day: int
    n: int
    auc10: float
    auc30: float
    cm: float


@dataclass
class Side:
    """What is measured of one annotator, or of everyone: sums by kind of reference, and what was said of each point."""

    by_kind: tuple[Sums, Sums] = field(default_factory=lambda: (Sums(), Sums()))
    statuses: NDArray[np.int64] = field(default_factory=lambda: np.zeros(4, np.int64))


@dataclass
class Measured:
    """All that is measured of a project's answers to points."""

    everyone: Side = field(default_factory=Side)
    annotators: dict[int, Side] = field(default_factory=dict)
    rows: list[AnswerRow] = field(default_factory=list)

    @property
    def kind(self) -> int:
        """The reference that the project's sums are told against: what reviewers settled, where they settled any."""
        return SETTLED if self.everyone.by_kind[SETTLED].by_part[:, 0].any() else BETWEEN


def measure_project(project: Project, table: GeodesicTable) -> Measured:
    """Measure every answer to points of a project against its references."""
    found = Measured()
    for answers in _batches(project):
        settled = _settled(answers)
        for _task, same in groupby(answers, key=lambda answer: answer["task_id"]):
            group = list(same)
            for answer in group:
                _count(found, answer)
                reference = settled.get(answer["task__person_id"])
                if reference is not None and reference.submission_id != answer["id"]:
                    columns = {"status": reference.status, "triangle": reference.triangle,
                               "weights": reference.weights, "point_set_id": reference.point_set_id}  # fmt: skip
                    _measure(found, answer, columns, SETTLED, table, is_first=True)
                for other in group:
                    if other is not answer:
                        _measure(found, answer, other, BETWEEN, table, is_first=answer["id"] < other["id"])
    return found


def _batches(project: Project) -> Iterator[list[dict[str, Any]]]:
    """Yield annotators' answers, whole tasks at a time; what a reviewer superseded counts as what it was.

    Some tasks after others by their number: each query is small and takes the same path, whatever the planner knows.
    """
    own = Q(superseded_by=None) | Q(superseded_by__origin=Submission.Origin.REVIEW)
    answers = (
        Submission.objects.filter(
            own, annotator__isnull=False,
            origin__in=[Submission.Origin.WORKBENCH, Submission.Origin.API], point_set__is_current=True,
        )
        .order_by("task_id", "id")
        .values("id", "task_id", "task__person_id", "annotator_id", "created_at", "point_set_id", "point_set__part",
                "status", "triangle", "weights")
    )  # fmt: skip
    last = 0
    while tasks := list(
        Task.objects.filter(project=project, stage=Stage.CORRESPONDENCE, pk__gt=last)
        .order_by("pk")
        .values_list("pk", flat=True)[:_TASKS_AT_ONCE]
    ):
        last = tasks[-1]
        batch: list[dict[str, Any]] = [dict(answer) for answer in answers.filter(task__in=tasks)]
        if batch:
            yield batch


def _settled(answers: list[dict[str, Any]]) -> dict[int, Consensus]:
    people = {answer["task__person_id"] for answer in answers}
    accepted = Consensus.objects.filter(
        person__in=people, stage=Stage.CORRESPONDENCE, method=Consensus.Method.REVIEWED
    ).only("person_id", "submission_id", "point_set_id", "status", "triangle", "weights")
    return {consensus.person_id: consensus for consensus in accepted}


def _count(found: Measured, answer: dict[str, Any]) -> None:
    statuses = np.bincount(answer["status"], minlength=4)[:4]
    found.everyone.statuses += statuses
    found.annotators.setdefault(answer["annotator_id"], Side()).statuses += statuses


def _measure(
    found: Measured, answer: dict[str, Any], reference: dict[str, Any], kind: int, table: GeodesicTable, *,
    is_first: bool,
) -> None:  # fmt: skip
    if answer["point_set_id"] != reference["point_set_id"]:
        return
    both = (answer["status"] == PointStatus.PLACED) & (reference["status"] == PointStatus.PLACED)
    n = int(both.sum())
    if not n:
        return
    mine = SurfacePoints(answer["triangle"][both], answer["weights"][both])
    theirs = SurfacePoints(reference["triangle"][both], reference["weights"][both])
    cm = table.distance_cm(mine, theirs).astype(np.float64)
    far = cm > SWAP_CM
    mirrored = table.distance_cm(mine[far], mirror(theirs[far])) if far.any() else np.zeros(0)
    swaps = int((mirrored < cm[far] / 2).sum())
    part, vertex = answer["point_set__part"][both], nearest_vertex(theirs)
    found.annotators[answer["annotator_id"]].by_kind[kind].add(cm, part, vertex, swaps)
    if is_first:
        found.everyone.by_kind[kind].add(cm, part, vertex, swaps)
    row = AnswerRow(
        kind, is_first, answer["annotator_id"], answer["task__person_id"], answer["created_at"].toordinal(), n,
        float(np.clip(1 - cm / 10, 0, None).sum()), float(np.clip(1 - cm / 30, 0, None).sum()), float(cm.sum()),
    )  # fmt: skip
    found.rows.append(row)
