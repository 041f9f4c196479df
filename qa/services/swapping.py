"""How often an annotator takes one side for the other, told apart from those it is compared with.

Two answers that differ by a swap do not say which of the two swapped. The shares of both add up, save where both swap
at once, so of `open` places where a swap would be seen, k ~ Poisson(open (s_a + s_b)); against the truth it is s_a
alone. All shares are found together by expectation maximisation: each difference is divided between the two by their
shares so far. The interval of a share is from the spread over an annotator's answers, as swaps come in whole people.

Points: left and right of head and torso alone, whose two sides lie on one set of views; front and back, inner and outer
of each part. Parts: limbs, as qa.services.parts_agreement tells that their sides are exchanged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

KINDS: Final = {"correspondence": ("left_right", "front_back", "inner_outer"), "parts": ("limbs",)}
TRUTH: Final = 0
MIN_ANSWERS: Final = 10
MIN_OPEN: Final = 40

_ROUNDS: Final = 60
_LIKELY: Final = 0.95
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Swapped:
    """What of one answer was swapped against one reference.

    Attributes:
        answer: its number.
        other: whose answer the reference is, `TRUTH` for what a reviewer settled.
        counts: swapped and open places by turns, for each kind of its stage (`KINDS`).
    """

    answer: int
    other: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SwapShare:
    """The share of `n` open places of one annotator that it swapped; with 95 % likelihood it is above `low`."""

    share: float
    low: float
    n: int


def swap_shares(swapped: Mapping[int, Sequence[Swapped]], kind: int) -> dict[int, SwapShare]:
    """Return the share of swaps of each annotator of whom enough is known.

    Args:
        swapped: by annotator.
        kind: which of the kinds of the stage.
    """
    column = {pk: number for number, pk in enumerate(swapped, start=1)}
    known = column | {TRUTH: 0}  # a difference from anybody else says nothing of whose it is
    rows = [
        (column[pk], known[row.other], row.answer, row.counts[2 * kind], row.counts[2 * kind + 1])
        for pk, own in swapped.items()
        for row in own
        if row.counts[2 * kind + 1] and row.other in known
    ]
    if not rows:
        return {}
    own, other, answer, count, n = np.array(rows, np.int64).T
    found = _shares_by_all(own, other, count, n, len(column) + 1)
    mine = count * _part_of(found[own], found[other])
    return {pk: told for pk, at in column.items() if (told := _told(own == at, answer, mine, n)) is not None}


def _shares_by_all(
    own: NDArray[np.int64], other: NDArray[np.int64], count: NDArray[np.int64], n: NDArray[np.int64], size: int
) -> Float64:
    """Return (size,) the share of everyone; the first is the truth's, which is 0."""
    open_of = np.maximum(np.bincount(own, n, size), 1)
    found = np.bincount(own, count, size) / open_of
    for _ in range(_ROUNDS):
        found = np.bincount(own, count * _part_of(found[own], found[other]), size) / open_of
    return found


def _part_of(own: Float64, other: Float64) -> Float64:
    """Return the part of a difference that is one's own; half where nothing is known of either."""
    both = own + other
    return np.where(both > 0, own / np.where(both > 0, both, 1), 0.5)


def _told(rows: NDArray[np.bool_], answer: NDArray[np.int64], mine: Float64, n: NDArray[np.int64]) -> SwapShare | None:
    numbers, of_row = np.unique(answer[rows], return_inverse=True)
    answers, places = len(numbers), np.bincount(of_row, n[rows])
    if answers < MIN_ANSWERS or places.sum() < MIN_OPEN:
        return None
    swaps, total = np.bincount(of_row, mine[rows]), places.sum()
    share = swaps.sum() / total
    spread = np.sqrt(((swaps - share * places) ** 2).sum() * answers / (answers - 1)) / total
    half = float(stdtrit(answers - 1, _LIKELY)) * float(spread)
    return SwapShare(round(float(share), 4), round(max(0.0, float(share) - half), 4), int(total))
