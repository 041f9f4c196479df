"""Start and stop child processes so that none outlives its parent and a terminal's Ctrl-C reaches only the parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from webapp.local.places import Account

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    niceness: int = 0,
) -> "subprocess.Popen[bytes]":
    """Start a child in its own session, its output appended to `log`.

    On Linux the kernel sends it `stop_signal` when the calling thread ends, even by kill -9: call from the main thread.
    """

    def in_child() -> None:
        os.nice(niceness)
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        # After setuid: a change of credentials clears it.
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, stop_signal)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        return subprocess.Popen(  # noqa: S603 - fixed commands
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=None if environment is None else dict(environment),
            start_new_session=True,
            preexec_fn=in_child,  # noqa: PLW1509 - the runner has one thread
        )


def stop(child: "subprocess.Popen[bytes]", *, first: signal.Signals = signal.SIGTERM, patience_s: float = 20.0) -> None:
    """Ask the child to stop, wait, and end its whole session by force when it does not."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience_s)
    # What the child left behind in its session (pool workers of a killed master) goes with it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def stop_stranger(pid: int, name: str, *, first: signal.Signals, patience_s: float = 20.0) -> None:
    """Stop a process that an earlier run left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, first)
        deadline = time.monotonic() + patience_s
        while is_running(pid, name):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def is_running(pid: int, name: str) -> bool:
    """Tell whether `pid` lives and is the program `name`: a number in an old file may be anybody's by now."""
    if sys.platform == "linux":
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        found, state = status[status.index("(") + 1 : status.rindex(")")], status[status.rindex(")") + 2]
        return found == name and state != "Z"
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log, for a message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
