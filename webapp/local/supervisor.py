"""Keep children alive: one that ends is started again; one that keeps ending ends the run with its log."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from webapp.local import processes
from webapp.local.errors import LocalServiceError

MAX_ENDS = 5
WITHIN_S = 60.0


class Child(Protocol):
    """What the supervisor looks after: the embedded services and `Program`."""

    log: Path

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def poll(self) -> int | None: ...


class Program:
    """A child process of fixed command: the web server or a worker."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str],
        folder: Path,
        patience_s: float,
        niceness: int = 0,
    ) -> None:
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._folder = folder
        self._patience_s = patience_s
        self._niceness = niceness
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        if self._child is not None:
            # A killed master leaves its workers in its session, and they hold its port.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
        self._child = processes.start(
            self._command, log=self.log, environment=self._environment, folder=self._folder, niceness=self._niceness
        )

    def ask_to_stop(self) -> None:
        """Send the signal without waiting, so that several programs stop side by side."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def stop(self) -> None:
        if self._child is not None:
            processes.stop(self._child, patience_s=self._patience_s)
            self._child = None

    def poll(self) -> int | None:
        return self._child.poll() if self._child else None


class Supervisor:
    """Children in the order in which they start; they stop in the opposite one."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._children: dict[str, Child] = {}
        self._ends: dict[str, list[float]] = {}

    def start(self, name: str, child: Child) -> None:
        self._children[name] = child
        child.start()

    def look_after(self) -> None:
        """Start again what has ended.

        Raises:
            LocalServiceError: a child ended MAX_ENDS times within WITHIN_S seconds.
        """
        for name, child in self._children.items():
            status = child.poll()
            if status is None:
                continue
            now = time.monotonic()
            ends = self._ends[name] = [*(end for end in self._ends.get(name, []) if now - end < WITHIN_S), now]
            if len(ends) >= MAX_ENDS:
                raise LocalServiceError(
                    f"{name} ended {len(ends)} times within {WITHIN_S:.0f} s (status {status}). "
                    f"The end of {child.log}:\n{processes.tail(child.log)}"
                )
            self._tell(f"{name} ended (status {status}); starting it again. Its log: {child.log}")
            child.start()

    def stop_all(self) -> None:
        """Stop all children, last started first; one that fails to stop does not keep the others running."""
        for child in self._children.values():
            if isinstance(child, Program):
                child.ask_to_stop()
        for name, child in reversed(self._children.items()):
            try:
                child.stop()
            except OSError as error:
                self._tell(f"{name} did not stop: {error}")
        self._children.clear()
