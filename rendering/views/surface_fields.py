"""What the pictures show of the surface, per vertex: normals, openness to light, hollows, warm and cool side, grid."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra

from body.canonical import load_canonical_body
from body.parts import CHARTS, part_by_number
from body.topology import load_topology
from rendering.views.frames import frame_of
from rendering.views.part_mesh import load_part_mesh

FloatArray = NDArray[np.float64]

_AO_RAYS: Final = 192
_AO_REACH_M: Final = 0.08
_AO_LIFT_M: Final = 0.001
# Embree's tolerances are absolute; a body of some hundred units suits them better than one of two.
_EMBREE_SCALE: Final = 100.0
_SOFT_BOUNDARY_M: Final = 0.006


@dataclass(frozen=True, eq=False)
class PartFields:
    """Attributes of a part's V vertices and T triangles.

    Attributes:
        normal: (V, 3) unit vectors in the canonical frame, smooth across the borders of the part.
        openness: (V,) in [0, 1], 1 where nothing shades the vertex within 8 cm.
        hollow: (V,) in [-1, 1], positive in hollows, negative on ridges.
        grid: (V, 3) metres along the frame's front, left and up.
        warmth: (T, 3) in [0, 1] at the corners: 1 on the front (flexor, palm, top of foot), 0 on the back.
        chart: (T,) uint8 number whose change is drawn as a line; one value where the boundary has no meaning.
    """

    normal: FloatArray
    openness: FloatArray
    hollow: FloatArray
    grid: FloatArray
    warmth: FloatArray
    chart: NDArray[np.uint8]


@lru_cache(maxsize=1)
def body_normals() -> FloatArray:
    """Return the area-weighted unit normals (6890, 3) of the canonical body."""
    vertices, faces = load_canonical_body().vertices, load_topology().faces
    corners = vertices[faces]
    area_normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(total, faces[:, corner], area_normal)
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True))


@lru_cache(maxsize=14)
def part_fields(part: int) -> PartFields:
    """Compute the fields of a part 1..14 (a tenth of a second or two)."""
    mesh = load_part_mesh(part)
    normal = body_normals()[mesh.canonical_vertex]
    grid = frame_of(part).coordinates(mesh.vertices)
    chart = load_topology().face_chart[mesh.canonical_triangle]
    return PartFields(
        normal=normal,
        openness=_openness(mesh.canonical_vertex),
        hollow=_hollow()[mesh.canonical_vertex],
        grid=grid,
        warmth=_warmth(part, grid, normal),
        chart=np.zeros_like(chart) if part_by_number(part).limb == "head" else chart,
    )


def distance_from_part(part: int) -> FloatArray:
    """Return, for all 6890 vertices, the way along edges in metres to the part; 0 on it, infinite if unconnected."""
    mesh = load_part_mesh(part)
    ways: FloatArray = dijkstra(_edge_lengths(), directed=False, indices=mesh.canonical_vertex, min_only=True)
    return ways


@lru_cache(maxsize=1)
def _edge_lengths() -> csr_matrix:
    vertices, edges = load_canonical_body().vertices, load_topology().edges
    length = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)
    return coo_matrix((length, (edges[:, 0], edges[:, 1])), shape=(len(vertices),) * 2).tocsr()


def _openness(chosen: NDArray[np.int32]) -> FloatArray:
    """Cast cosine-weighted rays from vertices of the body; a hit counts less the farther it is."""
    body, normal = load_canonical_body(), body_normals()[chosen]
    scene = rtcore_scene.EmbreeScene()
    TriangleMesh(scene, (body.vertices * _EMBREE_SCALE).astype(np.float32), body.faces)
    starts = (body.vertices[chosen] + _AO_LIFT_M * normal) * _EMBREE_SCALE
    helper = np.where(np.abs(normal[:, :1]) < 0.7, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    tangent = np.cross(normal, helper)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    basis = np.stack([tangent, np.cross(normal, tangent), normal], axis=1)
    # A spiral of golden angles spreads the rays evenly over the disc that they project to.
    index = np.arange(_AO_RAYS) + 0.5
    radius, angle = np.sqrt(index / _AO_RAYS), np.pi * (1 + 5**0.5) * index
    spiral = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - radius**2)])
    directions = (spiral @ basis).reshape(-1, 3).astype(np.float32)
    reach = _AO_REACH_M * _EMBREE_SCALE
    limits = np.full(len(directions), reach, np.float32)
    origins = np.repeat(starts, _AO_RAYS, axis=0).astype(np.float32)
    distance = np.minimum(scene.run(origins, directions, limits, query="DISTANCE"), reach)
    return np.asarray((distance.reshape(len(chosen), _AO_RAYS) / reach).mean(1), np.float64)


@lru_cache(maxsize=1)
def _hollow() -> FloatArray:
    """How far, against the length of its edges, each vertex lies below the mean of its neighbours; (6890,)."""
    vertices, edges = load_canonical_body().vertices, load_topology().edges
    both = np.concatenate([edges, edges[:, ::-1]])
    count = np.bincount(both[:, 0], minlength=len(vertices))
    step = vertices[both[:, 1]] - vertices[both[:, 0]]
    mean = (
        np.stack([np.bincount(both[:, 0], step[:, axis], len(vertices)) for axis in range(3)], axis=1) / count[:, None]
    )
    length = np.bincount(both[:, 0], np.linalg.norm(step, axis=1), len(vertices)) / count
    height = (mean * body_normals()).sum(1) / length
    # One round of smoothing: a lone vertex is no wrinkle.
    around = np.bincount(both[:, 0], height[both[:, 1]], len(vertices)) / count
    return np.asarray(np.clip(3.0 * (height + around) / 2, -1.0, 1.0))


def _warmth(part: int, grid: FloatArray, normal: FloatArray) -> FloatArray:
    """Tell front from back: by chart where a chart is a side, else by the frame, with a soft boundary."""
    mesh, described, frame = load_part_mesh(part), part_by_number(part), frame_of(part)
    if described.limb == "head":
        at_vertex = _smoothstep(-_SOFT_BOUNDARY_M, _SOFT_BOUNDARY_M, grid[:, 0])
        return np.asarray(at_vertex[mesh.triangles])
    if described.limb in ("hand", "foot"):
        side = frame.front if described.limb == "hand" else frame.up
        return np.asarray(_smoothstep(-0.25, 0.25, normal @ side)[mesh.triangles])
    front = frame.front
    if described.limb == "lower_arm":
        # Its charts part the palm's side from the back of the hand's.
        hand = next(n for n in described.neighbours if part_by_number(n).limb == "hand")
        front = frame_of(hand).front
    chart = load_topology().face_chart[mesh.canonical_triangle]
    facing = {one: float((normal[mesh.triangles[chart == one]] @ front).mean()) for one in described.charts}
    warm = max(facing, key=lambda one: facing[one])
    return np.repeat((chart == CHARTS[warm - 1].number).astype(np.float64)[:, None], 3, axis=1)


def _smoothstep(low: float, high: float, value: FloatArray) -> FloatArray:
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))
