"""Gold: true people are mixed in unseen, measured exactly, never exported, never counted."""

import io
import json

import numpy as np
import pytest

from annotator.models import Consensus, Gold, Job, Lease, Project, Stage, Task
from annotator.services.queue import EmptyQueue, take_next_task
from qa.models import GoldScore, GoldSheet
from tests.factories import make_people
from tests.gold import hand_in, make_gold, true_parts, true_points

API = "/api/v1"


@pytest.fixture
def all_gold(world, monkeypatch):
    """Every draw is a check, rendered people first; what is handed in stands at once."""
    monkeypatch.setattr("annotator.services.queue.random.random", lambda: 0.0)
    Project.objects.filter(pk=world.project.pk).update(gold_rate=0.5, reopen_minutes=0)
    world.project.refresh_from_db()


def score_all():
    from qa.gold_tasks import score_waiting_gold

    return score_waiting_gold()


def test_the_job_draws_people_with_their_truth_and_goes_on_after_a_kill(world):
    from annotator.services.jobs import run_job
    from qa.services.gold_people import enqueue_gold
    from qa.services.gold_truth import read_truth

    job = enqueue_gold(project=world.project, count=2, purpose="check", by=world.mia)
    Job.objects.filter(pk=job.pk).update(
        params={"people": [dict(one, width=120, height=160) for one in job.params["people"]]}
    )
    ended = run_job(job.pk)
    assert (ended.state, ended.result) == ("done", {"people": 2}), ended.error
    one, other = Gold.objects.filter(person__project=world.project)
    assert one.person.image.sha256 != other.person.image.sha256
    truth = read_truth(one)
    assert truth.triangle.shape == (160, 120)
    painted, crop = Consensus.objects.get(person=one.person, stage="parts").painted()
    np.testing.assert_array_equal(painted, crop.cut(truth.part))
    states = (
        Task.objects.filter(person=one.person)
        .order_by("-stage")
        .values_list("stage", "state", "is_gold", "places_left")
    )
    assert list(states) == [("parts", "open", True, 20_000), ("correspondence", "open", True, 20_000)]
    # A worker that died after the last person but before the end finds all of it there.
    Job.objects.filter(pk=job.pk).update(state="queued", checkpoint={"done": 0})
    assert run_job(job.pk).state == "done"
    assert Gold.objects.count() == 2


def test_rendered_people_are_measured_by_their_truth(world, views, all_gold, straight_table):
    make_gold(world.project, 1)
    make_people(world.project, 1)
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    assert lease.task.is_gold
    hand_in(world.ana, lease, true_parts(lease, shift=10))
    assert score_all() == 1
    parts = GoldScore.objects.get()
    # Bands of 50 and 90 rows, moved by 10.
    assert parts.value == pytest.approx((40 / 60 + 80 / 100) / 2, abs=1e-9)
    assert (parts.purpose, parts.kind) == ("check", "rendered")
    sheet = GoldSheet.objects.get(annotator=world.ana)
    assert sheet.data["parts"]["iou"]["value"] == pytest.approx(parts.value)
    assert [row["part"] for row in sheet.data["parts"]["by_part"]] == [1, 14]

    Task.objects.filter(is_gold=False, stage="correspondence").update(state="open")
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.CORRESPONDENCE)
    assert lease.task.is_gold
    answer = true_points(lease)
    missed = next(iter(answer["answers"]))
    answer["answers"][missed] = {"status": "cannot_tell"}
    submission = hand_in(world.ana, lease, answer)
    assert score_all() == 1
    points = GoldScore.objects.get(submission=submission)
    assert (points.n, points.placed) == (len(answer["answers"]), len(answer["answers"]) - 1)
    assert points.value == pytest.approx(1.0, abs=0.01), "the true places are in no distance to the truth"
    told = GoldSheet.objects.get(annotator=world.ana).data["points"]
    assert told["cm"]["value"] < 0.1
    assert GoldSheet.objects.get(annotator=None).data["points"] == told, "she is everyone so far"

    before = list(GoldScore.objects.order_by("pk").values("submission", "value", "sums", "truth"))
    assert score_all() == 0
    from qa.gold_tasks import score_gold

    assert score_gold(submission.pk)
    assert list(GoldScore.objects.order_by("pk").values("submission", "value", "sums", "truth")) == before


def test_settled_people_are_handed_to_others_unseen(world, views, all_gold, monkeypatch, straight_table):
    from annotator.services.acceptance import accept_submission
    from tests.factories import answered, parts_answer

    task = answered(world, "parts", ("ana",))
    Project.objects.filter(pk=world.project.pk).update(is_review_required=False)
    accept_submission(user=world.rita, submission_id=task.submissions.get().pk)
    make_people(world.project, 3)
    assert not take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS).purpose, "it is her own"
    lease = take_next_task(user=world.ben, project_id=world.project.pk, stage=Stage.PARTS)
    assert (lease.task, lease.purpose) == (task, "check")
    client = world.client("ben")
    bundle = client.get(f"{API}/leases/{lease.pk}").json()
    other = client.post(
        f"{API}/projects/{world.project.pk}/next", {"stage": "parts", "holding": [str(lease.pk)]}, format="json"
    ).json()
    assert set(bundle) == set(other)
    assert "check" not in json.dumps(bundle)
    assert "gold" not in json.dumps(bundle)
    # It runs out, and comes back with what was drawn, as any work does.
    client.put(f"{API}/leases/{lease.pk}/draft", {"revision": 0, "draft": parts_answer(lease, (1,))}, format="json")
    Lease.objects.filter(pk=lease.pk).update(expires_at="2020-01-01T00:00Z")
    lease = take_next_task(
        user=world.ben, project_id=world.project.pk, stage=Stage.PARTS, holding=[other["lease"]["id"]]
    )
    assert (lease.task, lease.purpose, lease.draft["decided"]) == (task, "check", {"1": "done"})
    task.refresh_from_db()
    assert (task.state, task.places_left) == ("done", 0)

    accepted = Consensus.objects.get(person=task.person, stage="parts")
    submission = hand_in(world.ben, lease, parts_answer(lease, (1, 13)))
    assert score_all() == 1
    score = GoldScore.objects.get(submission=submission)
    assert (score.kind, score.truth) == ("reviewed", f"settled:{accepted.submission_id}")
    assert score.value == pytest.approx(1 / 3), "torso right, head and lower arm confused"
    task.refresh_from_db()
    assert task.state == "done"
    assert Consensus.objects.get(person=task.person, stage="parts").submission == accepted.submission
    # The reviewer thinks again: what was measured by the old answer is measured by the new one.
    accept_submission(user=world.rita, submission_id=submission.pk)
    assert score_all() == 1
    score = GoldScore.objects.get(submission=submission)
    assert (score.value, score.truth) == (1.0, f"settled:{submission.pk}")


def test_what_answers_were_merged_into_is_no_truth(world, all_gold):
    from qa.services.consensus import accept_merged
    from tests.factories import Membership, Role, answered, make_user

    task = answered(world, "parts", ("ana", "ben"))
    accept_merged(task=task, by=world.rita)
    make_people(world.project, 1)
    cleo = make_user("cleo")
    Membership.objects.create(project=world.project, user=cleo, role=Role.ANNOTATOR)
    lease = take_next_task(user=cleo, project_id=world.project.pk, stage=Stage.PARTS)
    assert lease.task != task
    assert not lease.purpose


def test_gold_is_in_no_release_and_in_no_progress(world, views, all_gold):
    from annotator.selectors.progress import task_counts, throughput_for_project
    from export.services.densepose_file import FileOptions, write_densepose_file
    from webapp.selectors.home import work_for
    from webapp.selectors.overview import progress_of, sizes_of

    make_gold(world.project, 2)
    make_gold(world.project, 1, purpose="exam")
    (person,) = make_people(world.project, 1)
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    hand_in(world.ana, lease, true_parts(lease))
    sink = io.BytesIO()
    counts = write_densepose_file(sink, world.project, FileOptions())
    assert (counts.images, counts.people) == (1, 1)
    (record,) = json.loads(sink.getvalue())["annotations"]
    assert record["id"] == 10_000_000_000 + person.pk
    told = task_counts([world.project.pk])[world.project.pk]
    assert (sum(told["parts"].values()), sum(told["correspondence"].values())) == (1, 1)
    assert progress_of(world.project)[0].all == 1
    assert sizes_of(world.project) == {"images": 1, "people": 1, "proposed": 0}
    assert sum(day["parts"]["submissions"] for day in throughput_for_project(world.project)) == 0
    (work,) = work_for(world.ben)
    assert [stage.waiting for stage in work.stages] == [1, 0], "checks are not told in numbers either"
    # Where there is no work, nobody is kept busy with checks.
    Task.objects.filter(person=person).update(state="paused")
    assert isinstance(take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS), EmptyQueue)
