"""Whoever works here: with pen, fingers, keys of their own, the left hand, another language, a question."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotator.models import Comment, ExamplePicture
from annotator.storage import store_file
from tests.browser.axe import check_axe
from tests.browser.desk import TABLET, Desk, eventually, picture
from tests.browser.fingers import Hand
from tests.browser.people import drawn_people, import_people
from tests.browser.views import HEAD
from tests.browser.workbench import PartsBench, PointsBench, is_same_look
from tests.factories import World, accept_parts, make_world, picture_bytes


@pytest.fixture
def world(desk: Desk, tmp_path: Path) -> World:
    world = make_world(instructions="Hair counts as head.\n\nSleeves count as arm.")
    import_people(world, drawn_people(tmp_path / "coco"))
    return world


def test_pen_and_fingers_on_parts(desk: Desk, world: World) -> None:
    """The pen paints as wide as it is pressed; a finger paints until a pen was seen, then it pans; two fingers zoom."""
    page = desk.window(world.ana, size=TABLET)
    bench = PartsBench(page)
    bench.open(world.project.pk)
    hand = Hand(page)
    crop = bench.lease.shown_crop
    left, right = crop.width * 0.05, crop.width * 0.95
    column = crop.width // 2
    page.keyboard.press("1")

    hand.drag((bench.at(left, crop.height * 0.9), bench.at(right, crop.height * 0.9)))
    by_finger = bench.saved_map()
    assert by_finger[int(crop.height * 0.9), column] == HEAD

    for height, pressure in ((0.7, 0.05), (0.8, 1.0)):
        hand.pen(bench.at(left, crop.height * height), bench.at(right, crop.height * height), pressure=pressure)
    by_pen = bench.saved_map()
    light, firm = (band(by_pen, column, crop.height * height) for height in (0.7, 0.8))
    assert 0.4 < light / firm < 0.75, (light, firm)

    toggle = page.get_by_role("button", name="Finger pans")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    seen = bench.look()
    hand.drag((bench.at(column, crop.height * 0.5), bench.at(column + 40, crop.height * 0.5)))
    assert not is_same_look(bench.look(), seen), "the picture did not move"
    np.testing.assert_array_equal(bench.saved_map(), by_pen)
    bench.press("0")

    zoom = page.locator("[data-hook=zoom-text]")
    fitted = zoom.text_content()
    middle = bench.at(column, crop.height * 0.4)
    hand.drag(*(((middle[0] + s * 40, middle[1]), (middle[0] + s * 120, middle[1])) for s in (-1, 1)))
    assert percent(zoom.text_content()) > 2 * percent(fitted)
    np.testing.assert_array_equal(bench.saved_map(), by_pen)
    picture(page, "everyone-pinched")

    bench.press("0")
    toggle.click()
    hand.drag((bench.at(left, crop.height * 0.6), bench.at(right, crop.height * 0.6)))
    assert bench.saved_map()[int(crop.height * 0.6), column] == HEAD


@pytest.mark.usefixtures("views")
def test_fingers_on_points(desk: Desk, world: World) -> None:
    """A tap goes to a point or answers it, where the finger is lifted; one finger pans, two zoom."""
    accept_parts(world.project.people.get(), by=world.ana)
    page = desk.window(world.ana, size=TABLET)
    bench = PointsBench(page)
    bench.open(world.project.pk)
    hand = Hand(page)
    points = bench.lease.point_set
    assert points is not None
    hand.tap(bench.on_photo(points.xy[3]))
    eventually(page, lambda: bench.current() == str(points.key[3]), "the point that was tapped")
    start, end = bench.surface_pixels(1, 2)
    hand.drag((start, end))
    answer = bench.answers()[str(points.key[3])]
    assert (answer["status"], answer["view"]) == ("placed", 1)

    photo = page.locator("[data-hook=photo]").bounding_box()
    assert photo is not None
    x, y = photo["x"] + photo["width"] / 2, photo["y"] + photo["height"] / 2
    before = bench.photo_cover()
    hand.drag(((x - 30, y), (x - 90, y)), ((x + 30, y), (x + 90, y)))
    bench.page.wait_for_timeout(50)
    assert bench.photo_cover() > 1.5 * before
    caption = bench.cell(1).locator("[data-cell-enlarge]").bounding_box()
    assert caption is not None
    hand.tap((caption["x"] + 10, caption["y"] + caption["height"] / 2))
    expect(bench.cell(1)).to_have_class(re.compile("is-enlarged"))
    cell = bench.cell(1).bounding_box()
    assert cell is not None
    x, y = cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] / 2
    answers = bench.answers()
    hand.drag(((x - 30, y), (x - 90, y)), ((x + 30, y), (x + 90, y)))
    hand.drag(((x, y), (x + 50, y + 20)))
    assert bench.answers() == answers
    picture(page, "everyone-points-tablet")


def test_own_keys(desk: Desk, world: World) -> None:
    """A recorded key works at once and on every computer; whoever had it is named, and what is fixed stays."""
    page = desk.window(world.ana)
    bench = PartsBench(page)
    bench.open(world.project.pk)
    bench.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    note = sheet.get_by_role("status")
    row = sheet.get_by_role("button", name=re.compile("^Fill"))
    row.click()
    expect(row).to_contain_text("Press a key…")
    check_axe(page, "sheet of keys, recording")
    bench.press("b")
    expect(note).to_have_text("B now does this; “Brush” has no key any more.")
    row.click()
    bench.press("3")
    expect(note).to_contain_text("stays there")
    expect(row).to_contain_text("B")
    picture(page, "everyone-keys")
    bench.press("Escape")
    bench.press("b")
    expect(page.get_by_role("radio", name="Fill")).to_be_checked()
    eventually(page, lambda: type(world.ana).objects.get(pk=world.ana.pk).key_bindings != {}, "the keys of the account")

    other = PartsBench(desk.window(world.ana))
    other.open(world.project.pk)
    other.press("e", "b")
    expect(other.page.get_by_role("radio", name="Fill")).to_be_checked()
    other.press("?")
    other.page.get_by_role("button", name="Back to the usual keys").click()
    other.press("Escape", "b")
    expect(other.page.get_by_role("radio", name="Brush")).to_be_checked()


def test_instructions_notes_and_the_left_hand(desk: Desk, world: World) -> None:
    store_file("examples/1.png", io.BytesIO(picture_bytes(kind="PNG")))
    ExamplePicture.objects.create(project=world.project, file="examples/1.png", caption="Hair is head", is_good=True)
    page = desk.window(world.ana)
    bench = PartsBench(page)
    bench.open(world.project.pk)
    bench.press("h")
    guide = page.get_by_role("dialog", name="Instructions")
    expect(guide).to_contain_text("Sleeves count as arm.")
    expect(guide.get_by_role("img", name="Hair is head")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.guide img').naturalWidth > 0")
    check_axe(page, "instructions")
    picture(page, "everyone-guide")
    bench.press("Escape")
    expect(guide).to_be_hidden()

    bench.press("u")
    dialog = page.get_by_role("dialog", name="Leave a note")
    dialog.get_by_role("textbox").fill("Is the glove part of the hand?")
    check_axe(page, "a note")
    picture(page, "everyone-note")
    page.keyboard.press("Control+Enter")
    expect(bench.message("Your note is left with this person")).to_be_visible()
    assert Comment.objects.get().task == bench.lease.task
    manager = desk.window(world.mia)
    manager.goto(f"/projects/{world.project.pk}/people?person={bench.lease.task.person_id}")
    expect(manager.locator("body")).to_contain_text("Ana: “Is the glove part of the hand?”")

    assert x_of(page, ".panel") > x_of(page, ".canvas")
    bench.press("?")
    page.get_by_label("Left-handed layout").check()
    bench.press("Escape")
    assert x_of(page, ".panel") < x_of(page, ".canvas")
    picture(page, "everyone-left-handed")
    eventually(page, lambda: "left_handed" in world_settings(world), "the setting of the account")
    page.reload()
    bench.wait_ready()
    assert x_of(page, ".panel") < x_of(page, ".canvas")


def test_traditional_chinese_by_browser_or_account(desk: Desk, world: World) -> None:
    """The browser's language, unless the account has chosen one; what the server says of trouble too."""
    page = desk.browser(world.ana, locale="zh-TW").new_page()
    bench = PartsBench(page)
    bench.open(world.project.pk)
    expect(page.locator("html")).to_have_attribute("lang", "zh-hant")
    expect(bench.part(HEAD)).to_have_attribute("aria-label", re.compile("頭"))
    bench.press("u")
    problem = page.evaluate(
        """async () => (await (await fetch("/api/v1/leases/00000000-0000-0000-0000-000000000000")).json()).message"""
    )
    assert problem == "沒有這份屬於你的領取。"
    desk.expect_problem("404")
    bench.press("Escape", "?")
    picture(page, "everyone-zh-keys")
    world.ana.language = "en"
    world.ana.save(update_fields=["language"])
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def band(label_map: np.ndarray, column: int, y: float) -> int:
    """How many pixels high the stroke is that crosses a column at y."""
    rows = label_map[:, column] == HEAD
    here = int(y)
    assert rows[here]
    first = here
    while rows[first - 1]:
        first -= 1
    last = here
    while rows[last + 1]:
        last += 1
    return last - first + 1


def percent(text: str | None) -> int:
    return int((text or "0").split()[0])


def x_of(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"]


def world_settings(world: World) -> dict:
    world.ana.refresh_from_db()
    return world.ana.workbench_settings
