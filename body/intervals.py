"""Means with their intervals: a bootstrap over people, since errors within a person are correlated.

The difference of two networks or annotators on the same points is such a mean too, of the differences: it is paired.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

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

    @property
    def is_certain(self) -> bool:
        """Whether a difference lies on one side of zero."""
        return self.low is not None and self.high is not None and self.low * self.high > 0

    @property
    def signed(self) -> str:
        """The value as a difference is written."""
        return f"{self.value:+.3f}"


def interval_of(value: float, replicates: NDArray[np.float64], people: int) -> Interval:
    """Return the 95 % interval of a mean from bootstrap replicates of it, which may be none.

    Few people resample to too narrow a spread and know too little of it. The quantiles that are read lie as far out as
    Student's t and n / (n - 1) ask: the expanded percentile interval (Hesterberg, "What Teachers Should Know About the
    Bootstrap", 2015).
    """
    if people < 5 or not len(replicates):
        return Interval(value, None, None, people)
    tail = float(ndtr(np.sqrt(people / (people - 1)) * stdtrit(people - 1, 0.025)))
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return Interval(value, float(low), float(high), people)


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
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(0, _REPETITIONS, _AT_ONCE):
        weights = rng.poisson(1.0, (_AT_ONCE, len(totals)))
        drawn = weights @ counts
        # Of few people a draw may have nobody at all: that is no mean of zero.
        means.append((weights @ totals)[drawn > 0] / drawn[drawn > 0])
    return interval_of(value, np.concatenate(means), len(totals))
