"""A project with many people for the benchmarks of figures and pages: rows in bulk, answers as people give them.

There are two people in a photograph. Each has parts by one annotator (one in fifty by two) and 100 points by two. Truth
comes from 100 drawn people, answers from their points with an error of about 3 cm, 2 % swapped sides, 3 % "cannot tell"
and 1 % "not this part".
How far they differ is made up: it is what lists of people are ordered by, and no figure.
"""

import uuid
from typing import Any

import numpy as np

POINTS = 100
TEMPLATES, VARIANTS = 100, 20
SIGMA_M = 0.025


def load(people: int, annotators: int) -> Any:
    """Make a project with its people, tasks, points and answers; returns it."""
    from django.db import connection

    from annotator.models import Image, Membership, Person, Project, User
    from body.canonical import load_canonical_body

    users = User.objects.bulk_create(User(username=f"a{i}", display_name=f"Annotator {i}") for i in range(annotators))
    project = Project.objects.create(
        name="Crowd", surface_hash=load_canonical_body().surface_hash, correspondence_overlap=2, created_by=users[0]
    )
    roles = ["manager"] + ["annotator"] * (annotators - 1)
    Membership.objects.bulk_create(
        Membership(project=project, user=user, role=role) for user, role in zip(users, roles, strict=True)
    )
    image = Image.objects.create(
        project=project, file_name="x.jpg", file="x.jpg", content_type="image/jpeg", sha256="0" * 64, width=640,
        height=480, state="ready",
    )  # fmt: skip
    replicate(image, people // 2, {"public_id": "gen_random_uuid()", "file_name": "n || '.jpg'"})
    person = Person.objects.create(project=project, image=image, box_x=1, box_y=1, box_width=90, box_height=200)
    replicate(person, people - 1, {"public_id": "gen_random_uuid()", "image_id": f"{image.pk} + (n + 1) / 2"})
    tasks = {stage: _tasks(project, stage) for stage in ("parts", "correspondence")}
    ids = [user.pk for user in users]
    with connection.cursor() as cursor:
        _points(cursor, tasks["correspondence"], ids)
        _parts(cursor, tasks["parts"], ids)
        _decisions(cursor, project)
        cursor.execute("ANALYZE")
    return project


def replicate(row: Any, count: int, changes: dict[str, str]) -> None:
    """Insert copies of a row; `changes` are SQL expressions of n = 1, 2, ... by column."""
    from django.db import connection

    columns = [field.column for field in row._meta.concrete_fields if not field.primary_key]
    values = ", ".join(changes.get(column, f'row."{column}"').replace("%", "%%") for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS row,"
            f" generate_series(1, %s) AS n WHERE row.id = %s ORDER BY n",
            [count, row.pk],
        )


def _tasks(project: Any, stage: str) -> list[tuple[int, int]]:
    """Make the tasks of a stage; returns (task, person)."""
    from django.db import connection

    overlap, state = (1, "done") if stage == "parts" else (2, "review")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotator_task (project_id, person_id, stage, state, overlap, places_left, priority,"
            " uncertainty, is_gold, created_at, updated_at) SELECT %s, id, %s, CASE WHEN id %% 20 = 0 THEN 'open'"
            " WHEN id %% 300 = 1 THEN 'flagged' ELSE %s END, %s, 0, 0, 0, false, now(), now() FROM annotator_person"
            " ORDER BY id RETURNING id, person_id",
            [project.pk, stage, state, overlap],
        )
        return list(cursor.fetchall())


def _points(cursor: Any, tasks: list[tuple[int, int]], users: list[int]) -> None:
    parts, variants = _answers()
    raw = cursor.cursor
    rng = np.random.default_rng(1)
    xy = rng.uniform(1, 90, (POINTS, 2)).astype("<f8").tobytes()
    key = np.arange(POINTS, dtype="<i4").tobytes()
    with raw.copy(
        "COPY annotator_pointset (person_id, version, is_current, key, xy, part, created_at) FROM STDIN"
    ) as copy:
        for number, (_task, person) in enumerate(tasks):
            copy.write_row((person, 1, True, key, xy, parts[number % TEMPLATES], "2026-01-01T00:00Z"))
    cursor.execute("SELECT person_id, id FROM annotator_pointset")
    sets = dict(cursor.fetchall())
    view, click = bytes([1]) * POINTS, bytes(16 * POINTS)
    columns = (
        "client_uuid, task_id, annotator_id, created_at, active_ms, origin, provenance, point_set_id, status, view,"
        " click, triangle, weights, surface_hash, style_hash"
    )
    with raw.copy(f"COPY annotator_submission ({columns}) FROM STDIN") as copy:
        for number, (task, person) in enumerate(tasks):
            for which in range(2):
                status, triangle, weights = variants[number % TEMPLATES][rng.integers(VARIANTS)]
                copy.write_row((
                    uuid.uuid4(), task, users[(number + which * 7) % len(users)], _day(number),
                    100_000 + number % 90_000, "workbench", "{}", sets[person], status, view, click, triangle,
                    weights, "", "",
                ))  # fmt: skip


def _parts(cursor: Any, tasks: list[tuple[int, int]], users: list[int]) -> None:
    from labels.label_maps import pack

    maps = []
    for shift in range(4):
        label_map = np.zeros((200, 100), np.uint8)
        for part in range(1, 15):
            row, column = divmod(part - 1, 2)
            label_map[6 + row * 27 + shift : 30 + row * 27 + shift, 6 + column * 45 : 48 + column * 45 + shift] = part
        maps.append(pack(label_map))
    columns = (
        "client_uuid, task_id, annotator_id, created_at, active_ms, origin, provenance, crop_x, crop_y, crop_width,"
        " crop_height, label_map, surface_hash, style_hash"
    )
    with cursor.cursor.copy(f"COPY annotator_submission ({columns}) FROM STDIN") as copy:
        for number, (task, _person) in enumerate(tasks):
            for which in range(2 if number % 50 == 0 else 1):
                copy.write_row((
                    uuid.uuid4(), task, users[(number + which * 3) % len(users)], _day(number),
                    40_000 + number % 50_000, "workbench", "{}", 0, 0, 100, 200, maps[(number + which) % 4], "", "",
                ))  # fmt: skip


def _decisions(cursor: Any, project: Any) -> None:
    """Say of all answers to points how far they differ; beyond a quarter for one person in five."""
    cursor.execute(
        "INSERT INTO qa_mergedecision (task_id, project_id, person_id, newest, answers, disagreement, at_stake,"
        " outcome, figures, compared_at) SELECT id, project_id, person_id, 0, 2,"
        " round((id * 7919 %% 10000 / 1e4) ^ 6, 4), 10, 'reviewer', '{}', now() FROM annotator_task"
        " WHERE project_id = %s AND stage = 'correspondence'",
        [project.pk],
    )


def _day(number: int) -> Any:
    from datetime import timedelta

    from django.utils import timezone

    return timezone.now() - timedelta(days=number % 60)


def _answers() -> tuple[list[bytes], list[list[tuple[bytes, bytes, bytes]]]]:
    """Return the part of each template's points, and (status, triangle, weights) of its variants."""
    from scipy.spatial import cKDTree

    from body.canonical import load_canonical_body
    from body.surface import SurfacePoints, mirror, positions

    body = load_canonical_body()
    rng = np.random.default_rng(0)
    corners = body.vertices[body.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    cloud = SurfacePoints(
        rng.choice(len(area), 80_000, p=area / area.sum()).astype(np.int32), rng.dirichlet((1, 1, 1), 80_000)
    )
    at = positions(cloud, body.vertices)
    tree = cKDTree(at, balanced_tree=False)
    parts, variants = [], []
    for _ in range(TEMPLATES):
        truth = rng.integers(0, len(cloud), POINTS)
        parts.append(cloud.part[truth].tobytes())
        told = []
        for _ in range(VARIANTS):
            near = cloud[tree.query(at[truth] + rng.normal(0, SIGMA_M, (POINTS, 3)))[1]]
            swapped = rng.random(POINTS) < 0.02
            there = mirror(near)
            triangle = np.where(swapped, there.triangle, near.triangle).astype("<i4")
            weights = np.where(swapped[:, None], there.weights, near.weights).astype("<f8")
            status = rng.choice([1, 2, 3], POINTS, p=[0.96, 0.03, 0.01]).astype(np.uint8)
            triangle[status != 1], weights[status != 1] = -1, 0
            told.append((status.tobytes(), triangle.tobytes(), weights.tobytes()))
        variants.append(told)
    return parts, variants
