"""The running bar: who falls below it is paused kindly, asked about, and every act of the platform can be undone."""

import pytest

from annotator.models import Consensus, Lease, Membership, Project, Stage, Submission, Task
from annotator.services.queue import EmptyQueue, take_next_task
from qa.models import AutomaticAct, GoldScore
from qa.services.automatic_acts import leave_act, undo_act
from qa.services.policies import change_policy
from tests.factories import make_people, parts_answer
from tests.gold import hand_in, let_a_day_pass, make_gold, true_parts
from tests.webapp.clients import browser, shown


@pytest.fixture
def draws(monkeypatch):
    """Say whether the next draw is a check."""
    state = {"check": False}
    monkeypatch.setattr("annotator.services.queue.random.random", lambda: 0.0 if state["check"] else 0.99)
    return state


@pytest.fixture
def checked(world, draws):
    """A project with bars that two checks decide, people to work on, and rendered people to check with."""
    Project.objects.filter(pk=world.project.pk).update(gold_rate=0.5, reopen_minutes=0)
    change_policy(project=world.project, by=world.mia, values={"check_window": 2, "check_minimum": 2, "check_iou": 0.6})
    make_people(world.project, 8)
    make_gold(world.project, 6)
    return draws


def work(world, draws, *, check, shift=0):
    """Let Ana hand in one answer; of checks, as far from the truth as `shift` says."""
    draws["check"] = check
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    assert lease.task.is_gold == check
    submission = hand_in(world.ana, lease, true_parts(lease, shift=shift) if check else parts_answer(lease))
    if check:
        from qa.gold_tasks import score_gold

        assert score_gold(submission.pk)
    return submission


def fall(world, draws):
    """Let Ana do well, then work, then fall below the bar; returns the answers that came after the last good check."""
    before = work(world, draws, check=False)
    work(world, draws, check=True)
    since = [work(world, draws, check=False) for _ in range(2)]
    work(world, draws, check=True, shift=70)
    assert Membership.objects.get(project=world.project, user=world.ana).is_paused
    assert Consensus.objects.filter(submission=before).exists()
    return since


def test_below_the_bar_is_paused_and_asked_about(world, checked):
    since = fall(world, checked)
    member = Membership.objects.get(project=world.project, user=world.ana)
    assert "Everything you did is kept" in member.pause_reason
    found = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    assert isinstance(found, EmptyQueue)
    assert (found.reason, found.message) == ("paused", member.pause_reason)
    requeued, paused = AutomaticAct.objects.filter(project=world.project)
    assert (paused.kind, paused.subject, paused.figures["checks"], paused.figures["bar"]) == (
        "paused",
        world.ana,
        2,
        0.6,
    )
    assert paused.figures["value"] == pytest.approx((1 + GoldScore.objects.latest("pk").value) / 2, abs=1e-4)
    assert (requeued.kind, requeued.figures["people"]) == ("requeued", 2)
    for submission in since:
        task = Task.objects.get(pk=submission.task_id)
        assert (task.state, task.overlap, task.places_left) == ("open", 2, 1)
        assert not Consensus.objects.filter(person=task.person_id).exists()
        assert Task.objects.get(person=task.person_id, stage="correspondence").state == "waiting"
    checked["check"] = False
    lease = take_next_task(user=world.ben, project_id=world.project.pk, stage=Stage.PARTS)
    assert lease.task_id == since[0].task_id, "it comes first, as the oldest"


def test_scoring_again_changes_nothing(world, checked):
    from qa.gold_tasks import score_gold, score_waiting_gold

    fall(world, checked)
    acts = list(AutomaticAct.objects.values())
    tasks = list(Task.objects.order_by("pk").values("pk", "state", "overlap", "places_left"))
    for score in GoldScore.objects.all():
        assert score_gold(score.submission_id)
    assert score_waiting_gold() == 0
    assert list(AutomaticAct.objects.values()) == acts
    assert list(Task.objects.order_by("pk").values("pk", "state", "overlap", "places_left")) == tasks
    assert Submission.objects.filter(task__is_gold=True).count() == GoldScore.objects.count() == 2


def test_a_worker_that_dies_between_measuring_and_judging_leaves_nothing_half_done(world, checked, monkeypatch):
    import qa.gold_tasks

    work(world, checked, check=True)
    checked["check"] = True
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    submission = hand_in(world.ana, lease, true_parts(lease, shift=70))

    def die(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(qa.gold_tasks, "judge_member", die)
        with pytest.raises(KeyboardInterrupt):
            qa.gold_tasks.score_gold(submission.pk)
    assert not GoldScore.objects.filter(submission=submission).exists()
    assert not AutomaticAct.objects.exists()
    assert qa.gold_tasks.score_waiting_gold() == 1
    assert GoldScore.objects.filter(submission=submission).exists()
    assert Membership.objects.get(project=world.project, user=world.ana).is_paused
    assert AutomaticAct.objects.filter(kind="paused").count() == 1


def test_undo_really_undoes(world, checked):
    since = fall(world, checked)
    requeued, paused = AutomaticAct.objects.filter(project=world.project)
    before = {one.pk: one.accepted_at for one in Consensus.objects.all()}
    checked["check"] = False
    held = take_next_task(user=world.ben, project_id=world.project.pk, stage=Stage.PARTS)
    undone = undo_act(project=world.project, act_id=requeued.pk, by=world.mia)
    assert undone.outcome == {"taken_back": 1, "in_use": 1}
    first, second = (Task.objects.get(pk=one.task_id) for one in since)
    assert (first.overlap, first.state) == (2, "open"), "Ben is at it"
    assert (second.overlap, second.state, second.places_left) == (1, "done", 0)
    again = Consensus.objects.get(person=second.person_id)
    assert (again.submission, again.method, again.answers) == (since[1], "single", 1)
    assert again.painted()[0].any()
    assert again.pk not in before
    assert Task.objects.get(person=second.person_id, stage="correspondence").state == "open"

    undo_act(project=world.project, act_id=paused.pk, by=world.mia)
    member = Membership.objects.get(project=world.project, user=world.ana)
    assert (member.is_paused, member.pause_reason) == (False, "")
    # What led to the pause does not lead to another one: it takes as many new checks.
    work(world, checked, check=True, shift=70)
    assert not Membership.objects.get(pk=member.pk).is_paused
    work(world, checked, check=True, shift=70)
    assert Membership.objects.get(pk=member.pk).is_paused
    assert held.state == Lease.State.LIVE


def test_who_may_see_and_act(world, checked):
    fall(world, checked)
    requeued, paused = AutomaticAct.objects.filter(project=world.project)
    page = f"/projects/{world.project.pk}/checks"
    posts = (f"{page}/acts/{paused.pk}", f"{page}/gold", f"{page}/members/{world.ana.pk}", f"{page}/policy")
    for name, status in ((None, 302), ("eve", 404), ("ana", 403), ("rita", 403), ("ed", 403)):
        client = browser(world, name)
        assert client.get(page).status_code == status
        assert [client.post(url, {"act": "undo", "count": 1}).status_code for url in posts] == [status] * 4, name
    assert AutomaticAct.objects.filter(undone_at=None).count() == 2
    mia = browser(world, "mia")
    told = mia.get(page).content.decode()
    for words in ("Ana was paused", "Second answers were asked for to 2 people of Ana", "the bar is 0.600", "0.563"):
        assert words in told, words
    overview = mia.get(f"/projects/{world.project.pk}").content.decode()
    inbox = mia.get(f"/projects/{world.project.pk}/inbox").content.decode()
    for text in (overview, inbox):
        assert "Ana was paused" in text
    assert mia.post(posts[0], {"act": "leave"}).status_code == 302
    assert "Ana was paused" not in mia.get(f"/projects/{world.project.pk}/inbox").content.decode()
    mia.post(posts[0], {"act": "undo"})
    assert "This was undone already." in mia.post(posts[0], {"act": "undo"}, follow=True).content.decode()
    assert mia.post(f"{page}/acts/999999", {"act": "undo"}).status_code == 404
    assert (
        "2 people taken back" in mia.post(f"{page}/acts/{requeued.pk}", {"act": "undo"}, follow=True).content.decode()
    )
    other = browser(world, "eve").post(f"/projects/{world.eves_project.pk}/checks/acts/{paused.pk}", {"act": "undo"})
    assert other.status_code == 404
    leave_act(project=world.project, act_id=paused.pk, by=world.mia)
    let_a_day_pass()
    own = shown(browser(world, "ana"), f"/projects/{world.project.pk}/my-figures")
    assert "Against known truth" in own
    assert "checks" not in own.lower()
    assert "gold" not in own.lower().replace("gold-card", "")


def test_bars_are_settings(world):
    mia, page = browser(world, "mia"), f"/projects/{world.project.pk}/settings"
    assert "Save the bars" in mia.get(page).content.decode()
    from qa.models import QualityPolicy
    from webapp.forms.quality import QualityPolicyForm

    given = {
        name: value for name, value in QualityPolicyForm(instance=QualityPolicy()).initial.items() if value is not False
    }
    assert mia.post(f"/projects/{world.project.pk}/checks/policy", {**given, "check_auc10": "0.5"}).status_code == 302
    assert QualityPolicy.objects.get(project=world.project).check_auc10 == 0.5
    for wrong in ({"check_auc10": "2"}, {"check_minimum": "50"}, {"exam_people": ""}):
        answer = mia.post(f"/projects/{world.project.pk}/checks/policy", {**given, **wrong}, follow=True)
        assert "notice-error" in answer.content.decode(), wrong
    assert QualityPolicy.objects.get(project=world.project).check_auc10 == 0.5
