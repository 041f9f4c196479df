"""A browser's client of one of the cast: forms, not JSON."""

import re

from django.test import Client

from tests.factories import World


def browser(world: World, name: str | None) -> Client:
    """Return a signed-in client; None for an anonymous one."""
    client = Client()
    if name is not None:
        client.force_login(getattr(world, name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def shown(client: Client, url: str) -> str:
    """Return a page without its form tokens: in 64 random letters any short word may stand."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", client.get(url).content.decode())
