"""The pages around the workbench: each loads clean, light and dark, and does what its main button says."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from annotator.models import ApiToken, Image, Invitation, Membership, ModelVersion, Person, User
from export.models import Training
from qa.services.refreshing import refresh_project
from tests.browser.axe import check_axe
from tests.browser.desk import TABLET, Desk, eventually, picture
from tests.browser.people import drawn_people, import_people
from tests.distances import StraightTable
from tests.evaluations import PEOPLE, measured
from tests.factories import World, accept_parts, answered, make_world, picture_bytes

SETTINGS = {"instructions": "Paint what you see. Clothes count as the part beneath."}


@pytest.fixture
def world(desk: Desk, tmp_path: Path) -> World:
    world = make_world(**SETTINGS)
    people = import_people(world, drawn_people(tmp_path / "coco", 3))
    accept_parts(people[0], by=world.ana)
    of_people = np.random.default_rng(0).uniform(0.2, 0.7, PEOPLE)
    for number in range(3):
        version = ModelVersion.objects.create(name=f"street-{number}", digest=f"{number}b" * 32)
        measured(world.project, version, of_people + 0.02 * number)
        Training.objects.create(version=version, project=world.project, release_number=number + 1, minutes=60)
    return world


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("views")
def test_every_page_loads(desk: Desk, world: World, scheme: str) -> None:
    project = f"/projects/{world.project.pk}"
    (first, *_) = Image.objects.filter(project=world.project)
    person = Person.objects.filter(project=world.project).first()
    pages = {
        "home": ("/", "Today"),
        "overview": (project, "Progress"),
        "people": (f"{project}/people", "newest first"),
        "person": (f"{project}/people?person={person.pk}", "drawn-1.png"),
        "images": (f"{project}/images", "drawn-2.png"),
        "image": (f"{project}/images/{first.pk}", "Add a person"),
        "upload": (f"{project}/upload", "Drop images or a zip here"),
        "imports": (f"{project}/imports", "New import"),
        "releases": (f"{project}/releases", "Make the release"),
        "models": (f"{project}/models", "Let it propose"),
        "members": (f"{project}/members", "Invite by link"),
        "settings": (f"{project}/settings", "Example pictures"),
        "guide": (f"{project}/guide", "Paint what you see."),
        "account": ("/account", "API tokens"),
        "new-project": ("/projects/new", "Make it"),
        "api": ("/api/v1/docs/", "leases"),
    }
    world.mia.is_staff = True
    world.mia.save(update_fields=["is_staff"])
    page = desk.window(world.mia, scheme=scheme)
    for name, (url, words) in pages.items():
        answer = page.goto(url, wait_until="load")
        assert answer is not None
        assert answer.status == 200, (url, answer.status)
        expect(page.locator("body"), f"{url} in {scheme}").to_contain_text(words)
        check_frame(page, name)
        if name != "api":
            ground = page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (scheme == "dark"), (name, ground)
            # The API's page is Swagger UI as it comes; what it shows is also in the schema, for programs.
            check_axe(page, f"{name} in {scheme}", colours_only=scheme == "dark")
        picture(page, f"page-{name}-{scheme}")
    workbench_pictures(desk, world, scheme)
    anonymous = desk.window(scheme=scheme)
    anonymous.goto("/sign-in")
    expect(anonymous.get_by_role("heading", name="Sign in")).to_be_visible()
    check_axe(anonymous, f"sign-in in {scheme}")
    picture(anonymous, f"page-sign-in-{scheme}")


@pytest.mark.usefixtures("views")
def test_pages_of_figures_and_checks(desk: Desk) -> None:
    world = make_world(**SETTINGS)
    answered(world, "parts")
    answered(world, "correspondence")
    refresh_project(world.project, StraightTable())
    project = f"/projects/{world.project.pk}"
    for scheme in ("light", "dark"):
        page = desk.window(world.mia, scheme=scheme)
        for url, words in (
            ("/figures", "Throughput"), ("/figures/detail", "Taken for another"),
            (f"/annotators/{world.ana.pk}", "Latest work"), (f"/annotators/{world.ana.pk}/detail", "By part"),
            ("/checks", "Checks"), ("/inbox", "Inbox"), ("/review", "Review"),
        ):  # fmt: skip
            page.goto(f"{project}{url}")
            expect(page.locator("body"), f"{url} in {scheme}").to_contain_text(words)
            check_frame(page, url)
            check_axe(page, f"{url} in {scheme}", colours_only=scheme == "dark")
            picture(page, f"page{url.replace('/', '-')}-{scheme}")


def workbench_pictures(desk: Desk, world: World, scheme: str) -> None:
    for stage in ("parts", "correspondence"):
        page = desk.window(world.ana, scheme=scheme)
        page.goto(f"/projects/{world.project.pk}/annotate/{stage}/")
        expect(page.locator("[data-hook=submit]")).to_be_enabled()
        page.wait_for_timeout(700)
        check_frame(page, stage)
        check_axe(page, f"{stage} in {scheme}", colours_only=scheme == "dark")
        picture(page, f"bench-{stage}-{scheme}")


@pytest.mark.usefixtures("views")
def test_tablet(desk: Desk, world: World) -> None:
    project = f"/projects/{world.project.pk}"
    for user, name, url in (
        (world.mia, "home", "/"), (world.mia, "overview", project), (world.mia, "people", f"{project}/people"),
        (world.ana, "parts", f"{project}/annotate/parts/"),
        (world.ana, "points", f"{project}/annotate/correspondence/"),
    ):  # fmt: skip
        page = desk.window(user, size=TABLET)
        page.goto(url)
        page.wait_for_timeout(900 if user is world.ana else 100)
        check_frame(page, name)
        if user is world.ana:
            check_axe(page, f"{name} on a tablet")
        picture(page, f"tablet-{name}")


def check_frame(page: Page, name: str) -> None:
    """Nothing sticks out at the side, and every picture came."""
    width = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"{name} is wider than its window: {width}"
    page.wait_for_function("() => [...document.images].every((image) => image.loading === 'lazy' || image.complete)")
    broken = page.evaluate("() => [...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src)")
    assert broken == [], name


def test_draw_people_on_an_image(desk: Desk, world: World) -> None:
    """A person is drawn, moved, resized, marked as a crowd, deleted and brought back by pointer, where one may."""
    image = Image.objects.filter(project=world.project).last()
    page = desk.window(world.mia)
    page.goto(f"/projects/{world.project.pk}/images/{image.pk}")
    people = Person.objects.filter(image=image, is_deleted=False)
    rows = page.locator(".box-row")
    expect(rows).to_have_count(1)
    old = people.get()

    drag(page, image, (10, 10), (60, 90))
    expect(rows).to_have_count(2)
    new = people.exclude(pk=old.pk).get()
    assert box_of(new) == pytest.approx((10, 10, 50, 80), abs=1.5)
    assert new.tasks.filter(stage="parts", state="open").exists()

    drag(page, image, (30, 40), (50, 60))
    eventually(page, lambda: box_of(fresh(new))[0] > 20, "the move")
    assert box_of(fresh(new)) == pytest.approx((30, 30, 50, 80), abs=1.5)

    drag(page, image, (80, 110), (110, 140))
    eventually(page, lambda: box_of(fresh(new))[2] > 60, "the resize")
    assert box_of(fresh(new)) == pytest.approx((30, 30, 80, 110), abs=2)
    picture(page, "image-edited")

    row = rows.nth(1)
    row.get_by_label("crowd").check()
    eventually(page, lambda: fresh(new).is_crowd, "the mark")
    assert not new.tasks.filter(state="open").exists()
    row.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(1)
    eventually(page, lambda: fresh(new).is_deleted, "the deletion")
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)
    eventually(page, lambda: not fresh(new).is_deleted, "the return")
    assert box_of(fresh(old)) == box_of(old)

    # An engineer looks at them alone.
    drawn = box_of(fresh(new))
    page = desk.window(world.ed)
    page.goto(f"/projects/{world.project.pk}/images/{image.pk}#person-{new.pk}")
    expect(page.locator(".box-row")).to_have_count(2)
    drag(page, image, (30, 40), (50, 60), "")
    page.locator("[data-stage]").focus()
    for key in ("Tab", "ArrowRight", "Delete"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert (box_of(fresh(new)), box_of(fresh(old))) == (drawn, box_of(old))
    assert people.count() == 2
    expect(page.locator("[data-status]")).to_have_text("")


def drag(page: Page, image: Image, start: tuple[int, int], end: tuple[int, int], told: str = "Saved") -> None:
    """Drag from one pixel of the image to another, by arithmetic of our own: the picture is fitted and centred."""
    frame = page.locator("[data-canvas]").bounding_box()
    assert frame is not None
    scale = min(frame["width"] / image.width, frame["height"] / image.height)
    left = frame["x"] + (frame["width"] - image.width * scale) / 2
    top = frame["y"] + (frame["height"] - image.height * scale) / 2
    page.mouse.move(left + start[0] * scale, top + start[1] * scale)
    page.mouse.down()
    page.mouse.move(left + end[0] * scale, top + end[1] * scale, steps=6)
    page.mouse.up()
    expect(page.locator("[data-status]")).to_have_text(told)


def box_of(person: Person) -> tuple[float, ...]:
    return person.box_x, person.box_y, person.box_width, person.box_height


def fresh(person: Person) -> Person:
    return Person.objects.get(pk=person.pk)


def test_upload_images_and_a_zip(desk: Desk, world: World) -> None:
    page = desk.window(world.mia)
    desk.expect_problem("400")
    page.goto(f"/projects/{world.project.pk}/upload")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("holiday/three.webp", picture_bytes(kind="WEBP", seed=3))
    page.locator("[data-files]").set_input_files([
        {"name": "one.jpg", "mimeType": "image/jpeg", "buffer": picture_bytes(seed=1)},
        {"name": "two.png", "mimeType": "image/png", "buffer": picture_bytes(kind="PNG", seed=2)},
        {"name": "drawing.svg", "mimeType": "image/svg+xml", "buffer": b"<svg xmlns='http://www.w3.org/2000/svg'/>"},
        {"name": "more.zip", "mimeType": "application/zip", "buffer": archive.getvalue()},
    ])  # fmt: skip
    expect(page.locator("[data-summary]")).to_have_text("4 / 4")
    picture(page, "upload-done")
    rows = page.locator("[data-rows] tr")
    for name, state in (("one.jpg", "added"), ("two.png", "added"), ("drawing.svg", "refused"), ("more.zip", "added")):
        expect(rows.filter(has_text=name)).to_contain_text(state)
    names = set(Image.objects.filter(project=world.project).values_list("file_name", flat=True))
    assert {"one.jpg", "two.png"} <= names
    assert "drawing.svg" not in names
    assert any(name.endswith("three.webp") for name in names)
    rows.filter(has_text="one.jpg").get_by_role("link", name="Draw people").click()
    expect(page.get_by_role("heading", name="one.jpg")).to_be_visible()


def test_import_through_the_page(desk: Desk, world: World, tmp_path: Path) -> None:
    coco = drawn_people(tmp_path / "more", 2, first=11)
    file = json.loads(coco.annotations.read_text())
    file["annotations"].append({**file["annotations"][0], "id": 900, "bbox": [0, 0, -4, 5]})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for path in coco.images.iterdir():
            files.write(path, path.name)
    page = desk.window(world.mia)
    page.goto(f"/projects/{world.project.pk}/imports")
    page.get_by_label("Annotation file (JSON)").set_input_files(
        {"name": "people.json", "mimeType": "application/json", "buffer": json.dumps(file).encode()}
    )
    page.get_by_label(re.compile("Images .zip.")).set_input_files(
        {"name": "images.zip", "mimeType": "application/zip", "buffer": archive.getvalue()}
    )
    page.get_by_role("button", name="Import", exact=True).click()
    rows = page.locator("#import-rows")
    expect(rows).to_contain_text("2 people and 2 images added", timeout=30_000)
    picture(page, "imports-done")
    rows.get_by_role("link", name="1 record refused").click()
    expect(page.locator("table")).to_contain_text("900")
    picture(page, "imports-report")


def test_make_and_download_a_release(desk: Desk, world: World, tmp_path: Path) -> None:
    page = desk.window(world.mia)
    page.goto(f"/projects/{world.project.pk}/releases")
    page.get_by_label("With the images, as one zip ready for training").check()
    page.get_by_label("Note").fill("first try")
    page.get_by_role("button", name="Make the release").click()
    rows = page.locator("#release-rows")
    expect(rows.get_by_role("link", name="manifest.json")).to_be_visible(timeout=30_000)
    expect(rows).to_contain_text("first try")
    picture(page, "releases-done")
    files = {link.inner_text(): link for link in rows.locator(".release-file a").all()}
    for name, link in files.items():
        with page.expect_download() as started:
            link.click()
        started.value.save_as(tmp_path / name)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    check_release(tmp_path, manifest)


def check_release(folder: Path, manifest: dict[str, Any]) -> None:
    import hashlib

    for file in manifest["files"]:
        content = (folder / file["name"]).read_bytes()
        assert len(content) == file["bytes"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    names = [file["name"] for file in manifest["files"]]
    (annotations,) = [name for name in names if "train" in name and name.endswith("json")]
    call_command("validate_densepose", str(folder / annotations))
    assert any(name.endswith(".zip") for name in names)


def test_members_settings_and_account(desk: Desk, world: World) -> None:
    page = desk.window(world.mia)
    page.goto(f"/projects/{world.project.pk}/members")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Invitation link").input_value()
    assert Invitation.objects.filter(project=world.project).count() == 1
    picture(page, "members-link")
    guest = desk.window()
    guest.goto(link)
    picture(guest, "invitation")
    guest.get_by_label("User name").fill("nina")
    for field in guest.locator("input[type=password]").all():
        field.fill("a-long-new-password")
    guest.get_by_role("button").last.click()
    guest.wait_for_url(re.compile("projects|/$"))
    nina = User.objects.get(username="nina")
    assert Membership.objects.get(user=nina).project == world.project

    page.goto(f"/projects/{world.project.pk}/settings")
    page.get_by_label("Instructions").fill("Paint **nothing** twice.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    world.project.refresh_from_db()
    assert world.project.instructions == "Paint **nothing** twice."

    page.goto("/account")
    page.locator("form", has_text="Valid for").get_by_label("Name").fill("training")
    page.get_by_role("button", name="Make a token").click()
    secret = page.get_by_label("New token").input_value()
    picture(page, "account-token")
    assert ApiToken.objects.get(user=world.mia).name == "training"
    answer = desk.browser().request.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["username"] == "mia"
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_manager_sends_work_back(desk: Desk, world: World) -> None:
    """Sent back with a note, the work comes again to its author, note on top."""
    person = Person.objects.filter(project=world.project).first()
    page = desk.window(world.mia)
    page.goto(f"/projects/{world.project.pk}/people?person={person.pk}")
    page.get_by_text("Send back …").click()
    page.get_by_placeholder("What should change?").fill("The head is too small.")
    page.get_by_role("button", name="Send back", exact=True).click()
    expect(page.locator("body")).to_contain_text("sent back")
    picture(page, "people-sent-back")
    own = desk.window(world.ana)
    own.goto("/")
    expect(own.locator("body")).to_contain_text("The head is too small.")
    own.get_by_role("button", name="Open again").click()
    expect(own.locator(".message").filter(has_text="Sent back with a note")).to_contain_text("The head is too small.")
    own.wait_for_timeout(300)
    picture(own, "parts-sent-back")
