"""Any process may die at any moment by SIGKILL: nothing that was reported as saved is lost, no file is half-written."""

import hashlib
import io
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from PIL import Image as Pillow

from annotator.models import Consensus, Image, Job, Lease, PartViewSet, Person, PointSet, Submission
from annotator.services.accounts import create_token
from annotator.services.drafts import encoded
from annotator.services.images import add_image
from annotator.services.jobs import enqueue_job, reap_jobs
from annotator.services.model_versions import version_named
from annotator.services.preannotation import enqueue_preannotation
from body.cse import surface_of_cse_vertex
from export.models import Release
from export.services.releases import create_release
from labels.densepose_coco import validate
from labels.label_maps import pack
from tests.conftest import Services
from tests.factories import World, make_people, make_world
from tests.live import LiveApp

pytestmark = pytest.mark.slow

PATIENCE_S = 300.0  # on a busy machine; whoever waits goes on as soon as it happened


@pytest.fixture
def world(live_app: LiveApp) -> World:
    return make_world()


@pytest.fixture
def annotator(world: World, live_app: LiveApp) -> Iterator["Annotator"]:
    _token, secret = create_token(user=world.ana, name="test")
    make_people(world.project, 3)
    with Annotator(live_app.url, secret, world.project.pk) as one:
        yield one


class Annotator:
    """A client that saves drafts as fast as it can and knows exactly what the server said it had saved."""

    def __init__(self, url: str, token: str, project_id: int) -> None:
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._api = f"{url}/api/v1"
        self._project_id = project_id
        self.acknowledged: list[tuple[int, int]] = []  # (revision, what was painted)
        self.refused = 0

    def __enter__(self) -> "Annotator":
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def take(self) -> dict[str, Any]:
        answer = self._http.post(
            f"{self._api}/projects/{self._project_id}/next", json={"stage": "parts", "holding": []}, timeout=20
        )
        answer.raise_for_status()
        self.bundle: dict[str, Any] = answer.json()
        self.lease = self.bundle["lease"]["id"]
        return self.bundle

    def draft(self, number: int) -> dict[str, Any]:
        crop = self.bundle["crop"]
        label_map = np.zeros((crop["height"], crop["width"]), np.uint8)
        label_map.ravel()[: number + 1] = 14
        return {"label_map": encoded(pack(label_map)), "decided": {"14": "touched"}, "hints": None}

    def save_until(self, stop: threading.Event) -> None:
        """Save draft after draft; a call that fails is tried again with the revision that the server has."""
        revision, number = self.bundle["lease"]["revision"], 0
        while not stop.is_set():
            number += 1
            body = {"revision": revision, "active_ms": number, "draft": self.draft(number)}
            try:
                answer = self._http.put(f"{self._api}/leases/{self.lease}/draft", json=body, timeout=20)
            except requests.RequestException:
                self.refused += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                revision = answer.json()["revision"]
                self.acknowledged.append((revision, number))
            elif answer.status_code == 409:  # the write before was stored, its answer was lost
                revision = answer.json()["current"]["revision"]
            else:
                self.refused += 1
                time.sleep(0.05)

    def submit(self, number: int, client_uuid: uuid.UUID) -> requests.Response:
        body = {"client_uuid": str(client_uuid), "active_ms": 10, "answer": self.draft(number)}
        return self._http.post(f"{self._api}/leases/{self.lease}/submit", json=body, timeout=20)


def save_while(annotator: Annotator, kill: Callable[[], None], revive: Callable[[], None]) -> None:
    """Save drafts in a thread, kill something in the middle, bring it back, go on for a while."""
    annotator.take()
    stop = threading.Event()
    saving = threading.Thread(target=annotator.save_until, args=(stop,))
    saving.start()
    try:
        _wait_for(lambda: len(annotator.acknowledged) > 20)
        kill()
        time.sleep(0.5)
        revive()
        reached = len(annotator.acknowledged)
        _wait_for(lambda: len(annotator.acknowledged) > reached + 20)
    finally:
        stop.set()
        saving.join()


def check_last_draft(annotator: Annotator) -> None:
    revision, number = annotator.acknowledged[-1]
    lease = Lease.objects.get(pk=annotator.lease)
    assert lease.revision >= revision
    if lease.revision == revision:
        assert lease.draft["label_map"] == annotator.draft(number)["label_map"]
    revisions = [known for known, _painted in annotator.acknowledged]
    assert revisions == sorted(set(revisions)), "a revision was given twice"


def test_web_server_killed_while_saving(annotator: Annotator, live_app: LiveApp) -> None:
    save_while(annotator, live_app.kill_web, live_app.start_web)
    assert annotator.refused > 0, "the kill went unnoticed: nothing was tested"
    check_last_draft(annotator)


def test_postgres_killed_while_saving(annotator: Annotator, services: Services) -> None:
    killed = services.postgres.pid
    save_while(annotator, services.postgres.kill, services.postgres.start)
    connection.close()
    # The web server's pool waits for the database to come back, so a client may see no more than a slow answer.
    assert services.postgres.pid != killed
    check_last_draft(annotator)


def test_redis_killed_while_saving(annotator: Annotator, services: Services) -> None:
    save_while(annotator, services.redis.kill, services.redis.start)
    check_last_draft(annotator)


def test_submit_that_lost_its_answer_counts_once(annotator: Annotator, live_app: LiveApp) -> None:
    annotator.take()
    client_uuid = uuid.uuid4()
    first = annotator.submit(200, client_uuid)
    assert first.status_code == 201
    live_app.kill_web()
    live_app.start_web()
    again = annotator.submit(200, client_uuid)
    assert again.status_code == 200
    assert again.json()["submission"] == first.json()["submission"]
    assert Submission.objects.filter(client_uuid=client_uuid).count() == 1


def test_killed_while_rendering(world: World, live_app: LiveApp) -> None:
    job = enqueue_job("render_views", key="views", queue="render")
    _wait_for(PartViewSet.objects.exists)
    live_app.kill_worker()
    drawn = PartViewSet.objects.count()
    _time_passes(job)
    live_app.start_worker()
    reap_jobs()
    assert 0 < drawn < 14
    _wait_for(lambda: PartViewSet.objects.count() > drawn)
    Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED, claim=None)
    for views in PartViewSet.objects.all():
        with default_storage.open(f"{views.folder}/manifest.json") as stream:
            assert json.load(stream) == views.manifest
        # A killed writer may leave its temporary file, under a name that no reader looks at.
        names = [name for name in default_storage.listdir(views.folder)[1] if not name.startswith(".")]
        assert set(names) == {"manifest.json", "pick.bin", *(f"view-{number}.webp" for number in range(1, 7))}


@pytest.mark.parametrize("victim", ["worker", "postgres", "redis"])
def test_killed_while_exporting(world: World, live_app: LiveApp, services: Services, victim: str) -> None:
    _annotated_people(world, 1500)
    release = create_release(project=world.project, by=world.mia, fmt="both")
    _wait_for(lambda: Job.objects.get(pk=release.job_id).progress_done > 0)
    if victim == "worker":
        live_app.kill_worker()
        assert not Release.objects.get(pk=release.pk).is_finished
        _time_passes(release.job)
        live_app.start_worker()
        reap_jobs()
    elif victim == "postgres":
        services.postgres.kill()
        services.postgres.start()
        connection.close()
    else:
        services.redis.kill()
        services.redis.start()
    _wait_for(lambda: Release.objects.get(pk=release.pk).is_finished)
    done = Release.objects.get(pk=release.pk)
    for entry in done.manifest["files"]:
        with default_storage.open(f"{done.folder}/{entry['name']}") as stream:
            content = stream.read()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    train = next(entry for entry in done.manifest["files"] if entry["split"] == "train")
    assert train["people"] == 1500
    with default_storage.open(f"{done.folder}/{train['name']}") as stream:
        assert validate(stream).is_valid
    # A killed writer may leave its temporary file, under a name that no reader looks at.
    stored = {path.name for path in (Path(settings.MEDIA_ROOT) / done.folder).iterdir()}
    assert {name for name in stored if not name.startswith(".")} == {
        "manifest.json", "densepose_train.json", "densepose_val.json",
    }  # fmt: skip


def test_killed_while_looking_for_people(world: World, live_app: LiveApp) -> None:
    """The bundled network finds people in pictures, and proposes for each of them once, whoever is killed meanwhile."""
    import skimage.data

    photo = np.asarray(skimage.data.astronaut())
    pictures = [photo[top : top + 400, left : left + 380] for top in (0, 40, 80) for left in (0, 30)]
    pictures.append(np.full((120, 200, 3), 128, np.uint8))
    for number, pixels in enumerate(pictures):
        sink = io.BytesIO()
        Pillow.fromarray(pixels).save(sink, "PNG")
        add_image(project=world.project, file_name=f"{number}.png", content=sink.getvalue(), by=world.mia)
    version = version_named("lite")
    job = enqueue_preannotation(project=world.project, version=version, by=world.mia)
    finder = version_named("detector")
    searched = Image.objects.filter(project=world.project, searched_by=finder.digest)
    _wait_for(searched.exists)
    live_app.kill_worker()
    assert searched.count() < len(pictures)
    _time_passes(job)
    live_app.start_worker()
    reap_jobs()
    _wait_for(lambda: Job.objects.get(pk=job.pk).state == Job.State.DONE)
    assert searched.count() == len(pictures)
    found = Person.objects.filter(project=world.project)
    assert len(pictures) - 1 <= found.count() <= 2 * len(pictures)
    assert finder.digest != version.digest
    assert all(person.is_proposed and person.source["detected_by"] == finder.digest for person in found)
    assert not found.filter(image__file_name="6.png").exists()
    assert [person.proposals.count() for person in found] == [1] * len(found)
    assert all(person.proposals.get().surface for person in found)


def test_queued_jobs_survive_a_redis_that_lost_everything(world: World, live_app: LiveApp, services: Services) -> None:
    live_app.kill_worker()
    release = create_release(project=world.project, by=world.mia, fmt="charts")
    services.redis.kill()
    for file in (services.folder / "redis").rglob("*"):
        if file.suffix in {".aof", ".rdb"}:
            file.unlink()
    services.redis.start()
    live_app.start_worker()
    Job.objects.filter(pk=release.job_id).update(
        sent_at=timezone.now() - timedelta(hours=1), created_at=timezone.now() - timedelta(hours=1)
    )
    reap_jobs()
    _wait_for(lambda: Release.objects.get(pk=release.pk).is_finished)


def _annotated_people(world: World, count: int) -> None:
    """People with accepted parts and twenty points each, made in bulk."""
    people = make_people(world.project, count)
    crop = people[0].crop()
    label_map = np.zeros(crop.shape, np.uint8)
    label_map[20:120, 20:70] = 1
    packed = pack(label_map)
    rng = np.random.default_rng(5)
    surface = surface_of_cse_vertex(rng.integers(0, 6890, 20))
    xy = rng.uniform((41, 31), (119, 189), (20, 2))
    sets = PointSet.objects.bulk_create(
        PointSet(person=person, version=1, key=np.arange(20), xy=xy, part=surface.part) for person in people
    )
    now = timezone.now()
    Consensus.objects.bulk_create(
        Consensus(
            person=person, stage="parts", method="single", accepted_at=now, crop_x=crop.x, crop_y=crop.y,
            crop_width=crop.width, crop_height=crop.height, label_map=packed,
        )
        for person in people
    )  # fmt: skip
    Consensus.objects.bulk_create(
        Consensus(
            person=person, stage="correspondence", method="single", accepted_at=now, point_set=points,
            status=np.ones(20), view=np.ones(20), click=np.full((20, 2), 400.0), triangle=surface.triangle,
            weights=surface.weights,
        )
        for person, points in zip(people, sets, strict=True)
    )  # fmt: skip


def _time_passes(job: Job | None) -> None:
    """Let half a minute pass for a job whose worker is dead: its heart has stopped."""
    assert job is not None
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(heartbeat_at=timezone.now() - timedelta(minutes=1))


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except Exception:
            # The database may just be coming up again.
            connection.close()
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {PATIENCE_S:.0f} s")
