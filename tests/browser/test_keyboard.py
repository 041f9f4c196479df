"""The main job without a pointer, from the first page to the last submit."""

from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from annotator.models import Consensus
from tests.browser.desk import Desk, give_password, picture
from tests.browser.people import drawn_people, import_people
from tests.browser.views import HEAD, TORSO
from tests.browser.workbench import PartsBench, PointsBench, is_same_look
from tests.factories import PASSWORD, make_world

NEXT = "Enter"


@pytest.mark.usefixtures("views")
def test_both_stages_by_keyboard(desk: Desk, tmp_path: Path) -> None:
    world = make_world()
    give_password(world.ana)
    (person,) = import_people(world, drawn_people(tmp_path / "coco"))
    page = desk.window()

    page.goto("/")
    # The first field has the focus: no Tab is needed.
    page.keyboard.type(world.ana.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    # So has the one thing to do at home.
    expect(page.get_by_role("link", name="Start")).to_be_focused()
    page.keyboard.press("Enter")

    paint_by_keyboard(PartsBench(page))
    accepted = Consensus.objects.get(person=person, stage="parts")
    assert accepted.label_map is not None

    focus(page, "Back to the project")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/projects/{world.project.pk}")
    focus(page, "Points")
    page.keyboard.press("Enter")
    place_by_keyboard(PointsBench(page))
    assert Consensus.objects.filter(person=person, stage="correspondence").exists()

    out = tmp_path / "out.json"
    call_command("export_densepose", str(world.project.pk), format="charts", out=out, quiet=True)
    call_command("validate_densepose", str(out))


def focus(page: Page, name: str) -> None:
    """Tab until the link or button of this name has the focus."""
    for _ in range(40):
        here = page.evaluate(
            "() => (document.activeElement.ariaLabel || document.activeElement.innerText || '').trim()"
        )
        if here.split("\n")[0].strip() == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name!r} cannot be reached by Tab")


def paint_by_keyboard(bench: PartsBench) -> None:
    page = bench.page
    bench.wait_ready()
    check_key_sheet(page)
    assert bench.states()[HEAD] == "hint"
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    assert bench.states()[HEAD] == "done"

    # Arrows move the brush from the middle, X puts it down and lifts it.
    page.keyboard.press("2")
    before = bench.look()
    page.keyboard.press("x")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("x")
    assert bench.states()[TORSO] == "touched"
    painted = bench.look()
    assert not is_same_look(painted, before)
    page.keyboard.press("z")
    assert is_same_look(bench.look(), before)
    page.keyboard.press("y")
    assert is_same_look(bench.look(), painted)
    page.keyboard.press("Enter")
    # The same digit again is the other side; N decides that a part is not visible.
    page.keyboard.press("8")
    page.keyboard.press("8")
    left_foot = 4
    expect(bench.part(left_foot)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("n")
    assert bench.states()[left_foot] == "not_visible"
    label_map = bench.saved_map()
    assert set(np.unique(label_map)) == {0, HEAD, TORSO}
    assert bench.decided()[str(left_foot)] == "not_visible"

    look, states = bench.look(), bench.states()
    page.reload()
    bench.wait_ready()
    assert bench.states() == states
    assert is_same_look(bench.look(), look)

    page.keyboard.press("Control+Enter")
    expect(bench.message("Before you submit")).to_be_visible()
    # Struck twice in haste, the key does not answer what nobody can have read; asked again later, it does.
    page.keyboard.press("Control+Enter")
    expect(bench.message("Before you submit")).to_be_visible()
    page.wait_for_timeout(1000)
    page.keyboard.press("Control+Enter")
    expect(bench.notice).to_contain_text("No one for you now")


def check_key_sheet(page: Page) -> None:
    page.keyboard.press("?")
    sheet = page.locator("[data-hook=keys]")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Same key again: other side")
    picture(page, "parts-keys")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def place_by_keyboard(bench: PointsBench) -> None:
    page = bench.page
    bench.wait_ready()
    lease = bench.lease
    assert lease.point_set is not None
    total = len(lease.point_set.key)

    page.keyboard.press("2")
    expect(bench.cell(2)).to_have_class("view-cell is-enlarged")
    page.keyboard.press("2")
    expect(page.locator(".view-cell.is-enlarged")).to_have_count(0)

    for n in range(total):
        bench.wait_views()
        expect(page.locator("[data-hook=answered]")).to_have_text(f"{n} of {total}")
        if n == total // 2:
            reload_in_the_middle(bench)
        if n == 4:
            take_hint(bench)
            continue
        if n == 1:
            # Said by mistake: back there, the keys' cursor and Enter answer anew.
            page.keyboard.press("m")
            page.keyboard.press("Backspace")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight" if n % 2 else "Shift+ArrowDown")
        assert bench.rings(), f"no cursor for point {n + 1}"
        page.keyboard.press("Enter")
    expect(page.locator("[data-hook=answered]")).to_have_text(f"{total} of {total}")
    assert {one["status"] for one in bench.answers().values()} == {"placed"}
    page.keyboard.press("Control+Enter")
    expect(bench.notice).to_contain_text("No one for you now")


def take_hint(bench: PointsBench) -> None:
    """The neighbours hint at a place: it is no answer until it is taken."""
    page, key = bench.page, bench.current()
    hint = page.get_by_role("button", name="take the hint")
    expect(hint).to_be_visible()
    picture(page, "points-hint")
    assert key not in bench.answers()
    page.keyboard.press("g")
    expect(hint).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("e")
    assert bench.answers()[key]["status"] == "placed"


def reload_in_the_middle(bench: PointsBench) -> None:
    answers, shown = bench.answers(), bench.text("part-count")
    bench.page.reload()
    bench.wait_ready()
    assert bench.answers() == answers
    assert bench.text("part-count") == shown
