"""From the first visit to the first real person: tutorial, exam, work, and a pause by the platform itself."""

import uuid
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from annotator.models import Lease, Membership, Stage, Submission
from annotator.services.queue import take_next_task
from body.geodesics import geodesics_path
from qa.models import AutomaticAct, ExamAttempt
from qa.services.policies import change_policy
from tests.browser.desk import Desk, eventually, picture
from tests.browser.test_main_job import click_surface
from tests.browser.views import HEAD, TORSO
from tests.browser.workbench import PartsBench, PointsBench
from tests.distances import write_straight_table
from tests.factories import World, make_people, make_world
from tests.gold import hand_in, make_gold, true_parts, true_points


@pytest.fixture(scope="module", autouse=True)
def _distances(live_app):
    """Let the server measure along straight lines; the true table takes minutes to build."""
    path = geodesics_path(Path(settings.VAR_DIR) / "geodesics")
    write_straight_table(path)
    yield
    path.unlink()


@pytest.mark.usefixtures("views")
def test_tutorial_exam_and_a_pause(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # Draws of this process, which takes the checks of the end: each is one.
    monkeypatch.setattr("annotator.services.queue.random.random", lambda: 0.0)
    world = make_world(requires_qualification=True, gold_rate=0.0)
    change_policy(
        project=world.project,
        by=world.mia,
        values={"tutorial_people": 1, "exam_people": 1, "check_minimum": 2, "check_window": 2},
    )
    make_gold(world.project, 1, purpose="tutorial")
    make_gold(world.project, 2, purpose="exam")
    make_people(world.project, 3)
    page = desk.window(world.ana)
    page.goto("/")
    expect(page.locator("main")).to_contain_text("a short tutorial, then an exam")
    page.goto(f"/projects/{world.project.pk}/annotate/parts/")
    parts, points = PartsBench(page), PointsBench(page)
    expect(parts.notice).to_contain_text("First a tutorial and an exam")
    picture(page, "qualification-workbench")
    page.get_by_role("button", name="To the tutorial").click()
    picture(page, "qualification-begin")
    learn(page, parts, points, world)
    pass_exam(page, parts, points)
    picture(page, "qualification-passed")
    page.get_by_role("link", name="Start with parts").click()
    parts.wait_ready()
    assert not parts.lease.task.is_gold
    be_paused(desk, page, parts, world)


def learn(page: Page, parts: PartsBench, points: PointsBench, world: World) -> None:
    expect(page.get_by_text("It opens when the tutorial is done.")).to_be_visible()
    page.get_by_role("button", name="Start the tutorial").click()
    parts.wait_ready()
    for part, height in ((HEAD, 0.3), (TORSO, 0.6)):
        parts.part(part).click()
        crop = parts.lease.shown_crop
        parts.stroke((crop.width * 0.3, crop.height * height), (crop.width * 0.7, crop.height * height))
    parts.wait_saved()
    parts.submit()
    anyway = page.get_by_role("button", name="Submit anyway")
    expect(anyway.or_(page.get_by_role("heading", name="Your parts beside the truth"))).to_be_visible()
    if anyway.is_visible():
        anyway.click()
    expect(page.get_by_role("heading", name="Your parts beside the truth")).to_be_visible()
    expect(page.locator("main")).to_contain_text("mean IoU of the parts")
    answer = Submission.objects.get(lease__purpose="tutorial")
    shown = page.request.get(f"/projects/{world.project.pk}/qualification/answers/{answer.pk}/differences.png")
    assert (shown.status, shown.body()[:4]) == (200, b"\x89PNG")
    picture(page, "training-parts")
    page.get_by_role("button", name="Next step").click()
    points.wait_ready()
    total = len(points.lease.point_set.key)
    for n in range(total):
        click_surface(points, n)
    expect(page.locator("[data-hook=answered]")).to_have_text(f"{total} of {total}")
    points.submit()
    expect(page.get_by_role("heading", name="Your points beside the truth")).to_be_visible()
    expect(page.locator("main")).to_contain_text("mean distance on the body")
    expect(page.locator(".place-cell")).not_to_have_count(0)
    picture(page, "training-points")
    page.emulate_media(color_scheme="dark")
    picture(page, "training-points-dark")
    page.emulate_media(color_scheme="light")
    page.get_by_role("link", name="On to the exam").click()


def pass_exam(page: Page, parts: PartsBench, points: PointsBench) -> None:
    page.get_by_role("button", name="Start the exam").click()
    parts.wait_ready()
    answer_truly(page, parts, true_parts)
    expect(page.locator(".exam-steps .chip-ok")).to_have_count(1)
    picture(page, "exam-under-way")
    page.get_by_role("button", name="Go on with the exam").click()
    points.wait_ready()
    answer_truly(page, points, true_points)
    expect(page.get_by_text("You have passed. Real people wait for you now.")).to_be_visible()
    attempt = ExamAttempt.objects.get()
    assert (attempt.has_passed, attempt.figures["iou"]) == (True, 1.0)
    assert AutomaticAct.objects.get().kind == "qualified"


def answer_truly(page: Page, bench: PartsBench | PointsBench, answer_of) -> None:
    """Bring the true answer into the workbench as another computer of the same annotator would, and hand it in."""
    lease = bench.lease
    lease.task.person.gold  # noqa: B018 - a rendered person
    answer = answer_of(lease)
    if "label_map" in answer:
        answer["decided"] = {str(part): "done" if part in (HEAD, TORSO) else "not_visible" for part in range(1, 15)}
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
    saved = page.request.put(
        f"/api/v1/leases/{lease.pk}/draft", data={"revision": lease.revision, "active_ms": 1000, "draft": answer},
        headers={"X-CSRFToken": token, "Referer": page.url},
    )  # fmt: skip
    assert saved.ok, saved.text()
    page.reload()
    bench.wait_ready()
    bench.submit()


def be_paused(desk: Desk, page: Page, parts: PartsBench, world: World) -> None:
    """Hidden checks go wrong: the worker pauses her, tells her kindly, and a manager undoes it."""
    make_gold(world.project, 2)
    # What is handed in stands at once.
    world.project.gold_rate, world.project.reopen_minutes = 0.5, 0
    world.project.save()
    assert parts.lease.state == Lease.State.LIVE
    for _ in range(2):
        held = list(Lease.objects.filter(annotator=world.ana, state=Lease.State.LIVE).values_list("pk", flat=True))
        lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS, holding=held)
        assert isinstance(lease, Lease)
        assert lease.task.is_gold
        hand_in(world.ana, lease, true_parts(lease, shift=75))
    member = Membership.objects.get(project=world.project, user=world.ana)

    def is_paused() -> bool:
        member.refresh_from_db()
        return member.is_paused

    # Her window finds out that what it held is over.
    desk.expect_problem("410")
    eventually(page, is_paused, "the worker scores and pauses", 40_000)
    page.goto(f"/projects/{world.project.pk}/annotate/parts/")
    expect(parts.notice).to_contain_text("Paused")
    expect(parts.notice).to_contain_text("a manager will look at it with you")
    picture(page, "paused-by-checks")
    mia = desk.window(world.mia)
    mia.goto(f"/projects/{world.project.pk}")
    expect(mia.locator(".decisions")).to_contain_text("Ana was paused")
    mia.locator(".decision", has_text="Ana was paused").get_by_role("link", name="Decide").click()
    expect(mia.locator(".act", has_text="Ana was paused")).to_contain_text("the bar is 0.450")
    picture(mia, "checks")
    mia.emulate_media(color_scheme="dark")
    picture(mia, "checks-dark")
    mia.locator(".act", has_text="Ana was paused").get_by_role("button", name="Undo").click()
    expect(mia.locator(".act", has_text="Ana was paused")).to_contain_text("undone by Mia")
    assert not is_paused()
    page.get_by_role("button", name="Look again").click()
    parts.wait_ready()
    assert uuid.UUID(str(parts.lease.pk))
