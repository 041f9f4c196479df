"""The lines drawn on the surface: a centimetre grid, and meridians that tell front, back, outer and inner apart.

A line is where a smooth function on the surface passes a multiple of its step; the distance to it in pixels is the
function's distance divided by its gradient in the picture, so lines keep their width at every slant.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.parts import part_by_number
from rendering.views.cameras import Camera
from rendering.views.frames import frame_of
from rendering.views.surface_fields import part_fields

FloatArray = NDArray[np.float32]

_MINOR_WIDTH_PX: Final = 1.0
_STRONG_WIDTH_PX: Final = 1.7
_MERIDIAN_WIDTH_PX: Final = 2.2
_DOT_RADIUS_PX: Final = 2.6
_MINOR_INK: Final = 0.30
_STRONG_INK: Final = 0.72
_MERIDIAN_INK: Final = 0.85
_FADE_ALONG_PX: Final = 9.0
_FADE_AROUND_PX: Final = 11.0
# An axis is looked along, not across, when its cosine with the direction of view is above this.
_LOOKED_ALONG: Final = 0.75


@dataclass(frozen=True)
class GridStyle:
    """How the grid of a part is laid.

    Attributes:
        is_round: rings and meridians about the part's up axis; otherwise three families of planes.
        step_m: distance of minor lines along the axis.
        strong_every: each n-th of them is strong.
        step_deg: angle between minor meridians.
        half_width_m: half-axes (front, left) of the ellipse on which the angle is measured.
    """

    is_round: bool
    step_m: float
    strong_every: int
    step_deg: float
    half_width_m: tuple[float, float]


@lru_cache(maxsize=14)
def grid_style(part: int) -> GridStyle:
    """Return the grid of a part 1..14."""
    limb = part_by_number(part).limb
    if limb == "torso":
        grid = part_fields(part).grid
        depth, width = np.ptp(grid[:, 0]) / 2, np.ptp(grid[:, 1]) / 2
        return GridStyle(True, 0.02, 5, 7.5, (float(depth), float(width)))
    return GridStyle(limb not in ("hand", "foot"), 0.01, 5, 15.0, (1.0, 1.0))


def grid_ink(part: int, camera: Camera, at: FloatArray, along_x: FloatArray, along_y: FloatArray) -> FloatArray:
    """Return how much ink the grid lays on samples of the surface.

    Args:
        part: 1..14.
        camera: the view, for what it looks along.
        at: (N, 3) metres along the frame's front, left and up.
        along_x: (N, 3) change of these by one pixel to the right, staying on the surface.
        along_y: (N, 3) by one pixel down.

    Returns:
        (N,) in [0, 1].
    """
    style = grid_style(part)
    if not style.is_round:
        looked_along = np.abs(frame_of(part).axes() @ camera.towards)
        axes = [axis for axis in range(3) if looked_along[axis] < _LOOKED_ALONG]
        families = [_family(_Coordinate(at[:, a], _norm(along_x[:, a], along_y[:, a])), style) for a in axes]
        return np.asarray(np.maximum.reduce(families), np.float32)
    up = _Coordinate(at[:, 2], _norm(along_x[:, 2], along_y[:, 2]))
    angle = _angle(style, at, along_x, along_y)
    minor = _line(angle, style.step_deg, _MINOR_WIDTH_PX)
    minor *= _MINOR_INK * _visible_spacing(angle, style.step_deg, _FADE_AROUND_PX)
    marks = _meridians(style, frame_of(part).outward, up, angle)
    return np.asarray(np.maximum.reduce([minor, _family(up, style), marks]), np.float32)


@dataclass(frozen=True, eq=False)
class _Coordinate:
    """A function on the surface at N samples, and its change a pixel in the picture where it is steepest."""

    value: FloatArray
    gradient: FloatArray


def _family(coordinate: _Coordinate, style: GridStyle) -> FloatArray:
    """Minor and strong lines of a coordinate in metres."""
    strong_step = style.step_m * style.strong_every
    minor = _line(coordinate, style.step_m, _MINOR_WIDTH_PX)
    minor *= _MINOR_INK * _visible_spacing(coordinate, style.step_m, _FADE_ALONG_PX)
    strong = _line(coordinate, strong_step, _STRONG_WIDTH_PX)
    strong *= _STRONG_INK * _visible_spacing(coordinate, strong_step, _FADE_ALONG_PX)
    return np.maximum(minor, strong)


def _meridians(style: GridStyle, outward: int, up: _Coordinate, angle: _Coordinate) -> FloatArray:
    """Front solid, back dashed, outer one row of dots, inner two: colour-free marks of where one is."""
    half = _MERIDIAN_WIDTH_PX / 2
    away = np.abs(angle.value)
    dash = _smooth(np.abs((up.value / (2 * style.step_m)) % 1.0 - 0.5), 0.33, 0.30)
    front = _smooth(away / angle.gradient, half + 0.5, half - 0.5)
    back = _smooth((180.0 - away) / angle.gradient, half + 0.5, half - 0.5) * dash
    from_dot = np.abs((up.value / style.step_m + 0.5) % 1.0 - 0.5) * style.step_m / up.gradient
    from_outer = np.abs(angle.value - 90.0 * outward)
    from_inner = np.abs(np.abs(angle.value + 90.0 * outward) - style.step_deg / 3)
    dots = [
        _smooth(np.hypot(row / angle.gradient, from_dot), _DOT_RADIUS_PX + 0.5, _DOT_RADIUS_PX - 0.5)
        for row in (from_outer, from_inner)
    ]
    # Where the meridians crowd together at a pole they would only blot it.
    room = _visible_spacing(angle, style.step_deg, 5.0)
    return np.asarray(_MERIDIAN_INK * room * np.maximum.reduce([front, back, *dots]), np.float32)


def _angle(style: GridStyle, at: FloatArray, along_x: FloatArray, along_y: FloatArray) -> _Coordinate:
    """Return the angle in degrees from the front towards the left, on the ellipse of the style."""
    depth, width = style.half_width_m
    p, q = at[:, 0] / depth, at[:, 1] / width
    scale = np.float32(180.0 / np.pi) / np.maximum(p * p + q * q, 1e-9)

    def change(along: FloatArray) -> FloatArray:
        return np.asarray((p * along[:, 1] / width - q * along[:, 0] / depth) * scale, np.float32)

    return _Coordinate(np.degrees(np.arctan2(q, p)), _norm(change(along_x), change(along_y)))


def _line(coordinate: _Coordinate, step: float, width_px: float) -> FloatArray:
    """Coverage (N,) of lines at the multiples of `step`, with an edge one pixel soft."""
    steps = coordinate.value / np.float32(step)
    distance_px = np.abs(steps - np.rint(steps)) * np.float32(step) / coordinate.gradient
    return np.asarray(np.clip((width_px + 1.0) / 2 - distance_px, 0.0, 1.0))


def _visible_spacing(coordinate: _Coordinate, step: float, fade_px: float) -> FloatArray:
    """1 where lines stand `fade_px` apart or more, falling to 0 at half of that."""
    return _smooth(step / coordinate.gradient, fade_px / 2, fade_px)


def _smooth(value: NDArray[np.floating], low: float, high: float) -> FloatArray:
    """0 at `low`, 1 at `high` (which may be the smaller), smooth between."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def _norm(x: FloatArray, y: FloatArray) -> FloatArray:
    return np.maximum(np.hypot(x, y), np.float32(1e-9))
