"""What was put into the answers of simulated annotators is what the figures say of them, and what they are flagged for.

Distances are straight here, since a table of geodesics takes minutes to build: errors come out about one per cent
short. `python -m benchmarks.recovery` asks the same along the surface, of thousands of people.
"""

import json
from math import erf, pi, sqrt

import pytest
from django.core.management import call_command
from django.db.models import Sum

from annotator.models import User
from body.parts import PARTS
from qa.models import Comparison, FigureSheet, PointsComparison
from qa.services.refreshing import refresh_project
from qa.simulation.habits import PRESETS
from tests.distances import StraightTable
from tests.webapp.clients import browser

STEADY = {"like": "careful", "name": "steady", "sigma_cm": 1.0}
SWAPPING = {"like": "swapping", "sigma_cm": 1.5}
HABITS = [STEADY | {"count": 3}, SWAPPING, *({"like": name} for name in ("lazy", "drifting", "copying", "hasty"))]
# In the workbench, only the sides of these can be taken for each other: both lie on one set of views.
ON_BOTH_SIDES = {part.number for part in PARTS if part.side is None}


def mean_cm(sigma: float) -> float:
    return sigma * sqrt(pi / 2)


def auc(sigma: float, reach_cm: float) -> float:
    """Return the area under the curve of an error of sigma along two axes: 1 - E[min(d, reach)] / reach."""
    return 1 - mean_cm(sigma) * erf(reach_cm / (sigma * sqrt(2))) / reach_cm


@pytest.fixture
def crowd(world, tmp_path):
    """Return what was put in, by annotator, after everyone's answers were measured."""
    world.project.correspondence_overlap = 2
    world.project.save()
    habits, put_in = tmp_path / "habits.json", tmp_path / "put-in.json"
    habits.write_text(json.dumps(HABITS))
    call_command(
        "simulate_annotators", "Street", people=100, scenes=4, habits=habits, settled=0.8, bulk=True, seed=5,
        put_in=put_in,
    )  # fmt: skip
    while refresh_project(world.project, StraightTable()).is_more:
        pass
    return json.loads(put_in.read_text())


def figures(crowd, habits):
    """Return the figures of everyone with some habits."""
    return [FigureSheet.objects.get(annotator=row["id"]).data for row in crowd if row["habits"] == habits]


@pytest.mark.slow
def test_simulated_crowd(world, crowd):
    the_errors_are_found(crowd)
    the_swaps_are_found(crowd)
    the_habits_are_flagged_and_nobody_else(world, crowd)


def the_errors_are_found(crowd):
    sigma = STEADY["sigma_cm"]
    for found in figures(crowd, "steady"):
        against_truth = found["agreement"]["settled"]
        assert against_truth["cm"]["value"] == pytest.approx(mean_cm(sigma), rel=0.05)
        for name, reach_cm in (("auc10", 10.0), ("auc30", 30.0)):
            told = against_truth[name]
            # An interval of 95 % misses one time in twenty: nine draws would fail every other run. One as wide again
            # misses one in ten thousand, beside the one per cent by which straight distances fall short.
            half = (told["high"] - told["low"]) / 2
            lowest, highest = auc(sigma, reach_cm) - 2 * half, auc(0.99 * sigma, reach_cm) + 2 * half
            assert lowest <= told["value"] <= highest, (name, told)
            assert half < 0.01
    both = [row["id"] for row in crowd if row["habits"] == "steady"]
    pairs = PointsComparison.objects.filter(
        kind=Comparison.Kind.BETWEEN, first_annotator__in=both, second_annotator__in=both
    )
    sums = pairs.aggregate(n=Sum("n"), cm=Sum("cm"), auc10=Sum("auc10"))
    apart = sqrt(2) * sigma
    assert sums["n"] > 500
    assert sums["cm"] / sums["n"] / 100 == pytest.approx(mean_cm(apart), rel=0.05)
    assert sums["auc10"] / sums["n"] / 1000 == pytest.approx(auc(apart, 10.0), abs=0.01)


def the_swaps_are_found(crowd):
    put = PRESETS["swapping"]
    (swapping,) = figures(crowd, "swapping")
    for kind, share, parts in (
        ("left_right", put.side_swaps, ON_BOTH_SIDES),
        ("front_back", put.front_back_swaps, {part.number for part in PARTS}),
    ):
        rows = [row["swaps"][kind] for row in swapping["parts"] if row["part"] in parts]
        n, is_open = (sum(row[name] for row in rows) for name in ("n", "open"))
        by_chance = 2.58 * sqrt(share * (1 - share) / is_open)
        assert is_open > 100
        assert n / is_open == pytest.approx(share, abs=0.02 + by_chance), kind
    for found in figures(crowd, "steady"):
        assert all(row["n"] == 0 for row in found["swaps_by_kind"].values()), "against the truth nothing was swapped"


def the_habits_are_flagged_and_nobody_else(world, crowd):
    sheet = world.project.sheets.get(annotator=None).data
    habits = {row["id"]: row["habits"] for row in crowd}
    flags = {(habits[flag["annotator"]], flag["kind"]): flag for flag in sheet["flags"]}
    assert set(flags) == {(habit, habit) for habit in ("lazy", "drifting", "copying", "swapping", "hasty")}
    drifting = flags["drifting", "drifting"]
    assert max(row["tasks"] for row in crowd if row["habits"] in {"lazy", "drifting", "copying"}) <= 30
    assert drifting["low"] < (1 + PRESETS["drifting"].drift) ** (drifting["n"] - 1) < drifting["high"]
    assert flags["lazy", "lazy"]["value"] == pytest.approx(PRESETS["lazy"].laziness, abs=0.02)
    assert flags["hasty", "hasty"]["value"] == pytest.approx(
        PRESETS["hasty"].seconds_a_point / PRESETS["careful"].seconds_a_point, rel=0.3
    )
    page = browser(world, "mia").get(f"/projects/{world.project.pk}/figures").content.decode()
    card = page.split('id="habits"')[1].split("</section>")[0]
    assert all(str(User.objects.get(pk=flag["annotator"])) in card for flag in flags.values())
