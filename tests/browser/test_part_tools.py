"""Tools of the parts workbench by real pointer and keys, on a drawn person whose outline is known."""

from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image as Pillow
from PIL import ImageDraw

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
