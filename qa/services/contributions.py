"""What comparisons add to the sums of the project and of the annotators whose answers they compare.

A pair counts once for the project and once for each of the two; for the second it is seen from the other side.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.parts import N_CHARTS
from qa.models import Comparison
from qa.services.parts_agreement import LIMBS, N_LABELS, exchange, iou_by_part, seen_by
from qa.services.point_pairs import (
    CHART,
    CM,
    FAR_CM,
    FIRST_PLACE,
    MILLION,
    NOT_MEASURED,
    SECOND_PLACE,
    UNITS_PER_CM,
    WHAT,
)
from qa.services.rows import Rows
from qa.services.tallies import (
    CHART_COLUMNS,
    EVERYONE,
    HALF_CM,
    MEANS,
    MM,
    N_KINDS,
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
    is_turned: bool = False


def owners_of(rows: Rows) -> NDArray[np.int64]:
    """Return everyone whose sums these rows touch."""
    people = [rows.columns["first_annotator_id"], rows.columns["second_annotator_id"]]
    return np.unique(np.concatenate([[EVERYONE], *people]))


def add_points(sums: Sums, rows: Rows, sign: int = 1) -> None:
    """Add (or, with a sign of -1, take) the contributions of comparisons of points."""
    _add_alone(sums, rows, sign)
    told = _Told.of_rows(rows)
    for seen in _sides(sums, rows):
        owner = np.full(len(rows), -1)
        owner[seen.chosen] = seen.owner
        told.add_to(sums, owner[rows.row_of_point], sign, is_turned=seen.is_turned)
        _add_replicates(sums, "points", rows, seen, sign)
        kind = rows.columns["kind"][seen.chosen]
        for column, name in enumerate((None, "n", "cm", "auc10")):
            value = None if name is None else rows.columns[name][seen.chosen]
            sums.add_at("points_week", seen.owner, (kind, seen.week, column), value, sign)


def add_parts(sums: Sums, rows: Rows, sign: int = 1) -> None:
    """Add (or, with a sign of -1, take) the contributions of comparisons of label maps."""
    for seen in _sides(sums, rows):
        kind = rows.columns["kind"][seen.chosen]
        _add_replicates(sums, "parts", rows, seen, sign)
        for column, value in enumerate((None, rows.columns["iou"][seen.chosen])):
            sums.add_at("parts_week", seen.owner, (kind, seen.week, column), value, sign)
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
    yield _Seen(pairs, everyone, np.maximum(*weeks)[pairs])
    yield _Seen(pairs, sums.rows_of(first[pairs]), weeks[0][pairs])
    # Against the truth, only the first is an answer.
    between = np.flatnonzero(kind == _BETWEEN)
    if len(between):
        yield _Seen(between, sums.rows_of(second[between]), weeks[1][between], is_turned=True)


def _add_alone(sums: Sums, rows: Rows, sign: int) -> None:
    alone = np.flatnonzero(rows.columns["kind"] == _ALONE)
    said = rows.arrays["said"][alone, :4].astype(np.int64)
    for owner in (rows.columns["first_annotator_id"][alone], np.full(len(alone), EVERYONE)):
        for status in range(4):
            sums.add_at("alone", sums.rows_of(owner), (status,), said[:, status], sign)


@dataclass(frozen=True)
class _Told:
    """What points tell whoever owns them, worked out once for all who do; the last five of those `both` placed.

    Attributes:
        kind, own, other: (M,) of all points: kind of comparison, status of the first and of the second.
        both: (B,) which points both placed.
        place: (2, B) nearest vertex of the second's and of the first's answer.
        chart, cm, flags: (B,) chart of the second's answer, 1/100 cm, and swap + 4 x what a swap could be told of.
        scores: columns of "chart" that are sums over points, (B,) each.
    """

    kind: NDArray[np.int64]
    own: NDArray[np.int64]
    other: NDArray[np.int64]
    both: NDArray[np.intp]
    place: NDArray[np.int64]
    chart: NDArray[np.int64]
    cm: NDArray[np.int64]
    flags: NDArray[np.int64]
    scores: dict[str, NDArray[np.int64]]

    @classmethod
    def of_rows(cls, rows: Rows) -> "_Told":
        points = rows.points
        what = points[:, WHAT].astype(np.int64)
        both = np.flatnonzero(points[:, CM] != NOT_MEASURED)
        measured = points[both].astype(np.int64)
        cm = measured[:, CM]
        scores = {
            "cm": cm, "auc10": np.maximum(1000 - cm, 0), "auc30": np.maximum(3000 - cm, 0),
            "far": (cm > FAR_CM * UNITS_PER_CM).astype(np.int64),
        }  # fmt: skip
        return cls(
            rows.columns["kind"][rows.row_of_point], what % 4, what % 16 // 4, both,
            measured[:, [SECOND_PLACE, FIRST_PLACE]].T, measured[:, CHART], cm, measured[:, WHAT] // 16, scores,
        )  # fmt: skip

    def add_to(self, sums: Sums, owner: NDArray[np.intp], sign: int, *, is_turned: bool) -> None:
        """Add what the points tell to their owners (M,), rows of the sums; -1 is nobody's.

        Turned, they are seen from the second's side: places and statuses change sides.
        """
        own, other = (self.other, self.own) if is_turned else (self.own, self.other)
        mine = _where(owner >= 0)
        sums.add_at("said", owner[mine], (self.kind[mine], (own + 4 * other)[mine]), sign=sign)
        mine = _where(owner[self.both] >= 0)
        owner, kind = owner[self.both][mine], self.kind[self.both][mine]
        place, chart, cm = self.place[int(is_turned)][mine], self.chart[mine], self.cm[mine]
        sums.add_at("vertex", owner, (kind, 0, place), sign=sign)
        sums.add_at("vertex", owner, (kind, 1, place), cm, sign)
        sums.add_at("mm", owner, (kind, np.minimum(cm * 10 // UNITS_PER_CM, MM - 1)), sign=sign)
        sums.add_at("chart_half_cm", owner, (kind, chart, np.minimum(cm * 2 // UNITS_PER_CM, HALF_CM - 1)), sign=sign)
        for name, value in self.scores.items():
            sums.add_at("chart", owner, (kind, chart, CHART_COLUMNS.index(name)), value[mine], sign)
        # How many points have each combination of flags tells how many there are, are swaps and are open to each kind.
        n_owners = len(sums.owners)
        cell = ((owner * N_KINDS + kind) * (N_CHARTS + 1) + chart) * len(_COUNTED) + self.flags[mine]
        by_flags = np.bincount(cell, minlength=n_owners * N_KINDS * (N_CHARTS + 1) * len(_COUNTED))
        counts = by_flags.reshape(n_owners, N_KINDS, N_CHARTS + 1, len(_COUNTED)) @ _COUNTED
        sums.field("chart")[..., _COUNTED_COLUMNS] += sign * counts


def _where(is_mine: NDArray[np.bool_]) -> NDArray[np.intp] | slice:
    """Return where something holds; a slice where it does everywhere, which copies nothing."""
    return slice(None) if is_mine.all() else np.flatnonzero(is_mine)


def _counted() -> NDArray[np.int64]:
    """Return (32, 7) whether each combination of a point's flags counts in each of the columns below."""
    flags = np.arange(32)
    swap, is_open = flags % 4, flags // 4
    columns = [swap == kind for kind in (1, 2, 3)] + [is_open >> bit & 1 for bit in range(3)]
    return np.column_stack([np.ones(32, np.int64), *columns]).astype(np.int64)


_COUNTED: Final = _counted()
_SWAPS: Final = ("left_right", "front_back", "inner_outer")
_COUNTED_COLUMNS: Final = [CHART_COLUMNS.index(name) for name in ("n", *_SWAPS, *(f"{name}_open" for name in _SWAPS))]


def _add_replicates(sums: Sums, name: str, rows: Rows, seen: _Seen, sign: int) -> None:
    """Add what each replicate of the bootstrap draws. Products of whole numbers under 2^53 are exact in float64."""
    columns = POINTS_COLUMNS if name == "points" else PARTS_COLUMNS
    kind = rows.columns["kind"][seen.chosen]
    weights = replicate_weights(rows.columns["person_id"][seen.chosen])
    values = np.column_stack([_column(rows, name, column)[seen.chosen] for column in columns]).astype(np.float64)
    tasks, cell = rows.columns["task_id"][seen.chosen], seen.owner * N_KINDS + kind
    order = np.lexsort((tasks, cell))
    weights, values, tasks, cell = weights[order], values[order], tasks[order], cell[order]
    is_first = np.diff(cell, prepend=-1) != 0
    table = sums.field(name)
    for begin, end in pairwise([*np.flatnonzero(is_first).tolist(), len(order)]):
        owner, of_kind = divmod(int(cell[begin]), N_KINDS)
        table[owner, of_kind] += sign * np.rint(weights[begin:end].T @ values[begin:end]).astype(np.int64)
    is_first |= np.diff(tasks, prepend=-1) != 0
    sums.add_at(f"{name}_people", cell[is_first] // N_KINDS, (cell[is_first] % N_KINDS,), sign=sign)


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
