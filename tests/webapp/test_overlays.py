"""Pictures of the people browser: what is drawn is the answer, where it is."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from annotator.models import Person
from annotator.storage import open_stored
from body.parts import part_by_number
from tests.factories import World, accept_parts, accept_points
from webapp.overlays import stored_overlay


def pixels(name: str) -> NDArray[np.float64]:
    with open_stored(name) as source:
        return np.asarray(Pillow.open(io.BytesIO(source.read())).convert("RGB"), np.float64)


@pytest.fixture
def person(world: World) -> Person:
    person = world.person()
    accept_parts(person, by=world.ana)
    return person


def test_without_an_answer_it_is_the_plain_thumbnail(world: World) -> None:
    person = world.person()
    assert stored_overlay(person, "parts") == stored_overlay(person, "none")


def test_parts_take_their_colours_where_they_were_painted(person: Person) -> None:
    plain, drawn = pixels(stored_overlay(person, "none")), pixels(stored_overlay(person, "parts"))
    assert plain.shape == drawn.shape
    # accept_parts paints the torso from row 10 to 38 and the head from 40 to 68 of the crop.
    for rows, part in ((slice(14, 34), 1), (slice(44, 64), 14)):
        colour = np.array([int(part_by_number(part).colour[i : i + 2], 16) for i in (1, 3, 5)])
        inside = (rows, slice(20, 80))
        wanted = 0.54 * plain[inside].mean((0, 1)) + 0.46 * colour
        assert np.abs(drawn[inside].mean((0, 1)) - wanted).max() < 6
    assert np.abs(drawn[90:150] - plain[90:150]).mean() < 2


def test_points_are_dots_at_their_pixels(person: Person) -> None:
    points = accept_points(person).point_set
    plain, drawn = pixels(stored_overlay(person, "none")), pixels(stored_overlay(person, "points"))
    change = np.abs(drawn - plain).max(-1)
    for x, y in person.crop().from_image(points.xy):
        assert change[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].mean() > 20
    assert np.median(change[100:150]) < 5


def test_iuv_colours_only_painted_parts(person: Person) -> None:
    accept_points(person)
    plain, drawn = pixels(stored_overlay(person, "none")), pixels(stored_overlay(person, "iuv"))
    change = np.abs(drawn - plain).mean(-1)
    assert change[14:34, 20:80].mean() > 20
    assert change[100:150].mean() < 3


def test_a_new_answer_makes_a_new_picture(person: Person, world: World) -> None:
    before = stored_overlay(person, "parts")
    assert stored_overlay(person, "parts") == before
    accept_parts(person, parts=(1, 14, 6), by=world.ben)
    assert stored_overlay(person, "parts") != before


def test_a_moved_box_moves_the_overlay_with_it(person: Person) -> None:
    person.box_x, person.box_y, person.revision = 30.0, 20.0, 2
    person.save()
    plain, drawn = pixels(stored_overlay(person, "none")), pixels(stored_overlay(person, "parts"))
    change = np.abs(drawn - plain).mean(-1)
    # Painted rows 10 to 68 of the old crop lie ten rows lower in the new one.
    assert change[30:70, 40:80].mean() > 10
    assert change[100:150].mean() < 3
