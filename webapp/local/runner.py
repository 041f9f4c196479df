"""What `make run` does: services, migrations, demo, web server, workers; then look after them until told to stop."""

import fcntl
import json
import os
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from rich.console import Console
from rich.table import Table

from webapp.local import places, processes
from webapp.local.environment import ROOT, read_run_file, run_file, write_run_file
from webapp.local.errors import LocalServiceError
from webapp.local.ports import choose_port
from webapp.local.postgres import Postgres
from webapp.local.progress import JobProgress
from webapp.local.redis import Redis
from webapp.local.supervisor import Program, Supervisor

WEB_PATIENCE_S = 60.0


class Runner:
    """One run of the platform on this machine.

    Args:
        var: folder for data, logs and locks.
        console: where to tell what happens.
        host, port: where the web server listens; port None takes the first free one.
        preparation: options of the command prepare_local, e.g. "--demo".
    """

    def __init__(self, var: Path, console: Console, *, host: str, port: int | None, preparation: Sequence[str]) -> None:
        self._var = var
        self._console = console
        self._host = host
        self._wanted_port = port
        self._preparation = list(preparation)
        self._supervisor = Supervisor(lambda text: console.print(f"[yellow]{text}[/]"))
        self._stopping = False

    def run(self) -> int:
        """Run until a signal comes; return the exit status.

        Raises:
            LocalServiceError: another run is up, or something cannot start.
        """
        started = time.monotonic()
        self._var.mkdir(parents=True, exist_ok=True)
        with self._locked():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._on_signal)
            try:
                environment = self._start_services()
                self._prepare(environment)
                if self._stopping:
                    return 0
                url = self._start_programs(environment)
                self._greet(url, time.monotonic() - started)
                with JobProgress(environment["DATABASE_URL"], self._console) as progress:
                    while not self._stopping:
                        self._supervisor.look_after()
                        progress.look()
                        time.sleep(0.25)
            finally:
                self._console.print("Stopping ...")
                self._supervisor.stop_all()
                run_file(self._var).unlink(missing_ok=True)
                self._console.print("Stopped. All data is kept under", str(self._var))
        return 0

    def _locked(self) -> IO[str]:
        """Take this clone's lock, which the kernel frees when this process ends, however it ends."""
        lock = (self._var / "run.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            told = read_run_file(self._var) or {}
            raise LocalServiceError(
                f"This clone is running already at {told.get('url', 'an address not known yet')} "
                f"(process {told.get('pid', 'unknown')}). Open that, or stop it first."
            ) from None
        return lock

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _start_services(self) -> dict[str, str]:
        urls = {"DPA_SECRET_KEY": os.environ.get("DPA_SECRET_KEY") or self._secret_key()}
        for variable, name, make in (("DATABASE_URL", "PostgreSQL", Postgres), ("REDIS_URL", "Redis", Redis)):
            if os.environ.get(variable):
                self._console.print(f"{name}: yours, as {variable} says")
                continue
            service = make(self._var)
            with self._console.status(f"Starting {name} ..."):
                self._supervisor.start(name, service)
            self._console.print(f"{name}: started, data under {self._var}")
            urls[variable] = service.url
        write_run_file(self._var, urls)
        # Each numeric library would take all cores in each process.
        return {"OMP_NUM_THREADS": "1", **os.environ, **urls, "DPA_VAR_DIR": str(self._var)}

    def _secret_key(self) -> str:
        file = self._var / "secret-key"
        if not file.exists():
            places.write_private(file, secrets.token_urlsafe(48))
        return file.read_text().strip()

    def _prepare(self, environment: dict[str, str]) -> None:
        words = [sys.executable, str(ROOT / "manage.py"), "prepare_local", *self._preparation]
        if "DATABASE_URL" not in os.environ:
            words.append("--no-workers")
        log = self._var / "log" / "prepare.log"
        log.unlink(missing_ok=True)
        with self._console.status("Preparing the database, the static files and the demo ..."):
            child = processes.start(words, log=log, environment=environment, folder=ROOT)
            while child.poll() is None and not self._stopping:
                time.sleep(0.05)
            if self._stopping:
                processes.stop(child)
            elif child.returncode != 0:
                raise LocalServiceError(f"preparing failed; see {log}:\n{processes.tail(log, 25)}")

    def _start_programs(self, environment: dict[str, str]) -> str:
        port = choose_port(self._host, self._wanted_port)
        if self._wanted_port is None and port != 8000:
            self._console.print(f"Port 8000 is taken; using {port}.")
        tools = Path(sys.executable).parent
        address = f"[{self._host}]" if ":" in self._host else self._host
        shown = "127.0.0.1" if self._host in {"0.0.0.0", "::"} else address  # noqa: S104 - compared, not bound
        url = f"http://{shown}:{port}/"
        celery: list[str | Path] = [
            tools / "celery",
            "-A",
            "webapp",
            "worker",
            "--loglevel",
            "INFO",
            "--without-gossip",
            "--without-mingle",
        ]
        beat: list[str | Path] = ["--beat", "--schedule", self._var / "celerybeat-schedule"]
        commands: dict[str, tuple[list[str | Path], float]] = {
            "web": (
                [
                    *(tools / "gunicorn", "webapp.wsgi", "--bind", f"{address}:{port}", "--worker-class", "gthread"),
                    *("--workers", "2", "--threads", "4", "--graceful-timeout", "5", "--timeout", "120"),
                    *("--access-logfile", "-", "--worker-tmp-dir", self._var),
                ],
                8.0,
            ),
            "worker": ([*celery, "-Q", "default", "-c", "2", "-n", "default@%h", *beat], 5.0),
            "render-worker": ([*celery, "-Q", "render", "-c", "1", "-n", "render@%h"], 5.0),
            # Its own: proposals must not wait until the distances on the surface are measured.
            "gpu-worker": ([*celery, "-Q", "gpu", "-c", "1", "-n", "gpu@%h"], 5.0),
        }
        for name, (command, patience_s) in commands.items():
            log = self._var / "log" / f"{name}.log"
            program = Program(
                command, log=log, environment=environment, folder=ROOT, patience_s=patience_s,
                # Drawing and proposing take minutes of all cores; answers to people come first.
                niceness=10 if name in ("render-worker", "gpu-worker") else 0,
            )  # fmt: skip
            self._supervisor.start(name, program)
        self._wait_for_web(url)
        urls = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL", "DPA_SECRET_KEY")}
        write_run_file(self._var, urls, url=url)
        return url

    def _wait_for_web(self, url: str) -> None:
        deadline = time.monotonic() + WEB_PATIENCE_S
        with self._console.status("Starting the web server ..."):
            while not self._stopping:
                self._supervisor.look_after()
                try:
                    with urllib.request.urlopen(f"{url}healthz", timeout=5):  # noqa: S310 - our own address
                        return
                except (urllib.error.URLError, OSError) as error:
                    if time.monotonic() > deadline:
                        log = self._var / "log" / "web.log"
                        raise LocalServiceError(
                            f"The web server does not answer at {url} ({error}); see {log}:\n{processes.tail(log)}"
                        ) from error
                    time.sleep(0.1)

    def _greet(self, url: str, seconds: float) -> None:
        self._console.print(f"\n[bold]Ready after {seconds:.1f} s:  {url}[/]\n")
        accounts = self._var / "demo-accounts.json"
        if "--demo" in self._preparation and accounts.exists():
            table = Table("Account", "Role", "Password", title="Demo accounts", title_justify="left")
            for row in json.loads(accounts.read_text()):
                table.add_row(row["username"], row["role"], row["password"])
            self._console.print(table)
        self._console.print(f"Logs: {self._var / 'log'}.  Ctrl-C stops everything.\n")
