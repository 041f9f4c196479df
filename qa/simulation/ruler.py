"""How far points of the surface are from where a simulated annotator aimed, so that an error is as long as it is said.

Figures are read from the table of body.geodesics. What they are held against must not come from there: here the aim is
made a corner of the mesh around it, and pygeodesic (Mitchell, Mount, Papadimitriou) gives the exact distances of the
corners near by; no table, no rounding, and no interpolation at this end.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from body.canonical import load_canonical_body
from body.surface import SurfacePoints
from body.topology import N_VERTICES, load_topology

Float64 = NDArray[np.float64]

# A point's corners are up to a triangle's side farther away than the point; the longest is 5.7 cm.
_SIDE_CM: Final = 6.0
# Patches are cut in these sizes, so that one serves all answers to a point.
_REACH_STEP_CM: Final = 6.0
_KEPT: Final = 4096
# An aim on a side or a corner would split its triangle into one without area.
_INSIDE: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The surface around N aims.

    Attributes:
        key: (K,) aim x N_VERTICES + vertex, ascending, of the vertices near each aim; cm: (K,) how far each one is.
    """

    key: NDArray[np.int64]
    cm: Float64

    def distance_cm(self, aim: NDArray[np.integer], points: SurfacePoints) -> Float64:
        """Return how far points are from aims along the surface.

        Args:
            aim: (M,) which of the N aims.
            points: M points.

        Returns:
            (M,) cm; inf where there is no point, or farther than was asked for.
        """
        corner = load_topology().faces[points.triangle]
        wanted = aim[:, None] * N_VERTICES + corner
        place = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        is_known = (self.key[place] == wanted).all(1) & points.is_valid
        # In the plane of the triangle, d^2 = sum_k w_k d_k^2 - sum_{k<l} w_k w_l side_kl^2.
        at = 100 * load_canonical_body().vertices[corner]
        w, following = points.weights, np.roll(points.weights, -1, axis=1)
        side_squared = ((np.roll(at, -1, axis=1) - at) ** 2).sum(2)
        squared = (w * self.cm[place] ** 2).sum(1) - (w * following * side_squared).sum(1)
        return np.where(is_known, np.sqrt(np.maximum(squared, 0.0)), np.inf)


def around(aims: SurfacePoints, reach_cm: Float64) -> Around:
    """Measure the surface around aims.

    Args:
        aims: N points, none absent.
        reach_cm: (N,) how far from each one distances are wanted.
    """
    steps = np.ceil((reach_cm + _SIDE_CM) / _REACH_STEP_CM).astype(int)
    found = [
        _measured(int(triangle), tuple(weights), int(step))
        for triangle, weights, step in zip(aims.triangle, aims.weights.tolist(), steps, strict=True)
    ]
    if not found:
        return Around(np.full(1, -1), np.full(1, np.inf))
    keys = [number * N_VERTICES + vertices for number, (vertices, _cm) in enumerate(found)]
    return Around(np.concatenate(keys), np.concatenate([cm for _vertices, cm in found]))


@lru_cache(maxsize=_KEPT)
def _measured(triangle: int, weights: tuple[float, ...], steps: int) -> tuple[NDArray[np.int64], Float64]:
    """Return the vertices near an aim, ascending, and how far each is in cm."""
    from pygeodesic import geodesic

    vertices, faces = load_canonical_body().vertices, load_topology().faces
    inside = np.maximum(weights, _INSIDE)
    aim = inside / inside.sum() @ vertices[faces[triangle]]
    # The shortest way to what is no farther than this along the surface lies in a ball of this size.
    is_near = np.linalg.norm(vertices - aim, axis=1) <= steps * _REACH_STEP_CM / 100
    patch = np.flatnonzero(is_near[faces].any(1) | (np.arange(len(faces)) == triangle))
    patch = patch[_joined(faces[patch], int(np.searchsorted(patch, triangle)))]
    used, others = np.unique(faces[patch[patch != triangle]], return_inverse=True)
    own, middle = np.searchsorted(used, faces[triangle]), len(used)
    split = np.column_stack([own, np.roll(own, -1), np.full(3, middle)])
    mesh = np.concatenate([others.reshape(-1, 3), split]).astype(np.int32)
    algorithm = geodesic.PyGeodesicAlgorithmExact(np.concatenate([vertices[used], aim[None]]), mesh)
    metres = algorithm.geodesicDistances(np.array([middle]), None)[0][:-1]
    # What is farther may have had a shorter way outside of the patch.
    is_known = metres * 100 <= steps * _REACH_STEP_CM
    return used[is_known].astype(np.int64), 100 * metres[is_known]


def _joined(faces: NDArray[np.integer], first: int) -> NDArray[np.bool_]:
    """Return (T,) which triangles hang together with the first by sides: another limb may be near through the air."""
    sides = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1).astype(np.int64)
    _, side = np.unique(sides @ np.array([N_VERTICES, 1]), return_inverse=True)
    n, size = len(faces), len(faces) + int(side.max()) + 1
    triangle = np.repeat(np.arange(n), 3)
    graph = coo_matrix((np.ones(len(side)), (triangle, n + side)), shape=(size, size))
    _, piece = connected_components(graph, directed=False)
    return np.asarray(piece[:n] == piece[first])
