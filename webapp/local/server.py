"""What the embedded servers have in common: one child process that can be watched, and ended as by a power cut."""

import subprocess


class LocalServer:
    """A server that runs as a child of this process while `_child` is set."""

    _child: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def poll(self) -> int | None:
        """Return the exit status of a server that ended, None while it runs."""
        return self._child.poll() if self._child else None

    def kill(self) -> None:
        """End the server by SIGKILL, as a power cut would."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
