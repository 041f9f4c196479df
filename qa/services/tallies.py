"""Sums over comparisons, one vector of whole numbers for the project and for each of its annotators.

They are added to and taken from as answers come and change; whole numbers make that exact, so that sums that grew with
the work are those of a computation from the beginning, to the last digit. Intervals are a bootstrap over people whose
weights are drawn from the person's number: so they are sums as well, and the same in every process.
"""

import zlib
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.intervals import Interval, interval_of
from body.parts import N_CHARTS
from body.topology import N_VERTICES
from qa.services.parts_agreement import LIMBS, N_LABELS

EVERYONE: Final = 0
N_KINDS: Final = 2  # between annotators, against what was settled
N_WEEKS: Final = 1024
REPLICATES: Final = 200
MM: Final = 401  # distances up to 40 cm, and those beyond
HALF_CM: Final = 81

# Columns of "chart", of "points" and of "parts"; the last two have a row for the sums and one for each replicate.
CHART_COLUMNS: Final = (
    "n", "cm", "auc10", "auc30", "far", "left_right", "front_back", "inner_outer",
    "left_right_open", "front_back_open", "inner_outer_open",
)  # fmt: skip
POINTS_COLUMNS: Final = (
    "pairs", "n", "cm", "auc10", "auc30", "gps", "gps_parts", "left_right", "mean_auc10", "mean_auc30",
)  # fmt: skip
# Means over the points of a pair, in millionths: the sums and their unit.
MEANS: Final = {"mean_auc10": ("auc10", 1000), "mean_auc30": ("auc30", 3000)}
PARTS_COLUMNS: Final = ("pairs", "iou", "mean_iou", "outline_iou", "exchanged_iou")
# Of "part": pairs in which either has the part, both, the owner alone, the other alone; sums of IoU and of borders.
PART_COLUMNS: Final = ("either", "both", "own_only", "other_only", "iou", "boundary")

SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "vertex": (N_KINDS, 2, N_VERTICES),  # points, cm
    "chart": (N_KINDS, N_CHARTS + 1, len(CHART_COLUMNS)),
    "chart_half_cm": (N_KINDS, N_CHARTS + 1, HALF_CM),
    "mm": (N_KINDS, MM),
    "said": (N_KINDS, 16),  # own status + 4 x the other's
    "alone": (4,),  # points of all answers by status
    "points": (N_KINDS, 1 + REPLICATES, len(POINTS_COLUMNS)),
    "points_people": (N_KINDS,),
    "points_week": (N_KINDS, N_WEEKS, 4),  # pairs, points, cm, auc10
    "confusion": (N_KINDS, N_LABELS, N_LABELS),  # own label, the other's
    "part": (N_KINDS, N_LABELS, len(PART_COLUMNS)),
    "limb": (N_KINDS, len(LIMBS), 2),  # pairs that have it, pairs that swapped it
    "parts": (N_KINDS, 1 + REPLICATES, len(PARTS_COLUMNS)),
    "parts_people": (N_KINDS,),
    "parts_week": (N_KINDS, N_WEEKS, 2),  # pairs, IoU
}
SIZES: Final = {name: prod(shape) for name, shape in SHAPES.items()}
SIZE: Final = sum(SIZES.values())
STARTS: Final = dict(zip(SHAPES, np.cumsum([0, *SIZES.values()]).tolist(), strict=False))
LAYOUT: Final = (
    f"3-{zlib.crc32(repr((SHAPES, CHART_COLUMNS, POINTS_COLUMNS, PARTS_COLUMNS, PART_COLUMNS)).encode()):08x}"
)

# Counting into all cells of a field at once takes longer than into each by itself where so many times fewer are named.
_SPARSE: Final = 20

Int64 = NDArray[np.int64]


class Sums:
    """The sums of some owners: user numbers, and EVERYONE for the project itself.

    `cells` is (owners, SIZE) int64; `owners` is sorted.
    """

    def __init__(self, owners: Int64) -> None:
        self.owners = np.unique(owners)
        self.cells = np.zeros((len(self.owners), SIZE), np.int64)

    def rows_of(self, owners: Int64) -> NDArray[np.intp]:
        """Return the rows of given owners, all of whom must be here."""
        return np.searchsorted(self.owners, owners)

    def make_room_for(self, owners: Int64) -> None:
        """Take in owners that are not here yet, with sums of 0."""
        if np.isin(owners, self.owners).all():
            return
        before, cells = self.owners, self.cells
        self.owners = np.union1d(before, owners)
        self.cells = np.zeros((len(self.owners), SIZE), np.int64)
        self.cells[self.rows_of(before)] = cells

    def field(self, name: str) -> Int64:
        """Return one field of all owners as a view (owners, ...)."""
        return self.cells[:, STARTS[name] : STARTS[name] + SIZES[name]].reshape(-1, *SHAPES[name])

    def add_at(
        self, name: str, row: NDArray[np.intp], index: tuple[NDArray[np.integer] | int, ...],
        value: Int64 | None = None, sign: int = 1,
    ) -> None:  # fmt: skip
        """Add values (by default 1) to cells of a field; cells that are named twice get both.

        Args:
            value: whole numbers whose sums stay under 2^53, so that they are exact as float64.
            sign: -1 takes them instead.
        """
        if not len(row):
            return
        first, size = int(row.min()), SIZES[name]
        n_rows = int(row.max()) + 1 - first
        at = row - first
        for length, along in zip(SHAPES[name], index, strict=True):
            at = at * length + along
        if _SPARSE * len(at) < n_rows * size:
            flat, start = self.cells.reshape(-1), first * SIZE + STARTS[name]
            np.add.at(flat, start + at // size * SIZE + at % size, sign if value is None else sign * value)
            return
        total = np.bincount(at, value, n_rows * size).astype(np.int64, copy=False)
        self.field(name)[first : first + n_rows] += sign * total.reshape(-1, *SHAPES[name])


class View:
    """The sums of one owner, by field."""

    def __init__(self, cells: Int64) -> None:
        self._cells = cells

    def __getitem__(self, name: str) -> Int64:
        return self._cells[STARTS[name] : STARTS[name] + SIZES[name]].reshape(SHAPES[name])

    def interval(self, name: str, kind: int, column: str, over: str, unit: float) -> Interval | None:
        """Return the ratio of two sums in units of `unit`, with its 95 % interval over people; None over nothing.

        Args:
            name: "points" or "parts".
        """
        columns = POINTS_COLUMNS if name == "points" else PARTS_COLUMNS
        table = self[name][kind]
        total, n = table[:, columns.index(column)], table[:, columns.index(over)]
        if not n[0]:
            return None
        value, people = float(total[0] / n[0] / unit), int(self[f"{name}_people"][kind])
        drawn = n[1:] > 0
        return interval_of(value, total[1:][drawn] / n[1:][drawn] / unit, people)


def deflated(cells: Int64) -> bytes:
    """Return one owner's sums as they are stored."""
    return zlib.compress(cells.astype("<i8").tobytes(), 1)


def inflated(stored: bytes) -> Int64:
    """Return one owner's sums from what `deflated` made."""
    return np.frombuffer(zlib.decompress(stored), "<i8").astype(np.int64)


def replicate_weights(person: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (N, 1 + REPLICATES): 1, then how often each replicate draws each person, about Poisson(1).

    The draws are a hash of the person's number (splitmix64), 16 bits each: the same person has the same weights in
    every row, process and year.
    """
    blocks = REPLICATES // 4
    with np.errstate(over="ignore"):
        first = np.multiply(person.astype(np.uint64), np.uint64(blocks), dtype=np.uint64)
        mixed = np.add.outer(first, np.arange(1, blocks + 1, dtype=np.uint64))
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    draws = mixed.astype("<u8").view("<u2").reshape(len(person), REPLICATES)
    return np.column_stack([np.ones(len(person)), _POISSON[draws]])


def _poisson_table() -> NDArray[np.float64]:
    """Return (65536,) the quantile function of Poisson(1) at the middle of each of 65536 equal steps."""
    chances = np.exp(-1.0) / np.cumprod([1.0, *range(1, 12)])
    return np.searchsorted(np.cumsum(chances), (np.arange(65536) + 0.5) / 65536).astype(np.float64)


_POISSON: Final = _poisson_table()
