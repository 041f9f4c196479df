"""The reviewer's bench: who may sit at it, what a case tells, and that each decision is accepted as it was made."""

import uuid

import numpy as np
import pytest
from django.utils import timezone

from annotator.models import Consensus, Lease, Membership, SentBack, Submission
from qa.models import FigureSheet, GoldSheet
from qa.services.flags import Flag
from tests.factories import answered, parts_answer

API = "/api/v1"


@pytest.fixture
def points(world, views):
    return answered(world, "correspondence")


def test_who_may_review(world, views):
    task = answered(world, "parts")
    first = task.submissions.first()
    gets = (f"projects/{world.project.pk}/cases", f"tasks/{task.pk}/case", f"tasks/{task.pk}/picture")
    posts = (f"tasks/{task.pk}/ask-another", f"submissions/{first.pk}/review-lease", f"submissions/{first.pk}/settle")
    for name, status in ((None, 401), ("eve", 404), ("ana", 403), ("ed", 403)):
        client = world.client(name)
        body = {"client_uuid": str(uuid.uuid4())}
        found = [client.get(f"{API}/{path}").status_code for path in gets]
        found += [client.post(f"{API}/{path}", body, format="json").status_code for path in posts]
        assert found == [status] * 6, name
        page = {None: 302}.get(name, status)
        assert client.get(f"/projects/{world.project.pk}/review/parts/").status_code == page
    assert Submission.objects.count() == 2
    assert [world.client("rita").get(f"{API}/{path}").status_code for path in gets] == [200] * 3
    assert world.client("rita").get(f"/projects/{world.project.pk}/review/correspondence/").status_code == 200
    assert world.client("rita").get(f"/projects/{world.project.pk}/review/other/").status_code == 404


def test_a_case_tells_all_answers_in_the_order_of_their_coming(world, points):
    rita = world.client("rita")
    (row,) = rita.get(f"{API}/projects/{world.project.pk}/cases?stage=correspondence").json()["cases"]
    assert (row["task"], row["person"], row["answers"]) == (points.pk, points.person_id, 2)
    case = rita.get(f"{API}/tasks/{points.pk}/case").json()
    assert [answer["author"] for answer in case["answers"]] == ["Ana", "Ben"]
    n = len(case["points"]["key"])
    assert n == len(case["answers"][0]["status"]) == len(case["answers"][1]["triangle"]) > 1
    assert set(case["views"]) == {str(part) for part in range(1, 15)}
    assert case["accepted"] is None


def test_the_bench_begins_with_whom_there_is_no_reason_to_doubt(world, points):
    rita, url = world.client("rita"), f"{API}/tasks/{points.pk}/case"
    ana, ben = points.submissions.order_by("pk")

    def begins_with():
        return rita.get(url).json()["begin"]

    assert begins_with() == ana.pk
    for annotator, value in ((None, 0.5), (world.ben, 0.8)):
        data = {"points": {"auc10": {"value": value}, "answers": 20}}
        GoldSheet.objects.create(project=world.project, annotator=annotator, data=data, computed_at=timezone.now())
    assert begins_with() == ben.pk, "who is surer against known truth"
    flag = Flag("lazy", world.ben.pk, 0.85, 0.1, 120, 0.75, 0.92)
    FigureSheet.objects.filter(project=world.project).delete()
    sheet = FigureSheet(project=world.project, data={"flags": [flag.as_json()]}, computed_at=timezone.now())
    sheet.save()
    assert begins_with() == ana.pk, "a flagged habit"
    Membership.objects.filter(user=world.ana).update(is_paused=True)
    assert begins_with() == ben.pk, "of two in doubt the surer"
    sheet.data["flags"] = []
    sheet.save()
    SentBack.objects.create(submission=ben, author=world.ben, reviewer=world.rita, note="Again.")
    assert begins_with() == ana.pk, "what is sent back comes last"


def test_points_are_put_together_from_answers_and_places_of_ones_own(world, points):
    ana, ben = points.submissions.order_by("pk")
    key, other, own = (str(number) for number in ana.point_set.key[:3])
    body = {
        "client_uuid": str(uuid.uuid4()), "active_ms": 5000, "taken": {key: ben.pk},
        "placed": {other: {"status": "cannot_tell"}, own: {"status": "placed", "view": 1, "x": 380.5, "y": 400.5}},
    }  # fmt: skip
    rita = world.client("rita")
    url = f"{API}/submissions/{ana.pk}/settle"
    found = rita.post(url, body, format="json").json()["submission"]
    assert rita.post(url, body, format="json").json()["submission"] == found, "a repetition made another answer"
    better = Submission.objects.get(pk=found)
    assert (better.origin, better.supersedes_id, better.annotator) == ("review", ana.pk, world.rita)
    assert better.triangle[0] == ben.triangle[0]
    np.testing.assert_array_equal(better.weights[0], ben.weights[0])
    assert (better.status[1], better.triangle[1]) == (2, -1)
    assert (better.status[2], better.view[2], better.click[2, 0]) == (1, 1, 380.5)
    np.testing.assert_array_equal(better.triangle[3:], ana.triangle[3:])
    accepted = Consensus.objects.get(person=points.person, stage="correspondence")
    assert (accepted.submission, accepted.method, accepted.accepted_by) == (better, "reviewed", world.rita)
    again = rita.post(url, body | {"client_uuid": str(uuid.uuid4())}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "superseded")


def test_what_cannot_be_put_together_is_refused(world, points):
    ana, ben = points.submissions.order_by("pk")
    key = str(ana.point_set.key[0])
    rita = world.client("rita")
    for change, code in (
        ({"taken": {"99999": ben.pk}}, "invalid"), ({"taken": {key: ben.pk + 99}}, "invalid"),
        ({"placed": {key: {"status": "placed", "view": 1, "x": 1, "y": 1}}}, "off_surface"),
        ({"placed": {key: {"status": "placed", "view": 7, "x": 1, "y": 1}}}, "invalid"),
    ):  # fmt: skip
        body = {"client_uuid": str(uuid.uuid4()), **change}
        answer = rita.post(f"{API}/submissions/{ana.pk}/settle", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, code), change
    assert not Consensus.objects.filter(stage="correspondence").exists()


def test_a_better_answer_in_the_workbench_is_accepted(world, views):
    task = answered(world, "parts")
    first = task.submissions.first()
    rita = world.client("rita")
    told = rita.post(f"{API}/submissions/{first.pk}/review-lease").json()
    assert told["url"].endswith(f"?lease={told['lease']}&back=/projects/{world.project.pk}/review/parts/")
    bundle = rita.get(f"{API}/leases/{told['lease']}").json()
    assert bundle["draft"]["decided"] == {"1": "done", "14": "done"}
    page = rita.get(told["url"])
    assert f'"back": "/projects/{world.project.pk}/review/parts/"' in page.content.decode()
    assert '"back": ""' in rita.get(told["url"].partition("&back")[0] + "&back=//evil.example/").content.decode()
    # Given back and taken again it is still a reviewer's, and takes nobody's place.
    rita.post(f"{API}/leases/{told['lease']}/release")
    task.refresh_from_db()
    assert task.places_left == 0
    again = rita.post(f"{API}/submissions/{first.pk}/review-lease").json()["lease"]
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 9, "answer": parts_answer(bundle, (2, 3))}
    assert rita.post(f"{API}/leases/{again}/submit", body, format="json").status_code == 201
    better = Submission.objects.get(origin="review")
    assert (better.supersedes, better.annotator, better.active_ms) == (first, world.rita, 9)
    accepted = Consensus.objects.get(person=task.person, stage="parts")
    assert (accepted.submission, accepted.method) == (better, "reviewed")
    task.refresh_from_db()
    assert task.state == "done"
    assert not Lease.objects.filter(state="live").exists()


def test_one_more_annotator_is_asked(world, views):
    task = answered(world, "parts")
    rita = world.client("rita")
    assert rita.post(f"{API}/tasks/{task.pk}/ask-another").json()["answers"] == 3
    task.refresh_from_db()
    assert (task.state, task.overlap, task.places_left) == ("open", 3, 1)
    rita.post(f"{API}/submissions/{task.submissions.first().pk}/accept")
    answer = rita.post(f"{API}/tasks/{task.pk}/ask-another")
    assert (answer.status_code, answer.json()["code"]) == (409, "accepted")


def test_sent_back_answers_stay_in_the_case_with_their_note(world, views):
    task = answered(world, "parts")
    first = task.submissions.first()
    rita = world.client("rita")
    rita.post(f"{API}/submissions/{first.pk}/send-back", {"note": "The left hand is missing."})
    assert SentBack.objects.get().submission == first
    case = rita.get(f"{API}/tasks/{task.pk}/case").json()
    assert [answer["note"] for answer in case["answers"]] == ["The left hand is missing.", None]
