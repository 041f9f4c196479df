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
