"""Several answers become one where they agree; else one more is asked for, then a reviewer; and it is exported so."""

import base64
import io
import json
import uuid

import numpy as np
import pytest
from celery import current_app
from django.core.management import call_command
from django.utils import timezone

from annotator.models import Consensus, Event, Project, Submission, Task
from labels.label_maps import pack, unpack
from qa import geodesics
from qa.models import GoldSheet, MergeDecision
from qa.services.answer_weights import answer_weights
from qa.services.consensus import merge_answers
from qa.tasks import merge_waiting
from tests.distances import StraightTable
from tests.factories import (
    Membership,
    Role,
    accept_parts,
    answered,
    make_user,
    make_world,
    points_answer,
)
from tests.qa.crowds import paint_pairs, wait_for

API = "/api/v1"
PEOPLE = 150


@pytest.fixture
def third(world):
    """One more annotator, to be asked where two disagree."""
    world.cleo = make_user("cleo")
    Membership.objects.create(project=world.project, user=world.cleo, role=Role.ANNOTATOR)
    return world.cleo


def wants_two(world, stage, **settings):
    person = world.person()
    Task.objects.filter(person=person).update(overlap=2, places_left=2)
    Project.objects.filter(pk=world.project.pk).update(**settings)
    if stage == "correspondence":
        accept_parts(person, by=world.mia)
    return Task.objects.get(person=person, stage=stage)


def submit(world, name, stage, make):
    client = world.client(name)
    bundle = client.post(f"{API}/projects/{world.project.pk}/next", {"stage": stage}).json()
    assert bundle["lease"], bundle
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1000, "answer": make(bundle)}
    done = client.post(f"{API}/leases/{bundle['lease']['id']}/submit", body, format="json")
    assert done.status_code == 201, done.content
    return Submission.objects.get(pk=done.json()["submission"])


def painted(shift=0, part=1):
    """Return what paints one part as a block of 40 x 40 pixels, moved to the right."""

    def make(bundle):
        label_map = np.zeros((bundle["crop"]["height"], bundle["crop"]["width"]), np.uint8)
        label_map[10:50, 10 + shift : 50 + shift] = part
        return {"label_map": base64.b64encode(pack(label_map)).decode(), "decided": {}, "hints": None}

    return make


def test_parts_that_agree_are_merged_and_those_that_do_not_ask_for_more_then_for_a_reviewer(world, third):
    task = wants_two(world, "parts")
    submit(world, "ana", "parts", painted(0))
    assert merge_waiting() == 0, "one of two answers is nothing to merge"
    submit(world, "ben", "parts", painted(4))
    task.refresh_from_db()
    assert (task.state, Consensus.objects.count()) == ("review", 0)
    assert merge_waiting() == 1
    accepted = Consensus.objects.get(person=task.person, stage="parts")
    assert (accepted.method, accepted.answers, accepted.submission, accepted.accepted_by) == ("merged", 2, None, None)
    assert accepted.figures == {
        "overlap": pytest.approx(36 / 44, abs=1e-4),
        "disputed": pytest.approx(8 / 44, abs=1e-4),
    }
    task.refresh_from_db()
    assert task.state == "done"
    assert Task.objects.get(person=task.person, stage="correspondence").state == "open"
    assert merge_waiting() == 0, "nothing is compared twice"

    other = wants_two(world, "parts")
    submit(world, "ana", "parts", painted(0))
    submit(world, "ben", "parts", painted(0, part=2))
    assert merge_answers(other.pk).outcome == "another"
    other.refresh_from_db()
    assert (other.state, other.overlap, other.places_left) == ("open", 3, 1)
    assert Event.objects.get(verb="asked another").actor is None
    submit(world, "cleo", "parts", painted(0, part=2))
    decision = merge_answers(other.pk)
    assert (decision.outcome, decision.answers, decision.disagreement) == ("merged", 3, 0)
    label_map, _crop = Consensus.objects.get(person=other.person, stage="parts").painted()
    assert set(np.unique(label_map)) == {0, 2}

    hopeless = wants_two(world, "parts")
    for name, part in (("ana", 1), ("ben", 2)):
        submit(world, name, "parts", painted(0, part))
    merge_answers(hopeless.pk)
    submit(world, "cleo", "parts", painted(0, 14))
    decision = merge_answers(hopeless.pk)
    assert (decision.outcome, decision.disagreement, decision.at_stake) == ("reviewer", 1, 1600)
    hopeless.refresh_from_db()
    assert hopeless.state == "review"
    assert merge_answers(hopeless.pk) == decision
    assert MergeDecision.objects.get(task=hopeless).compared_at == decision.compared_at, "it was compared again"


def test_answers_without_anything_in_common_are_merged_by_nobody(world):
    def painted_at(row):
        def make(bundle):
            label_map = np.zeros((bundle["crop"]["height"], bundle["crop"]["width"]), np.uint8)
            label_map[row : row + 2, 10:50] = 1
            return {"label_map": base64.b64encode(pack(label_map)).decode(), "decided": {}, "hints": None}

        return make

    task = wants_two(world, "parts", disputed_bar=1.0, max_answers=2)
    submit(world, "ana", "parts", painted_at(5))
    submit(world, "ben", "parts", painted_at(45))
    assert merge_answers(task.pk).outcome == "reviewer", "whatever the bar is, nobody is accepted as empty"
    refused = world.client("rita").post(f"{API}/tasks/{task.pk}/accept-merged")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_in_common")
    assert not Consensus.objects.filter(person=task.person).exists()


def test_a_late_answer_leaves_what_a_reviewer_settled(world, third):
    task = wants_two(world, "parts")
    submit(world, "ana", "parts", painted(0))
    submit(world, "ben", "parts", painted(0, part=2))
    merge_answers(task.pk)
    bens = Submission.objects.get(annotator=world.ben)
    cleos = world.client("cleo").post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()
    assert world.client("rita").post(f"{API}/submissions/{bens.pk}/accept").status_code == 200
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1000, "answer": painted(0)(cleos)}
    done = world.client("cleo").post(f"{API}/leases/{cleos['lease']['id']}/submit", body, format="json")
    assert done.status_code == 201, done.content
    merge_waiting()
    task.refresh_from_db()
    accepted = Consensus.objects.get(person=task.person, stage="parts")
    assert (task.state, accepted.method, accepted.submission) == ("done", "reviewed", bens)

    # Its author gives it anew: a reviewer looks again, and nothing is merged over what stands.
    again = world.client("ben").post(f"{API}/submissions/{bens.pk}/reopen").json()
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1000, "answer": painted(0)(again)}
    done = world.client("ben").post(f"{API}/leases/{again['lease']['id']}/submit", body, format="json")
    assert done.status_code == 201, done.content
    assert merge_answers(task.pk).outcome == "reviewer"
    task.refresh_from_db()
    accepted.refresh_from_db()
    assert (task.state, accepted.method, accepted.submission) == ("review", "reviewed", bens)


def test_fewer_answers_wanted_settle_what_has_enough(world, third):
    def want(answers):
        path = f"{API}/projects/{world.project.pk}"
        assert world.client("mia").patch(path, {"parts_overlap": answers}).status_code == 200
        task.refresh_from_db()

    task = wants_two(world, "parts")
    submit(world, "ana", "parts", painted(0))
    want(2)
    assert (task.state, task.places_left) == ("open", 1)
    want(1)
    merge_waiting()
    task.refresh_from_db()
    accepted = Consensus.objects.get(person=task.person, stage="parts")
    assert (task.state, task.places_left, accepted.method) == ("done", 0, "single")

    task = wants_two(world, "parts")
    want(3)
    submit(world, "ana", "parts", painted(0))
    submit(world, "ben", "parts", painted(0))
    cleos = world.client("cleo").post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()
    want(1)
    assert (task.state, task.places_left) == ("open", 0), "Cleo is at it"
    want(3)
    assert (task.state, task.places_left) == ("open", 0), "two answers and Cleo's place"
    want(1)
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1000, "answer": painted(0)(cleos)}
    done = world.client("cleo").post(f"{API}/leases/{cleos['lease']['id']}/submit", body, format="json")
    assert done.status_code == 201, done.content
    assert merge_answers(task.pk).answers == 3, "no answer is passed over"


@pytest.mark.usefixtures("third")
def test_whose_checks_were_good_weighs_more_but_settles_no_dispute_alone(world):
    def checked(annotator, iou, answers):
        data = {"parts": {"answers": answers, "iou": {"value": iou}}, "points": None}
        GoldSheet.objects.create(project=world.project, annotator=annotator, data=data, computed_at=timezone.now())

    task = wants_two(world, "parts", disputed_bar=0.0, max_answers=3)
    submit(world, "ana", "parts", painted(0))
    submit(world, "ben", "parts", painted(0, part=2))
    answers = list(Submission.objects.filter(task=task).order_by("pk"))
    np.testing.assert_allclose(answer_weights(task, answers), 1)
    checked(None, 0.8, 40)
    checked(world.ana, 0.9, 35)
    ana, ben = answer_weights(task, answers)
    # 1 / (1 - 0.8875) and 1 / (1 - 0.8), around 1.
    assert ana / ben == pytest.approx(0.2 / 0.1125)
    assert (ana + ben) / 2 == pytest.approx(1)
    assert merge_answers(task.pk).outcome == "another", "two who disagree are a dispute, whatever they weigh"
    submit(world, "cleo", "parts", painted(0, part=3))
    assert merge_answers(task.pk).outcome == "reviewer"
    case = world.client("rita").get(f"{API}/tasks/{task.pk}/case").json()
    crop = case["crop"]
    together = unpack(base64.b64decode(case["merged"]["label_map"]), (crop["height"], crop["width"]))
    assert set(np.unique(together)) == {0, 1}, "the best stands"


def test_estimated_reliability_counts_where_the_project_wants_it(world, third):
    task = wants_two(world, "parts", merges_by="staple", disputed_bar=0.0)
    submit(world, "ana", "parts", painted(0))
    submit(world, "ben", "parts", painted(2))
    merge_answers(task.pk)
    submit(world, "cleo", "parts", painted(0))
    figures = merge_answers(task.pk).figures
    reliable = [row["reliability"] for _pk, row in sorted(figures["answers"].items(), key=lambda item: int(item[0]))]
    assert reliable[0] == reliable[2] > reliable[1]
    label_map, _crop = Consensus.objects.get(person=task.person, stage="parts").painted()
    assert (label_map[10:50, 10:50] == 1).all()


@pytest.mark.usefixtures("views", "straight_table")
def test_points_are_merged_by_their_medoid_and_strays_are_told(world, third):
    task = wants_two(world, "correspondence", disputed_bar=0.0)
    submit(world, "ana", "correspondence", points_answer)
    submit(world, "ben", "correspondence", strayed)
    assert merge_answers(task.pk).outcome == "another"
    submit(world, "cleo", "correspondence", lambda bundle: points_answer(bundle, 8))
    ana, ben, cleo = Submission.objects.filter(task=task).order_by("pk")
    decision = merge_answers(task.pk)
    assert decision.outcome == "merged"
    told = decision.figures["answers"]
    assert (told[str(ben.pk)]["outliers"], told[str(ana.pk)]["outliers"], told[str(cleo.pk)]["outliers"]) == (1, 0, 0)
    accepted = Consensus.objects.get(person=task.person, stage="correspondence")
    assert accepted.triangle[0] in {ana.triangle[0], cleo.triangle[0]} - {ben.triangle[0]}
    assert (accepted.status == 1).all()
    assert accepted.figures["mean_cm"] > 0
    assert 0 < accepted.figures["auc10"] < accepted.figures["auc30"] < 1


def strayed(bundle):
    answer = points_answer(bundle)
    first = str(bundle["points"]["key"][0])
    answer["answers"][first] = {"status": "placed", "view": 1, "x": 400.5, "y": 120.5}
    return answer


@pytest.mark.usefixtures("views")
def test_points_wait_until_the_surface_is_measured(world, monkeypatch):
    monkeypatch.setattr(geodesics, "_opened", [])
    task = wants_two(world, "correspondence")
    for name in ("ana", "ben"):
        submit(world, name, "correspondence", points_answer)
    assert merge_answers(task.pk) is None
    monkeypatch.setattr(geodesics, "_opened", [StraightTable()])
    assert merge_answers(task.pk).outcome == "merged"


def test_reviewers_see_most_at_stake_first_and_may_accept_what_answers_come_to(world):
    small, large = answered(world, "parts"), answered(world, "parts")
    rita = world.client("rita")
    cases = f"{API}/projects/{world.project.pk}/cases"
    assert {row["disagreement"] for row in rita.get(cases).json()["cases"]} == {None}
    assert merge_waiting() == 2, "a project whose reviewers accept each answer is compared all the same"
    MergeDecision.objects.filter(task=small).update(at_stake=10)
    assert [row["task"] for row in rita.get(cases).json()["cases"]] == [large.pk, small.pk]
    case = rita.get(f"{API}/tasks/{large.pk}/case").json()
    crop = case["crop"]
    together = unpack(base64.b64decode(case["merged"]["label_map"]), (crop["height"], crop["width"]))
    assert 0 < case["merged"]["disagreement"] < 1
    url = f"{API}/tasks/{large.pk}/accept-merged"
    for name, status in ((None, 401), ("eve", 404), ("ana", 403), ("ed", 403)):
        assert world.client(name).post(url).status_code == status
    assert rita.post(url).json() == {"submission": None}
    accepted = Consensus.objects.get(person=large.person, stage="parts")
    assert (accepted.method, accepted.accepted_by, accepted.answers) == ("reviewed", world.rita, 2)
    np.testing.assert_array_equal(accepted.painted()[0], together)
    assert rita.get(f"{API}/tasks/{large.pk}/case").json()["accepted"] is None
    assert [row["task"] for row in rita.get(cases).json()["cases"]] == [small.pk]


def test_what_came_of_the_answers_goes_along_in_the_export(world, tmp_path):
    task = wants_two(world, "parts")
    submit(world, "ana", "parts", painted(0))
    submit(world, "ben", "parts", painted(2))
    merge_answers(task.pk)
    out = tmp_path / "release.json"
    call_command(
        "export_densepose", str(world.project.pk), "--format", "charts", "--out", out, "--quiet", stdout=io.StringIO()
    )
    (annotation,) = json.loads(out.read_text())["annotations"]
    assert annotation["densepose_quality"] == {
        "parts": {"answers": 2, "method": "merged", "overlap": pytest.approx(38 / 42, abs=1e-4),
                  "disputed": pytest.approx(4 / 42, abs=1e-4)}
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_it_merges_changes_nothing_in_the_end(live_app):
    world = make_world()
    paint_pairs(world, PEOPLE)
    current_app.send_task("qa.merge_waiting")
    wait_for(lambda: MergeDecision.objects.count() >= 5)
    live_app.kill_worker()
    assert 5 <= MergeDecision.objects.count() < PEOPLE, "it was not killed half-way"
    assert Consensus.objects.count() == MergeDecision.objects.filter(outcome="merged").count()
    live_app.start_worker()
    current_app.send_task("qa.merge_waiting")
    wait_for(lambda: MergeDecision.objects.count() == PEOPLE)
    found = {row.task_id: (row.outcome, row.disagreement, row.figures) for row in MergeDecision.objects.all()}
    assert len({outcome for outcome, _disagreement, _figures in found.values()}) == 2
    assert Event.objects.filter(verb="accepted").count() == Consensus.objects.count()
    assert Event.objects.filter(verb="asked another").count() == PEOPLE - Consensus.objects.count()
    # Once more from the beginning, without a break.
    Consensus.objects.all().delete()
    MergeDecision.objects.all().delete()
    Task.objects.filter(stage="parts").update(overlap=2, places_left=0, state="review")
    for task in Task.objects.filter(stage="parts"):
        merge_answers(task.pk)
    again = {row.task_id: (row.outcome, row.disagreement, row.figures) for row in MergeDecision.objects.all()}
    assert again == found
