"""States of the page itself that a person may meet: an old browser, a picture that is gone, a pause."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import expect

from annotator.models import Image, Membership
from tests.browser.desk import Desk, picture
from tests.browser.people import drawn_people, import_people
from tests.browser.workbench import PartsBench
from tests.factories import World, make_world


@pytest.fixture
def world(desk: Desk, tmp_path: Path) -> World:
    world = make_world()
    import_people(world, drawn_people(tmp_path / "coco"))
    return world


def lose_picture(image: Image) -> None:
    """Delete an image's file and the crops of it that other tests may have left: the same picture is stored once."""
    default_storage.delete(image.file.name)
    folder = f"crops/{image.sha256[:2]}"
    if default_storage.exists(folder):
        for name in default_storage.listdir(folder)[1]:
            default_storage.delete(f"{folder}/{name}")


def test_old_browser_missing_image_and_pauses(desk: Desk, world: World) -> None:
    address = f"/projects/{world.project.pk}/annotate/parts/"
    browser = desk.browser(world.ana)
    old = browser.new_page()
    old.add_init_script("delete globalThis.CompressionStream")
    old.goto(address)
    expect(PartsBench(old).notice).to_contain_text("This browser cannot draw here")
    old.close()

    desk.expect_problem("404")
    lose_picture(world.project.images.get())
    bench = PartsBench(browser.new_page())
    bench.open(world.project.pk)
    missing = bench.message("Image missing")
    expect(missing).to_contain_text("Skip this person")
    picture(bench.page, "state-image-missing")

    bench.press("k")
    expect(bench.notice).to_contain_text("Paused. Your place is kept")
    bench.press("k")
    expect(bench.notice).to_be_hidden()

    # A manager's pause says why, and lets nobody begin.
    Membership.objects.filter(user=world.ben).update(is_paused=True, pause_reason="Please call Mia first.")
    other = PartsBench(desk.window(world.ben))
    other.page.goto(address)
    expect(other.notice).to_contain_text("Please call Mia first.")
    expect(other.page.locator(".topbar-clock")).to_be_hidden()
    picture(other.page, "state-paused")
