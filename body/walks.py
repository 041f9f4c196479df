"""Straight walks on the canonical surface: from a point in a direction for a distance, unfolding triangle by triangle.

A walk is the shortest way to where it ends as long as it is short against the girth of what it runs on; it can be taken
on from there, so that what is to be a certain distance away along the surface is found by walking on until it is.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from body.canonical import load_canonical_body
from body.surface import SurfacePoints
from body.topology import load_topology

Float64 = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# A triangle side is a centimetre or two; a walk that crosses this many triangles circles a vertex.
_MAX_CROSSINGS: Final = 400
_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """What a step needs of each triangle; side k is the one opposite corner k.

    Attributes:
        gradient: (T, 3, 3) how each corner's weight grows per metre.
        inward: (T, 3, 3) unit vectors in the triangle's plane, square to side k, towards corner k.
        along: (T, 3, 3) unit vectors along side k, from corner k + 1 to corner k + 2.
        axis_x, axis_y: (T, 3) two orthogonal unit vectors of the plane.
        across: (T, 3) the triangle beyond side k, -1 at a hole; across_corner: (T, 3) its corner opposite that side.
    """

    gradient: Float64
    inward: Float64
    along: Float64
    axis_x: Float64
    axis_y: Float64
    across: IntArray
    across_corner: IntArray


def walk(start: SurfacePoints, heading_rad: Float64, distance_m: Float64) -> SurfacePoints:
    """Return where straight walks end.

    Args:
        start: N points, none absent.
        heading_rad: (N,) direction in the plane of the start's triangle, from an axis that is arbitrary but fixed.
        distance_m: (N,) length of each walk.

    Returns:
        N points; "no point" where a walk fell into one of the mesh's two one-triangle holes.

    Raises:
        ValueError: lengths differ, or a start is absent.
    """
    if not len(start) == len(heading_rad) == len(distance_m):
        raise ValueError(f"give one heading and distance a point, got {len(heading_rad)} and {len(distance_m)}")
    walks = Walks.begin(start, heading_rad)
    return walks.go_on(np.arange(len(start)), distance_m)


@dataclass(slots=True, eq=False)
class Walks:
    """N straight walks under way: triangle (N,), -1 in a hole; weights (N, 3); unit direction (N, 3); metres left (N,).

    Make them with `Walks.begin`.
    """

    triangle: IntArray
    weights: Float64
    direction: Float64
    left: Float64

    @classmethod
    def begin(cls, start: SurfacePoints, heading_rad: Float64) -> "Walks":
        """Set out from N points in the directions of `walk`.

        Raises:
            ValueError: lengths differ, or a start is absent.
        """
        if len(start) != len(heading_rad):
            raise ValueError(f"give one heading a point, got {len(heading_rad)} for {len(start)}")
        if not start.is_valid.all():
            raise ValueError("walks start at points of the surface; some are absent")
        frames = _frames()
        first = start.triangle.astype(np.intp)
        across, up = np.cos(heading_rad)[:, None], np.sin(heading_rad)[:, None]
        direction = across * frames.axis_x[first] + up * frames.axis_y[first]
        return cls(first, start.weights.copy(), direction, np.zeros(len(start)))

    def go_on(self, who: IntArray, distance_m: Float64) -> SurfacePoints:
        """Walk on with some, straight ahead; returns where these are then.

        Args:
            who: (M,) which walks, each once; distance_m: (M,) how far.

        Returns:
            M points; "no point" for those that fell into a hole, now or before.
        """
        frames = _frames()
        self.left[who] = np.where(self.triangle[who] >= 0, distance_m, 0.0)
        going = who[self.left[who] > 0]
        for _ in range(_MAX_CROSSINGS):
            if not len(going):
                break
            going = self.step(frames, going)
        lost = self.triangle[who] < 0
        weights = np.where(lost[:, None], 0.0, self.weights[who])
        total = np.where(lost, 1.0, weights.sum(1))
        return SurfacePoints(self.triangle[who].astype(np.int32), weights / total[:, None])

    def step(self, frames: _Frames, going: IntArray) -> IntArray:
        """Walk those named to their end or to the side of their triangle and into the next; returns who goes on."""
        here, w, d = self.triangle[going], self.weights[going], self.direction[going]
        rate = np.einsum("nkd,nd->nk", frames.gradient[here], d)
        reach = np.where(rate < -_TINY, w / np.maximum(-rate, _TINY), np.inf)
        side = reach.argmin(axis=1)
        to_side = reach[np.arange(len(going)), side]
        length = np.minimum(to_side, self.left[going])
        self.weights[going] = np.clip(w + rate * length[:, None], 0.0, None)
        self.left[going] -= length
        crosses = to_side <= length
        self._cross(frames, going[crosses], side[crosses])
        going = going[crosses]
        return going[(self.triangle[going] >= 0) & (self.left[going] > 0)]

    def _cross(self, frames: _Frames, who: IntArray, side: IntArray) -> None:
        here, d, old = self.triangle[who], self.direction[who], self.weights[who]
        beyond, corner = frames.across[here, side], frames.across_corner[here, side]
        # Square to the side a walk enters as it left; along the side it keeps its part.
        outward = -(d * frames.inward[here, side]).sum(1, keepdims=True)
        along = frames.along[here, side]
        self.direction[who] = outward * frames.inward[beyond, corner] + (d * along).sum(1, keepdims=True) * along
        rows = np.arange(len(who))
        new = np.zeros_like(old)
        # The shared side runs the other way round in the triangle beyond.
        new[rows, (corner + 1) % 3] = old[rows, (side + 2) % 3]
        new[rows, (corner + 2) % 3] = old[rows, (side + 1) % 3]
        self.weights[who] = new
        self.triangle[who] = beyond


@cache
def _frames() -> _Frames:
    corners = load_canonical_body().vertices[load_topology().faces]  # (T, 3, 3)
    sides = np.roll(corners, -2, axis=1) - np.roll(corners, -1, axis=1)  # side k: from corner k + 1 to corner k + 2
    length = np.linalg.norm(sides, axis=2, keepdims=True)
    along = sides / length
    to_corner = corners - np.roll(corners, -1, axis=1)
    height = to_corner - (to_corner * along).sum(2, keepdims=True) * along
    tall = np.linalg.norm(height, axis=2, keepdims=True)
    inward = height / tall
    across, across_corner = _neighbours()
    return _Frames(inward / tall, inward, along, along[:, 0], inward[:, 0], across, across_corner)


def _neighbours() -> tuple[IntArray, IntArray]:
    """Return for side k of each triangle the triangle beyond (T, 3), -1 at a hole, and its corner opposite the side."""
    faces = load_topology().faces.astype(np.int64)
    n = int(faces.max()) + 1
    begin, end = np.roll(faces, -1, axis=1).ravel(), np.roll(faces, -2, axis=1).ravel()
    key, wanted = begin * n + end, end * n + begin
    order = np.argsort(key)
    place = order[np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)]
    is_there = key[place] == wanted
    return np.where(is_there, place // 3, -1).reshape(-1, 3), (place % 3).reshape(-1, 3)
