"""One surface point out of several: the medoid, the answer with the least weighted distance to the others.

A mean of places on a surface may lie off it or on the wrong limb, and one answer on the other leg pulls it away. The
medoid is one of the answers, and a single stray answer among three cannot move it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from body.surface import SurfacePoints

Float64 = NDArray[np.float64]


class Distances(Protocol):
    """What measures; `body.geodesics.GeodesicTable` does."""

    def distance_cm(self, a: SurfacePoints, b: SurfacePoints) -> NDArray[np.float32]:
        """Return (N,) distances in cm."""
        ...


@dataclass(frozen=True, slots=True)
class Medoids:
    """For N points answered by A answers.

    `source` (N,) is the answer whose place stands, -1 where none gave one; `from_medoid_cm` (A, N) is how far each
    place lies from it, nan where there is none; `pair_cm` (A, A, N) likewise between answers.
    """

    source: NDArray[np.int64]
    from_medoid_cm: Float64
    pair_cm: Float64


def medoids(answers: Sequence[SurfacePoints], weights: Sequence[float] | Float64, distances: Distances) -> Medoids:
    """Return the medoid of each point.

    Args:
        answers: A answers to the same N points; triangle -1 where an answer placed none.
        weights: (A,) positive; ties go to the larger weight, then to the first answer.
    """
    n_answers, n = len(answers), len(answers[0])
    is_placed = np.stack([answer.triangle >= 0 for answer in answers])
    pair_cm = np.full((n_answers, n_answers, n), np.nan)
    for a in range(n_answers):
        pair_cm[a, a, is_placed[a]] = 0.0
        for b in range(a + 1, n_answers):
            both = is_placed[a] & is_placed[b]
            pair_cm[a, b, both] = pair_cm[b, a, both] = distances.distance_cm(answers[a][both], answers[b][both])
    share = np.asarray(weights, dtype=np.float64)
    cost = np.nansum(pair_cm * share[None, :, None], axis=1)
    # Far below any distance that matters: only tells equal costs apart.
    cost = np.where(is_placed, cost, np.inf) - 1e-6 * share[:, None] / share.max()
    source = np.where(is_placed.any(0), cost.argmin(0), -1)
    chosen = np.where(source < 0, 0, source)
    from_medoid = np.where(source < 0, np.nan, np.take_along_axis(pair_cm, chosen[None, None, :], 1)[:, 0, :])
    return Medoids(source, from_medoid, pair_cm)
