"""RLE against pycocotools, both ways, and what a hostile string does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_mask

from labels.errors import LabelError
from labels.rle import check_rle, decode_mask, encode_mask, pack_runs, unpack_runs

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=50))


@given(masks)
def test_a_mask_comes_back(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_mask(encode_mask(mask), mask.shape), mask)


@given(masks)
def test_pycocotools_writes_and_reads_the_same(mask: np.ndarray) -> None:
    ours = encode_mask(mask)
    theirs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert ours["counts"] == theirs["counts"].decode()
    np.testing.assert_array_equal(coco_mask.decode(ours).astype(bool), mask)


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=40))
def test_runs_of_any_length_come_back(runs: list[int]) -> None:
    assert unpack_runs(pack_runs(np.array(runs))).tolist() == runs


def test_an_empty_and_a_full_mask() -> None:
    assert encode_mask(np.zeros((2, 3)))["counts"] == pack_runs(np.array([6]))
    assert unpack_runs(encode_mask(np.ones((2, 3)))["counts"]).tolist() == [0, 6]


def test_uncompressed_runs_are_column_major() -> None:
    mask = decode_mask({"counts": [1, 2, 1], "size": [2, 2]}, (2, 2))
    assert mask.tolist() == [[False, True], [True, False]]


def test_polygons_are_filled_as_coco_does() -> None:
    polygons = [[2.0, 2.0, 8.0, 2.0, 8.0, 6.0, 2.0, 6.0], [10.3, 1.1, 14.9, 7.2, 9.0, 8.8]]
    theirs = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, 12, 20)))
    ours = decode_mask(polygons, (12, 20))
    np.testing.assert_array_equal(ours, theirs.astype(bool))
    assert ours[2:6, 2:8].all()
    assert not decode_mask([], (3, 3)).any()


@pytest.mark.parametrize(
    ("segmentation", "said"),
    [
        ({"counts": "", "size": [4, 4]}, "empty"),
        ({"counts": "0é", "size": [4, 4]}, "not in its code"),
        ({"counts": "0\x7f", "size": [4, 4]}, "not in its code"),
        ({"counts": "0P", "size": [4, 4]}, "truncated"),
        ({"counts": "PPPPPPPPPP0", "size": [4, 4]}, "characters"),
        ({"counts": "O", "size": [4, 4]}, "negative"),
        ({"counts": "1", "size": [4, 4]}, "cover 1 pixels"),
        ({"counts": "1", "size": [5, 4]}, "size must be"),
        ({"counts": "1", "size": "4x4"}, "size must be"),
        ({"counts": 7, "size": [4, 4]}, "string or a list"),
        ({"counts": [1, -1, 16], "size": [4, 4]}, "whole numbers"),
        ({"size": [4, 4]}, "counts and size"),
        ([[1, 2, 3, 4]], "three or more"),
        ([[1, 2, 3, 4, 5, float("nan")]], "finite"),
        ([[1, 2, 3, 4, 5, "x"]], "list of numbers"),
        ([3], "three or more"),
    ],
)
def test_malformed_masks_are_refused(segmentation: object, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        decode_mask(segmentation, (4, 4))  # type: ignore[arg-type]


@given(st.text(alphabet=[chr(c) for c in range(40, 120)], max_size=30))
def test_no_string_does_more_than_be_refused(counts: str) -> None:
    try:
        runs = check_rle({"counts": counts, "size": [16, 16]}, (16, 16))
    except LabelError:
        return
    assert runs.sum() == 256


def test_an_outline_that_would_take_all_memory_is_refused() -> None:
    zigzag = [value for _ in range(2000) for value in (0.0, 0.0, 4000.0, 4000.0)]
    with pytest.raises(LabelError, match="outline"):
        decode_mask([zigzag], (4000, 4000))
