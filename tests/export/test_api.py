"""Imports and releases over the API and the pages: who may, what is refused, and that jobs do the work."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotator.models import Image, Job, Person
from annotator.services import jobs
from annotator.services.jobs import run_job
from export.models import Release
from labels.densepose_coco import validate
from tests.factories import World, make_world, picture_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "send", lambda job_id, queue: True)


@pytest.fixture
def world() -> World:
    return make_world()


def coco_file(**more: Any) -> SimpleUploadedFile:
    data = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 96}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"id": 5, "image_id": 1, "category_id": 1, "bbox": [2, 3, 40, 60], "area": 9, "iscrowd": 0}],
        **more,
    }
    return SimpleUploadedFile("people.json", json.dumps(data).encode(), "application/json")


def images_zip(*names: str) -> SimpleUploadedFile:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in names:
            archive.writestr(name, picture_bytes(64, 96))
    return SimpleUploadedFile("images.zip", sink.getvalue(), "application/zip")


def test_import_with_a_zip(world: World) -> None:
    url = f"/api/v1/projects/{world.project.pk}/imports"
    body = {"annotations": coco_file(), "images": images_zip("train/a.jpg"), "split": "val"}
    answer = world.client("ed").post(url, body, format="multipart")
    assert answer.status_code == 202, answer.content
    job = run_job(answer.json()["job"])
    assert job is not None
    assert job.state == Job.State.DONE, job.error
    assert job.result["counts"] == {"images_added": 1, "people_added": 1}
    image = Image.objects.get(project=world.project)
    assert (image.source_id, image.split) == (1, "val")
    assert not default_storage.exists(job.params["images"]), "the upload was not cleared away"


def test_import_takes_images_uploaded_before(world: World) -> None:
    from annotator.services.images import add_image

    add_image(project=world.project, file_name="a.jpg", content=picture_bytes(64, 96), by=world.mia)
    url = f"/api/v1/projects/{world.project.pk}/imports"
    answer = world.client("ed").post(url, {"annotations": coco_file()}, format="multipart")
    job = run_job(answer.json()["job"])
    assert job is not None
    assert job.result["counts"] == {"images_matched": 1, "people_added": 1}
    assert Person.objects.get().image == Image.objects.get()


def test_an_upload_of_the_same_name_is_not_taken_for_another_picture(world: World) -> None:
    from annotator.services.images import add_image

    add_image(project=world.project, file_name="a.jpg", content=picture_bytes(64, 96, seed=7), by=world.mia)
    url = f"/api/v1/projects/{world.project.pk}/imports"
    body = {"annotations": coco_file(), "images": images_zip("a.jpg")}
    job = run_job(world.client("ed").post(url, body, format="multipart").json()["job"])
    assert job is not None
    assert job.result["counts"] == {"images_added": 1, "people_added": 1}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("NaN", "holds a number that is not finite"),
        (r'{"deep": [-1e999]}', "holds a number that is not finite"),
        (r'["a\u0000b"]', "holds a NUL character"),
        (r'"\ud800"', "holds half a character"),
        (r'"\\u0000 in words, and \ud83d\ude00"', None),
    ],
)
@pytest.mark.parametrize("place", ["images", "annotations"])
def test_what_cannot_be_stored_is_refused_by_field_and_ends_no_import(
    world: World, place: str, value: str, problem: str | None
) -> None:
    sizes = {"width": 64, "height": 96}
    person = {"category_id": 1, "bbox": [2, 3, 40, 60], "area": 9, "iscrowd": 0}
    images = [{"id": 1, "file_name": "a.jpg", **sizes}, {"id": 2, "file_name": "b.jpg", **sizes}]
    people = [{"id": 5, "image_id": 1, **person}, {"id": 6, "image_id": 2, **person}]
    {"images": images, "annotations": people}[place][0]["note"] = "put here"
    file = coco_file(images=images, annotations=people).read().replace(b'"put here"', value.encode())
    body = {"annotations": SimpleUploadedFile("people.json", file), "images": images_zip("a.jpg", "b.jpg")}
    answer = world.client("ed").post(f"/api/v1/projects/{world.project.pk}/imports", body, format="multipart")
    job = run_job(answer.json()["job"])
    assert job is not None
    assert job.state == Job.State.DONE, job.error
    assert Person.objects.count() == (1 if problem else 2)
    told = [entry for entry in job.result["refused"] if "holds" in entry["reason"]]
    number = 1 if place == "images" else 5
    assert told == ([{"kind": place[:-1], "id": number, "reason": f"'note' {problem}"}] if problem else [])


def test_an_id_that_cannot_be_stored_is_told_all_the_same(world: World) -> None:
    file = coco_file(annotations=[{"id": "put here"}]).read().replace(b'"put here"', b'["\\u0000", NaN]')
    body = {"annotations": SimpleUploadedFile("people.json", file), "images": images_zip("a.jpg")}
    answer = world.client("ed").post(f"/api/v1/projects/{world.project.pk}/imports", body, format="multipart")
    job = run_job(answer.json()["job"])
    assert job is not None
    assert job.state == Job.State.DONE, job.error
    assert job.result["refused"][0]["id"] == r"['\x00', nan]"


def test_a_licence_that_cannot_be_stored_is_named(world: World) -> None:
    body = {"annotations": coco_file(licenses=[{"id": float("nan")}])}
    answer = world.client("ed").post(f"/api/v1/projects/{world.project.pk}/imports", body, format="multipart")
    job = run_job(answer.json()["job"])
    assert job is not None
    assert job.state == Job.State.FAILED
    assert "'licenses' holds a number that is not finite" in job.error


@pytest.mark.parametrize(
    ("files", "field"),
    [
        ({}, "annotations"),
        ({"annotations": SimpleUploadedFile("x.json", b"not json")}, "annotations"),
        ({"annotations": coco_file(), "split": "test"}, "split"),
    ],
)
def test_import_names_what_is_wrong(world: World, files: dict[str, Any], field: str) -> None:
    answer = world.client("ed").post(f"/api/v1/projects/{world.project.pk}/imports", files, format="multipart")
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
    assert not Job.objects.exists()


def test_a_zip_that_is_none_fails_with_words(world: World) -> None:
    body = {"annotations": coco_file(), "images": SimpleUploadedFile("i.zip", b"PK nonsense")}
    answer = world.client("ed").post(f"/api/v1/projects/{world.project.pk}/imports", body, format="multipart")
    job = run_job(answer.json()["job"])
    assert job is not None
    assert job.state == Job.State.FAILED
    assert "zip" in job.error


@pytest.mark.parametrize("content", [b"{bad", b'{"images": [{"id": 1'])
def test_a_file_that_breaks_off_fails_with_words(world: World, content: bytes) -> None:
    body = {"annotations": SimpleUploadedFile("cut.json", content)}
    answer = world.client("ed").post(f"/api/v1/projects/{world.project.pk}/imports", body, format="multipart")
    job = run_job(answer.json()["job"])
    assert job is not None
    assert job.state == Job.State.FAILED
    assert job.error.startswith("cut.json is no COCO file: ")
    assert "Traceback" not in job.error


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("eve", 404), ("ana", 403), ("rita", 403)])
def test_imports_and_releases_are_for_engineers_and_managers(world: World, who: str | None, status: int) -> None:
    client = world.client(who)
    base = f"/api/v1/projects/{world.project.pk}"
    assert client.post(f"{base}/imports", {"annotations": coco_file()}, format="multipart").status_code == status
    assert client.post(f"{base}/releases", {"format": "both"}).status_code == status
    assert client.get(f"{base}/releases").status_code == status
    assert not Release.objects.exists()


def test_a_release_is_written_listed_downloaded_and_deleted(world: World) -> None:
    world.person()
    client = world.client("ed")
    base = f"/api/v1/projects/{world.project.pk}/releases"
    made = client.post(base, {"format": "both", "note": "first", "has_images": True})
    assert made.status_code == 201
    unfinished = client.get(f"/api/v1/releases/{made.json()['id']}/files/manifest.json")
    assert (unfinished.status_code, unfinished.json()["code"]) == (409, "release_not_finished")
    job = run_job(made.json()["job"])
    assert job is not None
    assert job.state == Job.State.DONE, job.error
    release = client.get(f"/api/v1/releases/{made.json()['id']}").json()
    names = [entry["name"] for entry in release["manifest"]["files"]]
    assert names == ["densepose_train.json", "densepose_val.json", "release.zip"]
    content = b"".join(client.get(f"/api/v1/releases/{release['id']}/files/{names[0]}").streaming_content)
    assert validate(io.BytesIO(content)).is_valid
    packed = b"".join(client.get(f"/api/v1/releases/{release['id']}/files/release.zip").streaming_content)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert "annotations/densepose_train.json" in archive.namelist()
        assert "images/people.jpg" in archive.namelist()
    assert client.get(f"/api/v1/releases/{release['id']}/files/../../x").status_code == 404
    assert world.client("eve").get(f"/api/v1/releases/{release['id']}").status_code == 404
    assert client.delete(f"/api/v1/releases/{release['id']}").status_code == 204
    assert not Release.objects.exists()


def test_two_releases_of_one_state_are_equal(world: World) -> None:
    world.person()
    digests = []
    for _again in range(2):
        made = world.client("mia").post(f"/api/v1/projects/{world.project.pk}/releases", {"has_images": True})
        run_job(made.json()["job"])
        release = Release.objects.get(pk=made.json()["id"])
        digests.append([entry["sha256"] for entry in release.manifest["files"]])
    assert digests[0] == digests[1]


def test_pages_show_imports_and_releases(world: World) -> None:
    client = Client()
    client.force_login(world.mia, backend="django.contrib.auth.backends.ModelBackend")
    base = f"/projects/{world.project.pk}"
    assert client.post(f"{base}/releases", {"format": "charts"}).status_code == 302
    release = Release.objects.get()
    run_job(release.job_id)
    assert b"densepose_train.json" in client.get(f"{base}/releases").content
    assert client.get(f"/releases/{release.pk}/files/densepose_train.json").status_code == 200
    assert client.get(f"{base}/releases?format=charts").status_code == 200
    assert Release.objects.count() == 1, "a GET made a release"
    posted = client.post(f"{base}/imports", {"annotations": coco_file(images=[]), "split": "train"})
    assert posted.status_code == 302
    job = run_job(Job.objects.get(kind="import_annotations").pk)
    assert b"1 record refused" in client.get(f"{base}/imports").content
    assert b"is not in the project" in client.get(f"{base}/imports/{job.pk}").content


def test_folder_images_stay_in_their_folder(tmp_path: Path) -> None:
    from annotator.errors import DomainError
    from export.services.image_sources import FolderImages

    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (tmp_path / "inside" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    source = FolderImages(tmp_path / "inside")
    for name in ("../secret.jpg", str(tmp_path / "secret.jpg"), "link.jpg", "..\\secret.jpg", ""):
        with pytest.raises(DomainError):
            source.read(name)
