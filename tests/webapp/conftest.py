"""The cast on one project; pages with plain static files, as collecting them is tested by itself.

Models are imported late: this file loads before Django is set up.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import override_settings

if TYPE_CHECKING:
    from tests.factories import World

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@pytest.fixture(autouse=True)
def plain_static(request: pytest.FixtureRequest) -> Iterator[None]:
    from django.core.cache import cache

    if "live_app" in request.fixturenames:
        yield
        return
    # A fast hash: tests sign in often.
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": PLAIN}, PASSWORD_HASHERS=hashers):
        cache.clear()
        yield


@pytest.fixture
def world(db: None) -> "World":
    from tests.factories import make_world

    return make_world()


@pytest.fixture
def views(db: None) -> None:
    from tests.factories import make_views

    make_views()
