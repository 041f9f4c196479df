"""Label maps: packing, hostile bytes, mirror, boundary, recropping."""

import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from labels import label_maps
from labels.boxes import Crop
from labels.errors import LabelError

maps = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 14))


@given(maps)
def test_a_map_comes_back_from_its_bytes(label_map: np.ndarray) -> None:
    restored = label_maps.unpack(label_maps.pack(label_map), label_map.shape)
    np.testing.assert_array_equal(restored, label_map)
    assert restored.flags.writeable


@given(maps, st.integers(0, 9))
def test_any_compression_of_a_browser_is_read(label_map: np.ndarray, level: int) -> None:
    packed = zlib.compress(label_map.tobytes(), level)
    np.testing.assert_array_equal(label_maps.unpack(packed, label_map.shape), label_map)


def test_packing_follows_rows_whatever_the_memory_order() -> None:
    label_map = np.asfortranarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    assert zlib.decompress(label_maps.pack(label_map)) == bytes(range(12))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "truncated"),
        (b"no zlib", "not a zlib stream"),
        (zlib.compress(bytes(12))[:-3], "truncated"),
        (zlib.compress(bytes(11)), "11 pixels"),
        (zlib.compress(bytes(13)), "more than 3 x 4"),
        (zlib.compress(bytes(12)) + b"x", "do not belong"),
        (zlib.compress(bytes([15] * 12)), r"1\.\.14"),
    ],
)
def test_bytes_that_are_no_such_map_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        label_maps.unpack(data, (3, 4))


def test_a_decompression_bomb_takes_no_memory() -> None:
    bomb = zlib.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    with pytest.raises(LabelError, match="more than"):
        label_maps.unpack(bomb, (100, 100))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("wrong", [np.zeros((2, 2), int), np.zeros(4, np.uint8), np.zeros((0, 3), np.uint8)])
def test_arrays_that_are_no_map_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(LabelError):
        label_maps.pack(wrong)


@given(maps)
def test_swapping_sides_twice_changes_nothing_and_keeps_areas(label_map: np.ndarray) -> None:
    swapped = label_maps.swap_sides(label_map)
    np.testing.assert_array_equal(label_maps.swap_sides(swapped), label_map)
    assert label_maps.areas(swapped)[2] == label_maps.areas(label_map)[3]
    assert label_maps.areas(swapped)[[0, 1, 14]].tolist() == label_maps.areas(label_map)[[0, 1, 14]].tolist()


def test_sides_are_swapped_only_where_asked() -> None:
    label_map = np.array([[2, 2, 5, 14]], dtype=np.uint8)
    where = np.array([[True, False, True, True]])
    assert label_maps.swap_sides(label_map, where).tolist() == [[3, 2, 4, 14]]


def test_areas_and_parts_present() -> None:
    label_map = np.array([[0, 2, 2], [14, 0, 2]], dtype=np.uint8)
    assert label_maps.areas(label_map).tolist() == [2, 0, 3] + [0] * 11 + [1]
    assert label_maps.parts_present(label_map) == (2, 14)


def test_the_boundary_is_on_the_part() -> None:
    label_map = np.zeros((6, 6), dtype=np.uint8)
    label_map[1:6, 1:6] = 3
    expected = label_map > 0
    expected[2:5, 2:5] = False
    np.testing.assert_array_equal(label_maps.boundary(label_map), expected)


def test_a_recropped_map_keeps_what_lies_in_both_crops() -> None:
    old, new = Crop(10, 10, 4, 3), Crop(12, 9, 5, 3)
    label_map = np.arange(1, 13, dtype=np.uint8).reshape(3, 4)
    moved = label_maps.recrop(label_map, old, new)
    assert moved.tolist() == [[0] * 5, [3, 4, 0, 0, 0], [7, 8, 0, 0, 0]]
    assert not label_maps.recrop(label_map, old, Crop(50, 50, 2, 2)).any()
