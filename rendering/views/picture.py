"""Draw one view: rays, light, lines and what surrounds the part, on a transparent ground.

Three by three rays a pixel; the middle one goes through the pixel's centre and is the pick map, so picture and map
cannot disagree.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from body.canonical import load_canonical_body
from body.parts import part_by_number
from body.topology import load_topology
from rendering.views.cameras import VIEW_SIZE_PX, Camera, camera_of
from rendering.views.grid_lines import grid_ink
from rendering.views.light import GHOST, HATCH, accent_of, ink_of, linear_rgb, lit, srgb_from_linear
from rendering.views.part_mesh import load_part_mesh
from rendering.views.picking import pick_map, picture_mesh
from rendering.views.rays import PictureMesh
from rendering.views.surface_fields import body_normals, distance_from_part, part_fields

FloatImage = NDArray[np.float32]
Mask = NDArray[np.bool_]

_RAYS: Final = 3  # a side of each pixel; odd, so that one is the centre
_SIDE: Final = VIEW_SIZE_PX * _RAYS
_BAND_ROWS: Final = 200  # samples shaded at once: keeps the arrays in the cache

_OUTLINE_PX: Final = 2.2
_FRINGE_PX: Final = 1.2
_CREASE_PX: Final = 1.5
_BOUNDARY_PX: Final = 1.1
_CUT_PX: Final = 5.0
_CREASE_M: Final = 0.003
_HATCH_PERIOD_PX: Final = 11.0
_HATCH_WIDTH_PX: Final = 1.5
_GHOST_ALPHA: Final = 0.34
_GHOST_REACH: Final = 0.15  # of the picture's side
_FRAME_FADE_PX: Final = 36.0


@dataclass(frozen=True, eq=False)
class Picture:
    """One view, ready to be written.

    Attributes:
        rgba: (800, 800, 4) uint8, straight alpha.
        pick: (800, 800) int16, part triangle under each pixel centre, -1 none.
    """

    rgba: NDArray[np.uint8]
    pick: NDArray[np.int16]


@dataclass(eq=False)
class _Layers:
    """Samples (2400, 2400): sRGB colour multiplied by alpha, and alpha."""

    colour: FloatImage
    alpha: FloatImage

    def over(self, colour: NDArray[np.float32], alpha: FloatImage) -> None:
        """Lay one colour (3,) over everything with a coverage (2400, 2400)."""
        rows = np.flatnonzero(alpha.any(1))
        if not len(rows):
            return
        part = slice(rows[0], rows[-1] + 1)
        covered = alpha[part]
        self.colour[part] *= 1.0 - covered[..., None]
        self.colour[part] += covered[..., None] * colour
        self.alpha[part] *= 1.0 - covered
        self.alpha[part] += covered


def draw_view(part: int, view_number: int) -> Picture:
    """Draw one of the six views of a part and its pick map.

    Args:
        part: 1..14.
        view_number: 1..6.

    Raises:
        ValueError: no such part or view.
    """
    camera, seen = camera_of(part, view_number), picture_mesh(part, view_number)
    hits = seen.first_hits(_sample_positions()).reshape(_SIDE, _SIDE)
    centre = _RAYS // 2
    pick = pick_map(part, view_number, hits[centre::_RAYS, centre::_RAYS])
    is_part = (hits >= 0) & seen.is_front[np.maximum(hits, 0)]
    layers = _Layers(np.zeros((_SIDE, _SIDE, 3), np.float32), np.zeros((_SIDE, _SIDE), np.float32))
    _lay_ghost(layers, part, camera, is_part)
    _lay_hatch(layers, part, camera, hits, is_part)
    depth = _lay_clay(layers, part, camera, seen, hits, is_part)
    _lay_lines(layers, part, seen, hits, is_part, depth)
    return Picture(_finished(layers), pick)


@lru_cache(maxsize=1)
def _sample_positions() -> NDArray[np.float32]:
    along = ((np.arange(_SIDE) + 0.5) / _RAYS).astype(np.float32)
    return np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)


def _lay_clay(
    layers: _Layers, part: int, camera: Camera, seen: PictureMesh, hits: NDArray[np.int32], is_part: Mask
) -> FloatImage:
    """Shade the part with its grid; return the depth of its samples in pixels, infinite elsewhere."""
    mesh, fields = load_part_mesh(part), part_fields(part)
    axes = np.stack([camera.axis_x, -camera.axis_y, camera.towards], axis=1)
    n_patches = len(mesh.patches)
    warmth = np.vstack([fields.warmth, np.repeat(fields.warmth[-1:], n_patches, axis=0)])
    at_vertex = np.column_stack(
        [fields.normal @ axes, fields.openness, fields.hollow, fields.grid, seen.points[: len(fields.grid), 2]]
    )
    at_corner = np.concatenate([at_vertex[seen.triangles], warmth[..., None]], axis=2)
    base, step_1, step_2 = at_corner[:, 0], at_corner[:, 1] - at_corner[:, 0], at_corner[:, 2] - at_corner[:, 0]
    along_x, along_y = seen.gradients(at_corner[..., 5:8])
    tables = [table.astype(np.float32) for table in (base, step_1, step_2, along_x, along_y)]
    ink = ink_of(part_by_number(part).colour)
    depth = np.full((_SIDE, _SIDE), np.inf, np.float32)
    positions = _sample_positions().reshape(_SIDE, _SIDE, 2)
    for start in range(0, _SIDE, _BAND_ROWS):
        band = slice(start, start + _BAND_ROWS)
        chosen = is_part[band]
        triangle = hits[band][chosen]
        if not len(triangle):
            continue
        weights = seen.weights(triangle, positions[band][chosen]).astype(np.float32)
        values = tables[0][triangle] + weights[:, 1:2] * tables[1][triangle] + weights[:, 2:] * tables[2][triangle]
        normal = values[:, :3] / np.linalg.norm(values[:, :3], axis=1, keepdims=True)
        colour = srgb_from_linear(lit(normal, values[:, 3], values[:, 4], values[:, 9]))
        lines = grid_ink(part, camera, values[:, 5:8], tables[3][triangle], tables[4][triangle])[:, None]
        layers.colour[band][chosen] = colour + lines * (ink - colour)
        layers.alpha[band][chosen] = 1.0
        depth[band][chosen] = values[:, 8]
    return depth


def _lay_lines(
    layers: _Layers, part: int, seen: PictureMesh, hits: NDArray[np.int32], is_part: Mask, depth: FloatImage
) -> None:
    """Draw chart boundary, creases, outline and, in the part's own colour, where it was cut."""
    colour, fields, px_per_m = part_by_number(part).colour, part_fields(part), seen.px_per_m
    ink, accent = ink_of(colour), accent_of(colour)
    chart = np.append(fields.chart, np.full(len(seen.triangles) - len(fields.chart), fields.chart[0]))
    charts = np.where(is_part, chart[np.maximum(hits, 0)], 0).astype(np.uint8)
    boundary, crease = np.zeros_like(is_part), np.zeros_like(is_part)
    for a, b in _NEIGHBOURS:
        both = is_part[a] & is_part[b]
        jump = np.zeros(both.shape, np.float32)
        np.subtract(depth[b], depth[a], out=jump, where=both)
        is_jump = np.abs(jump) > _CREASE_M * px_per_m
        boundary[a] |= both & ~is_jump & (charts[a] != charts[b])
        crease[a] |= is_jump & (jump > 0)
        crease[b] |= is_jump & (jump < 0)
    layers.over(ink, 0.85 * _near(boundary, _BOUNDARY_PX) * is_part)
    layers.over(ink, 0.80 * _near(crease, _CREASE_PX) * is_part)
    layers.over(accent, 0.9 * _near(is_part, _FRINGE_PX) * ~is_part)
    layers.over(ink, _near(~is_part, _OUTLINE_PX) * is_part)
    layers.over(accent, _cut_line(part, seen, depth))


_NEIGHBOURS: Final = (
    ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
)


def _cut_line(part: int, seen: PictureMesh, depth: FloatImage) -> FloatImage:
    """Coverage of the visible borders of the part, drawn along the edges themselves."""
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    # Ink reaches a little over the outline; what the surface hides by less than this is still seen.
    nearest = cv2.erode(depth, np.ones((5, 5), np.uint8))
    slack_px = 0.004 * seen.px_per_m
    for border in load_part_mesh(part).borders:
        ends = seen.points[border.edges]
        length = np.linalg.norm(ends[:, 1, :2] - ends[:, 0, :2], axis=1)
        for (start, end), pieces in zip(ends, np.maximum(2, np.ceil(length / 2)).astype(int), strict=True):
            along = start + np.linspace(0, 1, pieces + 1)[:, None] * (end - start)
            middle = (along[1:] + along[:-1]) / 2
            column, row = np.clip(middle[:, :2] * _RAYS, 0, _SIDE - 1).astype(int).T
            hidden = nearest[row, column] < middle[:, 2] - slack_px
            fixed = np.rint((along[:, :2] * _RAYS - 0.5) * 16).astype(np.int32)
            for index in np.flatnonzero(~hidden):
                one, two = fixed[index].tolist(), fixed[index + 1].tolist()
                cv2.line(mask, one, two, 255, round(_CUT_PX * _RAYS), cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255.0


def _near(mask: Mask, width_px: float) -> FloatImage:
    """Coverage of the samples within `width_px` of a mask, soft by half a pixel."""
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    distance = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    return np.clip((width_px + 0.25) * 2 - distance * (2 / _RAYS), 0.0, 1.0)


def _lay_hatch(layers: _Layers, part: int, camera: Camera, hits: NDArray[np.int32], is_part: Mask) -> None:
    """Hatch the openings: where a ray meets the inside of the part or only the cap over one of its borders."""
    vertices, caps = load_part_mesh(part).caps()
    cap = PictureMesh(camera, vertices, caps)
    is_open = ~is_part & ((hits >= 0) | (cap.first_hits(_sample_positions()).reshape(_SIDE, _SIDE) >= 0))
    positions = _sample_positions().reshape(_SIDE, _SIDE, 2)
    across = (positions[..., 0] + positions[..., 1]) * np.float32(0.5**0.5) % np.float32(_HATCH_PERIOD_PX)
    stripes = np.clip((_HATCH_WIDTH_PX + 1) / 2 - np.abs(across - np.float32(_HATCH_PERIOD_PX / 2)), 0, 1)
    layers.colour[is_open] = 0.0
    layers.alpha[is_open] = 0.0
    layers.over(srgb_from_linear(linear_rgb(HATCH)), (0.95 * stripes * is_open).astype(np.float32))


def _lay_ghost(layers: _Layers, part: int, camera: Camera, is_part: Mask) -> None:
    """Show how the body goes on beyond the part, fading with the way from it."""
    body, topology = load_canonical_body(), load_topology()
    reach_m = _GHOST_REACH * VIEW_SIZE_PX / camera.px_per_m
    closeness = np.clip(1.0 - distance_from_part(part) / reach_m, 0.0, 1.0)
    faces = topology.faces[(topology.face_part != part) & (closeness[topology.faces] > 0).any(1)]
    ghost = PictureMesh(camera, body.vertices, faces)
    hits = ghost.first_hits(_sample_positions()).reshape(_SIDE, _SIDE)
    chosen = (hits >= 0) & ~is_part & ghost.is_front[np.maximum(hits, 0)]
    positions = _sample_positions().reshape(_SIDE, _SIDE, 2)[chosen]
    triangle = hits[chosen]
    weights = ghost.weights(triangle, positions)[..., None]
    at_vertex = np.column_stack([body_normals() @ camera.towards, closeness])
    slant, close = (at_vertex[faces[triangle]] * weights).sum(1).astype(np.float32).T
    edge = np.clip(np.minimum(positions, VIEW_SIZE_PX - positions).min(1) / _FRAME_FADE_PX, 0.0, 1.0)
    form = 0.75 + 0.9 * (1.0 - np.clip(slant, 0.0, 1.0)) ** 2
    alpha = np.zeros((_SIDE, _SIDE), np.float32)
    alpha[chosen] = _GHOST_ALPHA * form * close * close * (3 - 2 * close) * edge
    layers.over(srgb_from_linear(linear_rgb(GHOST)), alpha)


def _finished(layers: _Layers) -> NDArray[np.uint8]:
    """Average the samples of each pixel and divide the colour by its alpha."""
    shape = (VIEW_SIZE_PX, _RAYS, VIEW_SIZE_PX, _RAYS)
    alpha = layers.alpha.reshape(shape).mean((1, 3))
    colour = layers.colour.reshape(*shape, 3).mean((1, 3)) / np.maximum(alpha, 1e-6)[..., None]
    rgba = np.dstack([colour, alpha])
    return (np.clip(rgba, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
