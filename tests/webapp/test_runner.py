"""`python -m webapp.local run` as a person uses it: up, each child killed, down with nothing left over."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from webapp.local import environment, ports, supervisor
from webapp.local.errors import LocalServiceError

pytestmark = pytest.mark.slow
PATIENCE_S = 300.0


class Run:
    """A runner in a child process, its own folder, its own port."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.output = var / "output"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        clean = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DPA_MEDIA_DIR"}}
        with self.output.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webapp.local", "run", "--port", str(self.port), "--no-demo", "--no-jobs"],
                cwd=environment.ROOT,
                env={**clean, "DPA_VAR_DIR": str(self.var)},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        self.wait_for(self.is_well, "the site answers")

    def is_well(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output.read_text()
        try:
            with urllib.request.urlopen(f"{self.url}healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def wait_for(self, happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s\n{self.output.read_text()}"
            time.sleep(0.1)

    def interrupt(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def children(self) -> dict[str, int]:
        """Return the runner's children by what they are."""
        assert self.process is not None
        found = {}
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
        ).stdout
        for line in listed.splitlines()[1:]:
            pid, parent, arguments = line.split(None, 2)
            if int(parent) == self.process.pid:
                for name, mark in (("postgres", "bin/postgres"), ("redis", "redis-server"), ("web", "gunicorn"),
                                   ("worker", "-Q default"), ("render-worker", "-Q render"),
                                   ("gpu-worker", "-Q gpu")):  # fmt: skip
                    if mark in arguments:
                        found[name] = int(pid)
        return found


@pytest.fixture
def run() -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="dpa-run-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        run = Run(Path(folder))
        yield run
        if run.process is not None and run.process.poll() is None:
            run.interrupt()


def test_run_survives_the_death_of_each_child_and_stops_clean(run: Run) -> None:
    run.start()
    run.wait_for(lambda: len(run.children()) == 6, "six children")
    urls = json.loads((run.var / "run.json").read_text())["urls"]
    with psycopg.connect(urls["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")

    for name in run.children():
        # Its number of now: a worker whose Redis was killed before it may have been started anew.
        pid = run.children()[name]
        os.kill(pid, signal.SIGKILL)
        run.wait_for(lambda name=name, pid=pid: run.children().get(name, pid) != pid, f"a new {name}")
        run.wait_for(run.is_well, f"well again without the old {name}")
    with psycopg.connect(urls["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)

    second = subprocess.run(
        [sys.executable, "-m", "webapp.local", "run"], cwd=environment.ROOT, capture_output=True, text=True,
        env={**os.environ, "DPA_VAR_DIR": str(run.var)}, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert "running already" in second.stdout

    last = run.children()
    assert run.interrupt() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in last.values())
    assert not (run.var / "run.json").exists()


def test_killed_run_leaves_no_child_and_starts_again_with_its_data(run: Run) -> None:
    run.start()
    run.wait_for(lambda: len(run.children()) == 6, "six children")
    last = run.children()
    assert run.process is not None
    run.process.kill()
    run.process.wait()
    run.wait_for(lambda: not any(_is_alive(pid) for pid in last.values()), "the children end with their parent")
    run.start()
    run.wait_for(lambda: "Ready after" in run.output.read_text(), "the runner says so, too")


def _is_alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalServiceError, match=f"Port {port} of 127.0.0.1 is taken"):
            ports.choose_port("127.0.0.1", port)


def test_next_free_port_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda host, port: port == 8003)
    assert ports.choose_port("127.0.0.1", None) == 8003


def test_child_that_keeps_ending_ends_the_run_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    child = supervisor.Program(
        ["sh", "-c", "echo no such database; exit 3"],
        log=log,
        environment=dict(os.environ),
        folder=tmp_path,
        patience_s=1,
    )
    watch = supervisor.Supervisor(lambda text: None)
    watch.start("worker", child)

    def look_often() -> None:
        for _ in range(1000):
            watch.look_after()
            time.sleep(0.01)

    with pytest.raises(LocalServiceError, match=r"worker ended 5 times.*status 3(.|\n)*no such database"):
        look_often()
    watch.stop_all()
