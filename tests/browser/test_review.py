"""A reviewer settles cases by keyboard, an annotator sees the note of one sent back, a manager acts in the inbox."""

import pytest
from playwright.sync_api import Page, expect

from annotator.models import Comment, Consensus, SentBack, Stage, Submission, Task
from annotator.services.leases import skip_task
from annotator.services.queue import take_next_task
from qa.models import MergeDecision
from tests.browser.desk import Desk, eventually, picture
from tests.browser.workbench import PartsBench
from tests.factories import answered, make_people, make_world


def open_bench(page: Page, project_id: int, stage: str, n: int) -> None:
    page.goto(f"/projects/{project_id}/review/{stage}/")
    expect(page.locator("[data-hook=case-count]")).to_have_text(f"1 of {n}")
    expect(page.locator("[data-hook=notice]")).to_be_hidden()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.usefixtures("views")
def test_three_cases_by_keyboard_and_the_note_at_its_author(desk: Desk) -> None:
    world = make_world()
    first, second = answered(world, "parts"), answered(world, "parts")
    third = answered(world, "correspondence")
    page = desk.window(world.rita)
    eventually(page, lambda: MergeDecision.objects.count() == 2, "the answers were compared")
    open_bench(page, world.project.pk, "parts", 2)
    press(page, "?")
    expect(page.get_by_role("dialog")).to_contain_text("Accept what is chosen")
    press(page, "Escape", "ArrowDown")
    expect(page.locator("tr.is-current")).to_contain_text("0.00")
    press(page, "0")
    expect(page.locator("[data-hook=decision]")).to_have_text("What the answers come to together")
    picture(page, "review-together")
    press(page, "2")
    expect(page.locator("[data-answer='1']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-answer='merged']")).to_have_attribute("aria-pressed", "false")
    picture(page, "review-parts")
    press(page, "Enter")
    expect(page.locator("[data-hook=case-count]")).to_have_text("1 of 1")
    accepted = Consensus.objects.get(person=first.person)
    assert (accepted.submission.annotator, accepted.method) == (world.ben, "reviewed")

    press(page, "c")
    page.keyboard.type("Gloves hide the wrists.")
    press(page, "Control+Enter")
    expect(page.locator("[data-hook=comments]")).to_contain_text("Gloves hide the wrists.")
    press(page, "b")
    expect(page.get_by_role("dialog")).to_contain_text("Send back to Ana")
    page.keyboard.type("The left hand is missing.")
    press(page, "Control+Enter")
    expect(page.locator("[data-hook=notice]")).to_contain_text("Nothing waits for review")
    assert SentBack.objects.get(submission__task=second).author == world.ana
    assert Comment.objects.get(task=second).text == "Gloves hide the wrists."

    settle_points(page, world.project.pk)
    eventually(page, lambda: Consensus.objects.filter(person=third.person, stage="correspondence").exists(), "accepted")
    better = Submission.objects.get(origin="review")
    ana, ben = third.submissions.filter(origin="workbench").order_by("pk")
    assert better.supersedes == ana
    assert list(better.provenance["taken"].values()) == [ben.pk]
    assert len(better.provenance["placed"]) == 1

    author = desk.window(world.ana)
    author.goto("/")
    expect(author.get_by_text("The left hand is missing.")).to_be_visible()
    author.get_by_role("button", name="Open again").click()
    PartsBench(author).wait_ready()
    expect(author.locator(".message")).to_contain_text("The left hand is missing.")
    picture(author, "sent-back-note")


def test_what_the_answers_come_to_is_accepted_by_two_keys(desk: Desk) -> None:
    world = make_world()
    task = answered(world, "parts")
    page = desk.window(world.rita)
    open_bench(page, world.project.pk, "parts", 1)
    press(page, "0", "Enter")
    expect(page.locator("[data-hook=notice]")).to_contain_text("Nothing waits for review")
    accepted = Consensus.objects.get(person=task.person)
    assert (accepted.submission, accepted.method, accepted.answers) == (None, "reviewed", 2)


def settle_points(page: Page, project_id: int) -> None:
    """Take one point from the other answer, place the next one anew, accept."""
    open_bench(page, project_id, "correspondence", 1)
    dots = page.locator("[data-hook=views]")
    expect(dots).not_to_have_class("view-grid is-loading")
    press(page, "2")
    expect(page.locator("[data-hook=decision]")).to_have_text("Answer 1, one point changed")
    press(page, "ArrowDown")
    cell = page.locator(".view-cell").first
    box = cell.bounding_box()
    assert box is not None
    cell.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(page.locator("[data-hook=point]")).to_contain_text("placed by you")
    expect(page.locator("[data-hook=decision]")).to_have_text("Answer 1, 2 points changed")
    picture(page, "review-points")
    press(page, "Enter")
    expect(page.locator("[data-hook=notice]")).to_contain_text("Nothing waits for review")


def test_a_manager_reads_and_acts_in_the_inbox(desk: Desk) -> None:
    world = make_world()
    make_people(world.project, 3)
    for reason in ("not_a_person", "bad_image"):
        lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
        skip_task(user=world.ana, lease_id=lease.pk, reason=reason, note="A statue.")
    page = desk.window(world.mia)
    page.goto(f"/projects/{world.project.pk}/inbox")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody")).to_contain_text("A statue.")
    page.get_by_label("All on this page").check()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.locator("tbody input").first.uncheck()
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_role("button", name="Back into work").click()
    expect(page.get_by_text("1 task changed.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert sorted(Task.objects.filter(stage="parts").values_list("state", flat=True)) == ["flagged", "open", "open"]
    picture(page, "inbox")
