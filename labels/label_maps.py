"""Label maps: what an annotator painted, one part number a pixel of the person's crop.

A label map is (H, W) uint8 with 0 for background and 1..14 for the coarse parts. It is stored as zlib-compressed
row-major bytes; its shape is stored beside it.
"""

import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.parts import MIRROR_PART, N_PARTS
from labels.boxes import Crop
from labels.errors import LabelError

LabelMap = NDArray[np.uint8]

BACKGROUND: Final = 0

_MIRROR: Final = np.array(MIRROR_PART, dtype=np.uint8)


def check(label_map: NDArray[np.generic]) -> LabelMap:
    """Return the array as a label map, unchanged.

    Raises:
        LabelError: not two-dimensional, not uint8, empty, or a value above 14.
    """
    if label_map.ndim != 2 or label_map.dtype != np.uint8:
        raise LabelError(f"a label map must be (H, W) uint8, got {label_map.shape} {label_map.dtype}")
    if label_map.size == 0:
        raise LabelError(f"a label map must hold at least one pixel, got {label_map.shape}")
    if (highest := int(label_map.max())) > N_PARTS:
        raise LabelError(f"a label map holds 0 (background) and parts 1..{N_PARTS}, got {highest}")
    return label_map.view(np.uint8)


def pack(label_map: NDArray[np.generic]) -> bytes:
    """Return the label map as zlib-compressed row-major bytes; `unpack` is the way back.

    Raises:
        LabelError: not a label map.
    """
    return zlib.compress(np.ascontiguousarray(check(label_map)).tobytes(), 6)


def unpack(data: bytes, shape: tuple[int, int]) -> LabelMap:
    """Return the label map of packed bytes; safe on untrusted input, it never inflates more than `shape` holds.

    Args:
        data: what `pack` made, or a browser's deflate of the same bytes.
        shape: (H, W) of the crop.

    Raises:
        LabelError: not a zlib stream, truncated, followed by other bytes, another size than `shape`, a value above 14.
    """
    height, width = shape
    n_pixels = height * width
    if height < 1 or width < 1:
        raise LabelError(f"the shape of a label map must be at least 1 x 1, got {height} x {width}")
    inflater = zlib.decompressobj()
    try:
        # One byte of room more than wanted shows a map that is too large, and lets zlib reach the end mark.
        raw = inflater.decompress(data, n_pixels + 1)
    except zlib.error as error:
        raise LabelError(f"label map is not a zlib stream ({error}): send the deflated bytes of the map") from error
    if len(raw) > n_pixels:
        raise LabelError(
            f"label map holds more than {height} x {width} pixels: send one byte for each pixel of the crop"
        )
    if not inflater.eof:
        raise LabelError("label map is truncated: the compressed bytes end early; send it again")
    if len(raw) != n_pixels:
        raise LabelError(f"label map holds {len(raw)} pixels, the crop {height} x {width} = {n_pixels}")
    if inflater.unused_data:
        raise LabelError(f"label map is followed by {len(inflater.unused_data)} bytes that do not belong to it")
    return check(np.frombuffer(raw, dtype=np.uint8).reshape(height, width).copy())


def swap_sides(label_map: LabelMap, where: NDArray[np.bool_] | None = None) -> LabelMap:
    """Return a copy with left and right exchanged, everywhere or only `where` (H, W) is true."""
    swapped: LabelMap = _MIRROR[label_map]
    return swapped if where is None else np.where(where, swapped, label_map)


def areas(label_map: LabelMap) -> NDArray[np.int64]:
    """Return the number of pixels of each label: (15,), background first."""
    return np.bincount(label_map.ravel(), minlength=N_PARTS + 1)[: N_PARTS + 1]


def parts_present(label_map: LabelMap) -> tuple[int, ...]:
    """Return the numbers of the parts that have a pixel, ascending."""
    return tuple(int(part) for part in np.flatnonzero(areas(label_map)) if part != BACKGROUND)


def boundary(label_map: LabelMap) -> NDArray[np.bool_]:
    """Return (H, W) true on the part pixels that touch, by an edge, another label or the rim of the map."""
    padded = np.pad(label_map, 1)
    inner = padded[1:-1, 1:-1]
    differs: NDArray[np.bool_] = (
        (padded[:-2, 1:-1] != inner)
        | (padded[2:, 1:-1] != inner)
        | (padded[1:-1, :-2] != inner)
        | (padded[1:-1, 2:] != inner)
    )
    on_part: NDArray[np.bool_] = inner != BACKGROUND
    return differs & on_part


def recrop(label_map: LabelMap, old: Crop, new: Crop) -> LabelMap:
    """Return the label map of `old` as one of `new`: what lies in both keeps its label, the rest is background.

    Raises:
        LabelError: the map does not have the shape of `old`.
    """
    if label_map.shape != old.shape:
        raise LabelError(f"label map has the shape {label_map.shape}, its crop {old.shape}")
    moved = np.zeros(new.shape, dtype=np.uint8)
    left, top = max(old.x, new.x), max(old.y, new.y)
    right, bottom = min(old.x + old.width, new.x + new.width), min(old.y + old.height, new.y + new.height)
    if left < right and top < bottom:
        kept = label_map[top - old.y : bottom - old.y, left - old.x : right - old.x]
        moved[top - new.y : bottom - new.y, left - new.x : right - new.x] = kept
    return moved
