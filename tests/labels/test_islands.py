"""Pieces of a guessed map where their part cannot be."""

import numpy as np
import pytest

from labels.islands import tidied, without_islands, without_strays

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


def test_specks_go_to_what_surrounds_them_and_larger_pieces_stay() -> None:
    label_map = chest()
    label_map[0:3, 0:3] = TORSO  # nine pixels beside two and a half thousand, on the background
    label_map[57:60, 20:29] = UPPER_LEG
    wanted = label_map.copy()
    wanted[0:3, 0:3] = 0
    assert (tidied(label_map) == wanted).all()


def test_cracks_and_holes_inside_one_part_are_closed_and_gaps_between_parts_are_left() -> None:
    label_map = chest()
    label_map[5:55, 30:55] = LOWER_ARM
    label_map[10:12, 28:32] = 0  # a crack between the two
    label_map[20:30, 10:20] = 0  # inside the torso alone
    label_map[40:50, 25:35] = 0  # between the two, as an arm on a hip leaves it
    label_map[50:55, 20:22] = 0  # reaches the background
    found = tidied(label_map)
    assert (found[10:12, 28:32] > 0).all()
    assert (found[20:30, 10:20] == TORSO).all()
    assert (found[40:50, 25:35] == 0).all()
    assert (found[50:55, 20:22] == 0).all()


def test_a_hole_beside_the_edge_is_one_and_what_reaches_the_edge_is_none() -> None:
    label_map = np.full((30, 30), TORSO, np.uint8)
    label_map[1:4, 1:4] = 0
    label_map[20:23, 27:30] = 0
    found = tidied(label_map)
    assert (found[1:4, 1:4] == TORSO).all()
    assert (found[20:23, 27:30] == 0).all()
