"""Label maps made one: the vote, its ties, and reliabilities against known habits."""

import numpy as np
import pytest

from labels.errors import LabelError
from labels.label_maps import swap_sides
from labels.voting import staple, vote


def person(height: int = 60, width: int = 40) -> np.ndarray:
    """Return a map with a head, a torso and two lower legs."""
    label_map = np.zeros((height, width), np.uint8)
    label_map[4:14, 14:26] = 14
    label_map[14:36, 10:30] = 1
    label_map[36:56, 11:18] = 11
    label_map[36:56, 22:29] = 12
    return label_map


def test_what_most_weight_says_wins_pixel_by_pixel():
    a, b, c = (
        np.array([[1, 1, 2, 0]], np.uint8),
        np.array([[1, 2, 2, 0]], np.uint8),
        np.array([[1, 2, 0, 0]], np.uint8),
    )
    merged = vote([a, b, c])
    assert merged.label_map.tolist() == [[1, 2, 2, 0]]
    np.testing.assert_allclose(merged.uncertainty, [[0, 1 / 3, 1 / 3, 0]], atol=1e-6)
    assert not merged.disputed.any()
    heavy = vote([a, b, c], [3.0, 1.0, 1.0])
    assert heavy.label_map.tolist() == a.tolist()
    split = vote([np.array([[1]], np.uint8), np.array([[2]], np.uint8), np.array([[3]], np.uint8)])
    assert split.disputed.all()
    assert split.disagreement == 1.0


def test_a_tie_goes_to_what_lies_around_then_to_the_heavier_then_to_the_first_answer():
    a = np.ones((9, 9), np.uint8)
    b = a.copy()
    b[4, 4] = 2
    assert vote([b, a]).label_map[4, 4] == 1, "one stray pixel among others is outvoted by its surroundings"
    c = np.full((9, 9), 3, np.uint8)
    assert (vote([c, a]).label_map == 3).all()
    assert (vote([a, c]).label_map == 1).all()
    merged = vote([a, c])
    assert merged.disputed.all()
    assert merged.disagreement == 1.0


def test_reliabilities_are_found_and_outvote_a_majority_that_errs_alike():
    rng = np.random.default_rng(3)
    truth = person()
    rates = (0.02, 0.1, 0.3)
    maps = []
    for rate in rates:
        noisy = truth.copy()
        wrong = (rng.random(truth.shape) < rate) & (truth > 0)
        noisy[wrong] = rng.integers(1, 15, int(wrong.sum()))
        maps.append(noisy)
    merged = staple(maps)
    foreground = truth > 0
    np.testing.assert_allclose(merged.reliability, [1 - rate * 13 / 14 for rate in rates], atol=0.03)
    assert list(np.argsort(-merged.reliability)) == [0, 1, 2]
    assert (merged.label_map[foreground] == truth[foreground]).mean() > 0.98
    assert (merged.label_map[~foreground] == 0).all()
    # The careful answer stands where the two others agree on something else by chance, which the vote cannot know.
    assert (staple(maps).label_map == truth).mean() >= (vote(maps).label_map == truth).mean()


def test_an_answer_with_sides_swapped_is_seen_as_unreliable():
    truth = person()
    merged = staple([truth, swap_sides(truth), truth])
    np.testing.assert_array_equal(merged.label_map, truth)
    assert merged.reliability[1] < merged.reliability[0]
    legs = np.isin(truth, (11, 12)).sum() / (truth > 0).sum()
    assert vote([truth, swap_sides(truth)]).disagreement == pytest.approx(legs)


@pytest.mark.parametrize(
    ("maps", "weights", "words"),
    [
        ([], None, "at least one"),
        ([np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8)], None, "one shape"),
        ([np.zeros((2, 2), np.uint8)], [0.0], "positive"),
        ([np.zeros((2, 2), np.uint8)], [1.0, 1.0], "1 positive numbers"),
    ],
)
def test_what_cannot_be_merged_is_refused(maps, weights, words):
    with pytest.raises(LabelError, match=words):
        vote(maps, weights)


def test_two_answers_tell_nothing_of_reliability():
    with pytest.raises(LabelError, match="three answers or more, got 2"):
        staple([person(), person()])
