"""A paused annotator is told so, kindly and with the reason, at home and in the workbench; work goes on afterwards."""

import pytest
from playwright.sync_api import expect

from annotator.models import Lease
from annotator.services.members import pause_member
from tests.browser.desk import Desk, picture
from tests.browser.workbench import PartsBench
from tests.factories import make_people, make_world

REASON = "Left and right were swapped in four of your last ten people. Mia will write to you today."


@pytest.mark.usefixtures("views")
def test_a_paused_annotator(desk: Desk) -> None:
    world = make_world()
    make_people(world.project, 1)
    pause_member(project=world.project, user_id=world.ana.pk, is_paused=True, by=world.mia, reason=REASON)
    page = desk.window(world.ana)
    page.goto("/")
    expect(page.locator("main")).to_contain_text(REASON)
    expect(page.locator("main")).to_contain_text("What you did is kept")
    picture(page, "paused-home")
    page.goto(f"/projects/{world.project.pk}/annotate/parts/")
    bench = PartsBench(page)
    expect(bench.notice).to_contain_text("Paused")
    expect(bench.notice).to_contain_text(REASON)
    picture(page, "paused-workbench")
    pause_member(project=world.project, user_id=world.ana.pk, is_paused=False, by=world.mia)
    page.get_by_role("button", name="Look again").click()
    bench.wait_ready()


@pytest.mark.usefixtures("views")
def test_paused_in_the_middle_of_a_person(desk: Desk) -> None:
    for status in ("410", "403"):
        desk.expect_problem(status)
    world = make_world()
    make_people(world.project, 1)
    bench = PartsBench(desk.window(world.ana))
    bench.open(world.project.pk)
    lease = bench.lease
    pause_member(project=world.project, user_id=world.ana.pk, is_paused=True, by=world.mia, reason=REASON)
    bench.stroke((30, 40), (60, 40))
    told = bench.message("Paused")
    expect(told).to_contain_text(REASON)
    expect(told).to_contain_text("Your draft stays yours")
    picture(bench.page, "paused-while-painting")
    lease.refresh_from_db()
    assert (lease.state, Lease.objects.count()) == ("expired", 1)
    assert lease.draft is not None
    told.get_by_role("button", name="Go on with the next").click()
    expect(bench.notice).to_contain_text(REASON)
