"""A simulated annotator at work: the truth, wronged by the annotator's habits."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from annotator.models import PointStatus
from body.parts import N_PARTS
from body.surface import SurfacePoints, mirror
from body.walks import Walks
from labels.label_maps import LabelMap, swap_sides
from qa.simulation.answers import Deed, Float64, PointsAnswer, PutIn, UInt8
from qa.simulation.clicks import behind, clickable, jittered, middle_of
from qa.simulation.habits import Habits
from qa.simulation.ruler import Around, around

# An error that leads off the part, or to where no view looks, is drawn again in another direction, its length kept.
_HEADINGS: Final = 40
# A walk is lengthened until it ends as far away as the error is long: around a finger it is not the shortest way.
_LENGTHENINGS: Final = 12
_NEAR_CM: Final = 0.005
_LAZY_JITTER_PX: Final = 4.0
_COPY_JITTER_PX: Final = 0.7
# Painted edges stray together over about this many pixels.
_EDGE_WAVE_PX: Final = 6.0
_TIME_SPREAD: Final = 0.25


@dataclass(slots=True)
class Player:
    """One simulated annotator; the same seed plays the same answers."""

    habits: Habits
    rng: np.random.Generator
    put_in: PutIn = field(init=False)

    def __post_init__(self) -> None:
        self.put_in = PutIn(self.habits.name)

    def paint(self, truth: LabelMap) -> tuple[LabelMap, float]:
        """Paint the parts of one person; returns the map and the seconds it took."""
        painted = _with_strayed_edges(self.rng, truth, self.habits.edge_px)
        if self.rng.random() < self.habits.painted_swaps:
            painted = swap_sides(painted)
            self.put_in.people_swapped += 1
        self.put_in.people_painted += 1
        return painted, self._seconds(self.habits.seconds_a_person)

    def answer(self, part: UInt8, truth: SurfacePoints, other: PointsAnswer | None = None) -> PointsAnswer:
        """Answer the points of one person.

        Args:
            part: (N,) the part whose views are shown for each point.
            truth: N true points; absent beside the person.
            other: another's answer to the same points, where there is one to copy.
        """
        if other is not None and self.rng.random() < self.habits.copying:
            answer = self._copied(part, other)
        else:
            answer = self._own(part, truth)
        self.put_in.add(answer)
        return answer

    def _copied(self, part: UInt8, other: PointsAnswer) -> PointsAnswer:
        click, surface = jittered(self.rng, part, other.view, other.click, _COPY_JITTER_PX)
        deed = np.where(other.status == PointStatus.PLACED, Deed.COPIED, Deed.NONE).astype(np.uint8)
        error = np.full(len(part), np.nan)
        seconds = self._seconds(self.habits.seconds_a_point * len(part))
        return PointsAnswer(other.status, other.view, click, surface, deed, error, seconds)

    def _own(self, part: UInt8, truth: SurfacePoints) -> PointsAnswer:
        n = len(part)
        status = np.full(n, PointStatus.PLACED, np.uint8)
        status[self.rng.random(n) < self.habits.cannot_tell] = PointStatus.CANNOT_TELL
        status[truth.part != part] = PointStatus.NOT_THIS_PART
        tried = np.flatnonzero(status == PointStatus.PLACED)
        placed = self._placed(part[tried], truth[tried])
        columns = {
            "view": np.zeros(n, np.uint8), "click": np.full((n, 2), np.nan), "triangle": np.full(n, -1, np.int32),
            "weights": np.zeros((n, 3)), "deed": np.zeros(n, np.uint8), "error_cm": np.full(n, np.nan),
        }  # fmt: skip
        for name, column in columns.items():
            column[tried] = getattr(placed, name)
        status[tried[placed.view == 0]] = PointStatus.CANNOT_TELL
        return PointsAnswer(
            status, columns["view"], columns["click"], SurfacePoints(columns["triangle"], columns["weights"]),
            columns["deed"], columns["error_cm"], self._seconds(self.habits.seconds_a_point * n),
        )  # fmt: skip

    def _placed(self, part: UInt8, truth: SurfacePoints) -> "_Placed":
        aim, deed = self._taken_for_true(part, truth)
        length_cm = self.rng.rayleigh(self.habits.sigma_after(self.put_in.tasks), len(part))
        placed = _strayed(self.rng, part, aim, length_cm)
        placed.deed[placed.view > 0] = deed[placed.view > 0]
        is_lazy = (self.rng.random(N_PARTS + 1) < self.habits.laziness)[part]
        if is_lazy.any():
            placed.click_the_middle(self.rng, part, is_lazy)
        return placed

    def _taken_for_true(self, part: UInt8, truth: SurfacePoints) -> tuple[SurfacePoints, UInt8]:
        """Return what the annotator aims at: the truth, or its like on the other side or behind it."""
        habits = self.habits
        triangle, weights = truth.triangle.copy(), truth.weights.copy()
        deed = np.full(len(part), Deed.PLAIN, np.uint8)
        draw = self.rng.random(len(part))
        there = mirror(truth)
        back = behind(part, truth) if habits.front_back_swaps else SurfacePoints.none(len(part))
        sides = (draw < habits.side_swaps) & (there.part == part)
        faces = (draw >= 1 - habits.front_back_swaps) & back.is_valid & ~sides
        for chosen, found, name in ((sides, there, Deed.SIDE_SWAP), (faces, back, Deed.FRONT_BACK_SWAP)):
            triangle[chosen], weights[chosen], deed[chosen] = found.triangle[chosen], found.weights[chosen], name
        return SurfacePoints(triangle, weights), deed

    def _seconds(self, median: float) -> float:
        return float(median * np.exp(self.rng.normal(0, _TIME_SPREAD)))


@dataclass(slots=True, eq=False)
class _Placed:
    """Where points were placed; view 0 where nothing could be."""

    view: UInt8
    click: Float64
    triangle: NDArray[np.int32]
    weights: Float64
    deed: UInt8
    error_cm: Float64

    def click_the_middle(self, rng: np.random.Generator, part: UInt8, chosen: NDArray[np.bool_]) -> None:
        """Put the chosen points (N,) in the middle of the first picture of their part."""
        middles = np.array([middle_of(int(number)) for number in part[chosen]])
        self.view[chosen] = middles[:, 0]
        click, found = jittered(rng, part[chosen], self.view[chosen], middles[:, 1:], _LAZY_JITTER_PX)
        self.click[chosen], self.triangle[chosen], self.weights[chosen] = click, found.triangle, found.weights
        self.deed[chosen], self.error_cm[chosen] = Deed.LAZY, np.nan


def _strayed(rng: np.random.Generator, part: UInt8, aim: SurfacePoints, length_cm: Float64) -> _Placed:
    """Go from each aim to a place as far from it as its error is long, where the part's views can show it."""
    n = len(part)
    placed = _Placed(
        np.zeros(n, np.uint8), np.full((n, 2), np.nan), np.full(n, -1, np.int32), np.zeros((n, 3)),
        np.zeros(n, np.uint8), np.full(n, np.nan),
    )  # fmt: skip
    surface = around(aim, length_cm)
    for attempt in range(_HEADINGS + 1):
        rows = np.flatnonzero(placed.view == 0)
        if not len(rows):
            break
        # No way leads anywhere: a point in a fold is placed where it is, or not at all.
        length = np.zeros(len(rows)) if attempt == _HEADINGS else length_cm[rows]
        heading = rng.uniform(0, 2 * np.pi, len(rows))
        ends, away_cm = _gone(surface, rows, aim[rows], heading, length)
        view, click = clickable(part[rows], ends)
        good = view > 0
        rows = rows[good]
        placed.view[rows], placed.click[rows], placed.error_cm[rows] = view[good], click[good], away_cm[good]
        placed.triangle[rows], placed.weights[rows] = ends.triangle[good], ends.weights[good]
    return placed


def _gone(
    surface: Around, rows: NDArray[np.intp], aim: SurfacePoints, heading_rad: Float64, length_cm: Float64
) -> tuple[SurfacePoints, Float64]:
    """Walk from M aims, each until it is as far away as its error is long.

    Args:
        surface: around all aims; rows: (M,) which of these are meant.

    Returns:
        M points, absent where a way never leads so far; and how far from its aim each is, in cm.
    """
    triangle, weights, away = np.full(len(rows), -1, np.int32), np.zeros((len(rows), 3)), np.full(len(rows), np.nan)
    walks, going, left_cm = Walks.begin(aim, heading_rad), np.arange(len(rows)), length_cm
    for _ in range(_LENGTHENINGS):
        if not len(going):
            break
        # What is still missing never leads too far: the shortest way grows no faster than the walk.
        ends = walks.go_on(going, left_cm / 100)
        cm = surface.distance_cm(rows[going], ends)
        left_cm = length_cm[going] - cm
        is_there = np.abs(left_cm) <= _NEAR_CM
        there = going[is_there]
        triangle[there], weights[there], away[there] = ends.triangle[is_there], ends.weights[is_there], cm[is_there]
        is_under_way = ~is_there & np.isfinite(left_cm)
        going, left_cm = going[is_under_way], left_cm[is_under_way]
    return SurfacePoints(triangle, weights), away


def _with_strayed_edges(rng: np.random.Generator, truth: LabelMap, by_px: float) -> LabelMap:
    """Return the map seen through a smooth random displacement, so that all its edges stray by about so many pixels."""
    if by_px <= 0:
        return truth.copy()
    height, width = truth.shape
    shift = np.stack([gaussian_filter(rng.normal(size=(height, width)), _EDGE_WAVE_PX) for _ in range(2)])
    shift *= by_px / shift.std()
    rows = np.clip(np.rint(np.arange(height)[:, None] + shift[0]), 0, height - 1).astype(int)
    columns = np.clip(np.rint(np.arange(width)[None] + shift[1]), 0, width - 1).astype(int)
    return np.ascontiguousarray(truth[rows, columns])
