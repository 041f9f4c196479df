"""Where on the six views of its part a surface point can be clicked, and what lies behind it or in the middle."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.canonical import load_canonical_body
from body.surface import SurfacePoints, positions
from rendering.views.cameras import N_VIEWS, VIEW_SIZE_PX, camera_of
from rendering.views.picking import pick, project

Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]

_SEARCH_STEP_PX: Final = 5


def clickable(part: UInt8, points: SurfacePoints) -> tuple[UInt8, Float64]:
    """Return the view that shows each point of its part most squarely, and the pixel there.

    Args:
        part: (N,) 1..14, whose views are at hand.
        points: N surface points.

    Returns:
        view (N,) 1..6, 0 where no view of the part shows the point; pixels (N, 2), NaN there.
    """
    view, xy = np.zeros(len(points), np.uint8), np.full((len(points), 2), np.nan)
    squarest = np.full(len(points), -np.inf)
    normals = _normals()
    for number in np.unique(part):
        chosen = np.flatnonzero((part == number) & points.is_valid)
        if not len(chosen):
            continue
        for seen in range(1, N_VIEWS + 1):
            at, is_visible = project(int(number), seen, points[chosen])
            square = normals[points.triangle[chosen]] @ camera_of(int(number), seen).towards
            better = is_visible & (square > squarest[chosen])
            rows = chosen[better]
            view[rows], xy[rows], squarest[rows] = seen, at[better], square[better]
    return view, xy


def picked(part: UInt8, view: UInt8, xy: Float64) -> SurfacePoints:
    """Return the surface points (N) under clicks, as the server finds them; absent where nothing was hit."""
    triangle, weights = np.full(len(part), -1, np.int32), np.zeros((len(part), 3))
    for number, seen in {(int(p), int(v)) for p, v in zip(part, view, strict=True) if v}:
        chosen = (part == number) & (view == seen)
        found = pick(number, seen, xy[chosen])
        triangle[chosen], weights[chosen] = found.triangle, found.weights
    return SurfacePoints(triangle, weights)


def behind(part: UInt8, points: SurfacePoints) -> SurfacePoints:
    """Return what lies on the far side of the part, straight through it from front to back or from back to front.

    Absent where a point is seen from neither side, or nothing pickable lies behind it.
    """
    triangle, weights = np.full(len(part), -1, np.int32), np.zeros((len(part), 3))
    body = load_canonical_body()
    for number in np.unique(part):
        first, opposite = 1, _opposite_of_first(int(number))
        chosen = np.flatnonzero((part == number) & points.is_valid)
        for near, far in ((first, opposite), (opposite, first)):
            _, is_visible = project(int(number), near, points[chosen])
            rows = chosen[is_visible]
            if not len(rows):
                continue
            place = camera_of(int(number), far).project(positions(points[rows], body.vertices))
            found = pick(int(number), far, place)
            triangle[rows], weights[rows] = found.triangle, found.weights
    return SurfacePoints(triangle, weights)


@cache
def middle_of(part: int) -> tuple[int, float, float]:
    """Return the view and the pixel where someone clicks who does not look: the middle of the first picture."""
    steps = np.arange(_SEARCH_STEP_PX / 2, VIEW_SIZE_PX, _SEARCH_STEP_PX)
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    grid = grid[np.argsort(((grid - VIEW_SIZE_PX / 2) ** 2).sum(1))]
    hit = np.flatnonzero(pick(part, 1, grid).is_valid)[0]
    return 1, float(grid[hit, 0]), float(grid[hit, 1])


def jittered(
    rng: np.random.Generator, part: UInt8, view: UInt8, xy: Float64, by_px: float
) -> tuple[Float64, SurfacePoints]:
    """Return clicks moved a little, where they still hit the surface, and the points under them; view 0 is no click."""
    moved = xy + rng.normal(0, by_px, xy.shape)
    missed = (view > 0) & ~picked(part, view, moved).is_valid
    moved[missed] = xy[missed]
    return moved, picked(part, view, moved)


@cache
def _opposite_of_first(part: int) -> int:
    """Return the view from the other side of the first one."""
    first = camera_of(part, 1).towards
    return min(range(2, N_VIEWS + 1), key=lambda view: float(camera_of(part, view).towards @ first))


@cache
def _normals() -> Float64:
    body = load_canonical_body()
    corners = body.vertices[body.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(across / np.linalg.norm(across, axis=1, keepdims=True))
