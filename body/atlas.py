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
    number, uv = _checked_iuv(np.asarray(chart), np.asarray(u), np.asarray(v))
    triangle = np.full(len(number), -1, dtype=np.int32)
    weights = np.zeros((len(number), 3))
    order = np.argsort(number, kind="stable")
    bounds = np.searchsorted(number[order], np.arange(1, N_CHARTS + 2))
    for which in range(N_CHARTS):
        rows = order[bounds[which] : bounds[which + 1]]
        if len(rows):
            triangle[rows], weights[rows] = _chart_grid(which + 1).locate(uv[rows])
    return SurfacePoints(triangle, weights)


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
class _ChartGrid:
    """One chart's UV triangles, hashed into square cells.

    Attributes:
        triangles: (T,) canonical numbers of the chart's triangles.
        to_weights: (T, 2, 3); weights of corners 1 and 2 are [a, b, c] . (u, v, 1).
        cell_start: (CELLS * CELLS + 1,) where a cell's candidates begin in `cell_triangles`.
        cell_triangles: (K,) local triangle numbers, those that touch a cell together.
        border_triangle, border_corner: (B,) the chart's border edges: local triangle, and the corner where they start.
        border_uv: (B, 2, 2) their ends.
    """

    triangles: npt.NDArray[np.int32]
    to_weights: Float64
    cell_start: Int64
    cell_triangles: Int64
    border_triangle: Int64
    border_corner: Int64
    border_uv: Float64

    def locate(self, uv: Float64) -> tuple[npt.NDArray[np.int32], Float64]:
        """Return canonical triangles (N,) and weights (N, 3) of finite pairs (N, 2)."""
        local, weights = self._inside(uv)
        outside = np.flatnonzero(local < 0)
        chunk = max(1, _BORDER_CHUNK // len(self.border_triangle))
        for begin in range(0, len(outside), chunk):
            rows = outside[begin : begin + chunk]
            local[rows], weights[rows] = self._nearest_on_border(uv[rows])
        return self.triangles[local], weights

    def _inside(self, uv: Float64) -> tuple[Int64, Float64]:
        """Try each cell's candidates in turn; -1 where none holds the pair."""
        local = np.full(len(uv), -1, dtype=np.int64)
        weights = np.zeros((len(uv), 3))
        rows = np.flatnonzero(((uv >= 0.0) & (uv <= 1.0)).all(axis=1))
        cell = _cell_of(uv[rows])
        at, end = self.cell_start[cell], self.cell_start[cell + 1]
        here = uv[rows]
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
            local[hit] = candidate[is_hit]
            weights[hit] = np.clip(np.stack([first[is_hit], second[is_hit], third[is_hit]], axis=-1), 0.0, None)
            is_open = ~is_hit
            rows, at, end, here = rows[is_open], at[is_open] + 1, end[is_open], here[is_open]
        return local, weights

    def _nearest_on_border(self, uv: Float64) -> tuple[Int64, Float64]:
        """Return local triangles (N,) and weights (N, 3) of the border points nearest to pairs (N, 2)."""
        start_u, start_v = self.border_uv[:, 0].T
        side_u, side_v = (self.border_uv[:, 1] - self.border_uv[:, 0]).T
        away_u, away_v = uv[:, :1] - start_u, uv[:, 1:] - start_v  # (N, B)
        along = (away_u * side_u + away_v * side_v) / (side_u * side_u + side_v * side_v)
        np.clip(along, 0.0, 1.0, out=along)
        away_u -= along * side_u
        away_v -= along * side_v
        best = (away_u * away_u + away_v * away_v).argmin(axis=1)
        share = along[np.arange(len(uv)), best]
        corner = self.border_corner[best]
        weights = np.zeros((len(uv), 3))
        weights[np.arange(len(uv)), corner] = 1.0 - share
        weights[np.arange(len(uv)), (corner + 1) % 3] = share
        return self.border_triangle[best], weights


def _cell_of(uv: Float64) -> Int64:
    """Return the flat cell numbers (N,) of pairs (N, 2) inside the unit square."""
    column_row = np.minimum((uv * _CELLS).astype(np.int64), _CELLS - 1)
    return np.asarray(column_row[:, 1] * _CELLS + column_row[:, 0])


@cache
def _chart_grid(chart: int) -> _ChartGrid:
    """Build the search grid of chart 1..24."""
    topology = load_topology()
    triangles = np.flatnonzero(topology.face_chart == chart).astype(np.int32)
    uv = topology.face_uv[triangles]  # (T, 3, 2)
    cell_start, cell_triangles = _hash_boxes(uv.min(axis=1), uv.max(axis=1))
    border_triangle, border_corner = _border_edges(uv)
    return _ChartGrid(
        triangles=triangles,
        to_weights=_weights_from_uv(uv),
        cell_start=cell_start,
        cell_triangles=cell_triangles,
        border_triangle=border_triangle,
        border_corner=border_corner,
        border_uv=np.stack([uv[border_triangle, border_corner], uv[border_triangle, (border_corner + 1) % 3]], axis=1),
    )


def _weights_from_uv(uv: Float64) -> Float64:
    """Return (T, 2, 3), the affine maps from (u, v, 1) to the weights of corners 1 and 2 of UV triangles (T, 3, 2)."""
    sides = np.stack([uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]], axis=-1)  # (T, 2, 2), columns are sides
    inverse = np.linalg.inv(sides)
    offset = -np.einsum("tij,tj->ti", inverse, uv[:, 0])
    return np.concatenate([inverse, offset[:, :, None]], axis=2)


def _hash_boxes(low: Float64, high: Float64) -> tuple[Int64, Int64]:
    """Return for every cell the boxes (low, high: (T, 2)) that touch it, as starts and concatenated lists."""
    first = np.clip(((low - _EPSILON) * _CELLS).astype(np.int64), 0, _CELLS - 1)
    last = np.clip(((high + _EPSILON) * _CELLS).astype(np.int64), 0, _CELLS - 1)
    span = last - first + 1
    count = span[:, 0] * span[:, 1]
    owner = np.repeat(np.arange(len(low)), count)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    row, column = rank // span[owner, 0], rank % span[owner, 0]
    cell = (first[owner, 1] + row) * _CELLS + first[owner, 0] + column
    order = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[order], np.arange(_CELLS * _CELLS + 1))
    return start, owner[order]


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
