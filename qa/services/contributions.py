"""What comparisons add to the sums of the project and of the annotators whose answers they compare.

A pair counts once for the project and once for each of the two; for the second it is seen from the other side.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qa.models import Comparison
from qa.services.parts_agreement import LIMBS, N_LABELS, exchange, iou_by_part, seen_by
from qa.services.point_pairs import CHART, CM, FAR_CM, MILLION, NOT_MEASURED, SECOND_PLACE, UNITS_PER_CM, WHAT, turned
from qa.services.rows import Rows
from qa.services.tallies import (
    CHART_COLUMNS,
    EVERYONE,
    HALF_CM,
    MEANS,
    MM,
    PARTS_COLUMNS,
    POINTS_COLUMNS,
    Sums,
    replicate_weights,
)

_BETWEEN: Final = Comparison.Kind.BETWEEN
_ALONE: Final = Comparison.Kind.ALONE


@dataclass(frozen=True)
class _Seen:
    """Rows as their owners see them: `chosen` rows, each one's owner (a row of the sums) and the week it counts in."""

    chosen: NDArray[np.intp]
    owner: NDArray[np.intp]
    week: NDArray[np.int64]
    is_turned: bool


def owners_of(rows: Rows) -> NDArray[np.int64]:
    """Return everyone whose sums these rows touch."""
    people = [rows.columns["first_annotator_id"], rows.columns["second_annotator_id"]]
    return np.unique(np.concatenate([[EVERYONE], *people]))


def add_points(sums: Sums, rows: Rows, sign: int = 1) -> None:
    """Add (or, with a sign of -1, take) the contributions of comparisons of points."""
    pair_of_point = rows.row_of_point
    _add_alone(sums, rows, sign)
    for seen in _sides(sums, rows):
        points, place = rows.points, np.full(len(rows), -1)
        place[seen.chosen] = np.arange(len(seen.chosen))
        mine = place[pair_of_point] >= 0
        points, at = points[mine], place[pair_of_point[mine]]
        points = turned(points) if seen.is_turned else points
        kind = rows.columns["kind"][seen.chosen]
        _add_each_point(sums, points, seen.owner[at], kind[at], sign)
        _add_replicates(sums, "points", rows, seen, sign)
        own = {name: rows.columns[name][seen.chosen] for name in ("n", "cm", "auc10")}
        for column, value in enumerate((np.ones_like(kind), own["n"], own["cm"], own["auc10"])):
            sums.add_at("points_week", seen.owner, (kind, seen.week, column), sign * value)


def add_parts(sums: Sums, rows: Rows, sign: int = 1) -> None:
    """Add (or, with a sign of -1, take) the contributions of comparisons of label maps."""
    for seen in _sides(sums, rows):
        kind = rows.columns["kind"][seen.chosen]
        _add_replicates(sums, "parts", rows, seen, sign)
        iou = rows.columns["iou"][seen.chosen]
        for column, value in enumerate((np.ones_like(iou), iou)):
            sums.add_at("parts_week", seen.owner, (kind, seen.week, column), sign * value)
        for row, owner, of_kind in zip(seen.chosen, seen.owner, kind, strict=True):
            for name, values in _of_map_pair(rows, row, is_turned=seen.is_turned).items():
                sums.field(name)[owner, of_kind] += sign * values


def _sides(sums: Sums, rows: Rows) -> Iterator[_Seen]:
    kind, first, second = (rows.columns[name] for name in ("kind", "first_annotator_id", "second_annotator_id"))
    weeks = rows.columns["first_week"], rows.columns["second_week"]
    pairs = np.flatnonzero(kind != _ALONE)
    if not len(pairs):
        return
    everyone = sums.rows_of(np.full(len(pairs), EVERYONE))
    yield _Seen(pairs, everyone, np.maximum(*weeks)[pairs], is_turned=False)
    yield _Seen(pairs, sums.rows_of(first[pairs]), weeks[0][pairs], is_turned=False)
    # Against the truth, only the first is an answer.
    between = np.flatnonzero(kind == _BETWEEN)
    if len(between):
        yield _Seen(between, sums.rows_of(second[between]), weeks[1][between], is_turned=True)


def _add_alone(sums: Sums, rows: Rows, sign: int) -> None:
    alone = np.flatnonzero(rows.columns["kind"] == _ALONE)
    said = sign * rows.arrays["said"][alone, :4].astype(np.int64)
    for owner in (rows.columns["first_annotator_id"][alone], np.full(len(alone), EVERYONE)):
        for status in range(4):
            sums.add_at("alone", sums.rows_of(owner), (status,), said[:, status])


def _add_each_point(
    sums: Sums, points: NDArray[np.uint16], owner: NDArray[np.intp], kind: NDArray[np.int64], sign: int
) -> None:
    sums.add_at("said", owner, (kind, points[:, WHAT] % 16), sign)
    both = points[:, CM] != NOT_MEASURED
    points, owner, kind = points[both], owner[both], kind[both]
    cm, chart, what = (points[:, column].astype(np.int64) for column in (CM, CHART, WHAT))
    place = points[:, SECOND_PLACE].astype(np.int64)
    sums.add_at("vertex", owner, (kind, 0, place), sign)
    sums.add_at("vertex", owner, (kind, 1, place), sign * cm)
    sums.add_at("mm", owner, (kind, np.minimum(cm * 10 // UNITS_PER_CM, MM - 1)), sign)
    sums.add_at("chart_half_cm", owner, (kind, chart, np.minimum(cm * 2 // UNITS_PER_CM, HALF_CM - 1)), sign)
    swap, is_open = (what // 16) % 4, what // 64
    values = {"n": np.ones_like(cm), "cm": cm, "auc10": np.maximum(1000 - cm, 0), "auc30": np.maximum(3000 - cm, 0),
              "far": cm > FAR_CM * UNITS_PER_CM}  # fmt: skip
    for bit, name in enumerate(("left_right", "front_back", "inner_outer")):
        values |= {name: swap == bit + 1, f"{name}_open": is_open >> bit & 1}
    for column, name in enumerate(CHART_COLUMNS):
        value = values[name].astype(np.int64)
        some = np.flatnonzero(value)
        sums.add_at("chart", owner[some], (kind[some], chart[some], column), sign * value[some])


def _add_replicates(sums: Sums, name: str, rows: Rows, seen: _Seen, sign: int) -> None:
    """Add what each replicate of the bootstrap draws. Products of whole numbers under 2^53 are exact in float64."""
    columns = POINTS_COLUMNS if name == "points" else PARTS_COLUMNS
    kind = rows.columns["kind"][seen.chosen]
    weights = replicate_weights(rows.columns["person_id"][seen.chosen])
    values = np.column_stack([_column(rows, name, column)[seen.chosen] for column in columns]).astype(np.float64)
    cell = seen.owner * 2 + kind
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    table, people = sums.field(name), sums.field(f"{name}_people")
    tasks = rows.columns["task_id"][seen.chosen]
    for group in np.split(order, starts[1:]):
        owner, of_kind = seen.owner[group[0]], kind[group[0]]
        table[owner, of_kind] += sign * np.rint(weights[group].T @ values[group]).astype(np.int64)
        people[owner, of_kind] += sign * len(np.unique(tasks[group]))


def _column(rows: Rows, name: str, column: str) -> NDArray[np.int64]:
    """Return (R,) a column of "points" or "parts"; two answers that placed no point both are no pair of points."""
    if column == "pairs":
        return (rows.columns["n"] > 0).astype(np.int64) if name == "points" else np.ones(len(rows), np.int64)
    if column in MEANS:
        sums, unit = MEANS[column]
        mean: NDArray[np.float64] = MILLION * rows.columns[sums] / (unit * np.maximum(rows.columns["n"], 1))
        return np.rint(mean).astype(np.int64)
    return rows.columns[column]


def _of_map_pair(rows: Rows, row: int, *, is_turned: bool) -> dict[str, NDArray[np.int64]]:
    """Return what one pair of label maps adds to "confusion", "part" and "limb" of its owner."""
    confusion = rows.arrays["confusion"][row].astype(np.int64).reshape(N_LABELS, N_LABELS)
    swapped = [limb for bit, (limb, _left) in enumerate(LIMBS) if int(rows.columns["swapped"][row]) >> bit & 1]
    own, other = seen_by(exchange(confusion, tuple(swapped)))
    if is_turned:
        confusion, own, other = confusion.T, other, own
    iou = np.nan_to_num(iou_by_part(confusion))
    part = [own | other, own & other, own & ~other, other & ~own, np.rint(MILLION * iou), rows.arrays["boundary"][row]]
    limbs = [[own[[right, left]].any() or other[[right, left]].any(), right in swapped] for right, left in LIMBS]
    return {"confusion": confusion, "part": np.column_stack(part).astype(np.int64), "limb": np.array(limbs, np.int64)}
