"""Tutorial and exam: who must qualify gets nobody real before; attempts are counted; nothing tells too much."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.errors import ConflictError
from annotator.models import Gold, Job, Lease, Membership, Project, Stage, Task
from annotator.services.queue import EmptyQueue, take_next_task
from annotator.services.submissions import reopen_submission
from qa.models import AutomaticAct, ExamAttempt, GoldScore, GoldSheet
from qa.services.automatic_acts import undo_act
from qa.services.policies import change_policy
from qa.services.qualification import end_exam, take_exam_step, take_tutorial_step, way_of
from tests.factories import make_people
from tests.gold import hand_in, make_gold, true_parts, true_points
from tests.webapp.clients import browser


@pytest.fixture
def asked(world, views, straight_table):
    """A project that asks for the exam: one person to learn on, two to be examined on, one at a time."""
    Project.objects.filter(pk=world.project.pk).update(requires_qualification=True)
    world.project.refresh_from_db()
    make_gold(world.project, 1, purpose="tutorial")
    make_gold(world.project, 2, purpose="exam")
    values = {"tutorial_people": 1, "exam_people": 1, "exam_attempts": 2, "exam_wait_hours": 3}
    change_policy(project=world.project, by=world.mia, values=values)
    make_people(world.project, 4)
    return world


def learn(world):
    for _ in Stage:
        lease = take_tutorial_step(user=world.ana, project_id=world.project.pk)
        answer(world, lease)


def answer(world, lease, *, shift=0):
    is_parts = lease.task.stage == Stage.PARTS
    return hand_in(world.ana, lease, true_parts(lease, shift=shift) if is_parts else true_points(lease))


def sit_exam(world, *, shift=0):
    """Let Ana answer a whole attempt; returns it, measured."""
    for _ in Stage:
        answer(world, take_exam_step(user=world.ana, project_id=world.project.pk), shift=shift)
    return end_exam(project_id=world.project.pk, annotator=world.ana.pk, table=_table())


def _table():
    from qa.geodesics import geodesic_table

    return geodesic_table()


def member(world):
    return Membership.objects.select_related("project").get(project=world.project, user=world.ana)


def test_nobody_real_before_the_exam(asked):
    world = asked
    found = world.client("ana").post(f"/api/v1/projects/{world.project.pk}/next", {"stage": "parts"}).json()
    assert found["lease"] is None
    assert found["empty"]["reason"] == "qualification"
    assert found["empty"]["url"] == f"/projects/{world.project.pk}/qualification"
    for name in ("rita", "mia"):
        lease = take_next_task(user=getattr(world, name), project_id=world.project.pk, stage=Stage.PARTS)
        assert not lease.task.is_gold, "who reviews or manages is trusted"
    with pytest.raises(ConflictError, match="tutorial comes first"):
        take_exam_step(user=world.ana, project_id=world.project.pk)
    learn(world)
    assert way_of(member(world)).is_tutorial_done
    attempt = sit_exam(world)
    assert (attempt.has_passed, attempt.figures["iou"]) == (True, 1.0)
    assert AutomaticAct.objects.get().kind == "qualified"
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    assert isinstance(lease, Lease)
    assert not lease.task.is_gold
    from qa.gold_tasks import score_waiting_gold

    score_waiting_gold()
    counted = GoldSheet.objects.get(annotator=world.ana).data
    assert (counted["parts"]["answers"], counted["points"]["answers"]) == (1, 1), (
        "the exam counts, the tutorial does not"
    )
    undo_act(project=world.project, act_id=AutomaticAct.objects.get().pk, by=world.mia)
    Lease.objects.filter(pk=lease.pk).update(state="released")
    assert isinstance(take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS), EmptyQueue)


def test_attempts_are_counted_spaced_and_excused(asked):
    world = asked
    learn(world)
    first = sit_exam(world, shift=80)
    assert (first.has_passed, first.number) == (False, 1)
    assert end_exam(project_id=world.project.pk, annotator=world.ana.pk, table=_table()) is None, "it ends once"
    with pytest.raises(ConflictError, match="too soon"):
        take_exam_step(user=world.ana, project_id=world.project.pk)
    ExamAttempt.objects.update(ended_at=timezone.now() - timedelta(hours=4))
    second = sit_exam(world, shift=80)
    assert second.people != first.people, "other people than before"
    ExamAttempt.objects.update(ended_at=timezone.now() - timedelta(hours=4))
    with pytest.raises(ConflictError, match="No attempt is left"):
        take_exam_step(user=world.ana, project_id=world.project.pk)
    page = browser(world, "ana").get(f"/projects/{world.project.pk}/qualification").content.decode()
    assert "please talk to a manager" in page
    failed = AutomaticAct.objects.filter(kind="exam_failed").first()
    assert failed.details["attempt"] == second.pk
    undo_act(project=world.project, act_id=failed.pk, by=world.mia)
    third = sit_exam(world)
    assert (third.number, third.has_passed) == (3, True)
    assert member(world).qualified_at == third.ended_at


def test_an_exam_waits_for_the_surface_to_be_measured(asked, monkeypatch):
    world = asked
    learn(world)
    table = _table()
    monkeypatch.setattr("qa.geodesics._opened", [])
    for _ in Stage:
        answer(world, take_exam_step(user=world.ana, project_id=world.project.pk))
    page = browser(world, "ana").get(f"/projects/{world.project.pk}/qualification").content.decode()
    assert "The surface is still being measured" in page
    monkeypatch.setattr("qa.geodesics._opened", [table])
    from qa.gold_tasks import score_waiting_gold

    score_waiting_gold()
    assert ExamAttempt.objects.get().has_passed
    assert score_waiting_gold() == 0
    assert AutomaticAct.objects.count() == 1


def test_feedback_is_for_its_author_and_of_the_tutorial_alone(asked):
    world = asked
    for shift in (10, 0):
        lease = take_tutorial_step(user=world.ana, project_id=world.project.pk)
        last = answer(world, lease, shift=shift)
    first = GoldScore.objects.first()
    assert first is None, "nothing measured it yet"
    submissions = list(Task.objects.get(person__gold__purpose="tutorial", stage="parts").submissions.all())
    base = f"/projects/{world.project.pk}/qualification/answers"
    parts = f"{base}/{submissions[0].pk}"
    for name, status in (("ana", 200), ("ben", 404), ("mia", 404), ("eve", 404), ("ed", 403), (None, 302)):
        assert browser(world, name).get(parts).status_code == status, name
        assert browser(world, name).get(f"{parts}/differences.png").status_code == status, name
    ana = browser(world, "ana")
    told = ana.get(parts).content.decode()
    assert "mean IoU of the parts" in told
    assert f"{GoldScore.objects.get(submission=submissions[0]).value:.2f}" in told
    assert ana.get(f"/projects/{world.project.pk}/qualification/last")["Location"] == f"{base}/{last.pk}"
    points = ana.get(f"{base}/{last.pk}").content.decode()
    assert "of 28 points lie within 5 cm" in points
    assert ana.get(f"{base}/{last.pk}/differences.png").status_code == 404, "points have no such picture"
    exam = answer(world, take_exam_step(user=world.ana, project_id=world.project.pk))
    assert ana.get(f"{base}/{exam.pk}").status_code == 404, "the exam tells nothing that the next attempt could use"
    for submission in (exam, last):
        with pytest.raises(ConflictError, match="stand as they are"):
            reopen_submission(user=world.ana, submission_id=submission.pk)
    assert ana.get(f"/projects/{world.project.pk}/qualification/last")["Location"].endswith("/qualification")


def test_what_is_missing_is_drawn_and_training_tells_only_itself(world, views):
    Project.objects.filter(pk=world.project.pk).update(requires_qualification=True)
    ana = browser(world, "ana")
    answer_page = ana.post(f"/projects/{world.project.pk}/qualification/tutorial", follow=True)
    assert "The tutorial is being drawn" in answer_page.content.decode()
    job = Job.objects.get(kind="add_gold")
    purposes = [one["purpose"] for one in job.params["people"]]
    assert (purposes.count("tutorial"), purposes.count("exam"), len(purposes)) == (2, 6, 8)
    ana.post(f"/projects/{world.project.pk}/qualification/tutorial")
    assert Job.objects.filter(kind="add_gold").count() == 1, "what is on its way is not asked for again"
    make_gold(world.project, 1, purpose="tutorial")
    to = ana.post(f"/projects/{world.project.pk}/qualification/tutorial")["Location"]
    lease = Lease.objects.get(purpose="tutorial")
    assert to.startswith(f"/projects/{world.project.pk}/annotate/parts/?lease={lease.pk}&back=")
    bundle = world.client("ana").get(f"/api/v1/leases/{lease.pk}").json()
    assert bundle["training"] == "tutorial"
    task = Task.objects.get(pk=lease.task_id)
    assert (task.places_left, task.is_gold) == (0, True)
    assert Gold.objects.get(person=task.person_id).purpose == "tutorial"
    for name, status in (("ed", 403), ("eve", 404), (None, 302)):
        for page in ("tutorial", "exam"):
            url = f"/projects/{world.project.pk}/qualification/{page}"
            assert browser(world, name).post(url).status_code == status
