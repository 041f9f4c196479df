"""Tools of the parts workbench by real pointer and keys, on a drawn person whose outline is known."""

from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image as Pillow
from PIL import ImageDraw
from playwright.sync_api import expect
from scipy.ndimage import label

from annotator.services.superpixels import superpixels_name
from annotator.storage import open_stored
from labels.superpixels import decode
from tests.browser.desk import Desk, eventually, picture
from tests.browser.people import HEIGHT, WIDTH, drawn_people, import_people
from tests.browser.views import HEAD
from tests.browser.workbench import PartsBench
from tests.factories import World, make_world

TORSO = 1
HEAD_BOX = (134, 26, 186, 98)  # of the drawn person, image pixels


@pytest.fixture
def world(desk: Desk, tmp_path: Path) -> World:
    world = make_world()
    import_people(world, drawn_people(tmp_path / "coco"))
    return world


@pytest.fixture
def bench(desk: Desk, world: World) -> PartsBench:
    bench = PartsBench(desk.window(world.ana))
    bench.open(world.project.pk)
    return bench


def test_selection_and_polygon_follow_edges(bench: PartsBench) -> None:
    crop, image = bench.lease.shown_crop, bench.lease.task.person.image
    bench.part(TORSO).click()
    bench.press("Backspace", "g")
    name = superpixels_name(image, crop)
    eventually(bench.page, lambda: default_storage.exists(name), "the worker to find regions")
    found = decode(open_stored(name).read())
    assert found.regions.shape == crop.shape

    shirt = [(140 - crop.x, 130 - crop.y), (176 - crop.x, 150 - crop.y)]
    eventually(bench.page, lambda: drawn(bench, shirt), "regions to be taken up")
    taken = bench.saved_map() == TORSO
    coarse = found.parents[found.regions]
    np.testing.assert_array_equal(taken, np.isin(coarse, np.unique(coarse[taken])))
    assert all(taken[y, x] for x, y in shirt)
    picture(bench.page, "parts-edges")

    bench.press("z", "g")
    bench.stroke(*shirt)
    finer = bench.saved_map() == TORSO
    np.testing.assert_array_equal(finer, np.isin(found.regions, np.unique(found.regions[finer])))
    assert 0 < finer.sum() < taken.sum()

    # Four clicks on the outline of the head: straight sides would cut its corners off.
    bench.part(HEAD).click()
    bench.press("Backspace", "m")
    left, top, right, bottom = HEAD_BOX
    middle = ((left + right) / 2, (top + bottom) / 2)
    for x, y in [(middle[0], top), (right, middle[1]), (middle[0], bottom), (left, middle[1])]:
        bench.page.mouse.move(*bench.at(x - crop.x, y - crop.y), steps=3)
        bench.page.mouse.down()
        bench.page.mouse.up()
        bench.page.wait_for_timeout(150)
    picture(bench.page, "parts-magnetic")
    bench.press("Enter")
    eventually(bench.page, lambda: HEAD in bench.saved_map(), "the outline to be filled")
    outline = Pillow.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(outline).ellipse(HEAD_BOX, fill=1)
    head, painted = crop.cut(np.asarray(outline)) > 0, bench.saved_map() == HEAD
    assert (head & painted).sum() / (head | painted).sum() > 0.85  # four straight sides: 0.64


def drawn(bench: PartsBench, points: list[tuple[float, float]]) -> bool:
    bench.stroke(*points)
    return bench.states()[TORSO] == "touched"


def test_after_all_hints_a_part_without_one_is_chosen(bench: PartsBench) -> None:
    bench.part(HEAD).click()
    bench.press("Backspace")
    hinted = {part for part, state in bench.states().items() if state == "hint"}
    assert HEAD not in hinted
    bench.part(TORSO).click()
    bench.press("Shift+Enter", "n")
    after = bench.states()
    assert {after[part] for part in hinted} == {"done"}
    assert after[HEAD] == "not_visible"


def test_smooth_and_tidy(bench: PartsBench) -> None:
    """A worker's work: a spur goes with the outline, a speck and a crack with tidying; each is one step of undo."""
    bench.press("Shift+Enter")
    bench.part(TORSO).click()
    bench.press("Backspace")
    brush(bench, 60)
    bench.stroke((60, 150), (60, 240))
    body = bench.saved_map() == TORSO
    brush(bench, 1)
    bench.stroke((60, 200), (170, 200))  # a spur, one pixel wide
    bench.stroke((180, 300), (181, 300))  # a speck
    bench.press("e")
    bench.stroke((60, 180), (62, 180))  # a crack
    messy = bench.saved_map()
    assert regions(messy == TORSO) == 2
    assert messy[200, 160] == TORSO

    bench.press(";")
    eventually(bench.page, lambda: regions(bench.saved_map() == TORSO) == 1, "the speck to go")
    tidied = bench.saved_map()
    assert tidied[180, 61] == TORSO
    bench.press("c")
    eventually(bench.page, lambda: bench.saved_map()[200, 160] == 0, "the spur to go")
    smooth = bench.saved_map() == TORSO
    assert (smooth & body).sum() / (smooth | body).sum() > 0.97
    bench.press("z", "z")
    eventually(bench.page, lambda: np.array_equal(bench.saved_map(), messy), "both to be undone")


def test_light_and_surroundings(bench: PartsBench, world: World) -> None:
    """The photograph goes on, veiled, beyond the crop; its light is set by keys, and kept with the account."""
    page = bench.page
    eventually(page, lambda: photo_levels(bench)["margin"] > 0, "what lies around the crop")
    plain = photo_levels(bench)["middle"]
    bench.press("'")
    expect(page.get_by_label("Brightness")).to_be_focused()
    bench.press("End")
    eventually(page, lambda: photo_levels(bench)["middle"] > plain + 40, "a brighter photograph")
    picture(page, "parts-light-set")
    bench.press("Escape")
    expect(page.get_by_label("Brightness")).to_be_hidden()
    bench.press("e")
    expect(page.get_by_role("radio", name="Eraser")).to_be_checked()
    eventually(
        page, lambda: kept_light(world) == {"brightness": 1, "contrast": 1, "gamma": 1}, "the account to keep it"
    )
    page.reload()
    bench.wait_ready()
    assert photo_levels(bench)["middle"] > plain + 40
    bench.press("'")
    page.get_by_role("button", name="As it was taken").click()
    eventually(page, lambda: abs(photo_levels(bench)["middle"] - plain) < 2, "the photograph as it was")


def test_checks_before_submit(bench: PartsBench) -> None:
    """What looks amiss is said, each with a way to the place; nothing is changed by it."""
    page = bench.page
    crop = bench.lease.shown_crop
    bench.part(HEAD).click()
    bench.press("Backspace")
    brush(bench, 10)
    bench.stroke((30, 150), (34, 150))  # inside the box, beside the person
    bench.submit()
    asked = bench.message("Before you submit")
    expect(asked).to_contain_text("Nothing is painted on the person’s outline")
    expect(asked).to_contain_text("Hints left unchecked")
    # Questions that stand are asked anew by themselves, and a submit after they were read means "anyway".
    asked.get_by_role("button", name="Close").click()
    expect(asked).to_have_count(0)

    bench.press("z", "z", "Shift+Enter", "q")  # left for right
    bench.part(TORSO).click()
    brush(bench, 6)
    bench.press("e")
    bench.stroke((crop.width / 2, 150), (crop.width / 2 + 4, 150))
    bench.press("b")
    brush(bench, 3)
    bench.stroke((crop.width - 30, 60), (crop.width - 31, 60))  # at the right: questions stand at the left
    painted = bench.saved_map()
    bench.submit()
    for seen in ("1 speck", "1 hole", "Left and right look swapped"):
        expect(asked).to_contain_text(seen)
    expect(asked).not_to_contain_text("Nothing is painted")
    picture(page, "parts-checks")
    zoom = page.locator("[data-hook=zoom-text]")
    fitted = zoom.text_content()
    asked.get_by_role("button", name="Show: 1 hole").click()
    expect(zoom).not_to_have_text(fitted or "")
    expect(bench.part(TORSO)).to_have_attribute("aria-pressed", "true")
    np.testing.assert_array_equal(bench.saved_map(), painted)
    bench.press("z")  # what is mended is asked about no more
    expect(asked).not_to_contain_text("1 speck")
    expect(asked).to_contain_text("1 hole")


def test_areas_take_away(bench: PartsBench) -> None:
    """With Shift, tools of areas take away; what a press would take up is outlined before."""
    page = bench.page
    crop, image = bench.lease.shown_crop, bench.lease.task.person.image
    bench.part(TORSO).click()
    bench.press("Enter", "l")
    before = bench.saved_map()
    corners = [
        (120 - crop.x, 110 - crop.y),
        (200 - crop.x, 110 - crop.y),
        (200 - crop.x, 150 - crop.y),
        (120 - crop.x, 150 - crop.y),
    ]
    page.keyboard.down("Shift")
    bench.stroke(*corners)
    page.keyboard.up("Shift")
    cut = bench.saved_map()
    assert not cut[115 - crop.y : 145 - crop.y, 130 - crop.x : 190 - crop.x].any()
    assert (cut != before).sum() > 1500

    bench.press("g")
    name = superpixels_name(image, crop)
    eventually(page, lambda: default_storage.exists(name), "the worker to find regions")
    at = (160 - crop.x, 180 - crop.y)
    page.mouse.move(*bench.at(at[0] + 3, at[1]))
    eventually(page, lambda: has_marks(bench, at), "the region under the pointer to be outlined")
    picture(page, "parts-region-offered")
    np.testing.assert_array_equal(bench.saved_map(), cut)
    page.keyboard.down("Shift")
    bench.stroke(at, at)
    page.keyboard.up("Shift")
    found = decode(open_stored(name).read())
    gone = (cut == TORSO) & (bench.saved_map() == 0)
    coarse = found.parents[found.regions]
    assert gone[int(at[1]), int(at[0])]
    assert not (gone & (coarse != coarse[int(at[1]), int(at[0])])).any()


def brush(bench: PartsBench, image_px: float) -> None:
    """Choose the brush, as wide as so many pixels of the fitted crop."""
    bench.press("b")
    ((x0, _), (x1, _)) = bench.at(0, 0), bench.at(1, 0)
    bench.page.locator("[data-hook=brush-range]").fill(str(max(1, round(image_px * (x1 - x0)))))


def regions(mask: np.ndarray) -> int:
    return int(label(mask)[1])


def kept_light(world: World) -> object:
    world.ana.refresh_from_db()
    return world.ana.workbench_settings.get("light")


def photo_levels(bench: PartsBench) -> dict[str, float]:
    """Mean levels of the photograph's layer: in the middle of the crop, and in the margin beside it."""
    levels: dict[str, float] = bench.page.locator("[data-hook=layer-photo]").evaluate(_LEVELS)
    return levels


def has_marks(bench: PartsBench, at: tuple[float, float]) -> bool:
    """Move a little on a place; return whether the tool shows marks of its own."""
    bench.page.mouse.move(*bench.at(*at))
    bench.settle()
    seen: bool = bench.page.locator("[data-hook=layer-marks]").evaluate(_ANYTHING)
    bench.page.mouse.move(*bench.at(at[0] + 2, at[1]))
    return seen


_COPY = """const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const mean = (x, y, w, h) => {
    const { data } = copy.getImageData(x, y, w, h);
    return data.reduce((sum, level, i) => (i % 4 === 3 ? sum : sum + level), 0) / (0.75 * data.length);
  };"""
_LEVELS = (
    "(canvas) => {"
    + _COPY
    + """
  const { width, height } = canvas;
  return { middle: mean(width / 2 - 20, height / 2 - 60, 40, 120), margin: mean(4, height / 2 - 20, 20, 40) };
}"""
)
_ANYTHING = (
    "(canvas) => {"
    + _COPY
    + "return copy.getImageData(0, 0, canvas.width, canvas.height).data.some((level) => level > 0); }"
)
