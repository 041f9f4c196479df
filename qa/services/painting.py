"""The mean distance around each vertex: what an answer tells of the surface near it, spread and averaged."""

from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from body.topology import N_VERTICES
from qa.services.opposites import Distances
from qa.services.point_pairs import UNITS_PER_CM

# FigureSheet.vertex_error: units of 1/25 cm up to 10 cm, and this where nothing was measured.
PAINTED_PER_CM: Final = 25
NOT_PAINTED: Final = 255
# A bell of this width, as annotators' errors vary slowly over the body.
_SPREAD_CM: Final = 2.5
_REACH_CM: Final = 4 * _SPREAD_CM
_ROWS_AT_ONCE: Final = 512
# From so many vertices on, the bells of all are computed once and kept: some 30 MB a process.
_MANY: Final = 300


def painted(n: NDArray[np.int64], cm: NDArray[np.int64], table: Distances) -> NDArray[np.uint8] | None:
    """Return (6890,) for FigureSheet.vertex_error; None where nothing was measured.

    Args:
        n, cm: (6890,) points at each vertex and the sum of their distances in 1/100 cm.
    """
    seen = np.flatnonzero(n)
    if not len(seen):
        return None
    of_all = len(seen) > _MANY
    bells = _all_bells(table) if of_all else _bells(seen, table).T
    at = slice(None) if of_all else seen
    # In the bells' own type: of another, each product would begin with a copy of all bells.
    weight, total = (bells @ sums[at].astype(np.float32) for sums in (n, cm / UNITS_PER_CM))
    units = np.full(N_VERTICES, NOT_PAINTED, np.uint8)
    told = weight > 1e-3
    units[told] = np.clip(total[told] / weight[told] * PAINTED_PER_CM, 0, NOT_PAINTED - 1).astype(np.uint8)
    return units


@lru_cache(maxsize=1)
def _all_bells(table: Distances) -> Any:
    # A bell around a vertex weighs another as much as the other's weighs it: no need to turn the table over.
    return _bells(np.arange(N_VERTICES), table)


def _bells(vertices: NDArray[np.intp], table: Distances) -> Any:
    """Return the bells around some vertices, sparse (len(vertices), 6890)."""
    pieces = []
    for begin in range(0, len(vertices), _ROWS_AT_ONCE):
        apart = table.vertex_distance_cm(vertices[begin : begin + _ROWS_AT_ONCE, None], np.arange(N_VERTICES)[None])
        row, column = np.nonzero(apart <= _REACH_CM)
        bell = np.exp(-0.5 * (apart[row, column] / _SPREAD_CM) ** 2).astype(np.float32)
        pieces.append(csr_matrix((bell, (row, column)), shape=apart.shape))
    return vstack(pieces, format="csr")
