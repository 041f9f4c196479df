"""Images, people, tasks, reviews: uploads that are refused with words, edits that are checked against revisions."""

import io
import uuid
import zipfile
import zlib
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow

from annotator.models import Consensus, Event, Image, Lease, Person, Project, SentBack, Submission, Task
from annotator.services.images import add_image, delete_image
from annotator.services.pictures import stored_crop, stored_surroundings
from annotator.services.superpixels import superpixels_name
from annotator.storage import store_bytes
from tests.factories import accept_parts, parts_answer, picture_bytes, points_answer

API = "/api/v1"


def upload(client, project, content, name="photo.jpg", **more):
    file = SimpleUploadedFile(name, content)
    return client.post(f"{API}/projects/{project.pk}/images/upload", {"file": file, **more}, format="multipart")


class TestUpload:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_by_content_not_by_name(self, world, kind):
        response = upload(world.client("mia"), world.project, picture_bytes(kind=kind), name="../../x.html")
        assert response.status_code == 201, response.content
        image = Image.objects.get(pk=response.json()["id"])
        assert image.file_name == "x.html"
        assert image.content_type == f"image/{kind.lower()}"
        served = world.client("mia").get(response.json()["file_url"])
        assert served["Content-Type"] == image.content_type
        assert served["X-Content-Type-Options"] == "nosniff"

    def test_same_file_twice_is_one_image(self, world):
        mia = world.client("mia")
        assert upload(mia, world.project, picture_bytes()).status_code == 201
        assert upload(mia, world.project, picture_bytes()).status_code == 200
        assert Image.objects.count() == 1

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", None),
            (b"<svg onload=alert(1)>", "not_a_picture"),
            (b"GIF89a" + bytes(40), "not_a_picture"),
            (picture_bytes()[:900], "damaged"),
            (picture_bytes(kind="PNG")[:-4000], "damaged"),
        ],
    )
    def test_refused(self, world, content, code):
        response = upload(world.client("mia"), world.project, content)
        assert response.status_code == 400
        assert code is None or response.json()["code"] == code
        assert not Image.objects.exists()

    def test_too_many_bytes_or_pixels(self, world, settings):
        settings.MAX_IMAGE_BYTES = 500
        assert upload(world.client("mia"), world.project, picture_bytes()).status_code == 413
        settings.MAX_IMAGE_BYTES, settings.MAX_IMAGE_PIXELS = 1 << 20, 1000
        assert upload(world.client("mia"), world.project, picture_bytes()).status_code == 413

    def test_decompression_bomb(self, world):
        # A tiny PNG whose header promises 40,000 x 40,000 pixels.
        def chunk(kind, data):
            body = kind + data
            return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

        size = (40_000).to_bytes(4, "big")
        header = chunk(b"IHDR", size + size + b"\x08\x02\x00\x00\x00")
        bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
        assert upload(world.client("mia"), world.project, bomb).status_code == 413

    def test_animated(self, world):
        sink = io.BytesIO()
        frames = [Pillow.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
        frames[0].save(sink, "WEBP", save_all=True, append_images=frames[1:])
        assert upload(world.client("mia"), world.project, sink.getvalue()).json()["code"] == "animated"

    @pytest.mark.parametrize("orientation", [1, 6])
    def test_a_photograph_with_a_preview_behind_it(self, world, orientation):
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        photo, preview = (Pillow.open(io.BytesIO(picture_bytes(*size))) for size in ((64, 96), (16, 24)))
        sink = io.BytesIO()
        photo.save(sink, "MPO", save_all=True, append_images=[preview], exif=exif)
        mia = world.client("mia")
        response = upload(mia, world.project, sink.getvalue())
        assert response.status_code == 201, response.content
        assert Image.objects.get().content_type == "image/jpeg"
        assert (response.json()["width"], response.json()["height"]) == ((96, 64) if orientation == 6 else (64, 96))
        assert mia.get(response.json()["thumbnail_url"]).status_code == 200

    def test_exif_orientation_is_applied(self, world):
        exif = Pillow.Exif()
        exif[0x0112] = 6
        content = picture_bytes(64, 96, exif=exif)
        response = upload(world.client("mia"), world.project, content)
        assert (response.json()["width"], response.json()["height"]) == (96, 64)
        served = world.client("mia").get(response.json()["file_url"])
        stored = Pillow.open(io.BytesIO(b"".join(served.streaming_content)))
        assert stored.size == (96, 64)
        assert stored.getexif().get(0x0112) is None


class TestArchive:
    def archive(self, entries):
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in entries.items():
                opened.writestr(name, content)
        return sink.getvalue()

    def send(self, world, content):
        from annotator.services.jobs import run_job

        file = SimpleUploadedFile("photos.zip", content)
        path = f"{API}/projects/{world.project.pk}/images/upload-archive"
        response = world.client("mia").post(path, {"file": file}, format="multipart")
        return response, run_job(response.json()["id"]) if response.status_code == 202 else None

    def test_good_ones_go_in_and_the_rest_is_reported(self, world):
        _response, job = self.send(world, self.archive({
            "a/one.jpg": picture_bytes(seed=1), "../../etc/two.jpg": picture_bytes(seed=2), "readme.txt": b"hello",
            "inner.zip": self.archive({"x.jpg": b"x"}), "__MACOSX/one.jpg": b"x", "bomb.jpg": bytes(30_000_000),
        }))  # fmt: skip
        assert job.state == "done"
        assert job.result["added"] == 2
        assert sorted(Image.objects.values_list("file_name", flat=True)) == ["one.jpg", "two.jpg"]
        reasons = {entry["name"]: entry["reason"] for entry in job.result["refused"]}
        assert set(reasons) == {"readme.txt", "inner.zip", "bomb.jpg"}
        assert "not unpacked" in reasons["inner.zip"]

    def test_no_zip(self, world):
        response, _job = self.send(world, b"PK no")
        assert response.status_code == 400

    def test_too_many_files(self, world, settings):
        settings.MAX_ARCHIVE_FILES = 1
        _response, job = self.send(world, self.archive({"a.jpg": b"x", "b.jpg": b"y"}))
        assert job.state == "failed"
        assert "2 files" in job.error


class TestPeople:
    def test_drawn_moved_and_deleted(self, world):
        mia = world.client("mia")
        path = f"{API}/images/{world.image.pk}/people"
        made = mia.post(path, {"box": [10, 10, 50, 90]})
        assert made.status_code == 201, made.content
        person = made.json()
        assert person["tasks"]["parts"]["state"] == "open"
        assert person["tasks"]["correspondence"]["state"] == "waiting"
        one = f"{API}/people/{person['id']}"
        moved = mia.patch(one, {"revision": 1, "box": [-20, 20, 80, 90]})
        assert moved.json()["box"] == [0, 20, 60, 90]
        assert moved.json()["revision"] == 2
        stale = mia.patch(one, {"revision": 1, "is_crowd": True})
        assert stale.status_code == 409
        assert stale.json()["current"]["revision"] == 2
        crowd = mia.patch(one, {"revision": 2, "is_crowd": True}).json()
        assert crowd["tasks"]["parts"]["state"] == "closed"
        back = mia.patch(one, {"revision": 3, "is_crowd": False}).json()
        assert back["tasks"]["parts"]["state"] == "open"
        assert mia.patch(one, {"revision": 4, "is_deleted": True}).status_code == 200
        assert mia.get(path).json() == []
        assert Event.objects.filter(object_type="person").count() == 5

    @pytest.mark.parametrize("box", [[0, 0, 0, 10], [0, 0, 1], [500, 500, 10, 10], ["a", 0, 1, 1], None])
    def test_bad_boxes(self, world, box):
        response = world.client("mia").post(f"{API}/images/{world.image.pk}/people", {"box": box})
        assert response.status_code == 400
        assert any(field.startswith("box") for field in response.json()["fields"])

    def test_a_lease_keeps_its_crop_when_the_box_moves(self, world):
        person, ana = world.person(), world.client("ana")
        bundle = ana.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()
        world.client("mia").patch(f"{API}/people/{person.pk}", {"revision": 1, "box": [10, 10, 60, 60]})
        again = ana.get(f"{API}/leases/{bundle['lease']['id']}").json()
        assert again["crop"] == bundle["crop"]
        assert again["box"] == [10, 10, 60, 60]
        body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1, "answer": parts_answer(bundle)}
        assert ana.post(f"{API}/leases/{bundle['lease']['id']}/submit", body).status_code == 201

    def test_ignoring_ends_the_lease(self, world):
        person, ana = world.person(), world.client("ana")
        bundle = ana.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()
        world.client("mia").patch(f"{API}/people/{person.pk}", {"revision": 1, "is_ignored": True})
        assert ana.get(f"{API}/leases/{bundle['lease']['id']}").status_code == 410
        assert ana.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()["lease"] is None


class TestDeletedImages:
    def delete(self, world):
        return world.client("mia").delete(f"{API}/images/{world.image.pk}")

    def test_everything_made_of_the_photograph_goes_with_it(self, world, django_capture_on_commit_callbacks):
        person, mia = world.person(), world.client("mia")
        stored_surroundings(image=world.image, crop=person.crop())
        stored_crop(image=world.image, crop=person.crop())
        store_bytes(superpixels_name(world.image, person.crop()), b"regions")
        mia.get(f"{API}/images/{world.image.pk}/thumbnail")
        mia.get(f"{API}/people/{person.pk}/thumbnail")
        digest = world.image.sha256

        def stored():
            return [path for path in Path(default_storage.location).rglob(f"*{digest}*") if path.is_file()]

        assert len(stored()) == 6
        other = add_image(project=world.eves_project, file_name="same.jpg", content=picture_bytes(200, 240))[0]
        with django_capture_on_commit_callbacks(execute=True):
            assert self.delete(world).status_code == 204
        assert len(stored()) == 6, "the other project shows the same photograph"
        with django_capture_on_commit_callbacks(execute=True):
            delete_image(image=other, by=world.eve)
        assert stored() == []

    def test_not_one_that_someone_works_on(self, world):
        world.person()
        ana = world.client("ana")
        bundle = ana.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()
        assert self.delete(world).status_code == 400
        Lease.objects.filter(pk=bundle["lease"]["id"]).update(state="expired")
        Lease.objects.update(draft={"decided": {}})
        assert self.delete(world).status_code == 400
        Lease.objects.update(draft=None)
        assert self.delete(world).status_code == 204

    def test_not_one_whose_answers_were_imported(self, world):
        person = world.person()
        Consensus.objects.create(
            person=person, stage="parts", method="imported", label_map=b"", accepted_at=person.created_at,
            crop_x=0, crop_y=0, crop_width=9, crop_height=9,
        )  # fmt: skip
        assert self.delete(world).status_code == 400


class TestReview:
    @pytest.fixture
    def submission(self, world):
        world.project.is_review_required = True
        world.project.save()
        world.person()
        ana = world.client("ana")
        bundle = ana.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()
        body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1, "answer": parts_answer(bundle)}
        return ana.post(f"{API}/leases/{bundle['lease']['id']}/submit", body).json()["submission"]

    def test_accept(self, world, submission):
        assert Task.objects.get(stage="parts").state == "review"
        assert not Consensus.objects.exists()
        assert world.client("ana").post(f"{API}/submissions/{submission}/accept").status_code == 403
        assert world.client("rita").post(f"{API}/submissions/{submission}/accept").status_code == 200
        assert Consensus.objects.get().method == "reviewed"
        assert set(Task.objects.values_list("stage", "state")) == {("parts", "done"), ("correspondence", "open")}

    def test_send_back_goes_to_the_author_first(self, world, submission):
        rita, ana, ben = world.client("rita"), world.client("ana"), world.client("ben")
        path = f"{API}/submissions/{submission}/send-back"
        assert rita.post(path, {"note": ""}).status_code == 400
        assert rita.post(path, {"note": "The left hand is missing."}).status_code == 200
        assert rita.post(path, {"note": "again"}).status_code == 409
        nxt = f"{API}/projects/{world.project.pk}/next"
        assert ben.post(nxt, {"stage": "parts"}).json()["lease"] is None
        bundle = ana.post(nxt, {"stage": "parts"}).json()
        assert bundle["sent_back"] == {"note": "The left hand is missing."}
        # The answer comes as suggestions: each part is looked over once more.
        assert (bundle["draft"]["label_map"], bundle["draft"]["decided"]) == (None, {})
        assert bundle["draft"]["hints"] == bundle["suggestion"]["label_map"]
        assert bundle["suggestion"]["source"] == "previous"
        body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1, "answer": parts_answer(bundle, (1, 14, 3))}
        done = ana.post(f"{API}/leases/{bundle['lease']['id']}/submit", body)
        assert done.status_code == 201
        assert not SentBack.objects.get().is_open
        assert Task.objects.get(stage="parts").state == "review"
        assert rita.post(f"{API}/submissions/{submission}/accept").json()["code"] == "superseded"

    def test_sent_back_to_someone_paused_goes_to_anyone(self, world, submission):
        world.client("mia").patch(f"{API}/projects/{world.project.pk}/members/{world.ana.pk}", {"is_paused": True})
        world.client("rita").post(f"{API}/submissions/{submission}/send-back", {"note": "Again, please."})
        assert world.client("ben").post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()["lease"]

    def test_points_wait_where_accepted_parts_are_sent_back(self, world, views, submission):
        rita, ben = world.client("rita"), world.client("ben")
        rita.post(f"{API}/submissions/{submission}/accept")
        rita.post(f"{API}/submissions/{submission}/send-back", {"note": "Again, please."})
        assert set(Task.objects.values_list("stage", "state")) == {("parts", "open"), ("correspondence", "waiting")}
        nxt = f"{API}/projects/{world.project.pk}/next"
        assert ben.post(nxt, {"stage": "correspondence"}).json()["lease"] is None

    def test_changed_parts_keep_points_for_no_one_who_is_gone(self, world, views, submission):
        world.client("rita").post(f"{API}/submissions/{submission}/accept")
        task = Task.objects.select_related("person").get(stage="correspondence")
        bundle = self.answer_points(world, "ben")
        check = Lease.objects.create(
            task=task, annotator=world.ana, purpose="check", expires_at=task.created_at, state="submitted",
        )  # fmt: skip
        bens = Submission.objects.get(lease=bundle["lease"]["id"])
        told = Submission.objects.filter(pk=bens.pk).values().get() | {
            "id": None, "client_uuid": uuid.uuid4(), "annotator_id": world.ana.pk, "lease_id": check.pk,
        }  # fmt: skip
        Submission.objects.create(**told)
        world.client("mia").patch(f"{API}/projects/{world.project.pk}/members/{world.ben.pk}", {"is_paused": True})
        accept_parts(task.person, (1, 2), by=world.rita)
        task.refresh_from_db()
        assert (task.state, task.places_left) == ("open", 1)
        sent_back = SentBack.objects.get()
        assert (sent_back.submission, sent_back.is_open) == (bens, False)

    @staticmethod
    def answer_points(world, name):
        client = world.client(name)
        bundle = client.post(f"{API}/projects/{world.project.pk}/next", {"stage": "correspondence"}).json()
        body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1, "answer": points_answer(bundle)}
        done = client.post(f"{API}/leases/{bundle['lease']['id']}/submit", body, format="json")
        assert done.status_code == 201, done.content
        return bundle


class TestMembers:
    def test_invitation_is_used_once_and_its_secret_not_kept(self, world):
        made = world.client("mia").post(f"{API}/projects/{world.project.pk}/invitations", {"role": "annotator"}).json()
        eve = world.client("eve")
        joined = eve.post(f"{API}/invitations/accept", {"secret": made["secret"]})
        assert joined.json() == {"project": world.project.pk, "role": "annotator"}
        listed = world.client("mia").get(f"{API}/projects/{world.project.pk}/invitations").json()
        assert listed == []
        assert made["secret"] not in str(list(world.project.invitations.values()))
        world.project.memberships.filter(user=world.eve).delete()
        assert eve.post(f"{API}/invitations/accept", {"secret": made["secret"]}).status_code == 404

    def test_the_last_manager_stays(self, world):
        mia, path = world.client("mia"), f"{API}/projects/{world.project.pk}/members"
        assert mia.delete(f"{path}/{world.mia.pk}").json()["code"] == "last_manager"
        assert mia.patch(f"{path}/{world.mia.pk}", {"role": "annotator"}).status_code == 409
        assert mia.patch(f"{path}/{world.rita.pk}", {"role": "manager"}).json()["role"] == "manager"
        assert mia.patch(f"{path}/{world.mia.pk}", {"role": "annotator"}).status_code == 200

    def test_pausing_frees_what_a_member_holds(self, world):
        world.person()
        ana, path = world.client("ana"), f"{API}/projects/{world.project.pk}/next"
        ana.post(path, {"stage": "parts"})
        world.client("mia").patch(
            f"{API}/projects/{world.project.pk}/members/{world.ana.pk}", {"is_paused": True, "pause_reason": "Call me."}
        )
        assert Lease.objects.get().state == "expired"
        empty = ana.post(path, {"stage": "parts"}).json()["empty"]
        assert empty == {"reason": "paused", "message": "Call me.", "url": None}
        assert world.client("ben").post(path, {"stage": "parts"}).json()["lease"]

    def test_password_reset_and_deactivation(self, world):
        mia = world.client("mia")
        ana = world.client("ana")
        password = mia.post(f"{API}/users/{world.ana.pk}/password").json()["password"]
        assert ana.get(f"{API}/me").status_code == 401
        world.ana.refresh_from_db()
        assert world.ana.check_password(password)
        ben = world.client("ben")
        assert mia.put(f"{API}/users/{world.ben.pk}/active", {"is_active": False}).status_code == 200
        assert ben.get(f"{API}/me").status_code == 401
        assert mia.post(f"{API}/users/{world.eve.pk}/password").status_code == 404
        assert mia.post(f"{API}/users/{world.mia.pk}/password").status_code == 403

    def test_not_someone_who_works_for_others_too(self, world):
        world.eves_project.memberships.create(user=world.ana, role="annotator")
        assert world.client("mia").post(f"{API}/users/{world.ana.pk}/password").status_code == 403


class TestProjects:
    def test_only_staff_make_projects(self, world):
        mia = world.client("mia")
        assert mia.post(f"{API}/projects", {"name": "New"}).status_code == 403
        world.mia.is_staff = True
        world.mia.save()
        made = world.client("mia").post(f"{API}/projects", {"name": "New"})
        assert made.status_code == 201
        assert Project.objects.get(name="New").memberships.get().user == world.mia

    def test_settings_are_checked_and_overlap_reaches_open_tasks(self, world):
        person, mia = world.person(), world.client("mia")
        path = f"{API}/projects/{world.project.pk}"
        assert mia.patch(path, {"gold_rate": 0.9}).status_code == 400
        assert mia.patch(path, {"parts_overlap": 3}).json()["parts_overlap"] == 3
        task = Task.objects.get(person=person, stage="parts")
        assert (task.overlap, task.places_left) == (3, 3)

    def test_examples(self, world):
        mia = world.client("mia")
        file = SimpleUploadedFile("good.jpg", picture_bytes())
        made = mia.post(
            f"{API}/projects/{world.project.pk}/examples/new",
            {"file": file, "is_good": True, "caption": "So"},
            format="multipart",
        )
        assert made.status_code == 201, made.content
        ana = world.client("ana")
        listed = ana.get(f"{API}/projects/{world.project.pk}/examples").json()
        assert ana.get(listed[0]["url"])["Content-Type"] == "image/jpeg"
        assert ana.delete(f"{API}/examples/{listed[0]['id']}").status_code == 403
        assert mia.delete(f"{API}/examples/{listed[0]['id']}").status_code == 204

    def test_progress_counts(self, world):
        accept_parts(world.person(), by=world.ana)
        world.person()
        told = world.client("mia").get(f"{API}/projects/{world.project.pk}/progress").json()
        assert told["tasks"]["parts"]["done"] == 1
        assert told["tasks"]["parts"]["open"] == 1
        assert told["tasks"]["correspondence"] == {
            "waiting": 1, "open": 1, "review": 0, "done": 0, "flagged": 0, "paused": 0, "closed": 0,
        }  # fmt: skip
        assert told["days"][-1]["parts"]["submissions"] == 1


def test_flagged_tasks_are_taken_back_into_work(world):
    person = world.person()
    Task.objects.filter(person=person, stage="parts").update(state="flagged")
    task = Task.objects.get(person=person, stage="parts")
    response = world.client("rita").patch(f"{API}/tasks/{task.pk}", {"state": "open", "priority": 7})
    assert response.json()["state"] == "open"
    assert response.json()["priority"] == 7


def test_pages_by_key(world):
    from tests.factories import make_people

    make_people(world.project, 7)
    mia = world.client("mia")
    seen, path = [], f"{API}/projects/{world.project.pk}/people?limit=3"
    while path:
        page = mia.get(path).json()
        seen += [person["id"] for person in page["results"]]
        path = page["next"]
    assert seen == list(Person.objects.order_by("id").values_list("id", flat=True))
    assert mia.get(f"{API}/projects/{world.project.pk}/people?limit=x").status_code == 400
    assert mia.get(f"{API}/projects/{world.project.pk}/people?limit=999").status_code == 400


@pytest.mark.parametrize("query", ["people?page=2", "images?split=val", "tasks?status=open", "submissions?bogus"])
def test_a_list_refuses_what_it_does_not_know(world, query):
    answer = world.client("mia").get(f"{API}/projects/{world.project.pk}/{query}")
    assert answer.status_code == 400
    assert "is not known here; these are: " in answer.json()["message"]


# Queries of a list, whatever its length: authentication, membership, rows, and what hangs on them.
@pytest.mark.parametrize(
    ("path", "queries"),
    [("people", 4), ("images", 3), ("tasks", 3), ("submissions", 3), ("members", 3), ("events", 3), ("progress", 5)],
)
def test_lists_do_not_ask_more_for_more_rows(world, path, queries, django_assert_num_queries):
    from tests.factories import make_people

    for person in make_people(world.project, 5):
        accept_parts(person, by=world.ana)
    mia = world.client("mia")
    mia.get(f"{API}/me")
    with django_assert_num_queries(queries):
        assert mia.get(f"{API}/projects/{world.project.pk}/{path}").status_code == 200
