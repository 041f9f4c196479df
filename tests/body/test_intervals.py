"""Intervals hold the true mean as often as they say, with few people too."""

import numpy as np
import pytest

from body.intervals import mean_interval


@pytest.mark.parametrize("people", [6, 16, 60])
def test_intervals_of_95_percent_hold_the_mean_of_19_in_20(people):
    rng = np.random.default_rng(people)
    held = []
    for seed in range(600):
        n = rng.integers(40, 100, people)
        own = rng.normal(2.0, 0.5, people)  # Errors within one person are alike.
        found = mean_interval(np.arange(people), own * n, n, seed)
        held.append(found.low <= 2.0 <= found.high)
    assert 0.92 < np.mean(held) < 0.98


def test_no_interval_is_told_of_four_people():
    found = mean_interval(np.arange(4), np.ones(4), np.ones(4, int))
    assert (found.value, found.low, found.high, found.people) == (1.0, None, None, 4)


def test_a_draw_of_nobody_is_no_mean():
    """Of five people one draw in 150 has nobody; taken for zero it was the lower end of the interval."""
    for seed in range(20):
        own = np.array([0.81, 0.82, 0.80, 0.83, 0.81])
        found = mean_interval(np.arange(5), own * 90, np.full(5, 90), seed)
        assert own.min() - 1e-9 <= found.low < found.value < found.high <= own.max() + 1e-9
