"""Work that was sent back: one's own answer as suggestions, hatched and labelled, to be looked over again."""

import uuid

import numpy as np
import pytest
from playwright.sync_api import expect

from annotator.models import Submission
from tests.browser.desk import Desk, eventually, picture
from tests.browser.views import HEAD, TORSO
from tests.browser.workbench import PartsBench, PointsBench
from tests.factories import World, accept_parts, make_world, parts_answer

API = "/api/v1"
NOTE = "The torso goes down to the hips."


def send_back(world: World, bundle: dict, answer: dict) -> Submission:
    """Hand an answer in as Ana, and send it back as Rita."""
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1, "answer": answer}
    submission = world.client("ana").post(f"{API}/leases/{bundle['lease']['id']}/submit", body).json()["submission"]
    assert world.client("rita").post(f"{API}/submissions/{submission}/send-back", {"note": NOTE}).status_code == 200
    return Submission.objects.get(pk=submission)


def taken(world: World, stage: str) -> dict:
    bundle: dict = world.client("ana").post(f"{API}/projects/{world.project.pk}/next", {"stage": stage}).json()
    return bundle


def test_parts_that_were_sent_back(desk: Desk) -> None:
    world = make_world(is_review_required=True)
    world.person()
    bundle = taken(world, "parts")
    answer = parts_answer(bundle)
    answer["decided"]["3"] = "not_visible"
    old = send_back(world, bundle, answer)

    bench = PartsBench(desk.window(world.ana))
    bench.open(world.project.pk)
    expect(bench.message("Sent back with a note")).to_contain_text(NOTE)
    assert {part: state for part, state in bench.states().items() if state != "none"} == {
        HEAD: "hint", TORSO: "hint", 3: "not_visible",
    }  # fmt: skip
    bench.part(HEAD).click()
    expect(bench.page.locator("[data-hook=current-area]")).to_contain_text("as you had it")
    picture(bench.page, "sent-back-parts")
    bench.press("Enter")
    assert set(np.unique(bench.saved_map())) == {0, HEAD}
    bench.press("Shift+Enter")
    bench.submit()
    eventually(bench.page, lambda: Submission.objects.filter(supersedes=old).exists(), "the answer looked over")
    new = Submission.objects.get(supersedes=old)
    (again, crop), (before, same_crop) = new.painted(), old.painted()
    assert crop == same_crop
    np.testing.assert_array_equal(again, before)
    assert new.parts_not_visible == [3]


@pytest.mark.usefixtures("views")
def test_points_that_were_sent_back(desk: Desk) -> None:
    world = make_world(is_review_required=True)
    accept_parts(world.person(), by=world.mia)
    bundle = taken(world, "correspondence")
    keys = [str(key) for key in bundle["points"]["key"]]
    of_first = [key for key, part in zip(keys, bundle["points"]["part"], strict=True) if part == HEAD]
    answers: dict = {key: {"status": "placed", "view": 1, "x": 400.25, "y": 400.5} for key in keys}
    answers[keys[-1]] = {"status": "cannot_tell"}
    old = send_back(world, bundle, {"answers": answers, "current": None})

    bench = PointsBench(desk.window(world.ana))
    bench.open(world.project.pk)
    page = bench.page
    expect(bench.message("Sent back with a note")).to_contain_text(NOTE)
    expect(page.locator("[data-hook=answered]")).to_have_text(f"1 of {len(keys)}")
    expect(page.locator("[data-hook=take-hint]")).to_contain_text("as you had it")
    picture(page, "sent-back-points")
    bench.press("Enter")
    expect(page.locator("[data-hook=answered]")).to_have_text(f"2 of {len(keys)}")
    bench.press("Shift+Enter")
    expect(page.locator("[data-hook=answered]")).to_have_text(f"{1 + len(of_first)} of {len(keys)}")
    bench.wait_views()
    bench.press("z")
    expect(page.locator("[data-hook=answered]")).to_have_text(f"{len(of_first)} of {len(keys)}")
    bench.press("Shift+Enter")
    bench.wait_views()
    bench.press("Shift+Enter")
    expect(page.locator("[data-hook=answered]")).to_have_text(f"{len(keys)} of {len(keys)}")
    bench.submit()
    eventually(page, lambda: Submission.objects.filter(supersedes=old).exists(), "the answer looked over")
    new = Submission.objects.get(supersedes=old)
    np.testing.assert_array_equal(new.triangle, old.triangle)
    np.testing.assert_array_equal(new.status, old.status)
