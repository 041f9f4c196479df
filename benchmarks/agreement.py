"""How long all agreement takes to compute from the beginning, in how much memory, and how soon one answer is seen.

python -m benchmarks.agreement --geodesics FILE [--people 50000] [--annotators 200]

50,000 people with two answers to 100 points each are five million distances.
"""

import argparse
import os
import resource
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.queue import services


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--annotators", type=int, default=200)
    parser.add_argument("--geodesics", type=Path, required=True)
    parser.add_argument("--answers", type=int, default=10)
    options = parser.parse_args()
    with services():
        os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
        import django

        django.setup()
        from django.core.management import call_command

        from benchmarks.crowd import load
        from body.geodesics import GeodesicTable

        call_command("migrate", verbosity=0)
        started = time.perf_counter()
        project = load(options.people, options.annotators)
        print(f"loaded {options.people:,} people: {time.perf_counter() - started:.0f} s, load {os.getloadavg()[0]:.1f}")
        measure(project, GeodesicTable.open(options.geodesics), options.answers)


def measure(project: Any, table: Any, answers: int) -> None:
    """Compute everything, then one answer after the other."""
    from qa.services.refreshing import refresh_project

    before_mb = _peak_mb()
    started, cpu = time.perf_counter(), time.process_time()
    while (change := refresh_project(project, table)) is not None and change.is_more:
        pass
    data = project.sheets.get(annotator=None).data
    n = data["agreement"]["between"]["points"]
    print(
        f"all figures, {n:,} distances, {data['parts_agreement']['between']['pairs']:,} pairs of label maps:"
        f" {time.perf_counter() - started:.1f} s ({time.process_time() - cpu:.1f} s of this process),"
        f" peak {_peak_mb():.0f} MB, of it {before_mb:.0f} MB before"
    )
    seconds = []
    for number in range(answers):
        answer_again(project, number)
        started = time.perf_counter()
        refresh_project(project, table)
        seconds.append(time.perf_counter() - started)
    print(f"one more answer: {statistics.median(seconds):.2f} s median, {max(seconds):.2f} s at most")


def answer_again(project: Any, number: int) -> None:
    """Give one person a third answer to the points."""
    import uuid

    from annotator.models import Submission, User

    submission = Submission.objects.filter(task__project=project, task__stage="correspondence").order_by("pk")[number]
    submission.pk, submission.client_uuid, submission._state.adding = None, uuid.uuid4(), True
    submission.annotator = User.objects.order_by("pk")[50 + number]
    submission.save()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
