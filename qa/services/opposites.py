"""Where a point would lie if left and right, front and back, or inner and outer had been taken for each other.

A swap is another kind of error than an unsteady hand: it puts an answer far away, and near the opposite place. Left and
right are exchanged by the mirror of the topology. Front and back, inner and outer are exchanged inside a part, by the
reflection in its own frame (of a foot: top and sole). The opposite chart alone would not do: charts meet at seams,
where two answers a centimetre apart lie on different charts.
"""

from enum import IntEnum
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from body.canonical import load_canonical_body
from body.parts import N_PARTS, part_by_number
from body.surface import SurfacePoints, mirror, nearest_vertex, surface_of_vertex
from body.topology import load_topology
from rendering.views.frames import frame_of

N_SWAPS: Final = 3
# Where the opposite place is nearer than this, a swap cannot be told from plain error: by kind, in cm.
OPEN_CM: Final = np.array([15.0, 12.0, 12.0])
# An answer is a swap where it is at least twice as near to the opposite place, hence two thirds of the way to it.
_WAY: Final = 2 / 3

_FRONT, _LEFT, _UP = 0, 1, 2


class Swap(IntEnum):
    """Which two sides were taken for each other; the number minus one is a row of `opposite_vertices`."""

    NONE = 0
    LEFT_RIGHT = 1
    FRONT_BACK = 2
    INNER_OUTER = 3


class Distances(Protocol):
    """What is needed of body.geodesics.GeodesicTable."""

    def __hash__(self) -> int: ...

    def distance_cm(self, a: SurfacePoints, b: SurfacePoints) -> NDArray[np.float32]: ...

    def vertex_distance_cm(self, a: NDArray[np.integer], b: NDArray[np.integer]) -> NDArray[np.float32]: ...


@lru_cache(maxsize=1)
def opposite_vertices() -> NDArray[np.int32]:
    """Return (3, 6890) the vertex opposite to each one for each kind of swap; -1 where a part has no such sides."""
    topology = load_topology()
    found = np.full((N_SWAPS, len(topology.mirror_vertex)), -1, np.int32)
    found[Swap.LEFT_RIGHT - 1] = topology.mirror_vertex
    part_of_vertex = np.zeros(found.shape[1], np.uint8)
    part_of_vertex[topology.faces[::-1]] = topology.face_part[::-1, None]
    normals = _vertex_normals()
    for part in range(1, N_PARTS + 1):
        own = np.flatnonzero(part_of_vertex == part)
        limb = part_by_number(part).limb
        found[Swap.FRONT_BACK - 1, own] = _reflected(part, own, _UP if limb == "foot" else _FRONT, normals)
        if limb not in {"head", "torso"}:
            found[Swap.INNER_OUTER - 1, own] = _reflected(part, own, _LEFT, normals)
    return found


def _reflected(part: int, own: NDArray[np.intp], axis: int, normals: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the vertex of the part that is nearest to each one's reflection, among those that face the same way."""
    frame = frame_of(part)
    at = frame.coordinates(load_canonical_body().vertices[own])
    facing = normals[own] @ frame.axes().T
    middle = np.zeros(3)
    middle[axis] = (at[:, axis].min() + at[:, axis].max()) / 2 if axis == _UP else 0.0
    turned, turned_facing = at - middle, facing.copy()
    turned[:, axis] *= -1
    turned_facing[:, axis] *= -1
    away = ((turned + middle)[:, None] - at[None]) ** 2
    is_turned_away = turned_facing @ facing.T < 0
    return np.asarray(own[(away.sum(-1) + is_turned_away).argmin(1)])


def _vertex_normals() -> NDArray[np.float64]:
    body = load_canonical_body()
    corners = body.vertices[body.faces]
    of_face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    found = np.zeros_like(body.vertices)
    np.add.at(found, body.faces, of_face[:, None])
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


@lru_cache(maxsize=1)
def open_to(table: Distances) -> NDArray[np.bool_]:
    """Return (3, 6890) whether a swap of each kind could be told from plain error at each vertex."""
    opposite = opposite_vertices()
    apart = table.vertex_distance_cm(np.arange(opposite.shape[1])[None], np.maximum(opposite, 0))
    return np.asarray((opposite >= 0) & (apart >= OPEN_CM[:, None]))


def find_swaps(
    answer: SurfacePoints, reference: SurfacePoints, cm: NDArray[np.floating], is_open: NDArray[np.bool_],
    table: Distances,
) -> NDArray[np.uint8]:  # fmt: skip
    """Return (N,) the kind of swap of each answer, Swap.NONE for plain error.

    Args:
        answer, reference: N points each.
        cm: (N,) their distances.
        is_open: (3, N) as `open_to` says it of the reference's nearest vertex.
    """
    found = np.zeros(len(cm), np.uint8)
    far = np.flatnonzero((cm >= _WAY * OPEN_CM.min()) & is_open.any(0))
    if not len(far):
        return found
    there, here = answer[far], reference[far]
    vertex = nearest_vertex(here)
    opposite_cm = np.full((N_SWAPS, len(far)), np.inf)
    for kind in (Swap.LEFT_RIGHT, Swap.FRONT_BACK, Swap.INNER_OUTER):
        row = np.flatnonzero(is_open[kind - 1, far])
        if kind == Swap.LEFT_RIGHT:
            places = mirror(here[row])
        else:
            places = surface_of_vertex(opposite_vertices()[kind - 1, vertex[row]])
        opposite_cm[kind - 1, row] = table.distance_cm(there[row], places)
    nearest = opposite_cm.argmin(0)
    is_swap = opposite_cm[nearest, np.arange(len(far))] < cm[far] / 2
    found[far[is_swap]] = nearest[is_swap] + 1
    return found
