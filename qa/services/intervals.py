"""Means with their intervals: a bootstrap over people, since errors within a person are correlated."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_REPETITIONS: Final = 200
_AT_ONCE: Final = 20


@dataclass(frozen=True)
class Interval:
    """A mean over all points, its 95 % interval, and over how many people; the interval is empty under five people."""

    value: float
    low: float | None
    high: float | None
    people: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def mean_interval(
    person: NDArray[np.int64], total: NDArray[np.float64], n: NDArray[np.int64], seed: int = 0
) -> Interval | None:
    """Return the pooled mean sum(total) / sum(n) with a bootstrap interval over people.

    Args:
        person: (R,) whose answer each row is of.
        total: (R,) sum of the rows' points.
        n: (R,) number of the rows' points.
    """
    if not len(person):
        return None
    _who, place = np.unique(person, return_inverse=True)
    totals, counts = np.bincount(place, total), np.bincount(place, n)
    value = float(totals.sum() / counts.sum())
    if len(totals) < 5:
        return Interval(value, None, None, len(totals))
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(0, _REPETITIONS, _AT_ONCE):
        weights = rng.poisson(1.0, (_AT_ONCE, len(totals)))
        means.append((weights @ totals) / np.maximum(weights @ counts, 1))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Interval(value, float(low), float(high), len(totals))
