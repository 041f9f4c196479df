"""How fast pages open, and how long their figures take to compute, with many people in the database.

python -m benchmarks.pages [--people 50000] [--annotators 200] [--geodesics FILE]

Rows are loaded in bulk by SQL: each person has parts by one annotator and 100 points by two. Without a table of
geodesics the figures are those of work and time alone. Pages are asked of Django in this process: no network.
"""

import argparse
import resource
import statistics
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks.queue import services

POINTS = 100
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

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        started = time.perf_counter()
        project = load(options.people, options.annotators)
        print(f"loaded {options.people} people, {3 * options.people} answers: {time.perf_counter() - started:.0f} s")
        compute(project, options.geodesics)
        ask(project)


def load(people: int, annotators: int) -> Any:
    """Make a project with its people, tasks, points and answers; returns it."""
    import numpy as np
    from django.db import connection

    from annotator.models import Image, Membership, Person, PointSet, Project, Submission, Task, User
    from body.canonical import load_canonical_body
    from labels.label_maps import pack

    users = User.objects.bulk_create(User(username=f"a{i}", display_name=f"Annotator {i}") for i in range(annotators))
    first = users[0].pk
    project = Project.objects.create(
        name="Crowd", surface_hash=load_canonical_body().surface_hash, correspondence_overlap=2, created_by=users[0]
    )
    roles = ["manager"] + ["annotator"] * (annotators - 1)
    Membership.objects.bulk_create(
        Membership(project=project, user=user, role=role) for user, role in zip(users, roles, strict=True)
    )
    image = Image.objects.create(
        project=project,
        file_name="x.jpg",
        file="x.jpg",
        content_type="image/jpeg",
        sha256="0" * 64,
        width=640,
        height=480,
    )
    person = Person.objects.create(project=project, image=image, box_x=1, box_y=1, box_width=90, box_height=200)
    copies = people - 1
    replicate(person, copies, {"public_id": "gen_random_uuid()"})
    with connection.cursor() as cursor:
        for stage, overlap, state in (("parts", 1, "done"), ("correspondence", 2, "review")):
            cursor.execute(
                "INSERT INTO annotator_task (project_id, person_id, stage, state, overlap, places_left, priority,"
                " is_gold, created_at, updated_at) SELECT %s, id, %s, CASE WHEN id %% 20 = 0 THEN 'open'"
                " WHEN id %% 300 = 1 THEN 'flagged' ELSE %s END, %s, 0, 0, false, now(), now() FROM annotator_person",
                [project.pk, stage, state, overlap],
            )
    rng = np.random.default_rng(0)
    points = PointSet.objects.create(
        person=person, version=1, key=np.arange(POINTS), xy=rng.uniform(0, 90, (POINTS, 2)),
        part=rng.integers(1, 15, POINTS),
    )  # fmt: skip
    replicate(points, copies, {"person_id": f"{person.pk} + n"})
    weights = rng.dirichlet((1, 1, 1), POINTS)
    day = "now() - (n % 60) * interval '1 day'"
    for which in range(2):
        answer = Submission.objects.create(
            client_uuid=uuid.uuid4(), annotator=users[which], point_set=points,
            task=Task.objects.get(person=person, stage="correspondence"),
            status=np.ones(POINTS), view=np.ones(POINTS), click=np.zeros((POINTS, 2)),
            triangle=rng.integers(0, 13774, POINTS), weights=weights, active_ms=150_000,
        )  # fmt: skip
        replicate(answer, copies, {
            "client_uuid": "gen_random_uuid()", "created_at": day, "point_set_id": f"{points.pk} + n",
            "task_id": f"{answer.task_id} + n", "annotator_id": f"{first} + (n + {which} * 7) % {annotators}",
            "active_ms": "100000 + n % 90000",
        })  # fmt: skip
    parts = Submission.objects.create(
        client_uuid=uuid.uuid4(), task=Task.objects.get(person=person, stage="parts"), annotator=users[0], crop_x=0,
        crop_y=0, crop_width=100, crop_height=200, label_map=pack(np.ones((200, 100), np.uint8)), active_ms=60_000,
    )  # fmt: skip
    replicate(parts, copies, {
        "client_uuid": "gen_random_uuid()", "created_at": day, "task_id": f"{parts.task_id} + n",
        "annotator_id": f"{first} + n % {annotators}", "active_ms": "40000 + n % 50000",
    })  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert Submission.objects.count() == 3 * people
    return project


def replicate(row: Any, count: int, changes: dict[str, str]) -> None:
    """Insert copies of a row; `changes` are SQL expressions of n = 1, 2, ... by column."""
    from django.db import connection

    columns = [field.column for field in row._meta.concrete_fields if not field.primary_key]
    values = ", ".join(changes.get(column, f"row.{column}").replace("%", "%%") for column in columns)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} AS row,"
            f" generate_series(1, %s) AS n WHERE row.id = %s ORDER BY n",
            [count, row.pk],
        )


def compute(project: Any, geodesics: Path | None) -> None:
    """Write the figure sheets, and tell how long it took and how much memory."""
    from body.geodesics import GeodesicTable
    from qa.services.sheets import write_sheets

    table = GeodesicTable.open(geodesics) if geodesics else None
    started = time.perf_counter()
    sheet = write_sheets(project, table)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    between = sheet.data["agreement"]["between"]
    distances = between["points"] if between else 0
    print(f"figures, {distances:,} distances: {time.perf_counter() - started:.1f} s, peak {peak_mb:.0f} MB")


def ask(project: Any) -> None:
    """Open each page several times and tell the median."""
    from django.test import Client

    client = Client()
    client.force_login(project.created_by, backend="django.contrib.auth.backends.ModelBackend")
    base = f"/projects/{project.pk}"
    pages = {
        "home": "/", "overview": base, "figures": f"{base}/figures",
        "annotator": f"{base}/annotators/{project.created_by_id}",
        "inbox": f"{base}/inbox", "inbox, flagged": f"{base}/inbox?kind=flagged", "people": f"{base}/people",
        "review cases": f"/api/v1{base}/cases?stage=correspondence", "members": f"{base}/members",
        "annotators as CSV": f"{base}/figures/annotators.csv",
    }  # fmt: skip
    for name, url in pages.items():
        times = []
        for _ in range(REPETITIONS):
            started = time.perf_counter()
            answer = client.get(url, headers={"host": "localhost"})
            assert answer.status_code == 200, (url, answer.status_code)
            times.append(1000 * (time.perf_counter() - started))
        print(f"{name:20} {statistics.median(times):6.0f} ms, first {times[0]:.0f} ms")


if __name__ == "__main__":
    main()
