"""One part of the canonical surface as an open mesh: its own triangles, its borders and what would close them.

A part alone is an open surface. The borders tell where the body was cut; caps over them tell, in a picture, where one
would look into the part; they are never pickable.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull

from body.canonical import load_canonical_body
from body.parts import part_by_number
from body.topology import load_topology

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Border:
    """One closed loop along which a part was cut from its neighbours.

    Attributes:
        neighbours: numbers of the parts on the other side (both thighs and the torso meet in one loop).
        edges: (E, 2) int32 part vertices, directed as in the part's triangles.
    """

    neighbours: tuple[int, ...]
    edges: IntArray


@dataclass(frozen=True, eq=False)
class PartMesh:
    """A part in its own numbering; positions are those of the canonical body.

    Attributes:
        part: 1..14.
        canonical_triangle: (T,) int32 number of each part triangle on the canonical topology.
        canonical_vertex: (V,) int32 likewise for vertices.
        triangles: (T, 3) int32 into the part's vertices.
        vertices: (V, 3) float64 metres, exactly representable in float32 (the browser gets float32).
        patches: (P, 3) int32 one-triangle holes of the SMPL topology (at the little toes): drawn, not pickable.
        borders: one for each opening.
    """

    part: int
    canonical_triangle: IntArray
    canonical_vertex: IntArray
    triangles: IntArray
    vertices: FloatArray
    patches: IntArray
    borders: tuple[Border, ...]

    def border_centre(self, border: Border) -> FloatArray:
        """Return the centroid (3,) of the vertices of a border."""
        return np.asarray(self.vertices[np.unique(border.edges)].mean(0))

    def caps(self) -> tuple[IntArray, IntArray]:
        """Close the openings, for pictures: the convex hull of each border.

        Returns:
            triangles (C, 3) into the part's vertices, in no particular direction, and the border (C,) of each.
        """
        rings = [np.unique(border.edges) for border in self.borders]
        hulls = [ring[ConvexHull(self.vertices[ring]).simplices] for ring in rings]
        owner = np.repeat(np.arange(len(hulls)), [len(hull) for hull in hulls])
        return np.vstack(hulls).astype(np.int32), owner.astype(np.int32)


@lru_cache(maxsize=14)
def load_part_mesh(part: int) -> PartMesh:
    """Cut one part out of the canonical body.

    Args:
        part: 1..14.

    Raises:
        ValueError: there is no such part.
    """
    part_by_number(part)
    topology, body = load_topology(), load_canonical_body()
    chosen = np.flatnonzero(topology.face_part == part).astype(np.int32)
    canonical_vertex, local = np.unique(topology.faces[chosen], return_inverse=True)
    triangles = local.reshape(-1, 3).astype(np.int32)
    borders, patches = _borders_and_patches(part, canonical_vertex)
    return PartMesh(
        part=part,
        canonical_triangle=chosen,
        canonical_vertex=canonical_vertex.astype(np.int32),
        triangles=triangles,
        vertices=body.vertices[canonical_vertex].astype(np.float32).astype(np.float64),
        patches=patches,
        borders=borders,
    )


def _borders_and_patches(part: int, canonical_vertex: NDArray[np.integer]) -> tuple[tuple[Border, ...], IntArray]:
    """Group the part's open edges by the part across; edges with nothing across belong to one-triangle holes."""
    topology = load_topology()
    corners = topology.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2).astype(np.int64)
    owner = np.repeat(np.asarray(topology.face_part, np.int64), 3)
    n_vertices = int(topology.faces.max()) + 1
    key, across_key = corners @ [n_vertices, 1], corners @ [1, n_vertices]
    order = np.argsort(key)
    place = np.minimum(np.searchsorted(key[order], across_key), len(key) - 1)
    has_across = key[order][place] == across_key
    across = np.where(has_across, owner[order][place], 0)
    is_open = (owner == part) & (across != part)
    local = np.searchsorted(canonical_vertex, corners[is_open]).astype(np.int32)
    is_hole = across[is_open] == 0
    return _loops(local[~is_hole], across[is_open][~is_hole], len(canonical_vertex)), _triangles_over(local[is_hole])


def _loops(edges: IntArray, across: NDArray[np.integer], n_vertices: int) -> tuple[Border, ...]:
    """Split open edges (E, 2), with the part across each, into the loops that hang together."""
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(n_vertices, n_vertices))
    loop_of_edge = connected_components(graph, directed=False)[1][edges[:, 0]]
    chosen = [loop_of_edge == loop for loop in np.unique(loop_of_edge)]
    return tuple(Border(tuple(np.unique(across[one]).tolist()), edges[one]) for one in chosen)


def _triangles_over(hole_edges: NDArray[np.integer]) -> IntArray:
    """Close each loop of three directed edges by the triangle that runs against them."""
    following = {int(a): int(b) for a, b in hole_edges}
    patches = []
    while following:
        first, second = following.popitem()
        third = following.pop(second)
        following.pop(third)
        patches.append((first, third, second))
    return np.asarray(patches, np.int32).reshape(-1, 3)
