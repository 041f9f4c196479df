"""Whether the figures find again what was put into simulated answers, along the surface and of thousands of people.

python -m benchmarks.recovery --geodesics FILE [--people 3000] [--scenes 8]

200 annotators of eight kinds answer every person twice; a reviewer settles half of them by the truth. Told by kind are
what was put in and what the figures say of each annotator, the share of 95 % intervals that hold the analytic value,
and how many were flagged for what.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter, defaultdict
from math import erf, pi, sqrt
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.queue import services

KINDS = [
    {"like": "careful", "count": 100},
    {"like": "average", "name": "rough", "side_swaps": 0, "front_back_swaps": 0, "count": 40},
    {"like": "swapping", "count": 20},
    {"like": "lazy", "count": 8},
    {"like": "lazy", "name": "half-lazy", "laziness": 0.3, "count": 8},
    {"like": "drifting", "count": 8},
    {"like": "copying", "count": 8},
    {"like": "hasty", "count": 8},
]
STEADY = ("careful", "rough")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--geodesics", type=Path, required=True)
    options = parser.parse_args()
    with services(), tempfile.TemporaryDirectory() as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        started = time.perf_counter()
        project, crowd = play(Path(folder), options.people, options.scenes)
        print(f"played {options.people:,} people: {time.perf_counter() - started:.0f} s, load {os.getloadavg()[0]:.1f}")
        started = time.perf_counter()
        measure(project, options.geodesics)
        print(f"measured: {time.perf_counter() - started:.0f} s")
        tell(project, crowd)


def play(folder: Path, people: int, scenes: int) -> tuple[Any, list[dict[str, Any]]]:
    """Return a project full of answers, and what was put in, by annotator."""
    from django.core.management import call_command

    from annotator.models import User
    from annotator.services.projects import create_project

    habits, put_in = folder / "habits.json", folder / "put-in.json"
    habits.write_text(json.dumps(KINDS))
    project = create_project(
        name="Recovery", by=User.objects.create(username="mia"), parts_overlap=2, correspondence_overlap=2
    )
    with (folder / "log").open("w") as log:
        call_command(
            "simulate_annotators", "Recovery", people=people, scenes=scenes, habits=habits, settled=0.5, bulk=True,
            put_in=put_in, stdout=log,
        )  # fmt: skip
    return project, json.loads(put_in.read_text())


def measure(project: Any, geodesics: Path) -> None:
    from body.geodesics import GeodesicTable
    from qa.models import FigureSheet
    from qa.services.refreshing import refresh_project

    table = GeodesicTable.open(geodesics)
    # Flags are told with the work, which rests between passes.
    while (
        (change := refresh_project(project, table)) is None
        or change.is_more
        or FigureSheet.objects.get(project=project, annotator=None).data["flags_wait"]
    ):
        time.sleep(0.2)


def tell(project: Any, crowd: list[dict[str, Any]]) -> None:
    from qa.models import FigureSheet

    sheets = {sheet.annotator_id: sheet.data for sheet in FigureSheet.objects.filter(project=project)}
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in crowd:
        kinds[row["habits"]].append(row | {"found": sheets[row["id"]]})
    for name in STEADY:
        tell_errors(name, kinds[name])
    tell_pairs([row["id"] for row in kinds["careful"]], kinds["careful"][0]["put"]["sigma_cm"])
    tell_swaps(kinds["swapping"])
    tell_flags(kinds, sheets[None]["flags"])


def tell_errors(name: str, rows: list[dict[str, Any]]) -> None:
    """Tell errors against the truth, and how many intervals hold the analytic area under the curve."""
    sigma = rows[0]["put"]["sigma_cm"]
    told = [one for row in rows if (one := row["found"]["agreement"]["settled"]) and one["auc10"]["low"] is not None]
    drawn = sum(row["error_cm"] for row in rows) / sum(row["errors"] for row in rows)
    found = mean(one["cm"]["value"] for one in told)
    print(f"{name}: mean error {mean_cm(sigma):.3f} cm, drawn {drawn:.3f} cm, found {found:.3f} cm")
    for area, reach_cm in (("auc10", 10.0), ("auc30", 30.0)):
        true = auc(sigma, reach_cm)
        held = sum(one[area]["low"] <= true <= one[area]["high"] for one in told)
        found = mean(one[area]["value"] for one in told)
        width = mean(one[area]["high"] - one[area]["low"] for one in told)
        print(f"  {area}: {true:.4f}, found {found:.4f}; {held} of {len(told)} intervals hold it, {width:.4f} wide")


def tell_pairs(careful: list[int], sigma: float) -> None:
    """Tell how far two annotators of the same error are apart."""
    from django.db.models import Sum

    from qa.models import Comparison, PointsComparison

    sums = PointsComparison.objects.filter(
        kind=Comparison.Kind.BETWEEN, first_annotator__in=careful, second_annotator__in=careful
    ).aggregate(n=Sum("n"), cm=Sum("cm"), auc10=Sum("auc10"))
    apart, area = sums["cm"] / sums["n"] / 100, sums["auc10"] / sums["n"] / 1000
    far = sqrt(2) * sigma
    print(
        f"two careful ones: {mean_cm(far):.3f} cm apart, found {apart:.3f}; auc10 {auc(far, 10):.4f}, found {area:.4f}"
    )


def tell_swaps(rows: list[dict[str, Any]]) -> None:
    """Tell the share of swapped points among those that could show it, and of people painted with sides exchanged."""
    from body.parts import PARTS

    put = rows[0]["put"]
    middle = {part.number for part in PARTS if part.side is None}
    for kind, share, parts in (
        ("left_right", put["side_swaps"], middle),
        ("front_back", put["front_back_swaps"], {part.number for part in PARTS}),
        ("inner_outer", 0.0, {part.number for part in PARTS}),
    ):
        found = [row["swaps"][kind] for one in rows for row in one["found"]["parts"] if row["part"] in parts]
        n, of = (sum(row[name] for row in found) for name in ("n", "open"))
        print(f"swapping, {kind}: {share:.3f}, found {n / of:.3f} of {of:,} points")
    limbs = [limb for one in rows for limb in one["found"]["parts_agreement"]["between"]["limbs"]]
    painted = sum(row["people_swapped"] for row in rows) / sum(row["people_painted"] for row in rows)
    share = sum(limb["swapped"] for limb in limbs) / sum(limb["pairs"] for limb in limbs)
    print(f"swapping, painted: {painted:.3f}, found {share:.3f} of limbs")


def tell_flags(kinds: dict[str, list[dict[str, Any]]], flags: list[dict[str, Any]]) -> None:
    found: dict[int, set[str]] = defaultdict(set)
    for flag in flags:
        found[flag["annotator"]].add(flag["kind"])
    for name, rows in kinds.items():
        told = Counter(kind for row in rows for kind in found[row["id"]])
        words = ", ".join(f"{kind} {n}" for kind, n in sorted(told.items())) or "nothing"
        print(f"{name}: {len(rows)} with {mean(row['tasks'] for row in rows):.0f} answers, flagged: {words}")


def mean_cm(sigma: float) -> float:
    """Return the mean distance of an error of sigma along two axes."""
    return sigma * sqrt(pi / 2)


def auc(sigma: float, reach_cm: float) -> float:
    """Return 1 - E[min(d, reach)] / reach, the area under the curve up to `reach_cm`."""
    return 1 - mean_cm(sigma) * erf(reach_cm / (sigma * sqrt(2))) / reach_cm


if __name__ == "__main__":
    main()
