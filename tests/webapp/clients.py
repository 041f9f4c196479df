"""A browser's client of one of the cast: forms, not JSON."""

from django.test import Client

from tests.factories import World


def browser(world: World, name: str | None) -> Client:
    """Return a signed-in client; None for an anonymous one."""
    client = Client()
    if name is not None:
        client.force_login(getattr(world, name), backend="django.contrib.auth.backends.ModelBackend")
    return client
