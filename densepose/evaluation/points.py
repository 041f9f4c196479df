"""How far the predicted surface is from the annotated points, by two rules.

"exact": the predicted surface point itself. "closest-vertex": as the public evaluator does it; U and V are truncated to
1/255, and each point becomes the vertex of the 27,554-vertex mesh that is closest to it in (U, V) within its chart, on
both sides.
"""

from functools import cache
from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from body.atlas import surface_of
from body.cse import CANDIDATE_WEIGHTS, cse_mesh, surface_of_cse_vertex
from body.parts import N_CHARTS
from body.surface import SurfacePoints
from body.topology import load_topology
from densepose.evaluation.truth import TruePoints

if TYPE_CHECKING:
    from densepose.predictor import PersonSurface

Rule = Literal["exact", "closest-vertex"]
RULES: Final[tuple[Rule, ...]] = ("exact", "closest-vertex")

_LEVELS: Final = 255  # of U and V in the public evaluator's results
_METRES: Final = 0.01
_BORDER: Final = 1e-3  # cells that a point of a box's border may lie outside of it by rounding

Distances = npt.NDArray[np.float64]


class Metric(Protocol):
    """Distances on the body, as `body.geodesics.GeodesicTable` gives them."""

    def distance_cm(self, a: SurfacePoints, b: SurfacePoints) -> npt.NDArray[np.float32]:
        """Return (N,) cm between pairs of points, inf where either is "no point"."""


def true_surface(points: TruePoints, rule: Rule) -> SurfacePoints:
    """Return the annotated points as a rule sees them."""
    if rule == "exact":
        return points.surface
    vertex = points.vertex if points.vertex is not None else closest_vertex(points.chart, points.u, points.v)
    return surface_of_cse_vertex(vertex)


def predicted_surface(person: "PersonSurface", xy: npt.NDArray[np.float64], rule: Rule) -> SurfacePoints:
    """Return the surface that is predicted at image points, as a rule sees it.

    Args:
        person: one person's maps.
        xy: (N, 2) image pixels.
        rule: "exact" takes the cell that holds the point, the last one for a point on the right or lower border;
            "closest-vertex" the whole-pixel offset in the box.

    Returns:
        N points; "no point" outside of the box and on background.
    """
    window = person.window
    cell = _cells(person, xy, rule)
    is_inside = np.all((cell >= 0) & (cell < (window.width, window.height)), axis=1)
    column, row = np.where(is_inside, cell.T, 0)
    surface = person.surface
    if surface.vertex is not None:
        return surface_of_cse_vertex(np.where(is_inside, surface.vertex[row, column], -1))
    chart = np.where(is_inside, surface.chart[row, column], 0)
    u, v = surface.u[row, column].astype(np.float64), surface.v[row, column].astype(np.float64)
    if rule == "exact":
        return surface_of(chart, u, v)
    return surface_of_cse_vertex(closest_vertex(chart, _truncated(u), _truncated(v)))


def _cells(person: "PersonSurface", xy: npt.NDArray[np.float64], rule: Rule) -> npt.NDArray[np.int64]:
    """Return the cells (N, 2), column and row, of the person's maps that answer for image points."""
    window, box = person.window, person.box
    offset = xy - (box.x, box.y)
    if rule == "closest-vertex":
        whole = np.trunc(offset)
        is_outside = np.any((whole < 0) | (whole >= (int(box.w), int(box.h))), axis=1)
        whole += (int(box.x) - window.x, int(box.y) - window.y)
        whole[is_outside] = -1
        return whole.astype(np.int64)
    if (window.width, window.height) == (int(box.w), int(box.h)):  # maps of the float box on its truncated pixels
        place = offset * (window.width / box.w, window.height / box.h)
    else:
        place = xy - (window.x, window.y)
    size = (window.width, window.height)
    is_inside = (place >= -_BORDER) & (place <= np.add(size, _BORDER))
    cell = np.floor(place)
    return np.where(is_inside, np.clip(cell, 0, np.subtract(size, 1)), cell).astype(np.int64)


def distances_m(metric: Metric, truth: SurfacePoints, predicted: SurfacePoints) -> Distances:
    """Return (N,) metres, inf where nothing is predicted."""
    return metric.distance_cm(truth, predicted).astype(np.float64) * _METRES


def closest_vertex(
    chart: npt.NDArray[np.integer], u: npt.NDArray[np.floating], v: npt.NDArray[np.floating]
) -> npt.NDArray[np.int32]:
    """Return for (I, U, V) the vertex of the 27,554-vertex mesh that is closest in (U, V) within the chart.

    Returns:
        (N,) int32, -1 on background.
    """
    vertex = np.full(len(chart), -1, dtype=np.int32)
    for number in np.unique(chart[chart > 0]).tolist():
        rows = np.flatnonzero(chart == number)
        tree, of_tree = _chart_vertices()[number - 1]
        vertex[rows] = of_tree[tree.query(np.column_stack([u[rows], v[rows]]))[1]]
    return vertex


@cache
def _chart_vertices() -> list[tuple[cKDTree, npt.NDArray[np.int32]]]:
    """Return for each chart the (U, V) of its vertices to be searched, and their numbers.

    A vertex on a seam lies in several charts, and may lie in one chart at two places.
    """
    topology = load_topology()
    uv = np.einsum("ck,tkd->tcd", CANDIDATE_WEIGHTS, topology.face_uv)  # (T, 6, 2)
    charts = []
    for number in range(1, N_CHARTS + 1):
        rows = topology.face_chart == number
        vertex = cse_mesh().triangle_vertices[rows].ravel()
        place = np.column_stack([vertex, np.round(uv[rows].reshape(-1, 2), 9)])
        _, first = np.unique(place, axis=0, return_index=True)
        charts.append((cKDTree(uv[rows].reshape(-1, 2)[first]), vertex[first]))
    return charts


def _truncated(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # In single precision, as the maps are: 0.2 * 255 is 51 there and 51 - 1e-15 in double.
    levels = np.floor(values.astype(np.float32) * np.float32(_LEVELS))
    return np.asarray(np.clip(levels, 0, _LEVELS).astype(np.float64) / _LEVELS)
