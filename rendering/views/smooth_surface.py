"""Phong tessellation of a mesh: rounder outlines for pictures than the flat triangles give.

Boubekeur and Alexa, "Phong Tessellation", 2008. Only outlines are taken from it: what is seen inside them, and what is
picked, are the flat triangles themselves.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_SHAPE: Final = 0.75  # the authors' factor: 0 flat, 1 as round as the normals ask for


def phong_tessellation(
    vertices: FloatArray, normals: FloatArray, triangles: NDArray[np.int32], parts_per_edge: int = 4
) -> tuple[FloatArray, NDArray[np.int32]]:
    """Cut each triangle into `parts_per_edge` squared ones and bulge them by the normals of its corners.

    Args:
        vertices: (V, 3) positions.
        normals: (V, 3) unit normals.
        triangles: (T, 3) vertex numbers.
        parts_per_edge: 1 or more.

    Returns:
        Positions (T * K, 3) and triangles (T * parts_per_edge ** 2, 3); neighbours do not share vertices, but meet.
    """
    n = parts_per_edge
    lattice = [(i, j) for i in range(n + 1) for j in range(n + 1 - i)]
    number = {place: index for index, place in enumerate(lattice)}
    weights = np.array([(n - i - j, i, j) for i, j in lattice]) / n  # (K, 3)
    small = [(number[i, j], number[i + 1, j], number[i, j + 1]) for i, j in lattice if i + j < n]
    small += [(number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]) for i, j in lattice if i + j < n - 1]
    corners, corner_normals = vertices[triangles], normals[triangles]  # (T, 3, 3)
    flat = np.einsum("kc,tcd->tkd", weights, corners)
    # Project each flat point onto the tangent plane of each corner and mix the three as the point itself is mixed.
    height = np.einsum("tkcd,tcd->tkc", flat[:, :, None] - corners[:, None], corner_normals)
    pull = np.einsum("kc,tkc,tcd->tkd", weights, height, corner_normals)
    first = np.arange(len(triangles))[:, None, None] * len(lattice)
    return (flat - _SHAPE * pull).reshape(-1, 3), (first + np.array(small)).reshape(-1, 3).astype(np.int32)
