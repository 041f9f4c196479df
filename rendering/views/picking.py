"""From a click on a view to the surface point under it, and back: what the server stores, exact to the sub-pixel.

Light enough for the web process: numpy and Embree, scenes of a few hundred triangles built on first use and kept.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from body.surface import SurfacePoints
from rendering.views.cameras import camera_of
from rendering.views.part_mesh import load_part_mesh
from rendering.views.rays import PictureMesh

FloatArray = NDArray[np.float64]

# How far behind the first hit a point may lie and still be the one that is seen.
_SEEN_WITHIN_M = 2e-5


@lru_cache(maxsize=14 * 6)
def picture_mesh(part: int, view_number: int) -> PictureMesh:
    """Return a part, with the patches over its one-triangle holes last, as one of its cameras sees it."""
    mesh = load_part_mesh(part)
    return PictureMesh(camera_of(part, view_number), mesh.vertices, np.vstack([mesh.triangles, mesh.patches]))


def pick(part: int, view_number: int, xy: ArrayLike) -> SurfacePoints:
    """Return the surface points seen at pixel positions of a view.

    A ray that first meets the inside of the part, a patch over a hole, or nothing gives no point (triangle -1).

    Args:
        part: 1..14.
        view_number: 1..6.
        xy: (N, 2) pixel positions in the view, sub-pixel; pixel i covers [i, i + 1).

    Returns:
        SurfacePoints of length N on the canonical topology.

    Raises:
        ValueError: no such part or view, or xy is not (N, 2) finite numbers.
    """
    positions = np.asarray(xy, np.float64)
    if positions.ndim != 2 or positions.shape[1] != 2 or not np.isfinite(positions).all():
        raise ValueError(f"xy must be (N, 2) finite pixel positions, got shape {positions.shape}")
    seen = picture_mesh(part, view_number)
    local = seen.first_hits(positions)
    is_pickable = _is_pickable(part, seen, local)
    weights = np.zeros((len(positions), 3))
    weights[is_pickable] = seen.weights(local[is_pickable], positions[is_pickable])
    triangle = np.full(len(positions), -1, np.int32)
    triangle[is_pickable] = load_part_mesh(part).canonical_triangle[local[is_pickable]]
    return SurfacePoints(triangle, weights)


def project(part: int, view_number: int, points: SurfacePoints) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return where surface points appear in a view, and which of them are seen there.

    Args:
        part: 1..14.
        view_number: 1..6.
        points: N surface points; those of other parts and absent ones are not visible.

    Returns:
        xy: (N, 2) float64 pixel positions, NaN where the point is not on the part.
        visible: (N,) bool.
    """
    mesh, seen = load_part_mesh(part), picture_mesh(part, view_number)
    place = np.searchsorted(mesh.canonical_triangle, points.triangle)
    local = np.minimum(place, len(mesh.canonical_triangle) - 1).astype(np.int32)
    on_part = mesh.canonical_triangle[local] == points.triangle
    weights = np.asarray(points.weights, np.float64)
    xyd = np.einsum("nk,nkc->nc", weights, seen.points[seen.triangles[local]])
    xy = np.where(on_part[:, None], xyd[:, :2], np.nan)
    visible = on_part & seen.is_front[local]
    hit = seen.first_hits(np.where(on_part[:, None], xyd[:, :2], -1.0))
    is_other = visible & (hit != local) & (hit >= 0)
    tolerance_px = _SEEN_WITHIN_M * camera_of(part, view_number).px_per_m
    hit_depth = seen.depth(hit[is_other], seen.weights(hit[is_other], xyd[is_other, :2]))
    visible[is_other] &= hit_depth > xyd[is_other, 2] - tolerance_px
    return xy, visible


def pick_map(part: int, view_number: int, hits: NDArray[np.int32]) -> NDArray[np.int16]:
    """Turn first hits into the map that the browser gets: part triangle under each pixel, -1 where none can be picked.

    Args:
        part: 1..14.
        view_number: 1..6.
        hits: (H, W) int32 first hits at the pixel centres.

    Returns:
        (H, W) int16.
    """
    is_pickable = _is_pickable(part, picture_mesh(part, view_number), hits)
    return np.where(is_pickable, hits, -1).astype(np.int16)


def _is_pickable(part: int, seen: PictureMesh, hits: NDArray[np.int32]) -> NDArray[np.bool_]:
    n_triangles = len(load_part_mesh(part).triangles)
    return (hits >= 0) & (hits < n_triangles) & seen.is_front[np.maximum(hits, 0)]
