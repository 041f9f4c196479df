"""The embedded PostgreSQL and Redis: started, killed, started again, with nothing lost."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from webapp.local import environment, places, processes
from webapp.local.errors import LocalServiceError
from webapp.local.postgres import Postgres
from webapp.local.redis import Redis


@pytest.fixture
def var() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dpa-services-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_postgres_keeps_committed_rows_when_killed(var: Path) -> None:
    postgres = Postgres(var)
    postgres.start()
    try:
        with psycopg.connect(postgres.url) as connection:
            connection.execute("CREATE TABLE saved (n int)")
            connection.execute("INSERT INTO saved VALUES (7)")
        postgres.kill()
        postgres = Postgres(var)
        postgres.start()
        with psycopg.connect(postgres.url) as connection:
            row = connection.execute("SELECT n, current_setting('listen_addresses') FROM saved").fetchone()
        assert row == (7, "")
    finally:
        postgres.stop()


def test_postgres_wants_its_password_and_closes_its_folders(var: Path) -> None:
    postgres = Postgres(var, {"fsync": "off"})
    postgres.start()
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host=str(postgres.socket_folder), user="densepose", password="wrong", dbname="densepose")
        assert stat.S_IMODE(postgres.socket_folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((var / "postgres-password").stat().st_mode) == 0o600
    finally:
        postgres.stop()


def test_killed_initdb_is_not_taken_for_a_database(var: Path) -> None:
    half = places.home_of("postgres", var, places.service_account()) / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    postgres = Postgres(var, {"fsync": "off"})
    postgres.start()
    try:
        assert not half.exists()
    finally:
        postgres.stop()


def test_data_of_another_postgres_is_refused_with_the_way_out(var: Path) -> None:
    data = places.home_of("postgres", var, places.service_account()) / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("13\n")
    with pytest.raises(LocalServiceError, match=r"made by PostgreSQL 13.*pg_upgrade"):
        Postgres(var).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
def test_root_with_a_private_clone_keeps_data_where_the_account_reaches(
    tmp_path: Path, var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "var"
    tmp_path.chmod(0o700)
    monkeypatch.setattr(places, "PRIVATE_CLONE_ROOT", var / "apart")
    postgres = Postgres(private, {"fsync": "off"})
    postgres.start()
    try:
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        told = Path((private / "postgres.where").read_text().strip())
        assert (told / "data" / "PG_VERSION").exists()
    finally:
        postgres.stop()


def test_redis_keeps_its_keys_over_a_restart(var: Path) -> None:
    server = Redis(var)
    server.start()
    client = redis.Redis.from_url(server.url)
    client.set("task", "1")
    client.close()
    server.stop()
    server = Redis(var)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            assert client.get("task") == b"1"
    finally:
        server.stop()


def test_leftover_of_a_killed_run_is_replaced(var: Path) -> None:
    first = Redis(var)
    first.start()
    second = Redis(var)
    second.start()
    try:
        assert first.poll() is not None
        assert second.poll() is None
    finally:
        second.stop()
        first.stop()


def test_folder_of_somebody_else_is_refused(var: Path) -> None:
    (var / "taken").write_text("")
    with pytest.raises(LocalServiceError, match="does not belong"):
        places.private_folder(var / "taken", None)


def test_commands_find_the_running_services(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPA_VAR_DIR", str(var))
    monkeypatch.setenv("REDIS_URL", "redis://mine")
    monkeypatch.delenv("DATABASE_URL")
    environment.write_run_file(var, {"DATABASE_URL": "postgresql://theirs", "REDIS_URL": "redis://theirs"})
    environment.use_running_services()
    assert os.environ["DATABASE_URL"] == "postgresql://theirs"
    assert os.environ["REDIS_URL"] == "redis://mine"


def test_run_file_of_a_dead_runner_is_not_used(var: Path) -> None:
    environment.write_run_file(var, {"DATABASE_URL": "postgresql://theirs"})
    told = environment.run_file(var).read_text().replace(str(os.getpid()), "4194303")
    environment.run_file(var).write_text(told)
    assert environment.read_run_file(var) is None


def test_child_ends_with_its_parent(var: Path) -> None:
    log = var / "parent.log"
    script = (
        "import sys, time; from pathlib import Path; from webapp.local import processes;"
        "child = processes.start(['sleep', '60'], log=Path(sys.argv[1])); print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(log)], stdout=subprocess.PIPE, text=True, cwd=environment.ROOT
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert processes.is_running(pid, "sleep")
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while processes.is_running(pid, "sleep") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not processes.is_running(pid, "sleep")
