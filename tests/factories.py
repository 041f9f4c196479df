"""The cast that every test knows, and small real things for it to work on.

Mia manages, Ana and Ben annotate, Rita reviews, Eve is an outsider with a project of her own, Ed is the ML engineer.
"""

import io
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image as Pillow
from rest_framework.test import APIClient

from annotator.models import (
    Consensus,
    Image,
    Lease,
    Membership,
    PartViewSet,
    Person,
    PointStatus,
    Project,
    Role,
    Task,
    User,
)
from annotator.services.drafts import encoded
from annotator.services.images import add_image
from annotator.services.people import create_person
from annotator.services.point_sets import points_for_person
from annotator.services.projects import create_project
from body.canonical import load_canonical_body
from body.parts import N_PARTS
from body.surface import surface_of_vertex
from body.topology import load_topology
from labels.label_maps import pack
from rendering.views.cameras import cameras_of
from rendering.views.style import STYLE_HASH

PASSWORD = "correct-horse-battery"  # not a secret: every test signs in with it
# A fast hash: tests make many accounts and none of them guards anything.
_PASSWORD_HASH = "md5$salt$" + __import__("hashlib").md5(b"salt" + PASSWORD.encode()).hexdigest()


def make_user(username: str, **more: Any) -> User:
    return User.objects.create(username=username, display_name=username.title(), password=_PASSWORD_HASH, **more)


def picture_bytes(width: int = 64, height: int = 96, kind: str = "JPEG", seed: int = 0, **options: Any) -> bytes:
    """Return a small picture of noise."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
    sink = io.BytesIO()
    Pillow.fromarray(pixels).save(sink, kind, **options)
    return sink.getvalue()


@dataclass
class World:
    """A project with its cast."""

    project: Project
    mia: User
    ana: User
    ben: User
    rita: User
    ed: User
    eve: User
    eves_project: Project

    def client(self, name: str | None) -> APIClient:
        """Return a client of one of the cast, signed in; None for an anonymous one."""
        client = APIClient()
        if name is not None:
            client.force_login(getattr(self, name), backend="django.contrib.auth.backends.ModelBackend")
        return client

    @cached_property
    def image(self) -> Image:
        return add_image(project=self.project, file_name="people.jpg", content=picture_bytes(200, 240), by=self.mia)[0]

    def person(self, **more: Any) -> Person:
        return create_person(image=self.image, box=more.pop("box", [40, 30, 80, 160]), by=self.mia, **more)


def make_world(**settings: Any) -> World:
    mia, ana, ben, rita, ed, eve = (make_user(name) for name in ("mia", "ana", "ben", "rita", "ed", "eve"))
    project = create_project(name="Street", by=mia, **settings)
    for user, role in ((ana, Role.ANNOTATOR), (ben, Role.ANNOTATOR), (rita, Role.REVIEWER), (ed, Role.ENGINEER)):
        Membership.objects.create(project=project, user=user, role=role)
    return World(project, mia, ana, ben, rita, ed, eve, create_project(name="Eve's", by=eve))


def make_views() -> None:
    """Pretend that the views are drawn: rows with the true cameras, without pictures."""
    surface = load_canonical_body().surface_hash
    for part in range(1, N_PARTS + 1):
        PartViewSet.objects.create(
            surface_hash=surface,
            style_hash=STYLE_HASH,
            part=part,
            folder=f"views/{surface}/{STYLE_HASH}/{part}",
            manifest={"views": [camera.manifest() for camera in cameras_of(part)]},
        )


def make_people(project: Project, count: int) -> list[Person]:
    """Return many people with tasks, each 80 x 160 in one picture."""
    from annotator.services.task_states import make_tasks

    image, _is_new = add_image(project=project, file_name="crowd.jpg", content=picture_bytes(200, 240, seed=7))
    people = Person.objects.bulk_create(
        Person(image=image, project=project, box_x=40, box_y=30, box_width=80, box_height=160) for _ in range(count)
    )
    make_tasks(people)
    return people


def label_map_for(lease: Lease | dict[str, Any], parts: tuple[int, ...] = (1, 14)) -> np.ndarray:
    """Return a map of the lease's crop with the given parts as horizontal bands."""
    if isinstance(lease, dict):
        width, height = lease["crop"]["width"], lease["crop"]["height"]
    else:
        height, width = lease.shown_crop.shape
    label_map = np.zeros((height, width), np.uint8)
    for index, part in enumerate(parts):
        top = 10 + index * 30
        label_map[top : top + 28, 10 : width - 10] = part
    return label_map


def parts_answer(lease: Lease | dict[str, Any], parts: tuple[int, ...] = (1, 14)) -> dict[str, Any]:
    label_map = label_map_for(lease, parts)
    return {"label_map": encoded(pack(label_map)), "decided": {str(part): "done" for part in parts}, "hints": None}


def points_answer(bundle: dict[str, Any], beside_px: float = 0.0) -> dict[str, Any]:
    """Return an answer that places every point in the middle of the first view of its part, or beside it."""
    points = bundle["points"]
    answers = {
        str(key): {"status": "placed", "view": 1, "x": 400.25 + beside_px, "y": 400.5}
        for key, _part in zip(points["key"], points["part"], strict=True)
    }
    return {"answers": answers, "current": None}


def accept_parts(person: Person, parts: tuple[int, ...] = (1, 14), by: User | None = None) -> Consensus:
    """Accept a parts answer for a person without going through a lease."""
    from annotator.models import Submission
    from annotator.services.acceptance import place_consensus

    crop = person.crop()
    label_map = label_map_for({"crop": {"width": crop.width, "height": crop.height}}, parts)
    task = Task.objects.select_related("project", "person__image").get(person=person, stage="parts")
    submission = Submission.objects.create(
        client_uuid=uuid.uuid4(), task=task, annotator=by, origin="import", crop_x=crop.x, crop_y=crop.y,
        crop_width=crop.width, crop_height=crop.height, label_map=pack(label_map), parts_not_visible=[],
    )  # fmt: skip
    return place_consensus(task=task, answer=submission, method=Consensus.Method.SINGLE, by=None)


def accept_points(person: Person) -> Consensus:
    """Accept an answer that places each point on some vertex of its part."""
    points = points_for_person(person)
    assert points is not None
    topology = load_topology()
    vertex_of = {part: topology.faces[topology.face_part == part][0, 0] for part in range(1, 15)}
    surface = surface_of_vertex(np.array([vertex_of[int(part)] for part in points.part]))
    n = len(points.key)
    return Consensus.objects.create(
        person=person, stage="correspondence", method="single", point_set=points, accepted_at=person.created_at,
        status=np.full(n, PointStatus.PLACED), view=np.ones(n), click=np.zeros((n, 2)),
        triangle=surface.triangle, weights=surface.weights,
    )  # fmt: skip


def answered(world: World, stage: str, names: tuple[str, ...] = ("ana", "ben")) -> Task:
    """Return a task of a new person that annotators answered over the API, each differently; a reviewer decides."""
    person = world.person()
    Task.objects.filter(person=person).update(overlap=len(names), places_left=len(names))
    Project.objects.filter(pk=world.project.pk).update(is_review_required=True)
    if stage == "correspondence":
        accept_parts(person, by=world.mia)
    for shift, name in enumerate(names):
        client = world.client(name)
        bundle = client.post(f"/api/v1/projects/{world.project.pk}/next", {"stage": stage}).json()
        answer = parts_answer(bundle, (1, 14 - shift)) if stage == "parts" else points_answer(bundle, 20 * shift)
        body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1000, "answer": answer}
        done = client.post(f"/api/v1/leases/{bundle['lease']['id']}/submit", body, format="json")
        assert done.status_code == 201, done.content
    return Task.objects.get(person=person, stage=stage, state=Task.State.REVIEW)
