"""Reads the answers of some tasks and compares each with every other of its person, and with what was settled.

Counted are annotators' own answers as they were when a reviewer bettered them. Answers to different versions of a
person's points are not compared. Neither are those to renders, which are not what people agree about in photographs,
nor those of hidden checks and exams: everyone answers the same few people there, and is measured against their truth.
"""

from dataclasses import dataclass
from datetime import date
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
from qa.services.rows import PART_FIGURES, Rows, as_array, binary_cursor
from qa.services.tallies import N_WEEKS

# Weeks are counted from this Monday.
FIRST_WEEK: Final = date(2020, 1, 6)

_ANSWERS: Final = """
SELECT s.id, s.task_id, t.person_id, s.annotator_id, s.created_at::date - date '{first_week}', {columns}
FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id {join}
LEFT JOIN annotator_submission r ON r.supersedes_id = s.id LEFT JOIN annotator_lease l ON l.id = s.lease_id
WHERE s.task_id = ANY(%s::bigint[]) AND t.stage = %s AND NOT t.is_gold AND s.annotator_id IS NOT NULL
AND s.origin IN ('workbench', 'api') AND (r.id IS NULL OR r.origin = 'review') AND {condition}
AND COALESCE(l.purpose, '') = ''
ORDER BY s.task_id, s.id
"""
_SETTLED: Final = """
SELECT c.submission_id, 0, c.person_id, 0, 0, {columns} FROM annotator_consensus c JOIN annotator_task t
ON t.person_id = c.person_id AND t.stage = c.stage {join}
WHERE t.id = ANY(%s::bigint[]) AND c.stage = %s AND c.method = %s AND c.submission_id IS NOT NULL AND {condition}
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


Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """The answers to some tasks of one stage, by task and number; behind them what was settled of each person.

    Attributes:
        count: how many answers there are.
        pk, task, person, annotator, week, point_set: (count + settled,) each; `pk` of what was settled is its
            submission's, its task, annotator and week are 0. `point_set` is 0 for parts.
        raw: the columns of the answers themselves, as they were read.
    """

    count: int
    pk: Numbers
    task: Numbers
    person: Numbers
    annotator: Numbers
    week: Numbers
    point_set: Numbers
    raw: list[tuple[Any, ...]]


def read_answers(tasks: list[int], stage: Stage) -> Answers:
    """Read what is compared of some tasks."""
    is_points = stage == Stage.CORRESPONDENCE
    wanted, chosen = _POINTS_WANTED if is_points else _PARTS_WANTED, as_array(tasks)
    with binary_cursor() as cursor:
        words = {name: text.replace("a.", "s.") for name, text in wanted.items()}
        words["first_week"] = FIRST_WEEK.isoformat()
        rows = cursor.execute(_ANSWERS.format(**words), [chosen, stage.value]).fetchall()
        count = len(rows)
        words = {name: text.replace("a.", "c.") for name, text in wanted.items()}
        settled = [chosen, stage.value, Consensus.Method.REVIEWED.value]
        rows += cursor.execute(_SETTLED.format(**words), settled).fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 10
    pk, task, person, annotator, days = (np.array(column, np.int64) for column in columns[:5])
    point_set = np.array(columns[5], np.int64) if is_points else np.zeros(len(rows), np.int64)
    week = np.clip(days // 7, 0, N_WEEKS - 1)
    return Answers(count, pk, task, person, annotator, week, point_set, columns[5 + is_points :])


@dataclass(frozen=True)
class _Pairs:
    """Rows to be, by task: the kind of each, and the places (R,) in the answers read of those that it compares.

    `second` is -1 where there is none.
    """

    kind: Numbers
    first: NDArray[np.intp]
    second: NDArray[np.intp]


def compare_points(project: Project, read: Answers, table: Distances) -> Rows:
    """Return the comparisons of answers to points."""
    pairs = _pairs(read, with_alone=True)
    part, status, triangle, weights = (b"".join(column) for column in read.raw)
    lengths = np.array([len(said) for said in read.raw[1]], np.int64)
    starts = np.cumsum(lengths) - lengths
    points = SurfacePoints(np.frombuffer(triangle, "<i4"), np.frombuffer(weights, "<f8").reshape(-1, 3))
    said = Said(np.frombuffer(status, np.uint8), points, np.frombuffer(part, np.uint8))
    is_pair = pairs.second >= 0
    first, second = pairs.first[is_pair], pairs.second[is_pair]
    count = lengths[first]
    steps = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    measured = measured_points(
        said, np.repeat(starts[first], count) + steps, np.repeat(starts[second], count) + steps, table
    )
    of_pair = np.repeat(np.flatnonzero(is_pair), count)
    sums = sums_of_pairs(measured, of_pair, len(is_pair))
    told = said_of_pairs(measured, of_pair, len(is_pair))
    told[~is_pair, :4] = _statuses(said.status, lengths)[pairs.first[~is_pair]]
    ends = np.zeros(len(is_pair), np.int64)
    ends[is_pair] = count
    return Rows(_keys(project, read, pairs) | sums, {"said": told}, measured, np.cumsum(ends))


def compare_parts(project: Project, read: Answers) -> Rows:
    """Return the comparisons of label maps."""
    pairs = _pairs(read, with_alone=False)
    opened: dict[int, tuple[LabelMap, Crop]] = {}
    figures = {name: np.zeros(len(pairs.kind), np.int64) for name in PART_FIGURES}
    confusion = np.zeros((len(pairs.kind), 225), np.int32)
    border = np.zeros((len(pairs.kind), 15), np.int32)
    last_task = 0
    for row, (first, second) in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)):
        if read.task[first] != last_task:
            opened.clear()
            last_task = read.task[first]
        for index in (first, second):
            if index not in opened:
                x, y, width, height, packed = (column[index] for column in read.raw)
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
    return Rows(_keys(project, read, pairs) | figures, {"confusion": confusion, "boundary": border})


def _mean_iou(confusion: NDArray[np.int64]) -> float:
    iou = iou_by_part(confusion)[1:]
    return float(np.nanmean(iou)) if np.isfinite(iou).any() else float("nan")


def _pairs(read: Answers, *, with_alone: bool) -> _Pairs:
    """Find what is to be compared: each answer alone, with every later one to its task, and with what was settled."""
    n = read.count
    alone = np.arange(n) if with_alone else np.zeros(0, np.intp)
    first, second = _pairs_of_answers(read)
    found = [
        (Comparison.Kind.ALONE, alone, np.full(len(alone), -1)),
        (Comparison.Kind.BETWEEN, first, second),
        (Comparison.Kind.SETTLED, *_pairs_with_settled(read)),
    ]
    kind = np.concatenate([np.full(len(one), int(number)) for number, one, _other in found])
    first, second = (np.concatenate([row[place] for row in found]) for place in (1, 2))
    by_task = np.argsort(read.task[first], kind="stable")
    return _Pairs(kind[by_task], first[by_task], second[by_task])


def _pairs_of_answers(read: Answers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return all pairs of answers to one task, of different annotators and to the same points."""
    task, found = read.task[: read.count], [np.zeros((2, 0), np.intp)]
    for apart in range(1, read.count):
        first = np.flatnonzero(task[:-apart] == task[apart:])
        if not len(first):
            break  # Answers come by task: where none so far apart are to one task, none farther apart are.
        second = first + apart
        is_pair = (read.point_set[first] == read.point_set[second]) & (read.annotator[first] != read.annotator[second])
        found.append(np.array([first, second])[:, is_pair])
    first, second = np.concatenate(found, axis=1)
    return first, second


def _pairs_with_settled(read: Answers) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each answer with what was settled of its person, save the settled answer itself."""
    settled, n = read.person[read.count :], read.count
    if not len(settled):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    order = np.argsort(settled)
    place = order[np.minimum(np.searchsorted(settled[order], read.person[:n]), len(settled) - 1)]
    second = n + place
    is_pair = (
        (settled[place] == read.person[:n])
        & (read.pk[:n] != read.pk[second])
        & (read.point_set[:n] == read.point_set[second])
    )
    return np.flatnonzero(is_pair), second[is_pair]


def _keys(project: Project, read: Answers, pairs: _Pairs) -> dict[str, Numbers]:
    """Return the columns that say what each row compares, in the order of KEYS; 0 for no second answer."""
    first, second, has_second = pairs.first, pairs.second, pairs.second >= 0

    def of_second(column: Numbers) -> Numbers:
        return np.where(has_second, column[second], 0)

    return {
        "task_id": read.task[first], "project_id": np.full(len(first), project.pk, np.int64),
        "person_id": read.person[first], "kind": pairs.kind, "first_id": read.pk[first],
        "second_id": of_second(read.pk), "first_annotator_id": read.annotator[first],
        "second_annotator_id": of_second(read.annotator), "first_week": read.week[first],
        "second_week": of_second(read.week),
    }  # fmt: skip


def _statuses(status: NDArray[np.uint8], lengths: Numbers) -> Numbers:
    """Return (A, 4) how many points of each answer have each status."""
    answer = np.repeat(np.arange(len(lengths)), lengths)
    return np.bincount(answer * 4 + status % 4, minlength=4 * len(lengths)).reshape(-1, 4)
