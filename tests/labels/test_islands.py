"""Pieces of a guessed map where their part cannot be."""

import numpy as np
import pytest

from labels.islands import without_islands, without_strays

TORSO, HAND, UPPER_LEG, LOWER_ARM = 1, 2, 6, 13


def chest() -> np.ndarray:
    label_map = np.zeros((60, 60), np.uint8)
    label_map[5:55, 5:55] = TORSO
    return label_map


def test_small_piece_apart_from_its_part_goes_to_what_surrounds_it() -> None:
    label_map = chest()
    label_map[0:5, 5:55] = LOWER_ARM
    label_map[20:24, 20:24] = LOWER_ARM
    cleaned = without_islands(label_map)
    assert (cleaned[20:24, 20:24] == TORSO).all()
    assert (cleaned[0:5, 5:55] == LOWER_ARM).all()


@pytest.mark.parametrize("part", [HAND, UPPER_LEG, LOWER_ARM])
def test_the_only_piece_of_a_part_inside_another_is_a_stray(part: int) -> None:
    label_map = chest()
    label_map[20:30, 20:30] = part
    assert (without_islands(label_map) == label_map).all()
    assert (without_strays(label_map) == chest()).all()


def test_a_hand_before_the_chest_stays_with_its_arm() -> None:
    label_map = chest()
    label_map[20:30, 20:30] = HAND
    label_map[22:28, 30:60] = LOWER_ARM
    assert (without_strays(label_map) == label_map).all()


def test_a_thigh_below_the_chest_stays() -> None:
    label_map = chest()
    label_map[40:60, 5:25] = UPPER_LEG
    assert (without_strays(label_map) == label_map).all()


def test_what_touches_nothing_stays() -> None:
    label_map = np.zeros((20, 20), np.uint8)
    label_map[5:9, 5:9] = HAND
    assert (without_strays(label_map) == label_map).all()
