"""(I, U, V) <-> surface points: the 24 charts of the DensePose atlas, searched in their own UV triangles.

Every chart's UV triangles share one orientation and none overlap (tested): inside a chart the search has one answer.
A pair outside its chart (rounded, predicted, in the gaps of the unit square) goes to the nearest point of its border.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from body.parts import N_CHARTS
from body.surface import SurfacePoints, mirror
from body.topology import load_topology

Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

_CELLS: Final = 192  # cells a side of a chart's search grid: about three candidate triangles a cell
_EPSILON: Final = 1e-9  # in weights: rounding must not push a point off the edge it lies on
_BORDER_CHUNK: Final = 1 << 16  # point-edge pairs held at once in the search for the nearest border: fits the cache


def iuv_of(points: SurfacePoints) -> tuple[npt.NDArray[np.uint8], Float64, Float64]:
    """Return the atlas coordinates of surface points.

    Returns:
        chart: (N,) uint8, 1..24, 0 where there is no point.
        u, v: (N,) float64 in [0, 1], 0 where there is no point.
    """
    corners = load_topology().face_uv[points.triangle]  # (N, 3, 2)
    uv = np.einsum("nk,nkd->nd", points.weights, corners)
    return points.chart, np.clip(uv[:, 0], 0.0, 1.0), np.clip(uv[:, 1], 0.0, 1.0)


def surface_of(
    chart: npt.NDArray[np.integer | np.floating], u: npt.NDArray[np.floating], v: npt.NDArray[np.floating]
) -> SurfacePoints:
    """Return the surface points of atlas coordinates.

    Args:
        chart: (N,) whole numbers 0..24; 0 is background and gives "no point".
        u, v: (N,) finite; a pair outside the chart goes to the nearest point of the chart's border in (U, V).

    Raises:
        ValueError: the lengths differ, a chart does not exist, or a coordinate of a chart is not finite.
    """
    return SurfacePoints(*_grid().locate(*_checked_iuv(np.asarray(chart), np.asarray(u), np.asarray(v))))


def mirror_iuv(
    chart: npt.NDArray[np.integer | np.floating], u: npt.NDArray[np.floating], v: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.uint8], Float64, Float64]:
    """Return the atlas coordinates of the mirrored points, as a flipped picture of the body needs them.

    It goes by way of the surface: the charts of the two sides are not mirror images of each other in (U, V).
    """
    return iuv_of(mirror(surface_of(chart, u, v)))


def _checked_iuv(
    chart: npt.NDArray[np.generic], u: npt.NDArray[np.generic], v: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.uint8], Float64]:
    """Return charts (N,) uint8 and uv (N, 2) float64 after the checks that `surface_of` promises."""
    if not (chart.ndim == 1 and chart.shape == u.shape == v.shape):
        raise ValueError(f"chart, u and v must be (N,) of one length, got {chart.shape}, {u.shape}, {v.shape}")
    is_chart = np.isin(chart, np.arange(N_CHARTS + 1))
    if not is_chart.all():
        raise ValueError(f"chart must be a whole number 0..{N_CHARTS}, got {chart[~is_chart][0]}")
    number = chart.astype(np.uint8)
    uv = np.stack([u, v], axis=-1).astype(np.float64)
    is_lost = (number > 0) & ~np.isfinite(uv).all(axis=1)
    if is_lost.any():
        first = int(np.flatnonzero(is_lost)[0])
        raise ValueError(f"u and v must be finite, got {uv[first].tolist()} for point {first}")
    return number, uv


@dataclass(frozen=True, slots=True, eq=False)
class _Border:
    """The border of one chart.

    Attributes:
        triangle, corner: (B,) the triangle of each border edge, and the corner where the edge starts.
        uv: (B, 2, 2) the ends.
    """

    triangle: Int32
    corner: Int64
    uv: Float64

    def nearest(self, uv: Float64) -> tuple[Int32, Float64]:
        """Return triangles (N,) and weights (N, 3) of the border points nearest to pairs (N, 2)."""
        triangle, weights = np.empty(len(uv), dtype=np.int32), np.zeros((len(uv), 3))
        chunk = max(1, _BORDER_CHUNK // len(self.triangle))
        for begin in range(0, len(uv), chunk):
            rows = np.arange(begin, min(begin + chunk, len(uv)))
            edge, share = self._nearest_edges(uv[rows])
            triangle[rows] = self.triangle[edge]
            weights[rows, self.corner[edge]] = 1.0 - share
            weights[rows, (self.corner[edge] + 1) % 3] = share
        return triangle, weights

    def _nearest_edges(self, uv: Float64) -> tuple[Int64, Float64]:
        """Return the edges (N,) nearest to pairs (N, 2), and how far along them, 0..1."""
        start_u, start_v = self.uv[:, 0].T
        side_u, side_v = (self.uv[:, 1] - self.uv[:, 0]).T
        away_u, away_v = uv[:, :1] - start_u, uv[:, 1:] - start_v  # (N, B)
        along = (away_u * side_u + away_v * side_v) / (side_u * side_u + side_v * side_v)
        np.clip(along, 0.0, 1.0, out=along)
        away_u -= along * side_u
        away_v -= along * side_v
        best = (away_u * away_u + away_v * away_v).argmin(axis=1)
        return best, along[np.arange(len(uv)), best]


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The UV triangles of all charts, hashed into the square cells of each.

    Attributes:
        to_weights: (F, 2, 3); weights of a triangle's corners 1 and 2 are [a, b, c] . (u, v, 1).
        cell_start: (24 * CELLS * CELLS + 1,) where a cell's candidates begin in `cell_triangles`.
        cell_triangles: (K,) triangles, those that touch a cell together.
        borders: of charts 1..24.
    """

    to_weights: Float64
    cell_start: Int32
    cell_triangles: Int32
    borders: tuple[_Border, ...]

    def locate(self, chart: npt.NDArray[np.uint8], uv: Float64) -> tuple[Int32, Float64]:
        """Return triangles (N,), -1 on background, and weights (N, 3) of charts (N,) and finite pairs (N, 2)."""
        triangle, weights = self._inside(chart, uv)
        outside = np.flatnonzero((triangle < 0) & (chart > 0))
        for which in np.unique(chart[outside]).tolist():
            rows = outside[chart[outside] == which]
            triangle[rows], weights[rows] = self.borders[which - 1].nearest(uv[rows])
        return triangle, weights

    def _inside(self, chart: npt.NDArray[np.uint8], uv: Float64) -> tuple[Int32, Float64]:
        """Try each cell's candidates in turn; -1 where none holds the pair."""
        triangle = np.full(len(uv), -1, dtype=np.int32)
        weights = np.zeros((len(uv), 3))
        rows = np.flatnonzero((chart > 0) & ((uv >= 0.0) & (uv <= 1.0)).all(axis=1))
        here = uv[rows]
        cell = (chart[rows].astype(np.int64) - 1) * _CELLS**2 + _cell_of(here)
        at, end = self.cell_start[cell], self.cell_start[cell + 1]
        while len(rows):
            has_candidate = at < end
            rows, at, end, here = rows[has_candidate], at[has_candidate], end[has_candidate], here[has_candidate]
            candidate = self.cell_triangles[at]
            affine = self.to_weights[candidate]
            second = affine[:, 0, 0] * here[:, 0] + affine[:, 0, 1] * here[:, 1] + affine[:, 0, 2]
            third = affine[:, 1, 0] * here[:, 0] + affine[:, 1, 1] * here[:, 1] + affine[:, 1, 2]
            first = 1.0 - second - third
            is_hit = (first >= -_EPSILON) & (second >= -_EPSILON) & (third >= -_EPSILON)
            hit = rows[is_hit]
            triangle[hit] = candidate[is_hit]
            weights[hit] = np.clip(np.stack([first[is_hit], second[is_hit], third[is_hit]], axis=-1), 0.0, None)
            is_open = ~is_hit
            rows, at, end, here = rows[is_open], at[is_open] + 1, end[is_open], here[is_open]
        return triangle, weights


def _cell_of(uv: Float64) -> Int64:
    """Return the flat cell numbers (N,) of pairs (N, 2) inside the unit square."""
    column_row = np.minimum((uv * _CELLS).astype(np.int64), _CELLS - 1)
    return np.asarray(column_row[:, 1] * _CELLS + column_row[:, 0])


@cache
def _grid() -> _Grid:
    """Build the search grid of the atlas."""
    topology = load_topology()
    uv = topology.face_uv  # (F, 3, 2)
    cell_start, cell_triangles = _hash_boxes(topology.face_chart, uv.min(axis=1), uv.max(axis=1))
    return _Grid(
        to_weights=_weights_from_uv(uv),
        cell_start=cell_start,
        cell_triangles=cell_triangles,
        borders=tuple(_border(chart) for chart in range(1, N_CHARTS + 1)),
    )


def _border(chart: int) -> _Border:
    topology = load_topology()
    triangles = np.flatnonzero(topology.face_chart == chart).astype(np.int32)
    uv = topology.face_uv[triangles]
    triangle, corner = _border_edges(uv)
    ends = np.stack([uv[triangle, corner], uv[triangle, (corner + 1) % 3]], axis=1)
    return _Border(triangles[triangle], corner, ends)


def _weights_from_uv(uv: Float64) -> Float64:
    """Return (T, 2, 3), the affine maps from (u, v, 1) to the weights of corners 1 and 2 of UV triangles (T, 3, 2)."""
    sides = np.stack([uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]], axis=-1)  # (T, 2, 2), columns are sides
    inverse = np.linalg.inv(sides)
    offset = -np.einsum("tij,tj->ti", inverse, uv[:, 0])
    return np.concatenate([inverse, offset[:, :, None]], axis=2)


def _hash_boxes(chart: npt.NDArray[np.uint8], low: Float64, high: Float64) -> tuple[Int32, Int32]:
    """Return for every cell the boxes (chart: (F,); low, high: (F, 2)) that touch it: starts, and lists end to end."""
    first = np.clip(((low - _EPSILON) * _CELLS).astype(np.int64), 0, _CELLS - 1)
    last = np.clip(((high + _EPSILON) * _CELLS).astype(np.int64), 0, _CELLS - 1)
    span = last - first + 1
    count = span[:, 0] * span[:, 1]
    owner = np.repeat(np.arange(len(low), dtype=np.int32), count)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    row, column = rank // span[owner, 0], rank % span[owner, 0]
    of_chart = (chart[owner].astype(np.int64) - 1) * _CELLS**2
    cell = of_chart + (first[owner, 1] + row) * _CELLS + first[owner, 0] + column
    order = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[order], np.arange(N_CHARTS * _CELLS**2 + 1))
    return start.astype(np.int32), owner[order]


def _border_edges(uv: Float64) -> tuple[Int64, Int64]:
    """Return triangle and starting corner of the edges that one UV triangle of uv (T, 3, 2) has for itself.

    Corners are told apart by their (U, V), not by their vertex: hands, feet and head have seams inside their chart.
    """
    _, corner = np.unique(uv.reshape(-1, 2), axis=0, return_inverse=True)
    corners = corner.reshape(-1, 3)
    sides = np.stack([corners, np.roll(corners, -1, axis=1)], axis=-1).reshape(-1, 2)
    _, edge, count = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True, return_counts=True)
    flat = np.flatnonzero(count[edge.ravel()] == 1)
    return flat // 3, flat % 3
