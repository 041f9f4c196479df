"""What every pixel of a view shows, from rays: one through each centre, three by three where something ends.

The ray through the centre is the pick map, so picture and map cannot disagree; the others only smooth the edges.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from body.canonical import load_canonical_body
from body.topology import load_topology
from rendering.views.cameras import VIEW_SIZE_PX, Camera, camera_of
from rendering.views.part_mesh import load_part_mesh
from rendering.views.picking import picture_mesh
from rendering.views.rays import PictureMesh
from rendering.views.smooth_surface import phong_tessellation
from rendering.views.surface_fields import distance_from_part, part_fields

FloatImage = NDArray[np.float32]

RAYS: Final = 3  # a side of a pixel where something ends; odd, so that one goes through the centre
SAMPLES_SIDE: Final = VIEW_SIZE_PX * RAYS

# Kinds of a sample; the part itself is PART + the number of its chart.
NOTHING: Final = 0
OPENING: Final = 1
GHOST: Final = 2
PART: Final = 3

_CREASE_M: Final = 0.004
_GHOST_REACH: Final = 0.15  # of the picture's side
_BULGE_PX: Final = 4


@dataclass(frozen=True, eq=False)
class Ghost:
    """The body around a part: `faces` (T, 3) of the canonical body and `closeness` (6890,), 1 at the part, 0 afar."""

    seen: PictureMesh
    faces: NDArray[np.int32]
    closeness: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Samples:
    """A view in rays.

    Attributes:
        camera: the view.
        seen: the part in picture coordinates, patches last.
        caps: what would close its openings.
        ghost: what surrounds it.
        hits: (800, 800) int32 first hits on the part at the pixel centres, whichever way they face.
        kind: (2400, 2400) uint8.
        triangle: (2400, 2400) int32 of `seen` or of the ghost, by kind.
        depth: (2400, 2400) float32 pixels away from the viewer, infinite off the part.
        bulge: (2400, 2400) bool off the part, but on it if its triangles were round: the outline covers them.
    """

    camera: Camera
    seen: PictureMesh
    caps: PictureMesh
    ghost: Ghost
    hits: NDArray[np.int32]
    kind: NDArray[np.uint8]
    triangle: NDArray[np.int32]
    depth: FloatImage
    bulge: NDArray[np.bool_]

    def coverage(self, first: int, last: int) -> FloatImage:
        """Return how much of each pixel (800, 800) shows kinds `first` to `last`."""
        return area_mean(((self.kind >= first) & (self.kind <= last)).astype(np.float32))

    def representatives(self, first: int, last: int) -> tuple[NDArray[np.int32], NDArray[np.int32], FloatImage]:
        """Return one sample for each pixel that shows kinds `first` to `last`: the centre's, else one at the edge.

        Returns:
            pixel: (N,) int32 row-major pixel numbers; triangle: (N,) int32; xy: (N, 2) float32.
        """
        blocks = self.kind.reshape(VIEW_SIZE_PX, RAYS, VIEW_SIZE_PX, RAYS)
        found = np.full((VIEW_SIZE_PX, VIEW_SIZE_PX), -1, np.int8)
        centre = RAYS * RAYS // 2
        for place in (*(p for p in range(RAYS * RAYS) if p != centre), centre):  # the centre last: it wins
            of_kind = blocks[:, place // RAYS, :, place % RAYS]
            found[(of_kind >= first) & (of_kind <= last)] = place
        row, column = np.nonzero(found >= 0)
        inner = found[row, column].astype(np.int64)
        sample_row, sample_column = row * RAYS + inner // RAYS, column * RAYS + inner % RAYS
        xy = ((np.column_stack([sample_column, sample_row]) + 0.5) / RAYS).astype(np.float32)
        return (row * VIEW_SIZE_PX + column).astype(np.int32), self.triangle[sample_row, sample_column], xy


def area_mean(samples: FloatImage) -> FloatImage:
    """Average samples (2400, 2400) over each pixel (800, 800)."""
    mean = cv2.resize(samples, (VIEW_SIZE_PX, VIEW_SIZE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(mean, np.float32)


def cast_view(part: int, view_number: int) -> Samples:
    """Cast the rays of one view.

    Args:
        part: 1..14.
        view_number: 1..6.

    Raises:
        ValueError: no such part or view.
    """
    camera, seen = camera_of(part, view_number), picture_mesh(part, view_number)
    caps, _ = load_part_mesh(part).caps()
    cast = _Caster(part, seen, PictureMesh(camera, load_part_mesh(part).vertices, caps), _ghost(part, camera))
    size = (VIEW_SIZE_PX, VIEW_SIZE_PX)
    coarse = cast.at(_pixel_centres()).shaped(size)
    is_edge = _something_ends(coarse.kind, coarse.depth, _CREASE_M * camera.px_per_m) | _is_beside(coarse.kind >= PART)
    fine = cast.at(_fine_positions(is_edge))
    kind = _refined(coarse.kind, fine.kind, is_edge)
    triangle = _refined(coarse.triangle, fine.triangle, is_edge)
    depth = _refined(coarse.depth, fine.depth, is_edge)
    return Samples(
        camera, seen, cast.caps, cast.ghost, coarse.hits, kind, triangle, depth, _bulge(part, camera, kind, is_edge)
    )


def _fine_positions(is_edge: NDArray[np.bool_]) -> FloatImage:
    """Return the positions (N * 9, 2) of all samples of the N chosen pixels."""
    row, column = np.nonzero(is_edge)
    inner = (np.arange(RAYS) + 0.5) / RAYS
    x = np.broadcast_to(column[:, None, None] + inner[None, None, :], (len(row), RAYS, RAYS))
    y = np.broadcast_to(row[:, None, None] + inner[None, :, None], (len(row), RAYS, RAYS))
    return np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32)


def _refined(coarse: NDArray[Any], fine: NDArray[Any], is_edge: NDArray[np.bool_]) -> NDArray[Any]:
    """Repeat the pixels (800, 800) to samples (2400, 2400), and put in the finer ones (N * 9,) where there are any."""
    blocks = np.repeat(np.repeat(coarse, RAYS, 0), RAYS, 1).reshape(VIEW_SIZE_PX, RAYS, VIEW_SIZE_PX, RAYS)
    row, column = np.nonzero(is_edge)
    blocks[row, :, column, :] = fine.reshape(-1, RAYS, RAYS)
    return blocks.reshape(SAMPLES_SIDE, SAMPLES_SIDE)


def _bulge(part: int, camera: Camera, kind: NDArray[np.uint8], is_edge: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the samples (2400, 2400) just outside the part that a rounder surface would cover."""
    mesh, seen = load_part_mesh(part), picture_mesh(part, camera.number)
    round_mesh = PictureMesh(camera, *phong_tessellation(mesh.vertices, part_fields(part).normal, seen.triangles))
    is_near = is_edge & _is_beside(kind[RAYS // 2 :: RAYS, RAYS // 2 :: RAYS] >= PART)
    hits = round_mesh.first_hits(_fine_positions(is_near))
    is_round = (hits >= 0) & round_mesh.is_front[np.maximum(hits, 0)]
    covered = _refined(np.zeros(is_near.shape, bool), is_round, is_near)
    return np.asarray(covered & ((kind == NOTHING) | (kind == GHOST)))


def _is_beside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels within a few of a mask and of its complement."""
    square = np.ones((2 * _BULGE_PX + 1,) * 2, np.uint8)
    edge = np.ones((3, 3), np.uint8)
    image = mask.view(np.uint8)
    return np.asarray(cv2.dilate(image, square) > cv2.erode(image, edge))


class _Cast(NamedTuple):
    """Rays: first hits on the part whichever way they face, kinds, triangles by kind, depths; all of one shape."""

    hits: NDArray[np.int32]
    kind: NDArray[np.uint8]
    triangle: NDArray[np.int32]
    depth: FloatImage

    def shaped(self, size: tuple[int, int]) -> "_Cast":
        return _Cast(
            self.hits.reshape(size), self.kind.reshape(size), self.triangle.reshape(size), self.depth.reshape(size)
        )


class _Caster:
    """Finds out what samples show."""

    def __init__(self, part: int, seen: PictureMesh, caps: PictureMesh, ghost: Ghost) -> None:
        chart = part_fields(part).chart
        n_patches = len(seen.triangles) - len(chart)
        self._chart = np.concatenate([chart, np.full(n_patches, chart[0])])
        self._seen, self.caps, self.ghost = seen, caps, ghost

    def at(self, xy: FloatImage) -> _Cast:
        """Tell what samples (N,) at pixel positions (N, 2) show."""
        hits = self._seen.first_hits(xy)
        is_part = (hits >= 0) & self._seen.is_front[np.maximum(hits, 0)]
        kind = np.where(is_part, PART + self._chart[np.maximum(hits, 0)], NOTHING).astype(np.uint8)
        depth = np.full(len(xy), np.inf, np.float32)
        weights = self._seen.weights(hits[is_part], xy[is_part])
        depth[is_part] = self._seen.depth(hits[is_part], weights)
        rest = np.flatnonzero(~is_part)
        ghost_hits = self.ghost.seen.first_hits(xy[rest])
        is_ghost = (ghost_hits >= 0) & self.ghost.seen.is_front[np.maximum(ghost_hits, 0)]
        # The inside of the part, or a cap with no part before it: one looks into an opening.
        is_open = (hits[rest] >= 0) | (self.caps.first_hits(xy[rest]) >= 0)
        kind[rest] = np.where(is_open, OPENING, np.where(is_ghost, GHOST, NOTHING))
        triangle = hits.copy()
        triangle[rest] = ghost_hits
        return _Cast(hits, kind, triangle, depth)


def _ghost(part: int, camera: Camera) -> Ghost:
    topology = load_topology()
    reach_m = _GHOST_REACH * VIEW_SIZE_PX / camera.px_per_m
    closeness = np.clip(1.0 - distance_from_part(part) / reach_m, 0.0, 1.0)
    faces = topology.faces[(topology.face_part != part) & (closeness[topology.faces] > 0).any(1)]
    return Ghost(PictureMesh(camera, load_canonical_body().vertices, faces), faces, closeness)


@lru_cache(maxsize=1)
def _pixel_centres() -> FloatImage:
    along = (np.arange(VIEW_SIZE_PX) + 0.5).astype(np.float32)
    return np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)


def _something_ends(kind: NDArray[np.uint8], depth: FloatImage, jump_px: float) -> NDArray[np.bool_]:
    """Return the pixels (800, 800) whose kind, or depth by a jump, differs from that of one of the eight around."""
    square = np.ones((3, 3), np.uint8)
    finite = np.where(np.isfinite(depth), depth, 0.0).astype(np.float32)
    differs = cv2.dilate(kind, square) != cv2.erode(kind, square)
    return np.asarray(differs | (cv2.dilate(finite, square) - cv2.erode(finite, square) > jump_px))


def depth_jumps(samples: Samples, jump_m: float) -> NDArray[np.bool_]:
    """Return the samples (2400, 2400) of the part behind which, one step aside, it goes on deeper by `jump_m`."""
    limit = np.float32(jump_m * samples.camera.px_per_m)
    shown = np.where(np.isfinite(samples.depth), samples.depth, -np.inf)
    behind = cv2.dilate(shown.astype(np.float32), np.ones((3, 3), np.uint8))
    return np.asarray((samples.kind >= PART) & (behind - samples.depth > limit))
