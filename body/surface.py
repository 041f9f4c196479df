"""Points of the body surface: a triangle of the canonical topology and three barycentric weights, in arrays.

This is the one representation of a correspondence; (I, U, V), vertex numbers and positions are derived from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from body.canonical import load_canonical_body
from body.topology import N_TRIANGLES, N_VERTICES, load_topology

_WEIGHT_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class SurfacePoints:
    """N points of the surface; a triangle of -1 means "no point" (background, not answered).

    Attributes:
        triangle: (N,) int32, -1..13773.
        weights: (N, 3) float64 of the corners in order; non-negative, sum 1 (zeros where there is no point).

    Raises:
        ValueError: the shapes do not belong together, a triangle does not exist or weights are not barycentric.
    """

    triangle: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        triangle = np.ascontiguousarray(self.triangle, dtype=np.int32)
        weights = np.ascontiguousarray(self.weights, dtype=np.float64)
        if triangle.ndim != 1 or weights.shape != (len(triangle), 3):
            raise ValueError(f"triangle must be (N,) and weights (N, 3), got {triangle.shape} and {weights.shape}")
        if len(triangle) and not (triangle.min() >= -1 and triangle.max() < N_TRIANGLES):
            worst = triangle[(triangle < -1) | (triangle >= N_TRIANGLES)][0]
            raise ValueError(f"triangle must be -1..{N_TRIANGLES - 1}, got {worst}")
        weights = _checked_weights(triangle, weights)
        object.__setattr__(self, "triangle", triangle)
        object.__setattr__(self, "weights", weights)

    def __len__(self) -> int:
        return len(self.triangle)

    def __getitem__(self, index: "int | slice | npt.NDArray[np.generic] | Sequence[int]") -> "SurfacePoints":
        """Return the chosen points; a single number gives a `SurfacePoints` of length 1."""
        if isinstance(index, int | np.integer):
            index = np.array([index])
        return _trusted(self.triangle[index], self.weights[index])

    @property
    def is_valid(self) -> npt.NDArray[np.bool_]:
        """(N,) bool, False where there is no point."""
        return np.asarray(self.triangle >= 0)

    @property
    def chart(self) -> npt.NDArray[np.uint8]:
        """(N,) uint8, chart 1..24, 0 where there is no point."""
        return np.where(self.is_valid, load_topology().face_chart[self.triangle], np.uint8(0))

    @property
    def part(self) -> npt.NDArray[np.uint8]:
        """(N,) uint8, coarse part 1..14, 0 where there is no point."""
        return np.where(self.is_valid, load_topology().face_part[self.triangle], np.uint8(0))

    @staticmethod
    def none(count: int) -> "SurfacePoints":
        """Return `count` times "no point"."""
        return _trusted(np.full(count, -1, dtype=np.int32), np.zeros((count, 3)))

    @staticmethod
    def concatenate(pieces: "Sequence[SurfacePoints]") -> "SurfacePoints":
        """Return the points of all pieces, in order."""
        if not pieces:
            return SurfacePoints.none(0)
        return _trusted(np.concatenate([p.triangle for p in pieces]), np.concatenate([p.weights for p in pieces]))


def _checked_weights(triangle: npt.NDArray[np.int32], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Zero the weights of absent points; refuse weights that are not barycentric beyond rounding, and renormalise."""
    is_valid = triangle >= 0
    # Column by column: numpy reduces rows of three one at a time.
    lowest = np.minimum(np.minimum(weights[:, 0], weights[:, 1]), weights[:, 2])
    with np.errstate(invalid="ignore"):
        is_sound = (lowest >= -_WEIGHT_TOLERANCE) & (np.abs(_sum_of_three(weights) - 1) <= 3 * _WEIGHT_TOLERANCE)
    if not is_sound[is_valid].all():
        first = int(np.flatnonzero(is_valid & ~is_sound)[0])
        raise ValueError(f"weights must be non-negative with sum 1, got {weights[first].tolist()} for point {first}")
    clipped = np.maximum(np.where(is_valid[:, None], weights, 0.0), 0.0)
    return np.asarray(clipped / np.where(is_valid, _sum_of_three(clipped), 1.0)[:, None])


def _sum_of_three(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(columns[:, 0] + columns[:, 1] + columns[:, 2])


def _trusted(triangle: npt.NDArray[np.int32], weights: npt.NDArray[np.float64]) -> SurfacePoints:
    """Make points from arrays that are known to be sound, without checking them again."""
    points = object.__new__(SurfacePoints)
    object.__setattr__(points, "triangle", triangle)
    object.__setattr__(points, "weights", weights)
    return points


def positions(points: SurfacePoints, vertices: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return where the points lie on a body.

    Args:
        points: N points.
        vertices: (6890, 3) of any pose and shape, in any frame and unit.

    Returns:
        (N, 3) float64 in the frame and unit of `vertices`; NaN where there is no point.
    """
    if vertices.shape != (N_VERTICES, 3):
        raise ValueError(f"vertices must be ({N_VERTICES}, 3), got {vertices.shape}")
    corners = vertices[load_topology().faces[points.triangle]]  # (N, 3 corners, 3)
    placed = np.einsum("nk,nkd->nd", points.weights, corners).astype(np.float64, copy=False)
    placed[~points.is_valid] = np.nan
    return np.asarray(placed)


def nearest_vertex(points: SurfacePoints) -> npt.NDArray[np.int32]:
    """Return the corner of each point's triangle that is nearest on the canonical body; -1 where there is no point.

    Returns:
        (N,) int32, 0..6889 or -1.
    """
    # With sides s, the squared distance to corner i is sum_j w_j s_ij^2 less a term that is the same for all corners.
    side_01, side_12, side_20 = _squared_sides()[points.triangle].T
    w0, w1, w2 = points.weights.T
    to_0, to_1, to_2 = w1 * side_01 + w2 * side_20, w0 * side_01 + w2 * side_12, w0 * side_20 + w1 * side_12
    nearest = np.where((to_0 <= to_1) & (to_0 <= to_2), 0, np.where(to_1 <= to_2, 1, 2))
    corner = load_topology().faces[points.triangle, nearest]
    return np.where(points.is_valid, corner, np.int32(-1))


@lru_cache(maxsize=1)
def _squared_sides() -> npt.NDArray[np.float64]:
    """Return (T, 3) the squared sides 0-1, 1-2 and 2-0 of the canonical body's triangles."""
    corners = load_canonical_body().vertices[load_topology().faces]
    along = corners - np.roll(corners, -1, axis=1)
    return np.asarray(np.einsum("tkd,tkd->tk", along, along))


def surface_of_vertex(vertex: npt.NDArray[np.integer]) -> SurfacePoints:
    """Return vertices as surface points: a corner of the first triangle that has the vertex; -1 stays "no point".

    Args:
        vertex: (N,) numbers -1..6889.

    Raises:
        ValueError: a vertex does not exist.
    """
    vertex = np.asarray(vertex, dtype=np.int64)
    if len(vertex) and not (vertex.min() >= -1 and vertex.max() < N_VERTICES):
        worst = vertex[(vertex < -1) | (vertex >= N_VERTICES)][0]
        raise ValueError(f"vertex must be -1..{N_VERTICES - 1}, got {worst}")
    _, first = np.unique(load_topology().faces, return_index=True)  # first flat corner of every vertex
    corner = first[vertex]
    is_valid = vertex >= 0
    weights = np.eye(3)[corner % 3] * is_valid[:, None]
    return _trusted(np.where(is_valid, corner // 3, -1).astype(np.int32), weights)


def mirror(points: SurfacePoints) -> SurfacePoints:
    """Return the same points of the other side of the body (left and right exchanged)."""
    topology = load_topology()
    order = topology.mirror_corner[points.triangle].astype(np.intp)
    weights = np.take_along_axis(points.weights, order, axis=1)
    triangle = np.where(points.is_valid, topology.mirror_triangle[points.triangle], np.int32(-1))
    return _trusted(triangle, weights)
