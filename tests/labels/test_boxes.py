"""Box, crop and DensePose coordinates: the conventions, by hand and by Hypothesis."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.boxes import Box, Crop, crop_around, from_dp, to_dp
from labels.errors import LabelError

positions = st.floats(-500, 2000, allow_nan=False)
sizes = st.floats(0.5, 1500, allow_nan=False)
boxes = st.builds(Box, positions, positions, sizes, sizes)
image_sizes = st.tuples(st.integers(1, 1500), st.integers(1, 1500))


def test_the_box_corners_are_0_and_255() -> None:
    box = Box(10.5, 20.0, 50.0, 200.0)
    assert to_dp([[10.5, 20.0], [60.5, 220.0], [35.5, 120.0]], box).tolist() == [[0, 0], [255, 255], [127.5, 127.5]]


def test_points_outside_the_box_are_clamped() -> None:
    assert to_dp([[-100.0, 1e6]], Box(0, 0, 10, 10)).tolist() == [[0, 255]]


def test_a_reader_may_scale_by_256() -> None:
    box = Box(10, 20, 256, 512)
    assert from_dp([[128, 128]], box, scale=256).tolist() == [[138, 276]]
    assert from_dp([[255, 255]], box).tolist() == [[266, 532]]
    with pytest.raises(LabelError, match="255 or 256"):
        from_dp([[1, 1]], box, scale=254)


@given(boxes, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20))
def test_points_in_the_box_come_back(box: Box, shares: list[tuple[float, float]]) -> None:
    points = np.array([(box.x + a * box.w, box.y + b * box.h) for a, b in shares]).reshape(-1, 2)
    np.testing.assert_allclose(from_dp(to_dp(points, box), box), points, atol=1e-8)


def test_no_points_is_an_empty_array() -> None:
    assert to_dp([], Box(0, 0, 1, 1)).shape == (0, 2)


def test_points_of_another_shape_are_refused() -> None:
    with pytest.raises(LabelError, match=r"\(N, 2\)"):
        to_dp([[1, 2, 3]], Box(0, 0, 1, 1))


@given(boxes, image_sizes, st.floats(0, 1))
def test_a_crop_is_inside_the_image_and_holds_the_visible_box(
    box: Box, image_size: tuple[int, int], margin: float
) -> None:
    width, height = image_size
    crop = crop_around(box, image_size, margin)
    assert crop.width >= 1
    assert crop.height >= 1
    assert 0 <= crop.x < crop.x + crop.width <= width
    assert 0 <= crop.y < crop.y + crop.height <= height
    if box.x < width and box.x + box.w > 0:
        assert crop.x <= max(box.x, 0)
        assert crop.x + crop.width >= min(box.x + box.w, width)


def test_the_margin_is_a_share_of_the_longer_side_in_whole_pixels() -> None:
    assert crop_around(Box(100.2, 100.0, 50.0, 100.0), (1000, 1000), margin=0.1) == Crop(90, 90, 71, 120)


def test_a_box_outside_the_image_still_gives_a_pixel() -> None:
    assert crop_around(Box(500, 500, 10, 10), (100, 80)) == Crop(99, 79, 1, 1)
    assert crop_around(Box(-500, -500, 10, 10), (100, 80)) == Crop(0, 0, 1, 1)


def test_crop_coordinates_go_both_ways_and_cut_the_image() -> None:
    crop = Crop(3, 2, 4, 5)
    image = np.arange(100).reshape(10, 10)
    assert crop.cut(image).shape == crop.shape == (5, 4)
    assert crop.cut(image)[0, 0] == 23
    assert crop.to_image([[0.5, 0.5]]).tolist() == [[3.5, 2.5]]
    assert crop.from_image(crop.to_image([[1.25, 7.0]])).tolist() == [[1.25, 7.0]]
    with pytest.raises(LabelError, match="reaches over the image"):
        Crop(8, 8, 4, 4).cut(image)


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        [1, 2, 3, "4"],
        [1, 2, 0, 4],
        [1, 2, 3, -4],
        [1, 2, math.nan, 4],
        [1, math.inf, 3, 4],
        "1234",
        [1, 2, 3, True],
    ],
)
def test_a_bad_bbox_is_refused_by_name(values: list[float]) -> None:
    with pytest.raises(LabelError, match="bbox"):
        Box.from_xywh(values)


def test_a_bbox_comes_back_as_it_was() -> None:
    assert Box.from_xywh([38.08, 110.95, 174, 1.5]).to_xywh() == [38.08, 110.95, 174, 1.5]


@pytest.mark.parametrize(("size", "margin"), [((0, 5), 0.1), ((5, 5), -0.1), ((5, 5), math.nan)])
def test_a_crop_of_nothing_is_refused(size: tuple[int, int], margin: float) -> None:
    with pytest.raises(LabelError):
        crop_around(Box(0, 0, 1, 1), size, margin)
