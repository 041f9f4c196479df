"""Edge-following regions: what the file holds, how large it may be, who makes it and who may have it."""

import io

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image as Pillow

from annotator.models import Job, Task
from annotator.services.jobs import run_job
from annotator.services.superpixels import people_without, prepare_superpixels, superpixels_name
from labels.superpixels import MAX_BYTES, MAX_SIDE, decode, find_superpixels, pack_superpixels

API = "/api/v1"


def noisy(height: int, width: int) -> np.ndarray:
    """A bright disc on a dark ground under heavy noise, (H, W, 3): regions must keep to the disc."""
    y, x = np.mgrid[:height, :width]
    disc = np.hypot(y - height / 2, x - width / 2) < min(height, width) / 3
    noise = np.random.default_rng(7).normal(0, 18, (height, width, 3))
    return np.clip(np.where(disc, 200, 60)[..., None] + noise, 0, 255).astype(np.uint8)


def test_regions_keep_to_edges_and_come_back_from_their_file() -> None:
    picture = noisy(210, 160)
    found = find_superpixels(picture)
    packed = pack_superpixels(picture)
    assert packed == pack_superpixels(picture)
    read = decode(packed)
    np.testing.assert_array_equal(read.regions, found.regions)
    np.testing.assert_array_equal(read.parents, found.parents)
    assert read.parents.max() + 1 < len(read.parents) / 4
    y, x = np.mgrid[:210, :160]
    inside = np.hypot(y - 105, x - 80) < 160 / 3
    shares = np.bincount(read.regions.ravel(), weights=inside.ravel()) / np.bincount(read.regions.ravel())
    mixed = ((shares > 0.1) & (shares < 0.9)).mean()
    assert mixed < 0.06, "regions that lie across the edge of the disc"


def test_a_large_busy_crop_stays_within_the_budget() -> None:
    packed = pack_superpixels(np.random.default_rng(3).integers(0, 256, (900, 1100, 3), dtype=np.uint8))
    assert len(packed) <= MAX_BYTES
    assert max(decode(packed).regions.shape) == MAX_SIDE


@pytest.mark.django_db
def test_a_worker_makes_them_ahead_or_when_asked_and_only_the_annotator_gets_them(world) -> None:
    world.person()
    ana = world.client("ana")
    bundle = ana.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts", "holding": []}).json()
    url = bundle["superpixels_url"]
    assert ana.get(url).status_code == 202
    assert ana.get(url).json() == {"state": "preparing"}
    job = Job.objects.get(kind="superpixels")  # asked twice, made once
    assert run_job(job.pk).state == Job.State.DONE
    answer = ana.get(url)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    crop = bundle["crop"]
    assert decode(b"".join(answer.streaming_content)).regions.shape == (crop["height"], crop["width"])
    assert world.client("ben").get(url).status_code == 404
    assert world.client("eve").get(url).status_code == 404

    wide = ana.get(bundle["surroundings"]["url"])
    assert wide["Cache-Control"].startswith("private")
    size = Pillow.open(io.BytesIO(b"".join(wide.streaming_content))).size
    assert size == (bundle["surroundings"]["crop"]["width"], bundle["surroundings"]["crop"]["height"])
    assert size > (crop["width"], crop["height"])
    assert world.client("ben").get(bundle["surroundings"]["url"]).status_code == 404

    other = world.person(box=(10, 10, 40, 60))
    prepare_superpixels(world.project)
    assert run_job(Job.objects.filter(kind="superpixels").latest("created_at").pk).result["made"] == 1
    assert default_storage.exists(superpixels_name(other.image, other.crop()))


@pytest.mark.django_db
def test_a_drawn_person_is_a_job_of_its_own_and_looks_at_nobody_else(world) -> None:
    world.person(mask=[[1.0] * 8])
    drawn = f"{API}/images/{world.image.pk}/people"
    world.client("mia").post(drawn, {"box": [10, 10, 40, 60]}, format="json")
    world.client("mia").post(drawn, {"box": [90, 10, 40, 60], "is_ignored": True}, format="json")
    job = Job.objects.get(kind="superpixels")
    assert run_job(job.pk).state == Job.State.DONE
    assert len([name for name in _stored(world) if name.endswith(".bin")]) == 1


@pytest.mark.django_db
def test_all_people_are_read_by_their_boxes_alone(world) -> None:
    made = world.person(mask=[[1.0] * 8])
    with CaptureQueriesContext(connection) as queries:
        [person] = people_without(world.project)
        assert (person.image.file.name, person.crop()) == (world.image.file.name, made.crop())
    assert len(queries) == 1
    assert "mask" not in queries[0]["sql"]
    assert "source" not in queries[0]["sql"]


@pytest.mark.django_db
def test_nothing_is_made_ahead_for_whom_nobody_will_paint(world) -> None:
    painted, wanted = world.person(), world.person(box=(10, 10, 40, 60))
    world.person(box=(90, 10, 40, 60), is_crowd=True)
    Task.objects.filter(person=painted, stage="parts").update(state=Task.State.DONE, places_left=0)
    assert list(people_without(world.project)) == [wanted]


def _stored(world) -> list[str]:
    folder = f"superpixels/{world.image.sha256[:2]}"
    return default_storage.listdir(folder)[1] if default_storage.exists(folder) else []
