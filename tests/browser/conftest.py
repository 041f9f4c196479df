"""Headless Chromium against a real web server, worker, PostgreSQL and Redis, which this folder's tests share.

`DPA_SCREENSHOTS=folder` keeps pictures of the screens.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.live import LiveApp
from tests.tools import chromium

HERE = Path(__file__).parent
PATIENCE_MS = 15_000
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb",
    "--font-render-hinting=none",
)  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    # Playwright's loop runs in this thread; the tests' own queries beside it are still one after the other.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as started:
        yield started
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chrome(playwright: Playwright) -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.fail(
            "Chromium is missing, so the browser tests cannot run: install it (Debian: sudo apt-get install chromium) "
            "or name one in DPA_CHROMIUM.",
            pytrace=False,
        )
    browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def live_app(request: pytest.FixtureRequest, services: Any, django_db_setup: None) -> Iterator[LiveApp]:
    """One gunicorn and one worker for all tests of this folder; the database is emptied after each of them."""
    app = LiveApp(services.folder)
    app.start_web(wait=False, threads=6)
    app.start_worker(wait=False)
    try:
        app.wait_for_web()
        app.wait_for_worker()
        yield app
    finally:
        app.stop()


@pytest.fixture(scope="package")
def drawn_views(live_app: LiveApp, request: pytest.FixtureRequest) -> dict[int, Any]:
    from tests.browser.views import store_views

    return store_views(request.config.cache.mkdir("part_views"))


@pytest.fixture
def views(drawn_views: dict[int, Any], transactional_db: None) -> None:
    """The views of the parts that tests place points on, and rows for the others."""
    from tests.browser.views import make_rows

    make_rows(drawn_views)


@pytest.fixture
def desk(chrome: Browser, live_app: LiveApp, transactional_db: None, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open windows; at the end none of them may have logged an error that the test did not announce."""
    from django.core.cache import cache

    from tests.browser.desk import Desk

    cache.clear()
    desk = Desk(chrome, live_app.url)
    yield desk
    desk.close(keep=request.node.name)
    _wait_for_requests_to_end()


def _wait_for_requests_to_end() -> None:
    """Wait until the web server is done with what closed windows asked: emptying tables must meet no lock."""
    from django.db import connection

    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            if cursor.fetchone()[0] == 0:
                return
        time.sleep(0.05)
