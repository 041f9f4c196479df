"""`dp_masks`: the coarse parts of a person as 14 masks of 256 x 256 cells over its box, as DensePose-COCO stores them.

Cell (r, c) takes the label at the image point of its centre in the float box, nearest. So a box of at most 256 pixels a
side comes back exactly, and a larger one loses only what is finer than its cells.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from body.parts import N_PARTS
from labels.boxes import Box, Crop
from labels.errors import LabelError
from labels.label_maps import LabelMap
from labels.rle import Rle, check_rle, check_rles, pack_runs, runs_of

MASK_SIDE: Final = 256
_SIZE: Final = (MASK_SIDE, MASK_SIDE)

DpMasks = list[Rle | list[Any]]
"""14 entries in the order of the coarse parts: a compressed RLE, or [] for a part that is not visible."""


def dp_masks_of(label_map: LabelMap, crop: Crop, box: Box) -> DpMasks:
    """Return the `dp_masks` of a label map; what is painted outside the box is left out.

    Args:
        label_map: (H, W) uint8 of the crop.
        crop: the label map's place in the image.
        box: the person's box, in image pixels.

    Raises:
        LabelError: the label map does not have the crop's shape.
    """
    if label_map.shape != crop.shape:
        raise LabelError(f"label map has the shape {label_map.shape}, its crop {crop.shape}")
    column, has_column = _sources(box.x, box.w, crop.x, crop.width)
    row, has_row = _sources(box.y, box.h, crop.y, crop.height)
    cells = np.where(has_row[:, None] & has_column, label_map[np.ix_(row, column)], 0).astype(np.uint8)
    present = set(np.unique(cells).tolist())
    by_column = np.asfortranarray(cells)
    return [_rle(by_column == part) if part in present else [] for part in range(1, N_PARTS + 1)]


def label_map_of(dp_masks: object, crop: Crop, box: Box) -> LabelMap:
    """Return the label map of a crop from `dp_masks`: each pixel takes the cell that holds its centre.

    Where masks overlap, which published files do not, the higher part number stays.

    Args:
        dp_masks: 14 entries as in a file.
        crop: where the label map lies in the image.
        box: the person's box, in image pixels.

    Raises:
        LabelError: not 14 entries, or one that is no RLE of 256 x 256.
    """
    cells = cells_of(dp_masks)
    column, has_column = _cells_at(crop.x, crop.width, box.x, box.w)
    row, has_row = _cells_at(crop.y, crop.height, box.y, box.h)
    label_map: LabelMap = np.where(has_row[:, None] & has_column, cells[np.ix_(row, column)], 0).astype(np.uint8)
    return label_map


def cells_of(dp_masks: object) -> LabelMap:
    """Return the labels of the 256 x 256 cells.

    Raises:
        LabelError: not 14 entries, or one that is no RLE of 256 x 256.
    """
    cells = np.zeros(MASK_SIDE * MASK_SIDE, dtype=np.uint8)
    for part, runs in runs_by_part(dp_masks).items():
        n_inside = len(runs) // 2
        start, length = np.cumsum(runs)[: 2 * n_inside : 2], runs[1::2]
        place = np.repeat(start - np.cumsum(length) + length, length) + np.arange(length.sum())
        cells[place] = part
    return cells.reshape(_SIZE, order="F")


def runs_by_part(dp_masks: object) -> dict[int, NDArray[np.int64]]:
    """Return the column-major runs of each part that has a mask; `check_entry` says what is wrong with one.

    Raises:
        LabelError: not 14 entries, or one that is no RLE of 256 x 256.
    """
    if not isinstance(dp_masks, list) or len(dp_masks) != N_PARTS:
        found = f"{len(dp_masks)} entries" if isinstance(dp_masks, list) else type(dp_masks).__name__
        raise LabelError(f"dp_masks must be a list of {N_PARTS} entries, one a part, got {found}")
    shown = {part: _rle_in(entry) for part, entry in enumerate(dp_masks, start=1) if entry != []}
    return dict(zip(shown, check_rles(list(shown.values()), _SIZE), strict=True))


def check_entry(entry: object) -> NDArray[np.int64] | None:
    """Return the runs of one entry of `dp_masks`, None for [].

    Raises:
        LabelError: neither [] nor an RLE that fills 256 x 256.
    """
    return None if entry == [] else check_rle(_rle_in(entry), _SIZE)


def _rle_in(entry: object) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise LabelError(f"must be [] or a compressed RLE of 256 x 256, got {type(entry).__name__}")
    return entry


def _rle(mask: NDArray[np.bool_]) -> Rle:
    return {"counts": pack_runs(runs_of(mask)), "size": [MASK_SIDE, MASK_SIDE]}


def _sources(box_start: float, box_length: float, crop_start: int, n_pixels: int) -> tuple[NDArray[np.intp], Any]:
    """For each of the 256 cells of one axis: the crop pixel under its centre, and whether there is one."""
    centre = box_start + (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE * box_length
    pixel = np.floor(centre).astype(np.intp) - crop_start
    return np.clip(pixel, 0, n_pixels - 1), (pixel >= 0) & (pixel < n_pixels)


def _cells_at(crop_start: int, n_pixels: int, box_start: float, box_length: float) -> tuple[NDArray[np.intp], Any]:
    """For each crop pixel of one axis: the cell that holds its centre, and whether there is one."""
    centre = crop_start + np.arange(n_pixels) + 0.5
    cell = np.floor((centre - box_start) / box_length * MASK_SIDE).astype(np.intp)
    return np.clip(cell, 0, MASK_SIDE - 1), (cell >= 0) & (cell < MASK_SIDE)
