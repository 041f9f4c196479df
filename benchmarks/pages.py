"""How fast pages open, and how long their figures take to compute, with many people in the database.

python -m benchmarks.pages [--people 50000] [--annotators 200] [--geodesics FILE]

Who is in the database: benchmarks.crowd. Without a table of geodesics the figures are those of parts, work and time
alone. Pages are asked of Django in this process: no network.
"""

import argparse
import resource
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.queue import services

REPETITIONS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--annotators", type=int, default=200)
    parser.add_argument("--geodesics", type=Path)
    options = parser.parse_args()
    with services():
        import os

        os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
        import django

        django.setup()
        from django.core.management import call_command

        from benchmarks.crowd import load

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        started = time.perf_counter()
        project = load(options.people, options.annotators)
        print(f"loaded {options.people:,} people: {time.perf_counter() - started:.0f} s")
        compute(project, options.geodesics)
        ask(project)


def compute(project: Any, geodesics: Path | None) -> None:
    """Measure all answers and write the sheets, and tell how long it took and how much memory."""
    from body.geodesics import GeodesicTable
    from qa.models import FigureSheet
    from qa.services.refreshing import refresh_project

    table = GeodesicTable.open(geodesics) if geodesics else None
    started = time.perf_counter()
    while (change := refresh_project(project, table)) is not None and change.is_more:
        pass
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    between = FigureSheet.objects.get(project=project, annotator=None).data["agreement"]["between"]
    distances = between["points"] if between else 0
    print(f"figures, {distances:,} distances: {time.perf_counter() - started:.1f} s, peak {peak_mb:.0f} MB")


def ask(project: Any) -> None:
    """Open each page several times and tell the median."""
    from annotator.models import Membership, Role

    base = f"/projects/{project.pk}"
    pages = {
        "home": "/", "overview": base, "figures": f"{base}/figures",
        "figures in full": f"{base}/figures/detail", "checks": f"{base}/checks",
        "annotator": f"{base}/annotators/{project.created_by_id}",
        "inbox": f"{base}/inbox", "inbox, flagged": f"{base}/inbox?kind=flagged", "people": f"{base}/people",
        "people, disagreeing": f"{base}/people?state=disagree", "people, by dispute": f"{base}/people?order=disputed",
        "images": f"{base}/images", "imports": f"{base}/imports", "releases": f"{base}/releases",
        "review cases": f"/api/v1{base}/cases?stage=correspondence", "members": f"{base}/members",
        "annotators as CSV": f"{base}/figures/annotators.csv",
    }  # fmt: skip
    ask_as(project.created_by, pages)
    annotator = Membership.objects.filter(project=project, role=Role.ANNOTATOR).select_related("user").first()
    assert annotator is not None
    ask_as(annotator.user, {"annotator's home": "/", "annotator's own": f"{base}/annotators/{annotator.user_id}"})


def ask_as(user: Any, pages: dict[str, str]) -> None:
    """Open pages in somebody's name."""
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for name, url in pages.items():
        times = []
        for _ in range(REPETITIONS):
            started = time.perf_counter()
            answer = client.get(url, headers={"host": "localhost"}, follow=True)
            assert answer.status_code == 200, (url, answer.status_code)
            times.append(1000 * (time.perf_counter() - started))
        print(f"{name:20} {statistics.median(times):6.0f} ms, first {times[0]:.0f} ms")


if __name__ == "__main__":
    main()
