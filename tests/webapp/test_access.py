"""Who sees which page: the cast in their roles, anonymous people, outsiders; and no page breaks the security policy."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from tests.factories import World
from tests.webapp.clients import browser

# page: who sees it; everyone else of the project gets 403.
PAGES = {
    "": {"mia", "ana", "rita", "ed"},
    "/guide": {"mia", "ana", "rita", "ed"},
    "/people": {"mia", "rita", "ed"},
    "/people?state=accepted&overlay=iuv&q=7": {"mia", "rita", "ed"},
    "/people/{person}": {"mia", "rita", "ed"},
    "/people/{person}/picture/parts": {"mia", "rita", "ed"},
    "/images": {"mia", "rita", "ed"},
    "/images/{image}": {"mia", "rita", "ed"},
    "/jobs": {"mia", "rita", "ed"},
    "/models": {"mia", "ed"},
    "/upload": {"mia"},
    "/members": {"mia"},
    "/settings": {"mia"},
}
POSTS = (
    "/settings",
    "/settings/examples",
    "/people/{person}/act",
    "/members",
    "/members/{user}",
    "/images/{image}/delete",
)


def address(world: World, page: str) -> str:
    person = world.person()
    return f"/projects/{world.project.pk}" + page.format(person=person.pk, image=world.image.pk, user=world.ana.pk)


@pytest.mark.parametrize("page", PAGES)
def test_roles(world: World, page: str) -> None:
    url = address(world, page)
    found = {name: browser(world, name).get(url).status_code for name in ("mia", "ana", "rita", "ed")}
    assert found == {name: 200 if name in PAGES[page] else 403 for name in found}


@pytest.mark.parametrize("page", PAGES)
def test_outsiders_get_404_as_if_there_were_no_project(world: World, page: str) -> None:
    assert browser(world, "eve").get(address(world, page)).status_code == 404


@pytest.mark.parametrize("page", [*PAGES, "/settings"])
def test_anonymous_people_are_asked_to_sign_in(world: World, page: str) -> None:
    answer = browser(world, None).get(address(world, page))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=/projects/")


@pytest.mark.parametrize("page", POSTS)
@pytest.mark.parametrize(("name", "status"), [("eve", 404), ("ana", 403), (None, 302)])
def test_writes_are_for_those_who_may(world: World, page: str, name: str | None, status: int) -> None:
    assert browser(world, name).post(address(world, page), {"act": "pause", "name": "Taken"}).status_code == status
    world.project.refresh_from_db()
    assert world.project.name == "Street"


def test_writes_need_a_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.mia, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(address(world, "/settings"), {"name": "Taken"})
    assert answer.status_code == 403
    assert "out of date" in answer.content.decode()


@pytest.mark.parametrize("page", ["", "/people", "/jobs"])
def test_paused_and_deactivated(world: World, page: str) -> None:
    client = browser(world, "rita")
    world.rita.is_active = False
    world.rita.save()
    assert client.get(address(world, page)).status_code == 302


class _Policy(HTMLParser):
    """Collects what the content security policy would stop."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: list[str] = []
        self._script_type: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._script_type = given.get("type", "") if tag == "script" and "src" not in given else None
        self.broken += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style":
            self.broken.append("style element")
        for name in ("src", "href"):
            if re.match(r"(https?:)?//|javascript:", given.get(name) or ""):
                self.broken.append(f"{tag} {name}={given[name]}")

    def handle_data(self, data: str) -> None:
        if self._script_type is not None and self._script_type != "application/json" and data.strip():
            self.broken.append(f"inline script {data[:40]}")


@pytest.mark.parametrize("page", [page for page in PAGES if "picture" not in page])
def test_no_page_needs_more_than_the_policy_allows(world: World, page: str) -> None:
    answer = browser(world, "mia").get(address(world, page))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    checker = _Policy()
    checker.feed(answer.content.decode())
    assert checker.broken == []


def test_headers(world: World) -> None:
    answer = browser(world, "mia").get("/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_markup_in_names_is_text(world: World) -> None:
    world.project.name = "<script>alert(1)</script>"
    world.project.instructions = "<img src=x onerror=alert(1)>"
    world.project.save()
    for page in ("", "/guide", "/settings", "/members"):
        body = browser(world, "mia").get(address(world, page)).content.decode()
        assert "<script>alert" not in body
        assert "<img src=x" not in body


def test_an_unknown_address_of_the_api_answers_as_the_api_does(client):
    answer = client.get("/api/v1/nothing-here")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
