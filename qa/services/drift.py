"""Whether an annotator's error grows from answer to answer, told apart from the error of those it is compared with.

For errors on the surface that are normal in the plane, the squared median distance m^2 of an answer to another's is
q_a + q_b on average: each annotator's own part, q = 2 ln 2 sigma^2; against the truth it is q_a alone. People who are
hard or easy make it larger or smaller by a factor, so the model is log m^2 = log(q_a exp(b x) + q_b) + noise, with x
the number of the answer among those looked at. All q are found together with b = 0, then b of each annotator by least
squares, one residual an answer, with Student's t. The median is not moved by a few swaps.

Flagged where b is above zero with `CONFIDENCE` on one side and the error, whose square is q, grew by `MIN_GROWTH` from
the first answer to the last. Looking again after every answer makes chance more likely to be met than once: hence the
strict confidence. Who is found to drift is taken into account, at each of its answers, when the others are looked at:
else a steady annotator would seem to drift with the one it shares its tasks with.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

CONFIDENCE: Final = 0.9995
MIN_GROWTH: Final = 1.25
MIN_ANSWERS: Final = 15

_ROUNDS: Final = 30
_NEAR: Final = 1e-3
_STEPS: Final = 25
_LEAST_CM2: Final = 0.01
# A step of the fit, and what it may reach: an error a thousand times larger after sixty answers is not looked for.
_MAX_STEP: Final = 1.0
_MAX_SLOPE: Final = 0.25
_FAR: Final = 7.0
Float64 = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Compared:
    """One answer against one reference.

    Attributes:
        answer: number of the answer, growing with time.
        other: whose answer the reference is, 0 for the truth that a reviewer settled; other_answer: its number.
        median_cm: median distance of the points that both placed.
    """

    answer: int
    other: int
    other_answer: int
    median_cm: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How an annotator's error changed over `n` answers.

    Attributes:
        growth: the error at the last answer over that at the first; `low`, `high`: its 95 % interval.
        t: b over its standard error; `needed`: what is demanded of it.
        start: log q at the first answer; slope: b.
    """

    n: int
    growth: float
    low: float
    high: float
    t: float
    needed: float
    start: float
    slope: float

    @property
    def is_certain(self) -> bool:
        return self.t > self.needed and self.growth >= MIN_GROWTH


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """One annotator's comparisons.

    Attributes:
        log_square: (R,) log m^2; place: (R,) which of the annotator's `n` answers, 0 the oldest.
        other: (R,) whose answer the reference is, a row of the crowd's columns; 0 for the truth.
        other_place: (R,) which of the other's answers, -1 where that one is not looked at.
    """

    n: int
    log_square: Float64
    place: Places
    other: Places
    other_place: Places


class _Crowd:
    """Everyone's comparisons, and what is known of each: log q at the first answer, and its slope."""

    def __init__(self, compared: Mapping[int, Sequence[Compared]]) -> None:
        places = {
            pk: {answer: place for place, answer in enumerate(sorted({row.answer for row in rows}))}
            for pk, rows in compared.items()
            if rows
        }
        self.column = {pk: number for number, pk in enumerate(places, start=1)}
        self.rows = {self.column[pk]: self._rows(rows, places, places[pk]) for pk, rows in compared.items() if rows}
        self.start = np.full(len(places) + 1, -np.inf)
        self.slope = np.zeros(len(places) + 1)
        self._settle_starts()

    def _rows(self, rows: Sequence[Compared], places: Mapping[int, Mapping[int, int]], own: Mapping[int, int]) -> _Rows:
        return _Rows(
            len(own),
            np.log([max(_LEAST_CM2, row.median_cm**2) for row in rows]),
            np.array([own[row.answer] for row in rows], np.intp),
            np.array([self.column.get(row.other, 0) for row in rows], np.intp),
            np.array([places.get(row.other, {}).get(row.other_answer, -1) for row in rows], np.intp),
        )

    def others(self, own: _Rows) -> Float64:
        """Return (R,) what the other side of each comparison adds to m^2: nothing where it is the truth.

        An answer that is older than those looked at counts as the first of them.
        """
        return np.exp(self.start[own.other] + self.slope[own.other] * np.maximum(own.other_place, 0))

    def _settle_starts(self) -> None:
        """Find q of everyone together, as if nobody drifted."""
        for column, own in self.rows.items():
            self.start[column] = np.median(own.log_square - np.where(own.other == 0, 0.0, math.log(2)))
        for _ in range(_ROUNDS):
            longest = 0.0
            for column, own in self.rows.items():
                part, others = math.exp(self.start[column]), self.others(own)
                share = part / (part + others)
                step = 0.7 * float((share * (own.log_square - np.log(part + others))).sum() / (share**2).sum())
                step = min(_MAX_STEP, max(-_MAX_STEP, step))
                self.start[column] = max(math.log(_LEAST_CM2), self.start[column] + step)
                longest = max(longest, abs(step))
            if longest < _NEAR:
                break


def drifts_of(compared: Mapping[int, Sequence[Compared]]) -> dict[int, Drift]:
    """Return the drift of each annotator with enough answers."""
    crowd = _Crowd(compared)
    steady = {column for column, own in crowd.rows.items() if own.n >= MIN_ANSWERS}
    found: dict[int, Drift] = {}
    stale = steady.copy()
    while True:
        for column in stale:
            found[column] = _fitted(crowd.rows[column], crowd.start[column], crowd.others(crowd.rows[column]))
        certain = [column for column in steady if found[column].is_certain]
        if not certain:
            return {pk: found[column] for pk, column in crowd.column.items() if column in found}
        # The surest first; then those who share tasks with that one again, knowing it.
        surest = max(certain, key=lambda column: found[column].t)
        crowd.start[surest], crowd.slope[surest] = found[surest].start, found[surest].slope
        steady.remove(surest)
        stale = {column for column in steady if (crowd.rows[column].other == surest).any()}


def _fitted(own: _Rows, start: float, others: Float64) -> Drift:
    """Fit log q and b of one annotator by Gauss-Newton from its typical q."""
    n = own.n
    per_answer = np.bincount(own.place, minlength=n)
    at = np.array([start, 0.0])

    def mean(values: Float64) -> Float64:
        return np.asarray(np.bincount(own.place, values, minlength=n) / per_answer)

    for _ in range(_STEPS):
        part = np.exp(at[0] + at[1] * own.place)
        share = part / (part + others)
        left = mean(own.log_square - np.log(part + others))
        slopes = np.column_stack([mean(share), mean(share * own.place)])
        step = np.linalg.lstsq(slopes, left, rcond=None)[0]
        longest = max(abs(step[0]), n * abs(step[1]))
        at += step * min(1.0, _MAX_STEP / max(longest, 1e-12))
        at[1] = min(_MAX_SLOPE, max(-_MAX_SLOPE, at[1]))
        if longest < 1e-6:
            break
    variance = float((left**2).sum()) / (n - 2)
    error = math.sqrt(max(variance * float(np.linalg.pinv(slopes.T @ slopes)[1, 1]), 1e-24))
    half = float(stdtrit(n - 2, 0.975)) * error
    ends = (at[1], at[1] - half, at[1] + half)
    growth, low, high = (round(math.exp(np.clip(slope * (n - 1) / 2, -_FAR, _FAR)), 3) for slope in ends)
    return Drift(n, growth, low, high, at[1] / error, float(stdtrit(n - 2, CONFIDENCE)), float(at[0]), float(at[1]))
