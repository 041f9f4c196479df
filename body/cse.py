"""The 27,554-vertex mesh of continuous surface embeddings: every edge of the topology split once.

Vertex numbers are public (`dp_vertex` with `ref_model: smpl_27554`): the 6,890 vertices, then one midpoint for each of
the 20,664 edges (lo < hi) sorted by hi, then lo. Any other order ruins the data in silence.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from body.canonical import load_canonical_body
from body.surface import SurfacePoints, positions, surface_of_vertex
from body.topology import N_EDGES, N_VERTICES, load_topology

N_CSE_VERTICES: Final = N_VERTICES + N_EDGES
REF_MODEL: Final = "smpl_27554"

# Weights of a triangle's own six CSE vertices: its corners, then the midpoints of sides 0-1, 1-2, 2-0.
CANDIDATE_WEIGHTS: Final = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]], dtype=np.float64
)


@dataclass(frozen=True, slots=True, eq=False)
class CseMesh:
    """The split canonical body; arrays are read-only.

    Attributes:
        vertices: (27554, 3) float64 metres, in the canonical frame.
        faces: (55096, 3) int32; triangle t of the topology became 4 t .. 4 t + 3 (at its corners 0, 1, 2; the middle).
        triangle_vertices: (13774, 6) int32, each triangle's corners and the midpoints of its sides 0-1, 1-2, 2-0.
    """

    vertices: npt.NDArray[np.float64]
    faces: npt.NDArray[np.int32]
    triangle_vertices: npt.NDArray[np.int32]


@cache
def cse_mesh() -> CseMesh:
    """Return the split mesh of the canonical body, made once a process."""
    topology = load_topology()
    corner = topology.faces.astype(np.int64)
    side = np.sort(np.stack([corner, np.roll(corner, -1, axis=1)], axis=-1), axis=-1)  # (T, 3, 2): 0-1, 1-2, 2-0
    key = topology.edges[:, 1].astype(np.int64) * N_VERTICES + topology.edges[:, 0]  # ascending: the public order
    middle = N_VERTICES + np.searchsorted(key, side[..., 1] * N_VERTICES + side[..., 0])
    six = np.concatenate([corner, middle], axis=1).astype(np.int32)
    faces = six[:, [[0, 3, 5], [1, 4, 3], [2, 5, 4], [3, 4, 5]]].reshape(-1, 3)
    mesh = CseMesh(cse_positions(load_canonical_body().vertices), faces, six)
    for array in (mesh.vertices, mesh.faces, mesh.triangle_vertices):
        array.flags.writeable = False
    return mesh


def cse_positions(vertices: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the positions of the CSE vertices on a body.

    Args:
        vertices: (6890, 3) of any pose and shape.

    Returns:
        (27554, 3) float64: the vertices, then the midpoints of the edges.
    """
    if vertices.shape != (N_VERTICES, 3):
        raise ValueError(f"vertices must be ({N_VERTICES}, 3), got {vertices.shape}")
    middle = vertices[load_topology().edges].mean(axis=1, dtype=np.float64)
    return np.concatenate([vertices.astype(np.float64), middle])


def nearest_cse_vertex(points: SurfacePoints) -> npt.NDArray[np.int32]:
    """Return for each point the nearest of its triangle's six CSE vertices on the canonical body.

    Returns:
        (N,) int32, 0..27553, -1 where there is no point.
    """
    vertices = load_canonical_body().vertices
    here = positions(points, vertices)
    corners = vertices[load_topology().faces[points.triangle]]  # (N, 3, 3)
    away = np.stack(
        [np.sum((np.einsum("k,nkd->nd", weights, corners) - here) ** 2, axis=1) for weights in CANDIDATE_WEIGHTS]
    )  # (6, N)
    which = away.argmin(axis=0)
    return np.where(points.is_valid, cse_mesh().triangle_vertices[points.triangle, which], np.int32(-1))


def surface_of_cse_vertex(index: npt.NDArray[np.integer]) -> SurfacePoints:
    """Return CSE vertices as surface points: a corner, or the middle of a side, of the first triangle that has it.

    Args:
        index: (N,) numbers -1..27553; -1 gives "no point".

    Raises:
        ValueError: a vertex does not exist.
    """
    index = np.asarray(index, dtype=np.int64)
    if len(index) and not (index.min() >= -1 and index.max() < N_CSE_VERTICES):
        worst = index[(index < -1) | (index >= N_CSE_VERTICES)][0]
        raise ValueError(f"CSE vertex must be -1..{N_CSE_VERTICES - 1}, got {worst}")
    points = surface_of_vertex(np.where(index < N_VERTICES, index, -1))
    is_middle = index >= N_VERTICES
    side = _first_side_of_edge()[index[is_middle] - N_VERTICES]
    triangle, weights = points.triangle.copy(), points.weights.copy()
    triangle[is_middle] = side // 3
    weights[is_middle] = CANDIDATE_WEIGHTS[3 + side % 3]
    return SurfacePoints(triangle, weights)


@cache
def _first_side_of_edge() -> npt.NDArray[np.int64]:
    """Return for each edge the first flat side 3 t + k that runs along it, (20664,)."""
    edge = cse_mesh().triangle_vertices[:, 3:].ravel() - N_VERTICES
    return np.unique(edge, return_index=True)[1]
