"""The calls of the workbench, as docs/workbench-api.md lists them: next, draft, submit and what lies between."""

import base64
import io
import json
import uuid
import zlib
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image as Pillow

from annotator.models import Consensus, Event, Lease, PointSet, StaleDraft, Submission, Task
from annotator.services.leases import expire_leases
from tests.factories import label_map_for, parts_answer, points_answer

API = "/api/v1"


def take(client, world, stage="parts", holding=()):
    response = client.post(f"{API}/projects/{world.project.pk}/next", {"stage": stage, "holding": list(holding)})
    assert response.status_code == 200, response.content
    return response.json()


def submit(client, bundle, answer, client_uuid=None):
    return client.post(
        f"{API}/leases/{bundle['lease']['id']}/submit",
        {"client_uuid": str(client_uuid or uuid.uuid4()), "active_ms": 5000, "answer": answer},
    )


def test_parts_then_points_give_two_accepted_answers(world, views):
    person, ana = world.person(), world.client("ana")
    bundle = take(ana, world)
    assert bundle["stage"] == "parts"
    assert bundle["project"] == {"id": world.project.pk, "name": "Street"}
    assert bundle["box"] == [40, 30, 80, 160]
    assert bundle["draft"] is None
    assert bundle["suggestion"] is None
    response = submit(ana, bundle, parts_answer(bundle))
    assert response.status_code == 201
    submission = Submission.objects.get(pk=response.json()["submission"])
    assert submission.annotator == world.ana
    assert submission.active_ms == 5000
    consensus = Consensus.objects.get(person=person, stage="parts")
    assert consensus.method == "single"
    assert bytes(consensus.label_map) == bytes(submission.label_map)

    bundle = take(ana, world, "correspondence")
    n_points = len(bundle["points"]["key"])
    assert n_points == PointSet.objects.get(person=person).key.size
    assert n_points > 5
    assert set(bundle["points"]["part"]) == {1, 14}
    crop = bundle["crop"]
    shown = np.frombuffer(zlib.decompress(base64.b64decode(bundle["label_map"])), np.uint8)
    shown = shown.reshape(crop["height"], crop["width"])
    columns = (np.array(bundle["points"]["x"]) - crop["x"]).astype(int)
    rows = (np.array(bundle["points"]["y"]) - crop["y"]).astype(int)
    assert shown[rows, columns].tolist() == bundle["points"]["part"]
    assert set(bundle["views"]) == {str(part) for part in range(1, 15)}

    response = submit(ana, bundle, points_answer(bundle))
    assert response.status_code == 201, response.content
    accepted = Consensus.objects.get(person=person, stage="correspondence")
    assert (accepted.triangle >= 0).all()
    assert np.allclose(accepted.weights.sum(axis=1), 1)
    assert set(Task.objects.filter(person=person).values_list("state", flat=True)) == {"done"}
    assert Event.objects.filter(verb="submitted").count() == 2


def test_next_needs_a_member_who_annotates(world):
    path = f"{API}/projects/{world.project.pk}/next"
    assert world.client(None).post(path, {"stage": "parts"}).status_code == 401
    assert world.client("eve").post(path, {"stage": "parts"}).status_code == 404
    assert world.client("ed").post(path, {"stage": "parts"}).status_code == 403
    answer = world.client("ana").post(path, {"stage": "heads"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert "stage" in answer.json()["fields"]


def test_next_says_why_there_is_nothing(world):
    ana = world.client("ana")
    assert take(ana, world)["empty"]["reason"] == "none_open"
    assert take(ana, world, "correspondence")["empty"]["reason"] == "views_preparing"
    world.person()
    bundle = take(ana, world)
    assert take(ana, world, holding=[bundle["lease"]["id"]])["empty"]["reason"] == "none_open"
    world.project.memberships.filter(user=world.ana).update(is_paused=True)
    assert take(ana, world)["empty"]["reason"] == "paused"


def test_points_wait_for_parts(world, views):
    world.person()
    assert take(world.client("ana"), world, "correspondence")["empty"]["reason"] == "waits_for_parts"


def test_a_lease_not_held_comes_back_first_and_a_second_can_be_preloaded(world):
    world.person()
    world.person()
    ana = world.client("ana")
    first = take(ana, world)["lease"]["id"]
    assert take(ana, world)["lease"]["id"] == first
    second = take(ana, world, holding=[first])["lease"]["id"]
    assert second != first
    assert take(ana, world, holding=[second])["lease"]["id"] == first


def test_a_place_is_given_once_and_overlap_gives_more(world):
    person = world.person()
    take(world.client("ana"), world)
    assert take(world.client("ben"), world)["empty"]["reason"] == "none_open"
    Task.objects.filter(person=person, stage="parts").update(overlap=2, places_left=1)
    assert take(world.client("ben"), world)["lease"]
    assert Task.objects.get(person=person, stage="parts").places_left == 0


def test_priority_then_age(world):
    _first, second = world.person(), world.person()
    Task.objects.filter(person=second).update(priority=5)
    bundle = take(world.client("ana"), world)
    assert Lease.objects.get(pk=bundle["lease"]["id"]).task.person == second


class TestDraft:
    @pytest.fixture
    def bundle(self, world):
        world.person()
        return take(world.client("ana"), world)

    def put(self, client, bundle, revision, draft, active_ms=1000):
        body = {"revision": revision, "active_ms": active_ms, "draft": draft}
        return client.put(f"{API}/leases/{bundle['lease']['id']}/draft", body)

    def test_is_saved_and_comes_back(self, world, bundle):
        ana, draft = world.client("ana"), parts_answer(bundle)
        response = self.put(ana, bundle, 0, draft)
        assert response.status_code == 200
        assert response.json()["revision"] == 1
        again = take(ana, world)
        assert again["draft"] == draft
        assert again["lease"]["revision"] == 1
        assert again["lease"]["active_ms"] == 1000

    def test_repeated_write_is_answered_like_the_first(self, world, bundle):
        ana, draft = world.client("ana"), parts_answer(bundle)
        self.put(ana, bundle, 0, draft)
        response = self.put(ana, bundle, 0, draft)
        assert response.status_code == 200
        assert response.json()["revision"] == 1

    def test_stale_write_keeps_both(self, world, bundle):
        ana, first, second = world.client("ana"), parts_answer(bundle), parts_answer(bundle, (14,))
        self.put(ana, bundle, 0, first)
        response = self.put(ana, bundle, 0, second)
        assert response.status_code == 409
        assert response.json()["code"] == "draft_stale"
        assert response.json()["current"]["draft"] == first
        assert StaleDraft.objects.get().draft == second
        assert Lease.objects.get().draft == first

    def test_after_expiry_is_kept_and_told(self, world, bundle):
        ana, draft = world.client("ana"), parts_answer(bundle)
        Lease.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        take(world.client("ben"), world)
        response = self.put(ana, bundle, 0, draft)
        assert response.status_code == 410
        assert response.json()["code"] == "lease_over"
        assert response.json()["is_free"] is False
        assert Lease.objects.get(annotator=world.ana).draft == draft

    def test_of_others_does_not_exist(self, world, bundle):
        assert self.put(world.client("ben"), bundle, 0, {}).status_code == 404
        assert self.put(world.client("eve"), bundle, 0, {}).status_code == 404
        assert self.put(world.client(None), bundle, 0, {}).status_code == 401

    @pytest.mark.parametrize(
        "draft",
        [
            [],
            {"label_map": 5},
            {"decided": {"15": "done"}},
            {"decided": {"1" * 5000: "done"}},
            {"decided": {"1": "maybe"}},
            {"decided": {"1": []}},
            {"decided": []},
        ],
    )
    def test_malformed(self, world, bundle, draft):
        response = self.put(world.client("ana"), bundle, 0, draft)
        assert response.status_code == (200 if draft == {"decided": []} else 400), response.content


class TestSubmit:
    @pytest.fixture
    def bundle(self, world):
        world.person()
        return take(world.client("ana"), world)

    def test_same_uuid_gives_the_first_result(self, world, bundle):
        ana, client_uuid = world.client("ana"), uuid.uuid4()
        first = submit(ana, bundle, parts_answer(bundle), client_uuid)
        again = submit(ana, bundle, parts_answer(bundle), client_uuid)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert Submission.objects.count() == 1

    def test_another_uuid_after_the_first_is_refused(self, world, bundle):
        ana = world.client("ana")
        submit(ana, bundle, parts_answer(bundle))
        response = submit(ana, bundle, parts_answer(bundle))
        assert response.status_code == 410
        assert Submission.objects.count() == 1

    def test_uuid_of_other_work_is_refused(self, world, bundle):
        client_uuid = uuid.uuid4()
        submit(world.client("ana"), bundle, parts_answer(bundle), client_uuid)
        world.person()
        other = take(world.client("ben"), world)
        assert submit(world.client("ben"), other, parts_answer(other), client_uuid).status_code == 409

    def test_nothing_painted(self, world, bundle):
        response = submit(world.client("ana"), bundle, parts_answer(bundle, ()))
        assert response.status_code == 400
        assert response.json()["code"] == "nothing_painted"
        assert Lease.objects.get().state == "live"

    def test_map_of_another_size(self, world, bundle):
        crop = {"width": bundle["crop"]["width"] + 1, "height": bundle["crop"]["height"]}
        response = submit(world.client("ana"), bundle, parts_answer({"crop": crop}))
        assert response.status_code == 400
        assert "label_map" in response.json()["fields"]

    def test_painted_and_not_visible(self, world, bundle):
        answer = parts_answer(bundle) | {"decided": {"1": "not_visible", "3": "not_visible"}}
        assert submit(world.client("ana"), bundle, answer).status_code == 400

    def test_a_little_late_is_taken_while_the_place_is_free(self, world, bundle):
        Lease.objects.update(expires_at=timezone.now() - timedelta(minutes=1), state="expired")
        Task.objects.filter(stage="parts").update(places_left=1)
        assert submit(world.client("ana"), bundle, parts_answer(bundle)).status_code == 201
        assert Task.objects.get(stage="parts").places_left == 0

    def test_too_late_is_told(self, world, bundle):
        Lease.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        take(world.client("ben"), world)
        response = submit(world.client("ana"), bundle, parts_answer(bundle))
        assert response.status_code == 410
        assert not Submission.objects.exists()


def test_image_is_the_crop(world):
    world.person()
    ana = world.client("ana")
    bundle = take(ana, world)
    response = ana.get(bundle["image_url"])
    assert response.status_code == 200
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "private" in response["Cache-Control"]
    picture = Pillow.open(io.BytesIO(b"".join(response.streaming_content)))
    assert picture.size == (bundle["crop"]["width"], bundle["crop"]["height"])
    assert world.client("ben").get(bundle["image_url"]).status_code == 404


def test_heartbeat_extends(world):
    world.person()
    ana = world.client("ana")
    bundle = take(ana, world)
    Lease.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    response = ana.post(f"{API}/leases/{bundle['lease']['id']}/heartbeat", {"active_ms": 7})
    assert response.status_code == 200
    assert Lease.objects.get().expires_at > timezone.now() + timedelta(minutes=20)


def test_a_second_browser_is_told(world):
    world.person()
    first, second = world.client("ana"), world.client("ana")

    def call(browser, method, path, body=None):
        client = first if browser == "first" else second
        return client.generic(
            method, f"{API}/{path}", json.dumps(body or {}), "application/json", HTTP_X_WORKBENCH_BROWSER=browser
        ).json()

    lease = call("first", "POST", f"projects/{world.project.pk}/next", {"stage": "parts"})["lease"]
    assert lease["is_elsewhere"] is False
    path = f"leases/{lease['id']}"
    assert call("second", "GET", path)["lease"]["is_elsewhere"] is True
    assert call("first", "POST", f"{path}/heartbeat")["is_elsewhere"] is False
    assert call("second", "POST", f"{path}/heartbeat", {"takes_over": True})["is_elsewhere"] is False
    draft = {"label_map": None, "decided": {}, "hints": None}
    assert call("first", "PUT", f"{path}/draft", {"revision": 0, "draft": draft})["is_elsewhere"] is True
    # Programs have no name and are not counted; who closes the window is forgotten.
    assert call("", "GET", path)["lease"]["is_elsewhere"] is False
    assert call("second", "POST", f"{path}/leave") == {}
    assert call("first", "GET", path)["lease"]["is_elsewhere"] is False
    # So is who gives the person back.
    assert call("first", "POST", f"{path}/release") == {}
    assert call("second", "POST", f"{path}/take-again")["lease"]["is_elsewhere"] is False


def test_take_again_carries_the_draft_or_says_it_is_taken(world):
    world.person()
    ana, ben = world.client("ana"), world.client("ben")
    bundle = take(ana, world)
    draft = parts_answer(bundle)
    ana.put(f"{API}/leases/{bundle['lease']['id']}/draft", {"revision": 0, "active_ms": 9000, "draft": draft})
    Lease.objects.update(state="expired")
    Task.objects.filter(stage="parts").update(places_left=1)
    over = ana.get(f"{API}/leases/{bundle['lease']['id']}")
    assert over.status_code == 410
    assert over.json()["is_free"] is True
    again = ana.post(f"{API}/leases/{bundle['lease']['id']}/take-again").json()
    assert again["lease"]["id"] != bundle["lease"]["id"]
    assert again["draft"] == draft
    assert again["lease"]["active_ms"] == 9000
    Lease.objects.filter(state="live").update(expires_at=timezone.now() - timedelta(hours=1))
    assert take(ben, world)["lease"]
    refused = ana.post(f"{API}/leases/{again['lease']['id']}/take-again")
    assert refused.status_code == 409
    assert refused.json()["code"] == "task_taken"


@pytest.mark.parametrize("rests", ["paused", "archived", "unqualified"])
def test_who_gets_no_work_does_not_go_on_with_what_was_begun_either(world, rests):
    world.person()
    world.person()
    ana = world.client("ana")
    given = take(ana, world)
    number = submit(ana, given, parts_answer(given)).json()["submission"]
    begun = take(ana, world)
    path = f"{API}/leases/{begun['lease']['id']}"
    if rests == "paused":
        told = {"is_paused": True, "pause_reason": "Left and right were swapped."}
        world.client("mia").patch(f"{API}/projects/{world.project.pk}/members/{world.ana.pk}", told)
    else:
        setting = {"archived": "is_archived", "unqualified": "requires_qualification"}[rests]
        world.client("mia").patch(f"{API}/projects/{world.project.pk}", {setting: True})
        Lease.objects.filter(state="live").update(expires_at=timezone.now() - timedelta(hours=1))
        expire_leases()
    assert submit(ana, begun, parts_answer(begun)).status_code == 410
    refused = ana.post(f"{path}/take-again")
    code = "qualification" if rests == "unqualified" else "paused"
    assert (refused.status_code, refused.json()["code"]) == (403, code)
    if rests == "paused":
        assert refused.json()["message"] == "Left and right were swapped."
    assert ana.post(f"{API}/submissions/{number}/reopen").json()["code"] == code
    draft = {"revision": 0, "active_ms": 1, "draft": parts_answer(begun)}
    assert ana.put(f"{path}/draft", draft).json()["revision"] == 1, "the draft is kept"
    assert Submission.objects.count() == 1


def test_nobody_answers_one_person_twice(world):
    world.person()
    Task.objects.filter(stage="parts").update(overlap=2, places_left=2)
    ana = world.client("ana")
    first = take(ana, world)
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    expire_leases()
    second = take(ana, world)
    assert second["lease"]["id"] != first["lease"]["id"]
    assert submit(ana, second, parts_answer(second)).status_code == 201
    over = submit(ana, first, parts_answer(first))
    assert (over.status_code, over.json()["is_free"]) == (410, False)
    assert ana.post(f"{API}/leases/{first['lease']['id']}/take-again").json()["code"] == "task_taken"
    assert Task.objects.get(stage="parts").places_left == 1


def test_expired_draft_of_ones_own_comes_before_the_queue(world):
    first = world.person()
    ana = world.client("ana")
    bundle = take(ana, world)
    draft = parts_answer(bundle)
    ana.put(f"{API}/leases/{bundle['lease']['id']}/draft", {"revision": 0, "active_ms": 1, "draft": draft})
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    urgent = world.person()
    Task.objects.filter(person=urgent).update(priority=9)
    again = take(ana, world)
    assert Lease.objects.get(pk=again["lease"]["id"]).task.person == first
    assert again["draft"] == draft


def test_skip_does_not_come_back_and_two_flag(world):
    person = world.person()
    ana, ben = world.client("ana"), world.client("ben")
    bundle = take(ana, world)
    path = f"{API}/leases/{bundle['lease']['id']}/skip"
    assert ana.post(path, {"reason": "boring"}).status_code == 400
    assert ana.post(path, {"reason": "too_hard", "note": "blurred"}).status_code == 200
    assert take(ana, world)["empty"]["reason"] == "all_yours_done"
    task = Task.objects.get(person=person, stage="parts")
    assert task.state == "open"
    assert task.comments.get().text == "blurred"
    bundle = take(ben, world)
    ben.post(f"{API}/leases/{bundle['lease']['id']}/skip", {"reason": "too_hard"})
    task.refresh_from_db()
    assert task.state == "flagged"


def test_bad_image_flags_at_once(world):
    person, ana = world.person(), world.client("ana")
    bundle = take(ana, world)
    ana.post(f"{API}/leases/{bundle['lease']['id']}/skip", {"reason": "bad_image"})
    assert Task.objects.get(person=person, stage="parts").state == "flagged"


def test_release_frees_the_place_and_keeps_the_draft(world):
    world.person()
    ana = world.client("ana")
    bundle = take(ana, world)
    draft = parts_answer(bundle)
    ana.put(f"{API}/leases/{bundle['lease']['id']}/draft", {"revision": 0, "active_ms": 1, "draft": draft})
    assert ana.post(f"{API}/leases/{bundle['lease']['id']}/release").status_code == 200
    assert Task.objects.get(stage="parts").places_left == 1
    assert take(ana, world)["draft"] == draft


def test_reopen_within_minutes_supersedes_and_keeps_points_that_stay(world, views):
    person, ana = world.person(), world.client("ana")
    bundle = take(ana, world)
    first = submit(ana, bundle, parts_answer(bundle)).json()["submission"]
    take(world.client("ben"), world, "correspondence")
    before = PointSet.objects.get(person=person)
    response = ana.post(f"{API}/submissions/{first}/reopen")
    assert response.status_code == 200, response.content
    reopened = response.json()
    assert reopened["lease"]["active_ms"] == 0, "hours are sums over answers: nothing is counted twice"
    assert reopened["draft"]["label_map"] == parts_answer(bundle)["label_map"]
    label_map = label_map_for(bundle, (1, 14))
    label_map[100:120, 20:60] = 6
    answer = {"label_map": base64.b64encode(zlib.compress(label_map.tobytes())).decode(), "decided": {}}
    second = submit(ana, reopened, answer).json()["submission"]
    assert Submission.objects.get(pk=second).supersedes_id == first
    assert Consensus.objects.get(person=person, stage="parts").submission_id == second
    after = PointSet.objects.get(person=person, is_current=True)
    assert after.version == 2
    # The torso and head did not change: their points keep name and place; the thigh's are new.
    assert set(before.key) < set(after.key)
    assert set(after.part[~np.isin(after.key, before.key)]) == {6}
    stale = ana.post(f"{API}/submissions/{first}/reopen")
    assert stale.status_code == 409
    assert stale.json()["code"] == "superseded"


def test_reopen_is_over_after_the_minutes_and_only_for_the_author(world):
    world.person()
    ana = world.client("ana")
    bundle = take(ana, world)
    number = submit(ana, bundle, parts_answer(bundle)).json()["submission"]
    assert world.client("ben").post(f"{API}/submissions/{number}/reopen").status_code == 404
    Submission.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert ana.post(f"{API}/submissions/{number}/reopen").json()["code"] == "reopen_over"


class TestPoints:
    @pytest.fixture
    def bundle(self, world, views):
        world.person()
        ana = world.client("ana")
        parts = take(ana, world)
        submit(ana, parts, parts_answer(parts))
        return take(ana, world, "correspondence")

    def test_missing_points_are_named(self, world, bundle):
        answer = points_answer(bundle)
        key, _gone = answer["answers"].popitem()
        response = submit(world.client("ana"), bundle, answer)
        assert response.json()["code"] == "points_missing"
        assert list(response.json()["fields"]) == [key]

    def test_off_the_surface_is_named(self, world, bundle):
        answer = points_answer(bundle)
        key = str(bundle["points"]["key"][0])
        answer["answers"][key] = {"status": "placed", "view": 1, "x": 1.5, "y": 1.5}
        response = submit(world.client("ana"), bundle, answer)
        assert response.json()["code"] == "off_surface"
        assert list(response.json()["fields"]) == [key]

    def test_cannot_tell_is_stored_without_a_surface_point(self, world, bundle):
        answer = points_answer(bundle)
        keys = [str(key) for key in bundle["points"]["key"]]
        answer["answers"][keys[0]] = {"status": "cannot_tell"}
        answer["answers"][keys[1]] = {"status": "not_this_part"}
        number = submit(world.client("ana"), bundle, answer).json()["submission"]
        submission = Submission.objects.get(pk=number)
        assert submission.status[:2].tolist() == [2, 3]
        assert submission.triangle[:2].tolist() == [-1, -1]
        assert np.isnan(submission.click[:2]).all()

    @pytest.mark.parametrize("bad", [{"view": 7}, {"x": "1"}, {"y": None}, {"status": "sure"}, {"status": []}])
    def test_malformed_answers(self, world, bundle, bad):
        answer = points_answer(bundle)
        answer["answers"][str(bundle["points"]["key"][0])] |= bad
        assert submit(world.client("ana"), bundle, answer).status_code == 400

    def test_changed_parts_end_the_lease_and_carry_the_answers(self, world, bundle):
        ana, draft = world.client("ana"), points_answer(bundle)
        path = f"{API}/leases/{bundle['lease']['id']}"
        assert ana.put(f"{path}/draft", {"revision": 0, "active_ms": 1, "draft": draft}).status_code == 200
        number = Submission.objects.get(task__stage="parts").pk
        parts = ana.post(f"{API}/submissions/{number}/reopen").json()
        submit(ana, parts, parts_answer(bundle, (1, 14, 6)))
        assert submit(ana, bundle, draft).status_code in {409, 410}
        again = ana.post(f"{path}/take-again").json()
        carried = set(again["draft"]["answers"])
        assert carried == set(draft["answers"])
        assert set(map(str, again["points"]["key"])) > carried
