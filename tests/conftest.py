"""Tests run against a real PostgreSQL and a real Redis of their own, started before Django's settings load.

Pure library tests (`pytest tests/body`) start neither. `live_app` adds a real web server and a real Celery worker.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.utils import OperationalError
from hypothesis import settings as hypothesis_settings
from psycopg.errors import DeadlockDetected

from tests.live import LiveApp
from webapp.local.postgres import Postgres
from webapp.local.redis import Redis

LIBRARIES = {"body", "labels", "rendering", "densepose", "js"}
# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")
_running = pytest.StashKey["Services"]()
_FLUSHES = 5


class Services:
    """PostgreSQL and Redis in a temporary folder.

    What is committed survives a killed process, as the tests of kills want it, but not a power cut: nothing here
    outlives the session.
    """

    def __init__(self) -> None:
        # Not pytest's own temporary folder: that is closed to the account that PostgreSQL drops to under root.
        self.folder = Path(tempfile.mkdtemp(prefix="dpa-test-"))
        self.folder.chmod(0o711)
        self.postgres = Postgres(
            self.folder,
            {"fsync": "off", "full_page_writes": "off"},
        )
        self.redis = Redis(self.folder)

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()

    def stop(self) -> None:
        self.redis.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        for sockets in (self.postgres.socket_folder, self.redis.socket_folder):
            shutil.rmtree(sockets, ignore_errors=True)


def _wants_services(config: pytest.Config) -> bool:
    tests = Path(__file__).parent
    for argument in config.args:
        path = Path(argument.split("::")[0]).absolute()
        try:
            room = path.relative_to(tests).parts[0]
        except (ValueError, IndexError):
            return True
        if room not in LIBRARIES:
            return True
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "numprocesses", None):
        # `pytest -n`: this process only hands tests out. The others start services of their own, and load the settings
        # after that; so they must not inherit the name of the settings, which importing webapp has put there.
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        return
    if settings.configured:
        raise pytest.UsageError("Django's settings are loaded already; unset DJANGO_SETTINGS_MODULE to run the tests")
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    os.environ.pop("DPA_ENV", None)
    if not _wants_services(config) or config.option.collectonly:
        os.environ["DATABASE_URL"] = "postgresql://not-started@/not-started"
        return
    services = Services()
    config.stash[_running] = services
    services.start()
    os.environ["DATABASE_URL"] = services.postgres.url
    os.environ["REDIS_URL"] = services.redis.url
    os.environ["DPA_VAR_DIR"] = str(services.folder / "var")
    (services.folder / "var" / "static").mkdir(parents=True)
    os.environ["DPA_MEDIA_DIR"] = str(services.folder / "media")
    # Test modules import models; pytest-django sets Django up only where its settings were known before this file.
    django.setup()
    connection_created.connect(_win_deadlocks)
    _empty_in_the_end()


def _win_deadlocks(connection: Any, **_: Any) -> None:
    """Let the other side of a deadlock give up: emptying the tables must not fail over a query of a live app."""
    with connection.cursor() as cursor:
        cursor.execute("SET deadlock_timeout = '5s'")


def _empty_in_the_end() -> None:
    """Let the emptying of tables begin again where it was told to give up.

    Who waits looks for a deadlock once. Where a third had to end first, the other side looked too early.
    """
    from django.db.backends.base.operations import BaseDatabaseOperations

    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_in_the_end(operations: BaseDatabaseOperations, sql_list: list[str]) -> None:
        for is_last in (*(_FLUSHES - 1) * (False,), True):
            try:
                return flush(operations, sql_list)
            except OperationalError as error:
                if is_last or not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return None

    BaseDatabaseOperations.execute_sql_flush = flush_in_the_end  # type: ignore[method-assign]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    services = config.stash.get(_running, None)
    if services is not None:
        services.stop()


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Services:
    """The PostgreSQL and Redis of this session, to kill and to start again."""
    return request.config.stash[_running]


@pytest.fixture(autouse=True)
def media_of_this_test(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the files of one test from another, unless a live server shares the session's media folder."""
    if "live_app" in request.fixturenames or not os.environ.get("DPA_MEDIA_DIR"):
        yield
        return
    from django.test import override_settings

    with override_settings(MEDIA_ROOT=tmp_path / "media"):
        yield


@pytest.fixture(autouse=True)
def _still_hearts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a transaction of the test alone, a job's heart would miss its row and stop the job, were the machine slow."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (marker is not None and marker.kwargs.get("transaction"))
    if not commits and (marker is not None or "db" in request.fixturenames):
        monkeypatch.setattr("annotator.services.jobs.HEARTBEAT_S", 3600.0)


@pytest.fixture
def live_app(transactional_db: None, services: Services) -> Iterator[LiveApp]:
    """A real gunicorn and a real Celery worker on the test database: for browsers, kills, and many clients at once.

    The database is emptied after each test, so make the rows inside the test; what it makes is committed.
    """
    app = LiveApp(services.folder)
    app.start()
    yield app
    app.stop()
