"""dp_masks: 256 x 256 cells over the float box, and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from labels.boxes import Box, Crop
from labels.dp_masks import cells_of, dp_masks_of, label_map_of
from labels.errors import LabelError
from labels.rle import encode_mask

small_maps = arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60)), elements=st.integers(0, 14))


@settings(max_examples=40)
@given(small_maps, st.floats(0, 0.4), st.floats(0, 0.4))
def test_a_box_of_at_most_256_pixels_comes_back_exactly(label_map: np.ndarray, left: float, top: float) -> None:
    height, width = label_map.shape
    crop = Crop(7, 5, width, height)
    box = Box(7 + left, 5 + top, width - left, height - top)
    np.testing.assert_array_equal(label_map_of(dp_masks_of(label_map, crop, box), crop, box), label_map)


@settings(max_examples=20)
@given(st.integers(256, 700), st.integers(256, 700), st.integers(0, 2**32 - 1))
def test_the_cells_of_a_larger_box_come_back_exactly(width: int, height: int, seed: int) -> None:
    cells = np.random.default_rng(seed).integers(0, 15, (256, 256)).astype(np.uint8)
    masks = [encode_mask(cells == part) for part in range(1, 15)]
    crop, box = Crop(3, 4, width, height), Box(3.0, 4.0, width, height)
    assert dp_masks_of(label_map_of(masks, crop, box), crop, box) == masks


def test_a_cell_takes_the_label_under_its_centre() -> None:
    label_map = np.zeros((512, 1024), dtype=np.uint8)
    label_map[:, 514:] = 14
    # Cell c is 4 px wide; the centre of cell 128 is at 514.0, the first pixel of the head.
    cells = cells_of(dp_masks_of(label_map, Crop(0, 0, 1024, 512), Box(0, 0, 1024, 512)))
    assert cells[0, 127] == 0
    assert cells[0, 128] == 14


def test_what_lies_outside_the_box_or_the_crop_is_left_out() -> None:
    label_map = np.full((20, 20), 1, dtype=np.uint8)
    crop = Crop(10, 10, 20, 20)
    cells = cells_of(dp_masks_of(label_map, crop, Box(0, 10, 20, 20)))
    assert not cells[:, :128].any()
    assert (cells[:, 128:] == 1).all()
    back = label_map_of(dp_masks_of(label_map, crop, Box(10, 10, 10, 20)), crop, Box(10, 10, 10, 20))
    assert (back[:, :10] == 1).all()
    assert not back[:, 10:].any()


def test_pycocotools_decodes_the_masks_and_parts_not_visible_are_empty_lists() -> None:
    label_map = np.zeros((300, 200), dtype=np.uint8)
    label_map[50:100, 20:60] = 6
    masks = dp_masks_of(label_map, Crop(0, 0, 200, 300), Box(0.0, 0.0, 200.0, 300.0))
    assert [index for index, entry in enumerate(masks) if entry] == [5]
    assert len(masks) == 14
    decoded = coco_mask.decode(masks[5])
    assert decoded.shape == (256, 256)
    assert decoded.sum() == pytest.approx(50 * 40 / 300 / 200 * 256 * 256, rel=0.05)


@pytest.mark.parametrize(
    ("dp_masks", "said"),
    [
        ([[]] * 13, "14 entries"),
        ({"counts": "1", "size": [256, 256]}, "14 entries"),
        ([[]] * 13 + [{"counts": "1", "size": [128, 128]}], r"\[256, 256\]"),
        ([[]] * 13 + [None], r"\[\] or a compressed RLE"),
        ([[]] * 13 + [[1, 2]], r"\[\] or a compressed RLE"),
    ],
)
def test_other_lists_are_refused(dp_masks: object, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        cells_of(dp_masks)


def test_a_map_of_another_shape_is_refused() -> None:
    with pytest.raises(LabelError, match="shape"):
        dp_masks_of(np.zeros((3, 3), np.uint8), Crop(0, 0, 4, 4), Box(0, 0, 4, 4))
