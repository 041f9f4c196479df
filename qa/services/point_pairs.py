"""Distances and what was said of each point of two answers, for many pairs at once, as whole numbers that are kept.

Each point of a pair is a row of six uint16: distance in 1/100 cm (`NOT_MEASURED` where not both placed it), nearest
vertex of the first's and of the second's answer, sampled part, chart of the second's answer (of the first's where the
second placed none), and `what`: status of the first + 4 x status of the second + 16 x swap + 64 x (open to left-right
+ 2 x front-back + 4 x inner-outer), as qa.services.opposites defines these.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annotator.models import PointStatus
from body.similarity import point_similarity
from body.surface import SurfacePoints, nearest_vertex
from qa.services.opposites import Distances, find_swaps, open_to

UNITS_PER_CM: Final = 100
NOT_MEASURED: Final = 65535
FAR_CM: Final = 10.0
MILLION: Final = 1_000_000
CM, FIRST_PLACE, SECOND_PLACE, PART, CHART, WHAT = range(6)


@dataclass(frozen=True)
class Said:
    """Answers to M points: `status`, `points` and the part each was sampled in, (M,) each."""

    status: NDArray[np.uint8]
    points: SurfacePoints
    part: NDArray[np.uint8]


def measured_points(
    said: Said, first: NDArray[np.intp], second: NDArray[np.intp], table: Distances
) -> NDArray[np.uint16]:
    """Return (N, 6) of points of first answers and their partners in second answers.

    Args:
        first, second: (N,) where in `said` each stands.
    """
    vertex = np.maximum(nearest_vertex(said.points), 0)
    chart, part = said.points.chart, said.part[first]
    found = np.zeros((len(first), 6), np.uint16)
    found[:, CM] = NOT_MEASURED
    found[:, FIRST_PLACE] = vertex[first]
    found[:, SECOND_PLACE] = vertex[second]
    found[:, PART] = part
    found[:, CHART] = np.where(chart[second] > 0, chart[second], chart[first])
    found[:, WHAT] = said.status[first] + 4 * said.status[second].astype(np.uint16)
    placed = said.status == PointStatus.PLACED
    both = np.flatnonzero(placed[first] & placed[second])
    here, there = said.points[first[both]], said.points[second[both]]
    cm = table.distance_cm(here, there).astype(np.float64)
    is_open = open_to(table)[:, found[both, SECOND_PLACE]]
    swap = find_swaps(here, there, cm, is_open, table)
    found[both, CM] = np.minimum(np.rint(cm * UNITS_PER_CM), NOT_MEASURED - 1)
    found[both, WHAT] += (16 * swap + 64 * (is_open * np.array([[1], [2], [4]])).sum(0)).astype(np.uint16)
    return found


def sums_of_pairs(points: NDArray[np.uint16], pair: NDArray[np.intp], count: int) -> dict[str, NDArray[np.int64]]:
    """Return the columns of models.PointsComparison that are sums over a pair's points, (count,) each.

    Args:
        points: (M, 6) of all pairs.
        pair: (M,) which pair, 0..count - 1, each row is of.
    """
    cm, part, what = points[:, CM].astype(np.int64), points[:, PART], points[:, WHAT]
    both = cm != NOT_MEASURED
    own, cm, swap = pair[both], cm[both], (what[both] // 16) % 4
    metres = cm / UNITS_PER_CM / 100

    def total(values: NDArray[np.generic]) -> NDArray[np.int64]:
        return np.rint(np.bincount(own, values, minlength=count)).astype(np.int64)

    n = np.bincount(own, minlength=count)
    some = np.maximum(n, 1)
    found = {
        "n": n, "cm": total(cm), "auc10": total(np.maximum(1000 - cm, 0)), "auc30": total(np.maximum(3000 - cm, 0)),
        "far": total(cm > FAR_CM * UNITS_PER_CM), "left_right": total(swap == 1), "front_back": total(swap == 2),
        "inner_outer": total(swap == 3),
    }  # fmt: skip
    for name, similarity in (
        ("gps", point_similarity(metres)), ("gps_parts", point_similarity(metres, part[both], "coarse-parts"))
    ):  # fmt: skip
        mean = np.bincount(own, similarity, minlength=count) / some
        found[name] = np.rint(MILLION * mean).astype(np.int64)
    return found


def said_of_pairs(points: NDArray[np.uint16], pair: NDArray[np.intp], count: int) -> NDArray[np.int32]:
    """Return (count, 16) how many points have each pair of statuses, first + 4 x second."""
    cells = np.bincount(pair * 16 + points[:, WHAT] % 16, minlength=16 * count)
    return cells.reshape(count, 16).astype(np.int32)
