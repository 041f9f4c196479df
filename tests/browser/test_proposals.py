"""What a model proposes, as annotators meet it: parts taken from its map, ghosts on the views taken by Enter."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from annotator.models import Person, Submission
from annotator.services.model_versions import version_named
from annotator.services.preannotation import store_proposal
from labels.dense_maps import DenseMap
from tests.browser.desk import Desk, eventually, picture
from tests.browser.people import drawn_people, import_people
from tests.browser.views import HEAD, TORSO
from tests.browser.workbench import PartsBench, PointsBench
from tests.factories import make_world
from tests.proposals import write_network

TORSO_FRONT, HEAD_CHART = 2, 23


@pytest.mark.usefixtures("views")
def test_a_models_parts_and_ghosts_are_taken(desk: Desk, tmp_path: Path) -> None:
    world = make_world()
    (person,) = import_people(world, drawn_people(tmp_path / "coco"))
    # Without an outline nothing completes what the model saw.
    person.mask = None
    person.save(update_fields=["mask"])
    version = version_named(str(write_network(tmp_path)))
    store_proposal(person=person, version=version, seen=seen_in(person), uncertainty=0.1)

    page = desk.window(world.ana)
    parts = PartsBench(page)
    parts.open(world.project.pk)
    states = parts.states()
    assert {part for part, state in states.items() if state == "hint"} == {HEAD, TORSO}
    parts.part(HEAD).click()
    expect(page.get_by_text("from a model").first).to_be_visible()
    picture(page, "proposals-parts")
    for part in (HEAD, TORSO):
        parts.part(part).click()
        page.get_by_role("button", name="Take it, next").click()
    for part, state in parts.states().items():
        if state not in {"done", "hint"}:
            parts.part(part).click()
            page.locator("button.button[data-action=not_visible]").click()
    parts.submit()
    # A model's outline may deserve a question about its shape, which is not what is tested here.
    anyway = page.get_by_role("button", name="Submit anyway")
    expect(anyway.or_(parts.notice).first).to_be_visible()
    if anyway.is_visible():
        anyway.click()
    eventually(page, lambda: Submission.objects.filter(task__stage="parts").exists(), "the parts were submitted")
    told = Submission.objects.get(task__stage="parts").provenance["proposal"]
    assert (told["source"], told["model_version"]) == ("tiny-0", version.digest)
    assert told["kept_parts"] == [TORSO, HEAD]
    assert told["kept_share"] == 1

    points = PointsBench(page)
    points.open(world.project.pk)
    expect(page.locator("[data-hook=take-hint]")).to_contain_text("take the model's place")
    picture(page, "proposals-points")
    first = points.lease.task_id
    taken = take_ghosts(points)
    points.submit()
    eventually(page, lambda: Submission.objects.filter(task=first).exists(), "the points were submitted")
    told = Submission.objects.get(task=first).provenance["proposal"]
    assert told["proposed_points"] == len(taken)
    assert set(told["kept_points"]) == taken
    assert told["moved_cm"] == {}


def take_ghosts(bench: PointsBench) -> set[str]:
    """Press Enter at every point: where nothing was placed, that takes the model's place."""
    taken: set[str] = set()
    # A pointer that rests on a view says nothing against a proposal.
    bench.page.locator(".view-cell").first.hover()
    while bench.lease.point_set is not None and len(taken) < len(bench.lease.point_set.key):
        key = bench.current() if taken else str(bench.lease.point_set.key[0])
        bench.wait_views()
        bench.press("Enter")
        eventually(bench.page, lambda key=key: key in bench.answers(), f"Enter took the ghost of point {key}")
        taken.add(key)
    return taken


def seen_in(person: Person) -> DenseMap:
    """A head over a torso, each with U and V that grow to the right and down inside the middle of its chart."""
    crop = person.crop()
    rows, columns = np.mgrid[: crop.height, : crop.width]
    x, y = columns + crop.x, rows + crop.y
    chart = np.zeros(crop.shape, np.uint8)
    chart[(abs(x - 160) < 22) & (abs(y - 62) < 26)] = HEAD_CHART
    chart[(abs(x - 160) < 30) & (abs(y - 150) < 62)] = TORSO_FRONT
    u, v = 0.35 + 0.3 * columns / crop.width, 0.35 + 0.3 * rows / crop.height
    return DenseMap.of(chart, u, v)
