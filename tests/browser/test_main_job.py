"""The main job by pointer: people come in, both stages are done in the browser, valid DensePose-COCO goes out."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from annotator.models import Consensus, Lease, Person
from body.atlas import surface_of
from body.canonical import load_canonical_body
from body.surface import positions
from labels.boxes import Box, to_dp
from labels.label_maps import unpack
from rendering.views.cameras import cameras_of
from tests.browser.desk import Desk, give_password, picture
from tests.browser.people import CocoFile, drawn_people, import_people, real_person
from tests.browser.views import DRAWN, HEAD, TORSO
from tests.browser.workbench import PartsBench, PointsBench, is_same_look
from tests.factories import PASSWORD, make_world


@pytest.mark.usefixtures("views")
@pytest.mark.parametrize("source", ["drawn", "real"])
def test_main_job_by_pointer(desk: Desk, tmp_path: Path, source: str) -> None:
    coco = drawn_people(tmp_path / "coco") if source == "drawn" else real_person(tmp_path / "coco")
    world = make_world()
    give_password(world.ana)
    (person,) = import_people(world, coco)

    page = desk.window()
    sign_in_and_open(page, world.ana.username, world.project.name)
    parts = PartsBench(page)
    parts.wait_ready()
    paint_parts(parts, source)
    drafted = parts.saved_map()
    submit_parts(parts)
    accepted = Consensus.objects.get(person=person, stage="parts")
    np.testing.assert_array_equal(unpack(bytes(accepted.label_map), drafted.shape), drafted)
    assert set(np.unique(drafted)) - {0} == set(DRAWN)

    page.goto(f"/projects/{world.project.pk}")
    page.get_by_role("link", name="Points", exact=True).click()
    points = PointsBench(page)
    points.wait_ready()
    lease = place_points(points, source)
    points.submit()
    expect(points.notice).to_contain_text("No one for you now")
    assert Consensus.objects.filter(person=person, stage="correspondence").count() == 1

    check_exports(tmp_path, world.project.pk, person, lease, coco)


def sign_in_and_open(page: Page, username: str, project: str) -> None:
    page.goto("/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto("/")
    page.get_by_text(project).first.wait_for()
    page.get_by_role("link", name="Start").click()


def paint_parts(bench: PartsBench, source: str) -> None:
    page = bench.page
    states = bench.states()
    assert len(states) == 14
    assert sum(state == "hint" for state in states.values()) >= 8, states
    picture(page, f"parts-{source}-hints")

    bench.part(HEAD).click()
    page.get_by_role("button", name="Take it, next").click()
    assert bench.decided() == {str(HEAD): "done"}
    assert set(np.unique(bench.saved_map())) == {0, HEAD}

    # Touching a part takes its hint; the brush adds where it was drawn, and there only.
    bench.part(TORSO).click()
    crop = bench.lease.shown_crop
    y = crop.height * 0.45
    line = [(crop.width * 0.3, y), (crop.width * 0.5, y + 6), (crop.width * 0.7, y)]
    bench.stroke(*line)
    painted = bench.saved_map()
    for x, y in line:
        assert painted[int(y), int(x)] == TORSO
    assert bench.states()[TORSO] == "touched"

    before = bench.look()
    bench.stroke((crop.width * 0.2, 20), (crop.width * 0.8, 20))
    after = bench.look()
    assert not is_same_look(after, before)
    page.locator("[data-action=undo]").first.click()
    assert is_same_look(bench.look(), before)
    page.locator("[data-action=redo]").first.click()
    assert is_same_look(bench.look(), after)
    page.locator("[data-action=undo]").first.click()
    np.testing.assert_array_equal(bench.saved_map(), painted)
    page.get_by_role("button", name="Done, next").click()
    bench.wait_saved()

    look, states, lease = bench.look(), bench.states(), bench.lease.pk
    page.reload()
    bench.wait_ready()
    assert bench.lease.pk == lease
    assert bench.states() == states
    assert is_same_look(bench.look(), look)
    # Undo reaches back across the reload: the decision, then the stroke.
    page.locator("[data-action=undo]").first.click()
    assert bench.states()[TORSO] == "touched"
    page.locator("[data-action=undo]").first.click()
    assert not is_same_look(bench.look(), look)
    for _ in range(2):
        page.locator("[data-action=redo]").first.click()
    assert is_same_look(bench.look(), look)
    assert bench.states() == states
    bench.wait_saved()
    picture(page, f"parts-{source}-painted")


def submit_parts(bench: PartsBench) -> None:
    bench.submit()
    asked = bench.message("Before you submit")
    expect(asked).to_contain_text("Hints left unchecked")
    asked.get_by_role("button", name="Submit anyway").click()
    expect(bench.notice).to_contain_text("No one for you now")


def place_points(bench: PointsBench, source: str) -> Lease:
    page = bench.page
    lease = bench.lease
    assert lease.point_set is not None
    total = len(lease.point_set.key)
    assert bench.text("answered") == f"0 of {total}"
    picture(page, f"points-{source}-begin")
    check_hover(bench)

    first = bench.text("part-count")
    place = itertools.count()
    click_surface(bench, next(place))
    expect(page.locator("[data-hook=answered]")).to_have_text(f"1 of {total}")
    assert bench.text("part-count") != first
    check_nudge(bench)

    page.keyboard.press("x")
    page.keyboard.press("m")
    expect(page.locator("[data-hook=answered]")).to_have_text(f"3 of {total}")
    # A click, then Enter, with "goes on" switched off.
    page.keyboard.press("a")
    here = bench.text("part-count")
    click_surface(bench, next(place))
    expect(page.locator("[data-hook=answered]")).to_have_text(f"4 of {total}")
    assert bench.text("part-count") == here
    page.keyboard.press("Enter")
    assert bench.text("part-count") != here
    page.keyboard.press("a")

    answers, current, shown = bench.answers(), bench.current(), bench.text("part-count")
    assert [one["status"] for one in answers.values()].count("placed") == 2
    page.reload()
    bench.wait_ready()
    assert bench.text("answered") == f"4 of {total}"
    assert bench.text("part-count") == shown
    assert (bench.answers(), bench.current()) == (answers, current)

    # All but the last: submitting goes to what is missing.
    for _ in range(total - 5):
        click_surface(bench, next(place))
    bench.submit()
    expect(bench.message("One point has no answer yet")).to_be_visible()
    picture(page, f"points-{source}-almost")
    click_surface(bench, next(place))
    expect(page.locator("[data-hook=answered]")).to_have_text(f"{total} of {total}")
    bench.wait_saved()
    lease.refresh_from_db()
    return lease


def check_hover(bench: PointsBench) -> None:
    """One surface point on all views: from any view that shows it, the same place comes back."""
    mouse = bench.page.mouse
    met = 0
    for at in bench.surface_pixels(1, 7):
        mouse.move(*at)
        rings = bench.rings()
        assert math.dist(rings[1], at) < 1.0
        for view in sorted(set(rings) - {1}):
            mouse.move(*rings[view])
            back = bench.rings()
            assert set(back) == set(rings)
            assert all(math.dist(back[number], rings[number]) < 2.5 for number in rings), (rings, back)
            met += 1
            break
    assert met >= 5
    mouse.move(2, 2)
    assert bench.rings() == {}


def check_nudge(bench: PointsBench) -> None:
    """Arrows move a placed answer by a pixel of its view, with Shift by five."""
    page = bench.page
    page.keyboard.press("Backspace")
    ((_, before),) = bench.answers().items()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_timeout(50)
    ((_, after),) = bench.answers().items()
    assert after["x"] - before["x"] == pytest.approx(1.0, abs=0.01)
    assert after["y"] - before["y"] == pytest.approx(5.0, abs=0.01)
    page.keyboard.press("Enter")


def click_surface(bench: PointsBench, n: int) -> None:
    """Click somewhere on the body, in one of the first three views."""
    bench.wait_views()
    view = 1 + n % 3
    candidates = bench.surface_pixels(view, 12)
    bench.page.mouse.click(*candidates[(5 * n) % len(candidates)])


def check_exports(folder: Path, project: int, person: Person, lease: Lease, coco: CocoFile) -> None:
    answers = lease.draft["answers"]
    for form in ("charts", "cse", "both"):
        out = folder / f"{form}.json"
        call_command("export_densepose", str(project), format=form, out=out, quiet=True)
        call_command("validate_densepose", str(out))  # raises SystemExit(1) where anything is wrong
        (annotation,) = json.loads(out.read_text())["annotations"]
        check_annotation(annotation, person, lease, answers, form)
    given = json.loads(coco.annotations.read_text())["annotations"][0]
    assert annotation["bbox"] == pytest.approx(given["bbox"], abs=0.01)
    assert annotation["keypoints"] == given["keypoints"]


def check_annotation(annotation: dict, person: Person, lease: Lease, answers: dict, form: str) -> None:
    points = lease.point_set
    placed = [row for row, key in enumerate(points.key) if answers[str(key)]["status"] == "placed"]
    box = Box(*annotation["bbox"])
    assert len(annotation["dp_x"]) == len(placed)
    sent = np.column_stack([annotation["dp_x"], annotation["dp_y"]]) * [box.w / 255, box.h / 255]
    wanted = to_dp(points.xy[placed], box) * [box.w / 255, box.h / 255]
    assert np.abs(sent - wanted).max() < 0.5
    if form == "cse":
        assert len(annotation["dp_vertex"]) == len(placed)
        return
    surface = surface_of(np.array(annotation["dp_I"]), np.array(annotation["dp_U"]), np.array(annotation["dp_V"]))
    xyz = positions(surface, load_canonical_body().vertices)
    for row, at in zip(placed, xyz, strict=True):
        answer = answers[str(points.key[row])]
        camera = cameras_of(int(points.part[row]))[answer["view"] - 1]
        assert math.dist(camera.project(at[None])[0], (answer["x"], answer["y"])) < 0.5
