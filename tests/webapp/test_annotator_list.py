"""Lists of people: in natural order wherever names stand in a list, and looked through where there are 200 of them."""

import csv
import io
import re

import pytest

from annotator.models import Membership, Role
from annotator.natural_order import natural_key
from qa.models import FigureSheet
from qa.services.flags import Flag
from qa.services.refreshing import refresh_project
from tests.distances import StraightTable
from tests.factories import World, answered, make_user
from tests.webapp.clients import browser

NAMES = ("annotator-1", "annotator-2", "Annotator-3", "annotator-10", "annotator-21")


def test_numbers_in_names_count_as_numbers() -> None:
    mixed = ["b", "a10", "A2", "a 1", "a02", "10 x", "9", "", "a2b", "a2"]
    assert sorted(mixed, key=natural_key) == ["", "9", "10 x", "A2", "a02", "a2", "a2b", "a10", "a 1", "b"]


@pytest.fixture
def crowd(world: World, views: None) -> World:
    """Five more annotators whose names are numbered, with as many answers as they have numbers; Ana is flagged."""
    for name in reversed(NAMES):
        user = make_user(name.lower())
        user.display_name = name
        user.save()
        Membership.objects.create(project=world.project, user=user, role=Role.ANNOTATOR)
    answered(world, "correspondence")
    refresh_project(world.project, StraightTable())
    sheet = FigureSheet.objects.get(project=world.project, annotator=None)
    for member in Membership.objects.filter(user__username__startswith="annotator"):
        n = int(member.user.username.split("-")[1])
        stages = {"correspondence": {"answers": n, "median_s": 100.0 - n}}
        sheet.data["annotators"].append(
            {"id": member.user_id, "stages": stages, "iou": None, "auc10": None, "cm": None, "swaps": n / 100}
        )
    sheet.data["flags"] = [
        Flag("lazy", world.ana.pk, 0.85, 0.1, 120, 0.75, 0.92).as_json(),
        Flag("hasty", world.ana.pk, 0.2, 0.35, 20).as_json(),
        Flag("hasty", sheet.data["annotators"][-1]["id"], 0.2, 0.35, 20).as_json(),
    ]
    sheet.save()
    return world


def numbered(page: str, pattern: str) -> list[str]:
    return [name for name in re.findall(pattern, page) if name.lower().startswith("annotator-")]


def test_every_list_of_names_is_in_natural_order(crowd: World) -> None:
    base = f"/projects/{crowd.project.pk}"
    client = browser(crowd, "mia")
    members = client.get(f"{base}/members").content.decode()
    assert numbered(members, r"<td>\s*<strong>([^<]+)</strong>") == list(NAMES)
    checks = client.get(f"{base}/checks").content.decode()
    assert numbered(checks, r'<a class="link-dark"[^>]*>([^<]+)</a>') == list(NAMES)


def test_work_for_payment_is_in_natural_order(world: World, views: None) -> None:
    for name in ("ana", "ben"):
        user = getattr(world, name)
        user.username = {"ana": "worker10", "ben": "worker9"}[name]
        user.save()
    answered(world, "parts")
    answered(world, "correspondence")
    table = browser(world, "mia").get(f"/projects/{world.project.pk}/work.csv").content.decode()
    rows = [row[0] for row in csv.reader(io.StringIO(table))][1:]
    assert rows == ["mia", "worker9", "worker9", "worker10", "worker10"]
    told = world.client("mia").get(f"/api/v1/projects/{world.project.pk}/progress").json()
    assert [row["username"] for row in told["annotators"]] == ["mia", "worker9", "worker10"]


def shown(crowd: World, query: str) -> list[str]:
    page = browser(crowd, "mia").get(f"/projects/{crowd.project.pk}/figures?{query}").content.decode()
    table = page.split('id="annotators"')[1]
    assert ("No annotator matches." in table) == ("<tbody>" not in table)
    return re.findall(r'<td>\s*<a class="link"[^>]*>([^<]+)</a>', table)


def test_the_list_is_looked_through(crowd: World) -> None:
    assert shown(crowd, "")[:3] == ["annotator-21", "annotator-10", "Annotator-3"], "most answers first"
    assert numbered(" ".join(shown(crowd, "order=name")), r"\S+") == list(NAMES)
    assert numbered(" ".join(shown(crowd, "order=-name")), r"\S+") == list(reversed(NAMES))
    assert shown(crowd, "order=points-time")[0] in {"Ana", "Ben"}
    assert shown(crowd, "order=-points-time")[0] == "annotator-1"
    assert {*shown(crowd, "order=cm")[:2]} == {*shown(crowd, "order=-cm")[:2]} == {"Ana", "Ben"}, "no figure comes last"
    assert shown(crowd, "q=TATOR-1") == ["annotator-10", "annotator-1"]
    assert shown(crowd, "flag=lazy") == ["Ana"]
    assert set(shown(crowd, "flag=any")) == set(shown(crowd, "flag=hasty")) > {"Ana"}
    assert shown(crowd, "flag=drifting") == []
    assert len(shown(crowd, "flag=other&order=other")) == 7, "what is unknown is left out"
    page = browser(crowd, "mia").get(f"/projects/{crowd.project.pk}/figures?order=-cm&flag=any").content.decode()
    assert re.search(r'aria-sort="descending">\s*<a class="sort" href="\?order=cm&amp;flag=any#annotators"', page)
    assert "2 of 7" in page
    assert "points on heaps (1)" in page
