"""What goes wrong in a working day: two windows, no server, no session, no time, nothing to do."""

from pathlib import Path

import numpy as np
import pytest
from django.contrib.sessions.backends.cached_db import SessionStore
from playwright.sync_api import expect

from annotator.models import Consensus, Submission
from tests.browser.desk import NO_SERVER, Desk, eventually, give_password, picture
from tests.browser.people import drawn_people, import_people
from tests.browser.strokes import rows_of, run_out, stroke
from tests.browser.views import HEAD
from tests.browser.workbench import PartsBench, PointsBench, is_same_look
from tests.factories import PASSWORD, World, make_world
from tests.live import LiveApp


@pytest.fixture
def world(desk: Desk, tmp_path: Path) -> World:
    world = make_world()
    import_people(world, drawn_people(tmp_path / "coco"))
    return world


def test_two_windows(desk: Desk, world: World) -> None:
    """The second window is told; a stale write overwrites nothing, and either version can be chosen."""
    desk.expect_problem("409")
    browser = desk.browser(world.ana)
    first, second = PartsBench(browser.new_page()), PartsBench(browser.new_page())
    first.open(world.project.pk)
    second.open(world.project.pk)
    assert first.lease.pk == second.lease.pk
    elsewhere = second.message("Open in another window")
    expect(elsewhere).to_be_visible()
    picture(second.page, "trouble-two-windows")
    elsewhere.get_by_role("button", name="Use this window").click()
    expect(first.message("Open in another window")).to_contain_text("You went on there")

    for which, height in (("theirs", 0.4), ("mine", 0.6)):
        first.page.bring_to_front()
        stroke(first, height)
        first.wait_saved()
        theirs = first.saved_map()
        second.page.bring_to_front()
        stroke(second, 0.8)
        second.wait_state("stale")
        # Nothing was overwritten.
        np.testing.assert_array_equal(first.saved_map(), theirs)
        panel = second.message("Changed in another window")
        expect(panel).to_contain_text("nothing is overwritten before")
        own = second.look()
        panel.get_by_role("button", name="Show the other").click()
        expect(panel).to_contain_text("you see the other")
        eventually(second.page, lambda seen=own: not is_same_look(second.look(), seen), "the other version")
        picture(second.page, f"trouble-stale-{which}")
        if which == "theirs":
            panel.get_by_role("button", name="Take the other").click()
        else:
            panel.get_by_role("button", name="Show mine").click()
            eventually(second.page, lambda seen=own: is_same_look(second.look(), seen), "the own version again")
            panel.get_by_role("button", name="Keep mine").click()
        second.wait_saved()
        expect(panel).to_be_hidden()
        kept = second.saved_map()
        y = int(second.lease.shown_crop.height * 0.8)
        assert np.array_equal(kept, theirs) == (which == "theirs")
        assert (kept[y] == HEAD).any() == (which == "mine")
        # The first window takes over again: it begins with what is saved.
        first.page.reload()
        first.wait_ready()
        np.testing.assert_array_equal(first.saved_map(), kept)


def test_server_gone_and_back(desk: Desk, world: World, live_app: LiveApp) -> None:
    """Work goes on without a server; what was done meanwhile is saved when it is back, also a submission."""
    desk.expect_problem(NO_SERVER)
    page = desk.window(world.ana)
    bench = PartsBench(page)
    bench.open(world.project.pk)
    stroke(bench, 0.3)
    bench.wait_saved()
    live_app.kill_web()
    try:
        stroke(bench, 0.6)
        bench.wait_state("offline")
        expect(bench.save).to_contain_text("1 change kept here")
        stroke(bench, 0.8)
        expect(bench.save).to_contain_text("2 changes kept here")
        picture(page, "trouble-offline")
        assert not (rows_of(bench.lease) & {0.6, 0.8})
    finally:
        live_app.start_web(threads=6)
    bench.wait_saved()
    assert rows_of(bench.lease) == {0.3, 0.6, 0.8}

    live_app.kill_web()
    try:
        stroke(bench, 0.9)
        bench.wait_state("offline")
        bench.submit()
        bench.message("Before you submit").get_by_role("button", name="Submit anyway").click()
        page.wait_for_timeout(300)
        assert not Submission.objects.exists()
    finally:
        live_app.start_web(threads=6)
    eventually(page, Submission.objects.exists, "the submission that waited")
    assert Submission.objects.count() == 1
    assert Consensus.objects.filter(stage="parts").count() == 1
    expect(bench.notice).to_contain_text("No one for you now")


def test_reload_while_the_server_is_gone_keeps_the_work(desk: Desk, world: World, live_app: LiveApp) -> None:
    desk.expect_problem(NO_SERVER)
    page = desk.window(world.ana)
    bench = PartsBench(page)
    bench.open(world.project.pk)
    live_app.kill_web()
    try:
        stroke(bench, 0.5)
        bench.wait_state("offline")
        page.wait_for_timeout(300)
        page.goto("about:blank")
    finally:
        live_app.start_web(threads=6)
    bench.open(world.project.pk)
    bench.wait_saved()
    eventually(page, lambda: rows_of(bench.lease) == {0.5}, "the stroke that only this computer had")


def test_session_expired(desk: Desk, world: World) -> None:
    """One signs in again in place, and goes on."""
    desk.expect_problem("401|403")
    give_password(world.ana)
    browser = desk.browser(world.ana)
    page = browser.new_page()
    bench = PartsBench(page)
    bench.open(world.project.pk)
    (cookie,) = [one for one in browser.cookies() if one["name"] == "sessionid"]
    SessionStore(cookie["value"]).delete()
    stroke(bench, 0.5)
    panel = bench.message("Please log in again")
    expect(panel).to_be_visible()
    picture(page, "trouble-login")
    expect(panel.get_by_label("Name")).to_have_value(world.ana.username)
    panel.get_by_label("Password").fill("wrong")
    panel.get_by_role("button", name="Log in").click()
    expect(panel.get_by_role("alert")).to_have_text("Name and password do not fit together.")
    # Meanwhile the work goes on.
    stroke(bench, 0.7)
    panel.get_by_label("Password").fill(PASSWORD)
    panel.get_by_role("button", name="Log in").click()
    expect(panel).to_be_hidden()
    bench.wait_saved()
    assert rows_of(bench.lease) == {0.5, 0.7}


def test_skip_and_empty_queue(desk: Desk, world: World) -> None:
    page = desk.window(world.ana)
    bench = PartsBench(page)
    bench.open(world.project.pk)
    lease = bench.lease
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Skip this person")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Too small to see").check()
    dialog.get_by_label("A note, if you like").fill("only a few pixels")
    picture(page, "parts-skip")
    dialog.get_by_role("button", name="Skip").click()
    expect(bench.notice).to_contain_text("No one for you now")
    expect(page.locator("[data-hook=submit]")).to_be_disabled()
    picture(page, "parts-empty")
    lease.refresh_from_db()
    assert (lease.state, lease.skip_reason, lease.skip_note) == ("skipped", "too_small", "only a few pixels")

    PointsBench(page)
    page.goto(f"/projects/{world.project.pk}/annotate/correspondence/")
    expect(bench.notice).to_contain_text("No one for you now")


def test_lease_expired(desk: Desk, world: World) -> None:
    """The place is taken again by itself while nobody else has it, undo too; else it is said, and the work kept."""
    desk.expect_problem("410")
    page = desk.window(world.ana)
    bench = PartsBench(page)
    bench.open(world.project.pk)
    stroke(bench, 0.3)
    bench.wait_saved()
    old = bench.lease
    run_out(old)
    stroke(bench, 0.6)
    expect(bench.message("Your time had run out; the place was free and is yours again")).to_be_visible()
    picture(page, "trouble-time-over-free")
    bench.wait_saved()
    assert bench.lease.pk != old.pk
    assert rows_of(bench.lease) == {0.3, 0.6}
    page.reload()
    bench.wait_ready()
    bench.press("z", "z")
    eventually(page, lambda: rows_of(bench.lease) == set(), "undo, back over the reload and the time that ran out")
    bench.press("y", "y")
    eventually(page, lambda: rows_of(bench.lease) == {0.3, 0.6}, "redo")
    bench.wait_saved()

    # Now someone else takes the place.
    mine = bench.lease
    run_out(mine)
    other = PartsBench(desk.window(world.ben))
    other.open(world.project.pk)
    assert other.lease.task_id == old.task_id
    stroke(bench, 0.8)
    panel = bench.message("Time ran out; your work is kept")
    expect(panel).to_contain_text("Someone else may have this person now.")
    picture(page, "trouble-time-over")
    desk.expect_problem("409")
    panel.get_by_role("button", name="Take it again").click()
    gone = bench.message("Someone else has this person now")
    expect(gone).to_be_visible()
    # The draft stays with its owner, on the server too.
    assert rows_of(mine) == {0.3, 0.6, 0.8}
    gone.get_by_role("button", name="Go on with the next").click()
    expect(bench.notice).to_contain_text("No one for you now")
