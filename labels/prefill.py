"""A first guess of the parts from COCO keypoints: each pixel of the person's mask goes to the nearest limb.

"Nearest" is in half-widths of the limb, so that a thigh reaches farther than a forearm. Left and right are the
person's own, as in the keypoints. The result is a suggestion for an annotator to correct.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labels.boxes import Crop
from labels.errors import LabelError
from labels.islands import without_islands
from labels.label_maps import LabelMap
from labels.skeleton import Skeleton, skeleton_of

_TORSO: Final = 1
_TORSO_CLAIM: Final = 0.75  # a limb before the torso wins within this share of its own half-width
_SURFACE: Final = 1.0  # the score at a limb's half-width, where it ends if there is no mask


def prefill_parts(keypoints: ArrayLike, mask: NDArray[np.bool_] | None, crop: Crop) -> LabelMap:
    """Return a suggested label map of a person's crop.

    Args:
        keypoints: (17, 3) COCO keypoints x, y, v in image pixels; v = 0 is missing.
        mask: (H, W) bool of the crop, the person's outline; None where there is none: then limbs are drawn as capsules.
        crop: the crop, in image pixels.

    Returns:
        (H, W) uint8 with every pixel of the mask in a part; all background where no keypoint is annotated.

    Raises:
        LabelError: keypoints or mask of the wrong shape.
    """
    if mask is not None and mask.shape != crop.shape:
        raise LabelError(f"mask has the shape {mask.shape}, the crop {crop.shape}: cut the image's mask by the crop")
    skeleton = skeleton_of(keypoints)
    label_map = np.zeros(crop.shape, dtype=np.uint8)
    if skeleton is None:
        return label_map
    inside = np.ones(crop.shape, dtype=bool) if mask is None else mask
    row, column = np.nonzero(inside)
    # (2, N): x and y apart, each contiguous, is several times faster here than (N, 2).
    pixels = np.stack([column + (crop.x + 0.5), row + (crop.y + 0.5)], dtype=np.float32, casting="same_kind")
    part, score = _nearest_part(pixels, skeleton, with_unsure=mask is not None)
    if mask is None:
        part[score > _SURFACE] = 0
    label_map[row, column] = part
    return without_islands(label_map)


def _nearest_part(
    pixels: NDArray[np.float32], skeleton: Skeleton, with_unsure: bool
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return for each pixel (2, N) the part with the least distance in half-widths, and that distance (N,)."""
    n_pixels = pixels.shape[1]
    part = np.zeros(n_pixels, dtype=np.uint8)
    best = np.full(n_pixels, np.inf, dtype=np.float32)
    outline = skeleton.torso()
    if outline is not None:
        beyond = _distance_to_polygon(pixels, outline) / skeleton.torso_half_width_px()
        # Flat inside; up to its surface the torso yields slowly to limbs, beyond it as fast as they do.
        best = np.maximum(_TORSO_CLAIM + (_SURFACE - _TORSO_CLAIM) * beyond, 1.2 * beyond - 0.2).astype(np.float32)
        part[:] = _TORSO
    for bone in skeleton.bones():
        if not (bone.is_sure or with_unsure):
            continue
        score = _distance_to_segment(pixels, *bone.line) / bone.half_width_px + bone.penalty
        is_nearer = score < best
        best[is_nearer] = score[is_nearer]
        part[is_nearer] = bone.part
    return part, best


def _distance_to_segment(
    pixels: NDArray[np.float32], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the distance (N,) of each pixel (2, N) to a segment."""
    along_x, along_y = (float(value) for value in end - start)
    length_squared = along_x**2 + along_y**2
    dx, dy = pixels[0] - np.float32(start[0]), pixels[1] - np.float32(start[1])
    if length_squared > 0:
        share = np.clip(dx * (along_x / length_squared) + dy * (along_y / length_squared), 0, 1)
        dx -= share * along_x
        dy -= share * along_y
    distance: NDArray[np.float32] = np.sqrt(dx * dx + dy * dy)
    return distance


def _distance_to_polygon(pixels: NDArray[np.float32], outline: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the distance (N,) in pixels of each pixel (2, N) to a polygon (M, 2), 0 inside (even-odd rule)."""
    x, y = pixels
    distance = np.full(len(x), np.inf, dtype=np.float32)
    is_inside = np.zeros(len(x), dtype=bool)
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        distance = np.minimum(distance, _distance_to_segment(pixels, start, end))
        if start[1] != end[1]:
            crosses = (y >= min(start[1], end[1])) & (y < max(start[1], end[1]))
            edge_x = start[0] + (y - start[1]) * (end[0] - start[0]) / (end[1] - start[1])
            is_inside ^= crosses & (x < edge_x)
    distance[is_inside] = 0
    return distance
