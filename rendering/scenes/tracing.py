"""Rays against triangles: a thin, typed face of embree.

Embree keeps single precision; scenes are a few metres wide, so a hit is good to about a micrometre.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rendering.scenes.rig import FloatArray

_OFFSET_M: Final = 3e-3


@dataclass(frozen=True)
class Hits:
    """What rays met first. triangle: (N,) int32, -1 nothing; weights: (N, 3) float32; distance_m: (N,)."""

    triangle: FloatArray
    weights: FloatArray
    distance_m: FloatArray


class RayCaster:
    """A set of triangles to shoot rays at.

    Args:
        vertices: (V, 3) metres.
        faces: (T, 3) vertex numbers.
    """

    def __init__(self, vertices: FloatArray, faces: FloatArray) -> None:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._scene = EmbreeScene()
        TriangleMesh(self._scene, np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32))

    def first_hits(self, origins: FloatArray, directions: FloatArray) -> Hits:
        """Return the nearest triangle along each ray; origins and directions are (N, 3), directions of unit length."""
        found = self._scene.run(
            np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32), output=True
        )
        u, v = found["u"], found["v"]
        weights = np.stack([1 - u - v, u, v], axis=1).astype(np.float32)
        return Hits(found["primID"].astype(np.int32), weights, found["tfar"])

    def is_blocked(self, origins: FloatArray, normals: FloatArray, directions: FloatArray) -> FloatArray:
        """Return (N,) bool: does anything stand in the ray's way, seen from just off a surface with these normals?"""
        starts = origins + _OFFSET_M * normals
        hit = self._scene.run(
            np.ascontiguousarray(starts, np.float32), np.ascontiguousarray(directions, np.float32), query="OCCLUDED"
        )
        return np.asarray(hit >= 0)
