"""Flags: habits that were put in are found within 30 answers, and careful annotators are left in peace.

Thousands of careful annotators are played by their traces alone, from the distributions that the simulation has;
`test_simulated_crowd` plays some through the database.
"""

import json

import numpy as np
import pytest

from qa.services.drift import Compared, drifts_of
from qa.services.flags import Alike, Traces, flags_of
from qa.services.swapping import Swapped, swap_shares

POINTS = 80
# People differ: a hard one makes everyone's error larger, by this much in log.
PEOPLE = 0.2


class Crowd:
    """Annotators whose answers are two-dimensional normal errors about the same truth, in pairs drawn at random."""

    def __init__(self, seed: int, sigmas: list[float], drifts: list[float], settled: float = 0.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.sigmas, self.drifts, self.settled = sigmas, drifts, settled
        self.compared: dict[int, list[Compared]] = {pk + 1: [] for pk in range(len(sigmas))}
        self.done = [0] * len(sigmas)
        self.last = 0

    def work(self, tasks: int) -> "Crowd":
        while min(self.done) < tasks:
            one, other = self.rng.choice(len(self.sigmas), 2, replace=False)
            factor = np.exp(self.rng.normal(0, PEOPLE))
            errors = {who: self._error(who) * factor for who in (one, other)}
            answers = {one: self.last + 1, other: self.last + 2}
            self.last += 2
            apart = _median(errors[one] - errors[other])
            self.compared[one + 1].append(Compared(answers[one], other + 1, answers[other], apart))
            self.compared[other + 1].append(Compared(answers[other], one + 1, answers[one], apart))
            if self.rng.random() < self.settled:
                for who, error in errors.items():
                    self.compared[who + 1].append(Compared(answers[who], 0, 0, _median(error)))
        return self

    def _error(self, who: int) -> np.ndarray:
        sigma = self.sigmas[who] * (1 + self.drifts[who]) ** self.done[who]
        self.done[who] += 1
        return self.rng.normal(0, sigma, (POINTS, 2))

    def after(self, answers: int) -> dict[int, list[Compared]]:
        """Return what is known when everyone has given so many answers."""
        found = {}
        for pk, rows in self.compared.items():
            known = set(sorted({row.answer for row in rows})[:answers])
            found[pk] = [row for row in rows if row.answer in known]
        return found


def _median(error: np.ndarray) -> float:
    return float(np.median(np.hypot(*error.T)))


def test_drift_is_found_within_thirty_answers_and_the_steady_are_left_in_peace():
    found, looked_at, alarms = 0, 0, 0
    for seed in range(8):
        crowd = Crowd(seed, [1.5] * 12 + [3.0] * 6 + [1.2] * 2, [0.0] * 18 + [0.05] * 2, settled=0.3).work(30)
        flagged = [
            {pk for pk, drift in drifts_of(crowd.after(answers)).items() if drift.is_certain}
            for answers in (15, 20, 25, 30)
        ]
        found += len(flagged[-1] & {19, 20})
        alarms += len(set().union(*flagged) - {19, 20})
        looked_at += 18
    assert found == 16
    assert alarms / looked_at < 0.01, f"{alarms} of {looked_at} steady annotators in four looks"


def test_each_ones_own_error_is_told_from_that_of_the_others():
    crowd = Crowd(3, [1.0, 1.0, 2.0, 4.0, 1.5, 1.5], [0.0] * 6).work(60)
    sigma = {pk: np.sqrt(np.exp(drift.start) / (2 * np.log(2))) for pk, drift in drifts_of(crowd.compared).items()}
    assert sigma[4] == pytest.approx(4.0, rel=0.15)
    assert sigma[3] == pytest.approx(2.0, rel=0.2)
    assert max(sigma[1], sigma[2]) < 1.5


def test_a_growth_too_small_to_matter_is_not_flagged():
    rows = [Compared(answer, 0, 0, 2.0 * 1.1 ** (answer / 60)) for answer in range(1, 61)]
    drift = drifts_of({1: rows})[1]
    assert drift.t > drift.needed
    assert drift.growth == pytest.approx(1.1, abs=0.01)
    assert not drift.is_certain
    assert drifts_of({1: rows[:14]}) == {}, "too few answers to tell"


def test_heaps_are_flagged_where_they_are_more_than_the_usual():
    peers = {pk: Traces(heaps=2, groups=200) for pk in range(1, 6)}
    lazy = {pk: Traces(heaps=heaps, groups=300) for pk, heaps in ((10, 300), (11, 90), (12, 24))}
    flags = flags_of(peers | lazy | {13: Traces(heaps=15, groups=15)}, {})
    assert [(flag.annotator, flag.kind) for flag in flags] == [(10, "lazy"), (11, "lazy")]
    assert flags[1].low < flags[1].value == 0.3 < flags[1].high
    # Where the people shown are tiny and everyone heaps points, that is nobody's habit.
    assert not flags_of({pk: Traces(heaps=60, groups=200) for pk in range(5)}, {})


def test_copies_are_flagged_for_the_later_of_the_two_and_chance_is_not():
    honest = {pk: Traces(alike=[Alike(pk % 9 + 1, 3, 100)] * 30) for pk in range(1, 10)}
    copier = {20: Traces(alike=[Alike(1, 96, 100), Alike(2, 90, 100), Alike(2, 60, 100), Alike(3, 2, 100)] * 2)}
    flags = flags_of(honest | copier, {})
    assert [(flag.annotator, flag.kind, flag.value, flag.others) for flag in flags] == [(20, "copying", 6, (1, 2))]
    few = {21: Traces(alike=[Alike(1, 96, 100)] * 2 + [Alike(1, 15, 15)] * 20)}
    assert not flags_of(honest | few, {}), "two answers, or a handful of points, may be chance"
    # Where most pairs are this near, as when all keep what a model proposed, nearness says nothing.
    near = {pk: Traces(alike=[Alike(pk % 9 + 1, 40, 100)] * 30) for pk in range(1, 10)}
    assert not flags_of(near | {20: Traces(alike=[Alike(1, 80, 100)] * 9)}, {})
    # Two who put everything in the middle are near each other without having looked.
    lazy = {pk: Traces(heaps=99, groups=99, alike=[Alike(51 - pk, 99, 99)] * 9) for pk in (25, 26)}
    assert {flag.kind for flag in flags_of(honest | {1: Traces(0, 99), 2: Traces(0, 99), 3: Traces(0, 99)} | lazy, {})
            } == {"lazy"}  # fmt: skip


def test_chance_does_not_make_careful_annotators_alike():
    """Half of twenty points within half a centimetre, between two with errors of 0.75 cm an axis, three times."""
    rng = np.random.default_rng(0)
    alarms, n = 0, 3000
    for _ in range(n):
        apart = np.hypot(*rng.normal(0, 0.75 * np.sqrt(2), (2, 60, 20)))
        own = Traces(alike=[Alike(1, int(close), 20) for close in (apart < 0.5).sum(1)])
        alarms += bool(flags_of({2: own}, {}))
    assert alarms / n < 0.001


def swappers(seed: int, shares: list[float], answers: int, at_once: int = 1) -> dict[int, Traces]:
    """Return the traces of annotators who swap so much, in random pairs, of 15 places in lumps of `at_once`."""
    rng = np.random.default_rng(seed)
    traces = {pk: Traces() for pk in range(1, len(shares) + 1)}
    number = 0
    while min(len(own.swapped["parts"]) for own in traces.values()) < answers:
        one, other = rng.choice(len(shares), 2, replace=False)
        mine, theirs = (np.repeat(rng.random(15 // at_once) < shares[who], at_once) for who in (one, other))
        counts = (int((mine ^ theirs).sum()), 15)
        number += 2
        traces[one + 1].swapped["parts"].append(Swapped(number, other + 1, counts))
        traces[other + 1].swapped["parts"].append(Swapped(number + 1, one + 1, counts))
    return traces


def test_who_swaps_is_told_from_those_who_share_its_tasks():
    shares = [0.0] * 6 + [0.01] * 4 + [0.1, 0.2]
    traces = swappers(1, shares, 60)
    found = swap_shares({pk: own.swapped["parts"] for pk, own in traces.items()}, 0)
    assert [found[pk].share for pk in range(1, 13)] == pytest.approx(shares, abs=0.025)
    flags = flags_of(traces, {})
    assert [(flag.annotator, flag.kind, flag.stage, flag.sides) for flag in flags] == [
        (pk, "swapping", "parts", "limbs") for pk in (11, 12)
    ]


def test_swapping_is_flagged_within_thirty_answers_and_careful_ones_are_not():
    found, alarms, rounds = 0, 0, 40
    for seed in range(rounds):
        flagged = set()
        for answers in (10, 20, 30):
            flagged = {flag.annotator for flag in flags_of(swappers(seed, [0.01] * 10 + [0.2], answers, 3), {})}
            alarms += len(flagged - {11})
        found += 11 in flagged
    assert found >= 0.95 * rounds
    assert alarms / (3 * 10 * rounds) < 0.01


def test_where_all_swap_alike_or_little_is_known_nobody_is_flagged():
    assert not flags_of(swappers(2, [0.2] * 10, 30), {}), "as where people are seen from behind"
    assert not flags_of(swappers(3, [0.0] * 5 + [0.5], 4), {}), "a few answers"
    truth = {1: Traces(swapped={"parts": [Swapped(n, 0, (4, 8)) for n in range(20)], "correspondence": []})}
    peers = {
        pk: Traces(swapped={"parts": [Swapped(n, 0, (0, 8)) for n in range(20)], "correspondence": []}) for pk in (2, 3)
    }
    assert [(flag.annotator, flag.value) for flag in flags_of(truth | peers, {})] == [(1, 0.5)]
    unknown = {"parts": [Swapped(n, 99, (4, 8)) for n in range(20)], "correspondence": []}
    assert not flags_of({1: Traces(swapped=unknown)} | peers, {}), "against one of whom nothing is known"


def test_hasty_is_far_below_the_usual_time():
    times = {pk: {"parts": (20, 90.0 + pk), "correspondence": (20, 400.0)} for pk in range(1, 8)}
    times[9] = {"parts": (20, 25.0), "correspondence": (9, 30.0)}
    flags = flags_of({}, times)
    assert [(flag.annotator, flag.kind, flag.stage) for flag in flags] == [(9, "hasty", "parts")]
    assert not flags_of({}, {pk: times[pk] for pk in (1, 2, 9)}), "three people have no usual time"


def test_traces_keep():
    swapped = {"correspondence": [Swapped(7, 2, (1, 9, 0, 30, 0, 4))], "parts": []}
    own = Traces(3, 40, [Compared(7, 2, 6, 1.25)], [Alike(2, 30, 60)], swapped)
    assert Traces.of_json(json.loads(json.dumps(own.as_json()))) == own
