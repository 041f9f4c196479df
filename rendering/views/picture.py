"""Draw one view: clay in light, lines, and what surrounds the part, on a transparent ground without words."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from body.parts import part_by_number
from rendering.views import light
from rendering.views.cameras import VIEW_SIZE_PX
from rendering.views.grid_lines import grid_ink
from rendering.views.part_mesh import load_part_mesh
from rendering.views.picking import pick_map
from rendering.views.samples import (
    GHOST,
    OPENING,
    PART,
    RAYS,
    SAMPLES_SIDE,
    FloatImage,
    Samples,
    area_mean,
    cast_view,
    depth_jumps,
)
from rendering.views.surface_fields import body_normals, part_fields

Mask = NDArray[np.bool_]

_LAST_KIND: Final = 255

_OUTLINE_PX: Final = 2.3
_OUTLINE_SOFTENED_PX: Final = 2.5
_OUTLINE_MOVED_AT_MOST_PX: Final = 0.7
_FRINGE_PX: Final = 1.3
_CREASE_PX: Final = 1.4
_CREASE_JUMPS_M: Final = (0.005, 0.010)  # a shallow step is drawn fainter than a deep one
_BOUNDARY_PX: Final = 1.0
_CUT_PX: Final = 4.6
_CUT_STEP_PX: Final = 2.0
_CUT_SLACK_M: Final = 0.004
_HATCH_PERIOD_PX: Final = 11.0
_HATCH_WIDTH_PX: Final = 1.5
_GHOST_ALPHA: Final = 0.34
_FRAME_FADE_PX: Final = 40.0
_FAR_PX: Final = 16  # wider than any line


@dataclass(frozen=True, eq=False)
class Picture:
    """One view, ready to be written.

    Attributes:
        rgba: (800, 800, 4) uint8, straight alpha.
        pick: (800, 800) int16, part triangle under each pixel centre, -1 none.
    """

    rgba: NDArray[np.uint8]
    pick: NDArray[np.int16]


class _Canvas:
    """sRGB colour times alpha (800, 800, 3) and alpha (800, 800)."""

    def __init__(self) -> None:
        self.colour = np.zeros((VIEW_SIZE_PX, VIEW_SIZE_PX, 3), np.float32)
        self.alpha = np.zeros((VIEW_SIZE_PX, VIEW_SIZE_PX), np.float32)

    def add(self, colour: FloatImage, alpha: FloatImage) -> None:
        """Fill a share `alpha` of each pixel that nothing else fills."""
        self.colour += colour * alpha[..., None]
        self.alpha += alpha

    def over(self, colour: FloatImage, alpha: FloatImage) -> None:
        """Lay a colour over what is there."""
        self.colour *= 1.0 - alpha[..., None]
        self.alpha *= 1.0 - alpha
        self.add(colour, alpha)

    def rgba(self) -> NDArray[np.uint8]:
        straight = self.colour / np.maximum(self.alpha, 1e-6)[..., None]
        rgba = np.clip(np.dstack([straight, self.alpha]), 0.0, 1.0) * 255.0 + 0.5
        return np.asarray(rgba.astype(np.uint8))


def draw_view(part: int, view_number: int) -> Picture:
    """Draw one of the six views of a part and its pick map.

    Args:
        part: 1..14.
        view_number: 1..6.

    Raises:
        ValueError: no such part or view.
    """
    samples = cast_view(part, view_number)
    canvas = _Canvas()
    _lay_ghost(canvas, samples)
    _lay_hatch(canvas, samples)
    _lay_clay(canvas, samples, part)
    _lay_lines(canvas, samples, part)
    return Picture(canvas.rgba(), pick_map(part, view_number, samples.hits))


def _lay_ghost(canvas: _Canvas, samples: Samples) -> None:
    """Show how the body goes on beyond the part, fading with the way from it."""
    ghost = samples.ghost
    pixel, triangle, xy = samples.representatives(GHOST, GHOST)
    weights = ghost.seen.weights(triangle, xy)[..., None]
    at_vertex = np.column_stack([body_normals() @ samples.camera.towards, ghost.closeness])
    slant, close = (at_vertex[ghost.faces[triangle]] * weights).sum(1).astype(np.float32).T
    edge = np.clip(np.minimum(xy, VIEW_SIZE_PX - xy).min(1) / _FRAME_FADE_PX, 0.0, 1.0)
    form = 0.75 + 0.9 * (1.0 - np.clip(slant, 0.0, 1.0)) ** 2
    alpha = _image_of(pixel, _GHOST_ALPHA * form * close * close * (3 - 2 * close) * edge)
    canvas.add(light.srgb(light.GHOST), alpha * samples.coverage(GHOST, GHOST))


def _lay_hatch(canvas: _Canvas, samples: Samples) -> None:
    """Hatch the openings, where one looks into the part."""
    opening = samples.coverage(OPENING, OPENING)
    rim = _stroke(area_mean(_distance_to(samples.kind != OPENING)), _HATCH_WIDTH_PX)
    canvas.add(light.srgb(light.HATCH), np.maximum(0.95 * _stripes(), 0.8 * rim) * opening)


@lru_cache(maxsize=1)
def _stripes() -> FloatImage:
    along = np.arange(VIEW_SIZE_PX, dtype=np.float32)
    across = (along[:, None] + along[None, :]) * np.float32(0.5**0.5) % np.float32(_HATCH_PERIOD_PX)
    return np.asarray(np.clip((_HATCH_WIDTH_PX + 1) / 2 - np.abs(across - np.float32(_HATCH_PERIOD_PX / 2)), 0, 1))


def _lay_clay(canvas: _Canvas, samples: Samples, part: int) -> None:
    """Shade the part and draw its grid."""
    camera, seen, fields = samples.camera, samples.seen, part_fields(part)
    to_view = np.stack([camera.axis_x, -camera.axis_y, camera.towards], axis=1)
    at_vertex = np.column_stack([fields.normal @ to_view, fields.openness, fields.hollow, fields.grid])
    n_patches = len(load_part_mesh(part).patches)
    warmth = np.vstack([fields.warmth, np.repeat(fields.warmth[-1:], n_patches, axis=0)])
    at_corner = np.concatenate([at_vertex[seen.triangles], warmth[..., None]], axis=2).astype(np.float32)
    pixel, triangle, xy = samples.representatives(PART, _LAST_KIND)
    weights = seen.weights(triangle, xy).astype(np.float32)
    values = np.einsum("nk,nkc->nc", weights, at_corner[triangle])
    normal = values[:, :3] / np.linalg.norm(values[:, :3], axis=1, keepdims=True)
    clay = light.srgb_from_linear(light.lit(normal, values[:, 3], values[:, 4], values[:, 8]))
    along_x, along_y = (table.astype(np.float32)[triangle] for table in seen.gradients(at_corner[..., 5:8]))
    lines = grid_ink(part, camera, values[:, 5:8], along_x, along_y)[:, None]
    ink = light.ink_of(part_by_number(part).colour)
    canvas.add(_image_of(pixel, clay + lines * (ink - clay)), samples.coverage(PART, _LAST_KIND))


def _lay_lines(canvas: _Canvas, samples: Samples, part: int) -> None:
    """Draw chart boundary, creases, outline and, in the part's own colour, where it was cut."""
    colour = part_by_number(part).colour
    ink, accent = light.ink_of(colour), light.accent_of(colour)
    inside = _inside_outline(samples)
    on_part = np.clip(inside + 0.5, 0.0, 1.0)
    canvas.over(ink, 0.85 * _stroke(area_mean(_distance_to(_chart_changes(samples.kind))), _BOUNDARY_PX) * on_part)
    for jump_m in _CREASE_JUMPS_M:
        crease = area_mean(_distance_to(depth_jumps(samples, jump_m)))
        canvas.over(ink, 0.5 * _stroke(crease, _CREASE_PX) * on_part)
    canvas.over(accent, 0.9 * _stroke(-inside, _FRINGE_PX) * (1.0 - on_part))
    # What only a rounder surface would cover cannot be picked: all of it is outline.
    bulge = area_mean(samples.bulge.astype(np.float32))
    canvas.over(ink, np.maximum(_stroke(inside, _OUTLINE_PX), np.minimum(2 * bulge, 1.0)) * on_part)
    canvas.over(accent, _cut_line(samples, part))


def _inside_outline(samples: Samples) -> FloatImage:
    """Return the distance (800, 800) in pixels to the rounded outline of the part, positive inside."""
    is_part = (samples.kind >= PART) | samples.bulge
    exact = area_mean(_distance_to(~is_part) - _distance_to(is_part))
    softened = cv2.GaussianBlur(exact, (0, 0), _OUTLINE_SOFTENED_PX)
    return np.asarray(np.clip(softened, exact - _OUTLINE_MOVED_AT_MOST_PX, exact + _OUTLINE_MOVED_AT_MOST_PX))


def _chart_changes(kind: NDArray[np.uint8]) -> Mask:
    """Return the samples (2400, 2400) on the side of the higher chart where two charts of the part meet."""
    square = np.ones((3, 3), np.uint8)
    lowest_part = cv2.erode(np.where(kind >= PART, kind, np.uint8(_LAST_KIND)), square)
    return np.asarray((kind >= PART) & (lowest_part < kind) & (lowest_part >= PART))


def _distance_to(mask: Mask) -> FloatImage:
    """Return the distance (2400, 2400) in pixels of each sample to the nearest of a mask; at most `_FAR_PX`."""
    distance = np.full(mask.shape, np.float32(_FAR_PX))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return distance
    margin = _FAR_PX * RAYS
    near = (
        slice(max(rows[0] - margin, 0), rows[-1] + margin),
        slice(max(columns[0] - margin, 0), columns[-1] + margin),
    )
    found = cv2.distanceTransform((~mask[near]).view(np.uint8), cv2.DIST_L2, 3)
    distance[near] = np.minimum(found * np.float32(1 / RAYS), _FAR_PX)
    return distance


def _stroke(distance: FloatImage, width_px: float) -> FloatImage:
    """Coverage of what lies within `width_px`, with an edge one pixel soft."""
    return np.asarray(np.clip(width_px + 0.5 - distance, 0.0, 1.0))


def _cut_line(samples: Samples, part: int) -> FloatImage:
    """Coverage (800, 800) of the visible borders of the part, drawn along the edges themselves."""
    mask = np.zeros((SAMPLES_SIDE, SAMPLES_SIDE), np.uint8)
    farthest = cv2.dilate(samples.depth, np.ones((5, 5), np.uint8))
    slack_px = _CUT_SLACK_M * samples.camera.px_per_m
    mesh = load_part_mesh(part)
    _, owner = mesh.caps()
    for number, border in enumerate(mesh.borders):
        for start, end in samples.seen.points[border.edges]:
            pieces = max(2, int(np.ceil(np.linalg.norm(end[:2] - start[:2]) / _CUT_STEP_PX)))
            along = start + np.linspace(0, 1, pieces + 1)[:, None] * (end - start)
            middle = (along[1:] + along[:-1]) / 2
            column, row = np.clip(middle[:, :2] * RAYS, 0, SAMPLES_SIDE - 1).astype(int).T
            # At the outline some sample beside the edge is no longer the part's: then the edge is seen.
            is_seen = (farthest[row, column] > middle[:, 2] - slack_px) & ~_is_seen_through(
                samples, owner, number, middle
            )
            fixed = np.rint((along[:, :2] * RAYS - 0.5) * 16).astype(np.int32).tolist()
            for index in np.flatnonzero(is_seen):
                cv2.line(mask, fixed[index], fixed[index + 1], 255, round(_CUT_PX * RAYS), cv2.LINE_AA, 4)
    return area_mean(mask.astype(np.float32)) / 255.0


def _is_seen_through(samples: Samples, owner: NDArray[np.int32], border: int, points: NDArray[np.float64]) -> Mask:
    """Tell which points (N, 3) of a border, in picture coordinates, lie behind another opening."""
    caps = samples.caps
    hits = caps.first_hits(points[:, :2])
    depth = caps.depth(hits, caps.weights(hits, points[:, :2]))
    return np.asarray((hits >= 0) & (owner[hits] != border) & (depth < points[:, 2]))


def _image_of(pixel: NDArray[np.int32], values: FloatImage) -> FloatImage:
    """Put values (N, ...) at their row-major pixel numbers into an image (800, 800, ...), 0 elsewhere."""
    image = np.zeros((VIEW_SIZE_PX * VIEW_SIZE_PX, *values.shape[1:]), np.float32)
    image[pixel] = values
    return image.reshape(VIEW_SIZE_PX, VIEW_SIZE_PX, *values.shape[1:])
