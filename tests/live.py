"""A real web server and a real Celery worker on the test database, as child processes."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import ClassVar

from webapp.local import processes
from webapp.local.environment import ROOT
from webapp.local.postgres import DATABASE

START_PATIENCE_S = 60.0


class LiveApp:
    """gunicorn (`url`) and a Celery worker for all queues, each of which can be killed and started again.

    One at a time: a second app's worker would take this one's jobs, and hide what a killed worker leaves.
    """

    _running: "ClassVar[LiveApp | None]" = None

    def __init__(self, folder: Path) -> None:
        self._logs = folder / "log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.start_web(wait=False)
        self.start_worker(wait=False)
        self.wait_for_web()
        self.wait_for_worker()

    def stop(self) -> None:
        for child in (self.web, self.worker):
            if child is not None:
                processes.stop(child, patience_s=10)
        if LiveApp._running is self:
            LiveApp._running = None

    def start_web(self, *, workers: int = 1, threads: int = 4, wait: bool = True) -> None:
        self._collect_static()
        self.web = self._start(
            "gunicorn", "gunicorn", "webapp.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", str(workers),
            "--threads", str(threads), "--worker-class", "gthread", "--graceful-timeout", "5",
        )  # fmt: skip
        if wait:
            self.wait_for_web()

    def start_worker(self, *, concurrency: int = 1, beat: bool = True, wait: bool = True) -> None:
        words = [
            "celery",
            "-A",
            "webapp",
            "worker",
            "--queues",
            "default,render,gpu",
            "--concurrency",
            str(concurrency),
        ]
        words += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        if beat:
            words += ["--beat", "--schedule", str(self._logs / "beat")]
        self._worker_log_start = self._log_size("worker")
        self.worker = self._start("worker", *words)
        if wait:
            self.wait_for_worker()

    def kill_web(self) -> None:
        """End the web server, its workers too, by SIGKILL."""
        self._kill(self.web)

    def kill_worker(self) -> None:
        """End the Celery worker and its pool by SIGKILL."""
        self._kill(self.worker)

    def wait_for_web(self) -> None:
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                assert self.web is not None
                assert self.web.poll() is None, processes.tail(self._logs / "gunicorn.log", 40)
                time.sleep(0.1)
        raise AssertionError(f"no web server: {processes.tail(self._logs / 'gunicorn.log', 40)}")

    def wait_for_worker(self) -> None:
        deadline = time.monotonic() + START_PATIENCE_S
        log = self._logs / "worker.log"
        while time.monotonic() < deadline:
            if log.exists() and b" ready." in log.read_bytes()[self._worker_log_start :]:
                return
            assert self.worker is not None
            assert self.worker.poll() is None, processes.tail(log, 40)
            time.sleep(0.1)
        raise AssertionError(f"no worker: {processes.tail(log, 40)}")

    def environment(self) -> dict[str, str]:
        """Return the environment in which commands see the test database."""
        from django.db import connection

        name = connection.settings_dict["NAME"]
        url = os.environ["DATABASE_URL"].replace(f"@/{DATABASE}?", f"@/{name}?")
        return {**os.environ, "DATABASE_URL": url, "OMP_NUM_THREADS": "1", "DPA_DB_POOL": "4"}

    def _start(self, name: str, program: str, *words: str) -> "subprocess.Popen[bytes]":
        assert LiveApp._running in (None, self), "another live app still runs on this database and Redis"
        LiveApp._running = self
        return processes.start(
            [Path(sys.executable).parent / program, *words],
            log=self._logs / f"{name}.log",
            environment=self.environment(),
            folder=ROOT,
        )

    def _collect_static(self) -> None:
        from django.conf import settings
        from django.core.management import call_command

        if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
            call_command("collectstatic", interactive=False, verbosity=0)

    def _log_size(self, name: str) -> int:
        log = self._logs / f"{name}.log"
        return log.stat().st_size if log.exists() else 0

    @staticmethod
    def _kill(child: "subprocess.Popen[bytes] | None") -> None:
        """Kill the whole group until nobody is left: one that was just being forked escapes the first signal."""
        assert child is not None
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            child.poll()
            time.sleep(0.02)
        raise AssertionError(f"processes of the group {child.pid} are still there")
