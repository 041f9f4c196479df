"""How well two label maps of one person agree: everything but the borders follows from one table of pixel counts.

That table (15, 15) counts the pixels which the one called a and the other called b, 0 for background. It is kept for
each pair and added up for each annotator, so that all figures can be had again without opening a label map.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from body.parts import MIRROR_PART, N_PARTS, PARTS
from labels.boxes import Crop
from labels.label_maps import LabelMap, boundary, recrop

N_LABELS: Final = N_PARTS + 1
LIMBS: Final = tuple((part.number, part.mirror) for part in PARTS if part.side == "right")
# Sides exchanged, a swapped limb must agree at least this well: what lies elsewhere altogether is no swap.
SWAPPED_IOU: Final = 0.25
# Distances between so many pairs of border pixels are worked out one by one.
_FEW_PAIRS: Final = 1_000_000

Float64 = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PartsPair:
    """Two answers compared.

    Attributes:
        confusion: (15, 15) pixels by label of the first and of the second.
        swapped: the limbs, by the number of the right one, whose sides one of the two has exchanged.
        boundary_px: (15,) mean distance between the borders of each part, NaN where not both have it; sides exchanged
            where they are swapped.
    """

    confusion: Counts
    swapped: tuple[int, ...]
    boundary_px: Float64

    @property
    def exchanged(self) -> Counts:
        """The table with the sides of swapped limbs exchanged in the second answer."""
        return exchange(self.confusion, self.swapped)


def compare_maps(first: LabelMap, second: LabelMap) -> PartsPair:
    """Compare two label maps (H, W) of the same crop."""
    confusion = confusion_of(first, second)
    swapped = swapped_limbs(confusion)
    return PartsPair(confusion, swapped, _boundary_px(first, _exchanged_map(second, swapped)))


def on_one_crop(first: tuple[LabelMap, Crop], second: tuple[LabelMap, Crop]) -> tuple[LabelMap, LabelMap]:
    """Return both maps on the smallest crop that holds both."""
    (a, crop_a), (b, crop_b) = first, second
    if crop_a == crop_b:
        return a, b
    x, y = min(crop_a.x, crop_b.x), min(crop_a.y, crop_b.y)
    right = max(crop_a.x + crop_a.width, crop_b.x + crop_b.width)
    bottom = max(crop_a.y + crop_a.height, crop_b.y + crop_b.height)
    both = Crop(x, y, right - x, bottom - y)
    return recrop(a, crop_a, both), recrop(b, crop_b, both)


def confusion_of(first: LabelMap, second: LabelMap) -> Counts:
    """Return (15, 15) how many pixels have each pair of labels."""
    pairs = first.astype(np.int16) * N_LABELS + second
    return np.bincount(pairs.ravel(), minlength=N_LABELS**2).reshape(N_LABELS, N_LABELS)


def iou_by_part(confusion: Counts) -> Float64:
    """Return (15,) intersection over union of each part, NaN where neither has it; slot 0 is the whole person's."""
    found = np.full(N_LABELS, np.nan)
    same, first, second = np.diagonal(confusion), confusion.sum(1), confusion.sum(0)
    union = first + second - same
    np.divide(same, union, out=found, where=union > 0)
    painted = confusion.sum() - confusion[0, 0]
    found[0] = confusion[1:, 1:].sum() / painted if painted else np.nan
    return found


def iou_of_all(confusion: Counts) -> float:
    """Return the share of the pixels that either painted on which both say the same part; NaN where nobody painted."""
    painted = confusion.sum() - confusion[0, 0]
    return float(np.trace(confusion[1:, 1:]) / painted) if painted else float("nan")


def seen_by(confusion: Counts) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (15,) for each of the two which parts it has."""
    return confusion.sum(1) > 0, confusion.sum(0) > 0


def swapped_limbs(confusion: Counts) -> tuple[int, ...]:
    """Return the limbs, by the number of the right one, that agree better with the sides of one answer exchanged."""
    found = []
    for right, left in LIMBS:
        both = [right, left]
        inside = confusion[np.ix_(both, both)]
        straight, crossed = np.trace(inside), inside[0, 1] + inside[1, 0]
        union = confusion[both].sum() + confusion[:, both].sum() - crossed
        if crossed > straight and crossed >= SWAPPED_IOU * union:
            found.append(right)
    return tuple(found)


def exchange(confusion: Counts, limbs: tuple[int, ...]) -> Counts:
    """Return the table as it would be had the second answer exchanged the sides of some limbs."""
    order = np.arange(N_LABELS)
    for right in limbs:
        left = MIRROR_PART[right]
        order[[right, left]] = left, right
    return confusion[:, order]


def disputed(maps: list[LabelMap]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (H, W) where answers give different parts, and where some paint what others leave to the background."""
    stack = np.stack(maps)
    painted = stack > 0
    by_any, by_all = np.asarray(painted.any(0)), np.asarray(painted.all(0))
    low = np.where(painted, stack, np.uint8(255)).min(0)
    return by_any & (stack.max(0) != low), by_any & ~by_all


def _exchanged_map(label_map: LabelMap, limbs: tuple[int, ...]) -> LabelMap:
    order = np.arange(N_LABELS, dtype=np.uint8)
    for right in limbs:
        left = MIRROR_PART[right]
        order[[right, left]] = left, right
    moved: LabelMap = order[label_map]
    return moved


def _boundary_px(first: LabelMap, second: LabelMap) -> Float64:
    """Return (15,) the mean over the border pixels of both of the distance to the other's border."""
    found = np.full(N_LABELS, np.nan)
    borders = [_border_pixels(label_map) for label_map in (first, second)]
    for part in borders[0].keys() & borders[1].keys():
        found[part] = np.concatenate(_gaps(borders[0][part], borders[1][part])).mean()
    return found


def _gaps(a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[Float64, Float64]:
    """Return how far each pixel of a is from the nearest of b, and each of b from the nearest of a."""
    if len(a) * len(b) > _FEW_PAIRS:
        return cKDTree(b).query(a)[0], cKDTree(a).query(b)[0]
    # Twice as quick as trees for the borders of a part of a usual person.
    away = cdist(a, b)
    return away.min(1), away.min(0)


def _border_pixels(label_map: LabelMap) -> dict[int, NDArray[np.int64]]:
    """Return the border pixels (N, 2) of each part."""
    at = np.argwhere(boundary(label_map))
    labels = label_map[at[:, 0], at[:, 1]]
    order = np.argsort(labels, kind="stable")
    parts, starts = np.unique(labels[order], return_index=True)
    return {int(part): piece for part, piece in zip(parts, np.split(at[order], starts[1:]), strict=True)}
