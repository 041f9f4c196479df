"""The cast at work on one project. Models are imported late: this file loads before Django is set up."""

import pytest


@pytest.fixture(autouse=True)
def _fast_passwords(settings):
    from django.core.cache import cache

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Addresses of static files without a collected manifest: these tests look at no stylesheet.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    cache.clear()


@pytest.fixture
def world(db):
    from tests.factories import make_world

    return make_world()


@pytest.fixture
def views(db):
    from tests.factories import make_views

    make_views()
