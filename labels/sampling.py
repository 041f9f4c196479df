"""Point sampling: k-means over the pixels of each part, the second stage of Güler et al. 2018, section 2.1.

Every part gets roughly equidistant points, more for a larger part, 14 at the most, about 100 for a whole person. They
are ordered as people place them: part after part in the work order, inside a part from the body outward.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from body.parts import N_PARTS, WORK_ORDER
from labels.errors import LabelError
from labels.label_maps import LabelMap, areas, check
from labels.point_order import order_outward

MAX_POINTS_PER_PART: Final = 14
_POINTS_PER_ROOT_SHARE: Final = 30.0  # 30 * sqrt(share of the person): about 100 points for a whole person
_AREA_PER_POINT_PX: Final = 16  # points closer than 4 px cannot be told apart
_MAX_PIXELS: Final = 2500  # k-means sees a regular grid of about so many pixels of a part
_ITERATIONS: Final = 25
_EDGE_CLEARANCE: Final = 0.5  # a point keeps this share of its cluster's best distance from the part's edge


@dataclass(frozen=True, slots=True, eq=False)
class SampledPoints:
    """Sampled points in working order.

    x, y: (N,) float64 crop pixels (pixel centres, i + 0.5); part: (N,) uint8, 1..14; key: (N,) int32, a name that a
    point keeps through `resample`, so that answers can be carried over.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    part: NDArray[np.uint8]
    key: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.key)

    @property
    def xy(self) -> NDArray[np.float64]:
        """(N, 2) crop pixels."""
        return np.column_stack([self.x, self.y])

    def moved(self, dx: float, dy: float) -> "SampledPoints":
        """Return the same points, shifted: by old crop minus new crop when a person's crop changes."""
        return SampledPoints(self.x + dx, self.y + dy, self.part, self.key)


def sample_points(label_map: LabelMap, seed: int) -> SampledPoints:
    """Sample the points of a person from its parts; the same map and seed give the same points.

    Args:
        label_map: (H, W) uint8 of the person's crop.
        seed: any whole number, 0 or more.

    Returns:
        The points, keys 1..N in working order. Every part that has a pixel has a point.

    Raises:
        LabelError: not a label map.
    """
    return _sample(check(label_map), seed, {}, next_key=1)


def resample(
    previous: SampledPoints, old_map: LabelMap, new_map: LabelMap, seed: int = 0, next_key: int | None = None
) -> SampledPoints:
    """Sample anew after the parts changed: points that still lie in their part stay where they are, with their keys.

    Args:
        previous: the points sampled from `old_map`.
        old_map: (H, W) uint8, the parts before.
        new_map: (H, W) uint8, the parts now, of the same crop (`recrop` and `SampledPoints.moved` align them).
        seed: for the points that are new.
        next_key: the first key to give to a new point; above all of `previous` where it is left out. Pass it to keep
            keys unique over more than two versions.

    Returns:
        The points in working order; keys that `previous` had are the points whose answers carry over. Parts that did
        not change keep exactly their points.

    Raises:
        LabelError: not label maps of one shape, or a `next_key` that is taken.
    """
    if check(old_map).shape != check(new_map).shape:
        raise LabelError(
            f"both label maps must have one shape, got {old_map.shape} and {new_map.shape}: recrop the old"
        )
    first_free = int(previous.key.max()) + 1 if len(previous) else 1
    if next_key is not None and next_key < first_free:
        raise LabelError(f"next_key must be above the keys in use, at least {first_free}, got {next_key}")
    column, row = np.floor(previous.xy).astype(np.int64).T
    height, width = new_map.shape
    is_inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    stays = is_inside.copy()
    stays[is_inside] = new_map[row[is_inside], column[is_inside]] == previous.part[is_inside]
    kept: dict[int, _Kept] = {}
    for part in WORK_ORDER:
        of_part = previous.part == part
        chosen = of_part & stays
        is_same = bool(of_part.any()) and bool(chosen[of_part].all()) and _is_unchanged(old_map, new_map, part)
        kept[part] = _Kept(previous.xy[chosen], previous.key[chosen], is_complete=is_same)
    return _sample(new_map, seed, kept, next_key if next_key is not None else first_free)


def point_count(area_px: int, person_area_px: int) -> int:
    """Return how many points a part of this area gets, 0..14; grows with its share of the person."""
    if area_px == 0:
        return 0
    wanted = round(_POINTS_PER_ROOT_SHARE * math.sqrt(area_px / person_area_px))
    return max(1, min(MAX_POINTS_PER_PART, wanted, 1 + area_px // _AREA_PER_POINT_PX))


@dataclass(frozen=True, slots=True)
class _Kept:
    """Points of one part that stay: xy (K, 2), key (K,); complete when the part is to get no others."""

    xy: NDArray[np.float64]
    key: NDArray[np.int32]
    is_complete: bool


_NOTHING_KEPT: Final = _Kept(np.empty((0, 2)), np.empty(0, dtype=np.int32), is_complete=False)


def _sample(label_map: LabelMap, seed: int, kept: dict[int, _Kept], next_key: int) -> SampledPoints:
    area = areas(label_map)
    person_area = int(area[1:].sum())
    slices = ndimage.find_objects(label_map, max_label=N_PARTS)
    xy, part, key = [np.empty((0, 2))], [np.empty(0, dtype=np.uint8)], [np.empty(0, dtype=np.int32)]
    for number in WORK_ORDER:
        if area[number] == 0:
            continue
        old = kept.get(number, _NOTHING_KEPT)
        placed, keys = old.xy, old.key
        n_new = 0 if old.is_complete else max(0, point_count(int(area[number]), person_area) - len(old.xy))
        if n_new:
            rng = np.random.default_rng([seed, number])
            rows, columns = slices[number - 1]
            corner = np.array([columns.start, rows.start], dtype=np.float64)
            new = _spread(label_map[rows, columns] == number, n_new, old.xy - corner, rng)
            placed = np.concatenate([placed, new + corner])
            keys = np.concatenate([keys, np.full(len(new), -1, dtype=np.int32)])
        order = order_outward(placed, label_map, number, slices[number - 1])
        xy.append(placed[order])
        key.append(keys[order])
        part.append(np.full(len(placed), number, dtype=np.uint8))
    all_xy, all_keys = np.concatenate(xy), np.concatenate(key)
    is_new = all_keys < 0
    all_keys[is_new] = np.arange(next_key, next_key + int(is_new.sum()), dtype=np.int32)
    return SampledPoints(all_xy[:, 0].copy(), all_xy[:, 1].copy(), np.concatenate(part), all_keys)


def _spread(
    inside: NDArray[np.bool_], n_new: int, fixed_xy: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return up to n_new pixel centres (M, 2) of a mask by k-means; the fixed points are centres that do not move."""
    pixels, clearance = _pixels_of(inside, n_new + len(fixed_xy))
    centres = _farthest_first(pixels, n_new, fixed_xy, rng)
    doubled, squares = 2 * pixels, (pixels**2).sum(axis=1)[:, None]
    distances = np.empty((len(pixels), len(centres)))

    def nearest_of(centres: NDArray[np.float64]) -> NDArray[np.intp]:
        np.subtract(squares, np.matmul(doubled, centres.T, out=distances), out=distances)
        np.add(distances, (centres**2).sum(axis=1), out=distances)
        nearest: NDArray[np.intp] = np.maximum(distances, 0.0, out=distances).argmin(axis=1)
        return nearest

    nearest = nearest_of(centres)
    for _ in range(_ITERATIONS):
        moved = centres.copy()
        count = np.bincount(nearest, minlength=len(centres))
        is_free = count > 0
        is_free[: len(fixed_xy)] = False
        for axis in range(2):
            total = np.bincount(nearest, weights=pixels[:, axis], minlength=len(centres))
            moved[is_free, axis] = total[is_free] / count[is_free]
        shift = np.abs(moved - centres).max()
        centres = moved
        nearest = nearest_of(centres)
        if shift < 0.05:
            break
    snapped = [
        _snap(pixels[nearest == index], clearance[nearest == index], centres[index])
        for index in range(len(fixed_xy), len(centres))
        if (nearest == index).any()
    ]
    return np.array(snapped).reshape(-1, 2)


def _pixels_of(inside: NDArray[np.bool_], n_points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pixel centres (M, 2) of a mask on a regular grid, and each one's distance (M,) to the mask's edge."""
    step = max(1, math.ceil(math.sqrt(int(inside.sum()) / _MAX_PIXELS)))
    while step > 1 and int(inside[step // 2 :: step, step // 2 :: step].sum()) < 20 * n_points:
        step //= 2  # thin or scattered parts fall through a wide grid
    grid = inside[step // 2 :: step, step // 2 :: step]
    clearance: NDArray[np.float64] = ndimage.distance_transform_edt(np.pad(grid, 1))[1:-1, 1:-1]
    row, column = np.nonzero(grid)
    corner = step // 2 + 0.5
    centres = np.column_stack([column, row]).astype(np.float64) * step + corner
    return centres, clearance[row, column]


def _farthest_first(
    pixels: NDArray[np.float64], n_new: int, fixed_xy: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the fixed points and up to n_new pixels, each the farthest from those before: distinct, well spread."""
    centres = list(fixed_xy)
    if centres:
        distance = np.min(_squared_distances(pixels, fixed_xy), axis=1)
    else:
        centres = [pixels[rng.integers(len(pixels))]]
        distance = ((pixels - centres[0]) ** 2).sum(axis=1)
    while len(centres) < len(fixed_xy) + n_new and (farthest := int(distance.argmax())) >= 0 and distance[farthest] > 0:
        centres.append(pixels[farthest])
        distance = np.minimum(distance, ((pixels - pixels[farthest]) ** 2).sum(axis=1))
    return np.array(centres)


def _snap(
    members: NDArray[np.float64], clearance: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the pixel of a cluster nearest to its centre, away from the part's edge where the cluster allows it."""
    is_clear = clearance >= _EDGE_CLEARANCE * clearance.max()
    candidates = members[is_clear]
    nearest: NDArray[np.float64] = candidates[((candidates - centre) ** 2).sum(axis=1).argmin()]
    return nearest


def _squared_distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, K) squared distances by one matrix product, exact to rounding."""
    distances: NDArray[np.float64] = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return np.maximum(distances, 0.0)


def _is_unchanged(old_map: LabelMap, new_map: LabelMap, part: int) -> bool:
    return bool(np.array_equal(old_map == part, new_map == part))
