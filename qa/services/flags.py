"""Habits of annotators that ask for a decision: lazy, drifting, copying, swapping, hasty; statistics with their bounds.

The rules look at traces, the latest answers of everyone in a few numbers, and know nothing of the database. A flag says
what was counted and what the bound is, so that a manager can judge it; nothing is done to anybody by itself.

- *lazy*: a heap is a part whose points, four or more, all lie within `HEAP_CM` (root mean square around their middle).
  Flagged where at least `MIN_GROUPS` parts were seen and the lower end of the 99 % interval of the share of heaps
  (Wilson) is above `LAZY_SHARE` and above three times the median share of all annotators.
- *copying*: an answer is alike another's, given before it, where half of at least `MIN_COMPARED` points lie within
  `ALIKE_CM`. Two annotators with errors of 1.5 cm an axis place 3 % of their points so near, two of 0.75 cm 11 %: half
  of 20 has a chance of 1 in 100,000. Flagged from `MIN_ALIKE` such answers. Where points are this near between most
  pairs, as with proposals that all kept, half is not enough: the bar is five times the median share of all pairs.
- *drifting*: see qa.services.drift.
- *swapping*: one side taken for the other, see qa.services.swapping. Flagged where the share is above `SWAPPED_SHARE`
  and above three times the median share of all, with 95 % likelihood.
- *hasty*: the median time of an answer is under `HASTY` times the median of all annotators' medians.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from operator import attrgetter
from statistics import median
from typing import Any, Final

from qa.services.drift import MIN_GROWTH, Compared, drifts_of
from qa.services.swapping import KINDS, Swapped, swap_shares

HEAP_CM: Final = 1.5
MIN_GROUPS: Final = 20
LAZY_SHARE: Final = 0.1
ALIKE_CM: Final = 0.5
MIN_COMPARED: Final = 20
ALIKE_SHARE: Final = 0.5
MIN_ALIKE: Final = 3
SWAPPED_SHARE: Final = 0.05
HASTY: Final = 0.35
MIN_TIMED: Final = 10
MIN_PEERS: Final = 4

_Z99: Final = 2.576
_TIMES_OTHERS: Final = 3.0
_TIMES_PAIRS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Flag:
    """One habit of one annotator.

    Attributes:
        kind: "lazy", "copying", "drifting", "swapping" or "hasty".
        value: what was measured: the share of heaps, the number of answers alike, the growth of the error, the share of
            places swapped, the share of the usual time; `low`, `high`: its interval where it has one; `bound`: what it
            was held against.
        n: out of how many parts, answers or places.
        others: whose answers were copied.
        stage: of the work.
        sides: which are taken for each other, of the stage's `swapping.KINDS`.
    """

    kind: str
    annotator: int
    value: float
    bound: float
    n: int
    low: float | None = None
    high: float | None = None
    others: tuple[int, ...] = ()
    stage: str = "correspondence"
    sides: str = ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "others": list(self.others)}


@dataclass(frozen=True, slots=True)
class Alike:
    """How near one of an annotator's answers is to an earlier one of another's: `close` of `n` points."""

    other: int
    close: int
    n: int


@dataclass(slots=True)
class Traces:
    """The latest answers of one annotator.

    Attributes:
        heaps, groups: parts of a person whose points were put on a heap, and how many parts with four points or more.
        compared: distances to truth and to others.
        alike: comparisons with earlier answers of others.
        swapped: what was swapped against truth and others, by stage.
    """

    heaps: int = 0
    groups: int = 0
    compared: list[Compared] = field(default_factory=list)
    alike: list[Alike] = field(default_factory=list)
    swapped: dict[str, list[Swapped]] = field(default_factory=lambda: {stage: [] for stage in KINDS})

    def as_json(self) -> dict[str, Any]:
        """Return the traces as a sheet keeps them."""
        return {
            "heaps": self.heaps, "groups": self.groups, "compared": _columns(self.compared),
            "alike": _columns(self.alike),
            "swapped": {stage: _columns(rows) for stage, rows in self.swapped.items()},
        }  # fmt: skip

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Traces":
        """Return kept traces."""
        compared = [Compared(*row) for row in kept["compared"]]
        # Sheets from before swaps were traced have none; they are written anew with the next answer.
        rows = kept.get("swapped", {})
        swapped = {
            stage: [Swapped(answer, other, tuple(counts)) for answer, other, counts in rows.get(stage, [])]
            for stage in KINDS
        }
        return cls(kept["heaps"], kept["groups"], compared, [Alike(*row) for row in kept["alike"]], swapped)


def _columns(rows: Sequence[Compared | Alike | Swapped]) -> list[tuple[Any, ...]]:
    """Return the fields of each; dataclasses.astuple takes fifteen times as long, and there are tens of thousands."""
    if not rows:
        return []
    return list(map(attrgetter(*(field.name for field in fields(rows[0]))), rows))


def flags_of(traces: Mapping[int, Traces], times: Mapping[int, Mapping[str, tuple[int, float]]]) -> list[Flag]:
    """Return the flags of everyone, by annotator.

    Args:
        traces: by annotator.
        times: by annotator and stage: answers, and their median time in seconds.
    """
    lazy = _lazy(traces)
    on_heaps = {flag.annotator for flag in lazy}
    copying, swapping = _copying(traces, on_heaps), _swapping(traces, on_heaps)
    found = [*lazy, *copying, *_drifting(traces), *swapping, *_hasty(times)]
    return sorted(found, key=lambda flag: (flag.annotator, flag.kind, flag.stage, flag.sides))


def _lazy(traces: Mapping[int, Traces]) -> list[Flag]:
    shares = {pk: own.heaps / own.groups for pk, own in traces.items() if own.groups >= MIN_GROUPS}
    if not shares:
        return []
    bound = max(LAZY_SHARE, _TIMES_OTHERS * median(shares.values()))
    found = []
    for pk, share in shares.items():
        low, high = _wilson(traces[pk].heaps, traces[pk].groups)
        if low > bound:
            found.append(Flag("lazy", pk, round(share, 3), round(bound, 3), traces[pk].groups, low, high))
    return found


def _copying(traces: Mapping[int, Traces], lazy: set[int]) -> list[Flag]:
    """Those who put everything in the middle are near each other without having looked: they are told apart."""
    bar = max(ALIKE_SHARE, _TIMES_PAIRS * _usual_closeness(traces))
    found = []
    for pk, own in traces.items():
        seen = [one for one in own.alike if one.n >= MIN_COMPARED and not (pk in lazy and one.other in lazy)]
        alike = [one for one in seen if one.close >= bar * one.n]
        if len(alike) >= MIN_ALIKE:
            others = tuple(sorted({one.other for one in alike}))
            found.append(Flag("copying", pk, len(alike), MIN_ALIKE, len(seen), others=others))
    return found


def _usual_closeness(traces: Mapping[int, Traces]) -> float:
    """Return the median over pairs of annotators of the share of points that lie near each other."""
    close: dict[tuple[int, int], int] = defaultdict(int)
    points: dict[tuple[int, int], int] = defaultdict(int)
    for pk, own in traces.items():
        for one in own.alike:
            pair = (min(pk, one.other), max(pk, one.other))
            close[pair] += one.close
            points[pair] += one.n
    return median([close[pair] / n for pair, n in points.items() if n] or [0.0])


def _drifting(traces: Mapping[int, Traces]) -> list[Flag]:
    drifts = drifts_of({pk: own.compared for pk, own in traces.items()})
    return [
        Flag("drifting", pk, drift.growth, MIN_GROWTH, drift.n, drift.low, drift.high)
        for pk, drift in drifts.items()
        if drift.is_certain
    ]


def _swapping(traces: Mapping[int, Traces], lazy: set[int]) -> list[Flag]:
    """Who puts points in the middle of one view has those of the other side opposite: that is laziness."""
    found = []
    for stage, kinds in KINDS.items():
        rows = {pk: own.swapped[stage] for pk, own in traces.items()}
        for kind, sides in enumerate(kinds):
            shares = swap_shares(rows, kind)
            bound = max(SWAPPED_SHARE, _TIMES_OTHERS * median([one.share for one in shares.values()] or [0.0]))
            found += [
                Flag("swapping", pk, one.share, round(bound, 3), one.n, one.low, stage=stage, sides=sides)
                for pk, one in shares.items()
                if one.low > bound and not (stage == "correspondence" and pk in lazy)
            ]
    return found


def _hasty(times: Mapping[int, Mapping[str, tuple[int, float]]]) -> list[Flag]:
    found = []
    for stage in sorted({stage for own in times.values() for stage in own}):
        timed = {pk: own[stage] for pk, own in times.items() if stage in own and own[stage][0] >= MIN_TIMED}
        if len(timed) < MIN_PEERS:
            continue
        usual = median(seconds for _n, seconds in timed.values())
        for pk, (n, seconds) in timed.items():
            if seconds < HASTY * usual:
                found.append(Flag("hasty", pk, round(seconds / usual, 3), HASTY, n, stage=stage))
    return found


def _wilson(k: int, n: int) -> tuple[float, float]:
    """Return Wilson's 99 % interval of a share of k in n."""
    share, square = k / n, _Z99 * _Z99
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z99 * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return round(middle - half, 4), round(middle + half, 4)
