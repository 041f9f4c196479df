"""Windows of annotators and managers, watched for whatever goes wrong in them."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from annotator.models import User
from tests.factories import PASSWORD

LAPTOP = {"width": 1366, "height": 768}
TABLET = {"width": 1024, "height": 1366}
SCREENSHOTS = os.environ.get("DPA_SCREENSHOTS", "")
PATIENCE_MS = 15_000


class Desk:
    """Opens windows, signed in as someone or not; collects what their consoles say."""

    def __init__(self, chrome: Browser, url: str) -> None:
        self.url = url
        self._chrome = chrome
        self._contexts: list[BrowserContext] = []
        self._problems: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def browser(
        self, user: User | None = None, *, scheme: Any = "light", size: Any = None, locale: str = "en-US"
    ) -> BrowserContext:
        """Return a browser of its own, with its own cookies and its own storage."""
        context = self._chrome.new_context(
            base_url=self.url, viewport=size or LAPTOP, color_scheme=scheme, locale=locale, accept_downloads=True
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self._problems.append(f"uncaught: {error.error}"))
        if user is not None:
            context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": self.url}])
        self._contexts.append(context)
        return context

    def window(self, user: User | None = None, **more: Any) -> Page:
        return self.browser(user, **more).new_page()

    def expect_problem(self, pattern: str) -> None:
        """Say that the browser will log this, e.g. that a request was refused."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        return [text for text in self._problems if not any(pattern.search(text) for pattern in self._expected)]

    def close(self, keep: str) -> None:
        for context in self._contexts:
            context.close()
        problems = self.unexpected()
        assert not problems, f"{keep}: the browser's console has errors:\n" + "\n".join(problems)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where = message.location
            self._problems.append(f"{message.type}: {message.text} ({where.get('url')}:{where.get('lineNumber')})")


# What the browser logs of a server that is gone; the script is the service worker's, which it fetches by itself.
NO_SERVER = "ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|ERR_NETWORK|error occurred when fetching the script"


def session_of(user: User) -> str:
    """Return the key of a new session of a user."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


def give_password(user: User) -> None:
    """Give a user PASSWORD by the hasher that the live server knows."""
    user.password = make_password(PASSWORD)
    user.save(update_fields=["password"])


def picture(page: Page, name: str) -> None:
    """Keep a picture of the window, where DPA_SCREENSHOTS names a folder."""
    if SCREENSHOTS:
        folder = Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / f"{name}.png"))


def eventually(page: Page, condition: Callable[[], bool], what: str, patience_ms: int = PATIENCE_MS) -> None:
    """Wait until a condition outside the browser holds, while the browser goes on."""
    waited = 0
    while not condition():
        assert waited < patience_ms, f"in vain waited for: {what}"
        page.wait_for_timeout(50)
        waited += 50
