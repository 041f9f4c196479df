"""Reads the answers of some tasks and compares each with every other of its person, and with what was settled.

Counted are annotators' own answers as they were when a reviewer bettered them. Answers to different versions of a
person's points are not compared. Neither are those to renders, which are not what people agree about in photographs,
nor those of hidden checks and exams: everyone answers the same few people there, and is measured against their truth.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotator.models import Consensus, Project, Stage
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import LabelMap, unpack
from qa.models import Comparison
from qa.services.opposites import Distances
from qa.services.parts_agreement import (
    LIMBS,
    compare_maps,
    iou_by_part,
    iou_of_all,
    on_one_crop,
    seen_by,
)
from qa.services.point_pairs import MILLION, Said, measured_points, said_of_pairs, sums_of_pairs
from qa.services.rows import KEYS, PART_FIGURES, Rows, binary_cursor
from qa.services.tallies import N_WEEKS

# Weeks are counted from this Monday.
FIRST_WEEK: Final = date(2020, 1, 6)

_ANSWERS: Final = """
SELECT s.id, s.task_id, t.person_id, s.annotator_id, s.created_at, {columns}
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id {join}
LEFT JOIN annotator_submission r ON r.supersedes_id = s.id LEFT JOIN annotator_lease l ON l.id = s.lease_id
WHERE s.task_id = ANY(%s) AND t.stage = %s AND NOT t.is_gold AND s.annotator_id IS NOT NULL
AND s.origin IN ('workbench', 'api') AND (r.id IS NULL OR r.origin = 'review') AND {condition}
AND COALESCE(l.purpose, '') = ''
ORDER BY s.task_id, s.id
"""
_SETTLED: Final = """
SELECT c.person_id, c.submission_id, {columns} FROM annotator_consensus c JOIN annotator_task t
ON t.person_id = c.person_id AND t.stage = c.stage {join}
WHERE t.id = ANY(%s) AND c.stage = %s AND c.method = %s AND c.submission_id IS NOT NULL AND {condition}
"""
_POINTS_WANTED: Final = {
    "columns": "a.point_set_id, p.part, a.status, a.triangle, a.weights",
    "join": "JOIN annotator_pointset p ON p.id = a.point_set_id AND p.is_current",
    "condition": "true",
}
_PARTS_WANTED: Final = {
    "columns": "a.crop_x, a.crop_y, a.crop_width, a.crop_height, a.label_map",
    "join": "",
    "condition": "a.label_map IS NOT NULL AND a.crop_width > 0 AND a.crop_height > 0",
}


@dataclass
class _Pairs:
    """Rows to be, with the answers that each one compares: indices into the answers read."""

    columns: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in KEYS})
    first: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)

    def add(self, kind: Comparison.Kind, project: Project, one: "_Answer", other: "_Answer | None") -> None:
        values = (
            one.task, project.pk, one.person, int(kind), one.pk, other.pk if other else 0, one.annotator,
            other.annotator if other else 0, one.week, other.week if other else 0,
        )  # fmt: skip
        for name, value in zip(KEYS, values, strict=True):
            self.columns[name].append(value)
        self.first.append(one.index)
        self.second.append(other.index if other else -1)

    def numbers(self) -> dict[str, NDArray[np.int64]]:
        return {name: np.array(column, np.int64) for name, column in self.columns.items()}


@dataclass(frozen=True)
class _Answer:
    """Who answered what, and where in the answers read it stands; `annotator` is 0 for what was settled."""

    index: int
    pk: int
    task: int
    person: int
    annotator: int
    week: int
    point_set: int = 0


def week_of(when: datetime | date) -> int:
    """Return how many weeks after FIRST_WEEK a moment lies."""
    return min(max((when.toordinal() - FIRST_WEEK.toordinal()) // 7, 0), N_WEEKS - 1)


@dataclass(frozen=True)
class Answers:
    """The answers to some tasks of one stage, what was settled of each person, and the columns of both by `index`."""

    answers: list[_Answer]
    settled: dict[int, _Answer]
    raw: list[tuple[Any, ...]]


def read_answers(tasks: list[int], stage: Stage) -> Answers:
    """Read what is compared of some tasks."""
    is_points = stage == Stage.CORRESPONDENCE
    wanted = _POINTS_WANTED if is_points else _PARTS_WANTED
    found = Answers([], {}, [])
    with binary_cursor() as cursor:
        words = {name: text.replace("a.", "s.") for name, text in wanted.items()}
        cursor.execute(_ANSWERS.format(**words), [tasks, stage.value])
        for pk, task, person, annotator, when, *columns in cursor:
            point_set = columns[0] if is_points else 0
            found.answers.append(_Answer(len(found.raw), pk, task, person, annotator, week_of(when), point_set))
            found.raw.append(tuple(columns))
        words = {name: text.replace("a.", "c.") for name, text in wanted.items()}
        cursor.execute(_SETTLED.format(**words), [tasks, stage.value, Consensus.Method.REVIEWED.value])
        for person, submission, *columns in cursor:
            point_set = columns[0] if is_points else 0
            found.settled[person] = _Answer(len(found.raw), submission, 0, person, 0, 0, point_set)
            found.raw.append(tuple(columns))
    return found


def compare_points(project: Project, read: Answers, table: Distances) -> Rows:
    """Return the comparisons of answers to points."""
    raw = read.raw
    pairs = _pairs(project, read, with_alone=True)
    keys = pairs.numbers()
    lengths = np.array([len(row[2]) for row in raw], np.int64)
    starts = np.cumsum(lengths) - lengths
    said = _said(raw)
    is_pair = np.array(pairs.second, np.int64) >= 0
    first, second = (np.array(which, np.int64)[is_pair] for which in (pairs.first, pairs.second))
    count = lengths[first]
    steps = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    points = measured_points(
        said[np.repeat(starts[first], count) + steps], said[np.repeat(starts[second], count) + steps], table
    )
    of_pair = np.repeat(np.flatnonzero(is_pair), count)
    sums = sums_of_pairs(points, of_pair, len(is_pair))
    told = said_of_pairs(points, of_pair, len(is_pair))
    alone = np.flatnonzero(~is_pair)
    told[alone, :4] = _statuses(said, starts, lengths)[np.array(pairs.first, np.int64)[alone]]
    ends = np.zeros(len(is_pair), np.int64)
    ends[is_pair] = count
    return Rows(keys | sums, {"said": told}, points, np.cumsum(ends))


def compare_parts(project: Project, read: Answers) -> Rows:
    """Return the comparisons of label maps."""
    raw = read.raw
    pairs = _pairs(project, read, with_alone=False)
    opened: dict[int, tuple[LabelMap, Crop]] = {}
    figures = {name: np.zeros(len(pairs.first), np.int64) for name in PART_FIGURES}
    confusion = np.zeros((len(pairs.first), 225), np.int32)
    border = np.zeros((len(pairs.first), 15), np.int32)
    last_task = 0
    for row, (first, second, task) in enumerate(zip(pairs.first, pairs.second, pairs.columns["task_id"], strict=True)):
        if task != last_task:
            opened.clear()
            last_task = task
        for index in (first, second):
            if index not in opened:
                x, y, width, height, packed = raw[index]
                opened[index] = unpack(packed, (height, width)), Crop(x, y, width, height)
        pair = compare_maps(*on_one_crop(opened[first], opened[second]))
        shares = {
            "iou": iou_of_all(pair.confusion), "mean_iou": _mean_iou(pair.confusion),
            "outline_iou": iou_by_part(pair.confusion)[0], "exchanged_iou": iou_of_all(pair.exchanged),
        }  # fmt: skip
        for name, share in shares.items():
            figures[name][row] = round(MILLION * float(np.nan_to_num(share)))
        figures["swapped"][row] = sum(1 << bit for bit, (limb, _) in enumerate(LIMBS) if limb in pair.swapped)
        own, other = seen_by(pair.exchanged)
        figures["seen_by_one"][row] = int((own != other)[1:].sum())
        confusion[row] = pair.confusion.ravel()
        border[row] = np.rint(1000 * np.nan_to_num(pair.boundary_px))
    return Rows(pairs.numbers() | figures, {"confusion": confusion, "boundary": border})


def _mean_iou(confusion: NDArray[np.int64]) -> float:
    iou = iou_by_part(confusion)[1:]
    return float(np.nanmean(iou)) if np.isfinite(iou).any() else float("nan")


def _pairs(project: Project, read: Answers, *, with_alone: bool) -> _Pairs:
    found = _Pairs()
    by_task: dict[int, list[_Answer]] = defaultdict(list)
    for answer in read.answers:
        by_task[answer.task].append(answer)
    for group in by_task.values():
        if with_alone:
            for answer in group:
                found.add(Comparison.Kind.ALONE, project, answer, None)
        for one, other in combinations(group, 2):
            if one.point_set == other.point_set and one.annotator != other.annotator:
                found.add(Comparison.Kind.BETWEEN, project, one, other)
        reference = read.settled.get(group[0].person)
        if reference is None:
            continue
        for answer in group:
            if answer.pk != reference.pk and answer.point_set == reference.point_set:
                found.add(Comparison.Kind.SETTLED, project, answer, reference)
    return found


def _said(raw: list[tuple[Any, ...]]) -> Said:
    part, status, triangle, weights = (b"".join(row[place] for row in raw) for place in (1, 2, 3, 4))
    points = SurfacePoints(np.frombuffer(triangle, "<i4"), np.frombuffer(weights, "<f8").reshape(-1, 3))
    return Said(np.frombuffer(status, np.uint8), points, np.frombuffer(part, np.uint8))


def _statuses(said: Said, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (A, 4) how many points of each answer have each status."""
    answer = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(answer * 4 + said.status % 4, minlength=4 * len(lengths)).reshape(-1, 4)
