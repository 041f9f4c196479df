"""The order of a part's points: a short walk that starts where the part meets the body and leads outward."""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.parts import PARTS
from labels.label_maps import LabelMap

# What a part hangs on, nearest first; the torso is walked from the neck down.
_INNER_OF_LIMB: Final[dict[str, tuple[str, ...]]] = {
    "torso": ("head", "upper_arm"),
    "head": ("torso", "upper_arm"),
    "upper_arm": ("torso", "head"),
    "lower_arm": ("upper_arm", "torso"),
    "hand": ("lower_arm", "upper_arm", "torso"),
    "upper_leg": ("torso",),
    "lower_leg": ("upper_leg", "torso"),
    "foot": ("lower_leg", "upper_leg", "torso"),
}
# Where the far end tells better: an arm that hangs down touches the torso all along.
_OUTER_OF_LIMB: Final[dict[str, str]] = {"upper_arm": "lower_arm", "upper_leg": "lower_leg"}
_BACKWARD_COST: Final = 1.5  # going back towards the body costs this much more a pixel
_ROUNDS: Final = 6


def _inner_parts(number: int) -> tuple[int, ...]:
    part = PARTS[number - 1]
    return tuple(
        other.number
        for limb in _INNER_OF_LIMB[part.limb]
        for other in PARTS
        if other.limb == limb and (part.side is None or other.side in (None, part.side))
    )


_INNER_PARTS: Final = tuple(_inner_parts(part.number) for part in PARTS)
_OUTER_PART: Final = {
    part.number: other.number
    for part in PARTS
    for other in PARTS
    if _OUTER_OF_LIMB.get(part.limb) == other.limb and part.side == other.side
}


def order_outward(
    points_xy: NDArray[np.float64], label_map: LabelMap, part: int, window: tuple[slice, slice]
) -> NDArray[np.intp]:
    """Return the order (N,) in which the points of one part are walked.

    Args:
        points_xy: (N, 2) points of the part, crop pixels.
        label_map: (H, W) uint8.
        part: the part's number.
        window: the part's bounding rows and columns in the label map.
    """
    if len(points_xy) < 2:
        return np.arange(len(points_xy))
    by_place = np.lexsort(points_xy.T)  # the same points give the same walk, in whatever order they come
    points = points_xy[by_place]
    outward = np.hypot(*(points - _anchor(label_map, part, window)).T)
    steps = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1))
    cost = steps + _BACKWARD_COST * np.maximum(outward[:, None] - outward[None, :], 0.0)
    return by_place[_short_walk(cost.tolist(), start=int(outward.argmin()))]


def _anchor(label_map: LabelMap, part: int, window: tuple[slice, slice]) -> NDArray[np.float64]:
    """Return the point (2,) where the part hangs on the body: its border with the inner part, or its nearest end."""
    rows = slice(max(window[0].start - 1, 0), window[0].stop + 1)
    columns = slice(max(window[1].start - 1, 0), window[1].stop + 1)
    near = label_map[rows, columns]
    corner = np.array([columns.start + 0.5, rows.start + 0.5])
    pixels = np.argwhere(near == part)[:, ::-1] + corner
    if part in _OUTER_PART:
        border = _border(near, part, _OUTER_PART[part])
        if len(border):
            return np.asarray(2 * pixels.mean(axis=0) - (border.mean(axis=0) + corner))
    for inner in _INNER_PARTS[part - 1]:
        border = _border(near, part, inner)
        if len(border):
            return np.asarray(border.mean(axis=0) + corner)
    for inner in _INNER_PARTS[part - 1]:
        # Coarsely: only the direction matters, the parts do not touch.
        rest = np.argwhere(label_map[::4, ::4] == inner)[:, ::-1] * 4.0
        if len(rest):
            return np.asarray(pixels[((pixels - rest.mean(axis=0)) ** 2).sum(axis=1).argmin()])
    return np.array([pixels[:, 0].mean(), pixels[:, 1].min()])


def _border(near: LabelMap, part: int, inner: int) -> NDArray[np.float64]:
    """Return the pixels (M, 2) x, y of `part` that touch `inner` by an edge."""
    own, other = near == part, near == inner
    touches = np.zeros_like(own)
    touches[1:] |= other[:-1]
    touches[:-1] |= other[1:]
    touches[:, 1:] |= other[:, :-1]
    touches[:, :-1] |= other[:, 1:]
    return np.argwhere(own & touches)[:, ::-1].astype(np.float64)


def _short_walk(cost: list[list[float]], start: int) -> list[int]:
    """Return a short open walk over all points: nearest neighbour, then bettered by turning stretches round."""
    walk, rest = [start], set(range(len(cost))) - {start}
    while rest:
        walk.append(min(rest, key=lambda candidate: (cost[walk[-1]][candidate], candidate)))
        rest.remove(walk[-1])
    best = _length(walk, cost)
    for _ in range(_ROUNDS):
        before = best
        for first in range(1, len(walk) - 1):
            for last in range(first + 1, len(walk)):
                turned = walk[:first] + walk[first : last + 1][::-1] + walk[last + 1 :]
                length = _length(turned, cost)
                if length < best - 1e-9:
                    walk, best = turned, length
        if best == before:
            break
    return walk


def _length(walk: list[int], cost: list[list[float]]) -> float:
    return sum(cost[a][b] for a, b in pairwise(walk))
