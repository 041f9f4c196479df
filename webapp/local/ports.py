"""Find a port for the web server."""

import socket

from webapp.local.errors import LocalServiceError

FIRST_PORT = 8000
TRIED_PORTS = 50


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose_port(host: str, wanted: int | None) -> int:
    """Return the wanted port, or without a wish the first free one.

    Raises:
        LocalServiceError: the wanted port is taken, or none is free.
    """
    if wanted is not None:
        if not is_free(host, wanted):
            raise LocalServiceError(f"Port {wanted} of {host} is taken. Stop what listens there, or name another port.")
        return wanted
    for port in range(FIRST_PORT, FIRST_PORT + TRIED_PORTS):
        if is_free(host, port):
            return port
    raise LocalServiceError(
        f"Ports {FIRST_PORT} to {FIRST_PORT + TRIED_PORTS - 1} of {host} are all taken. "
        "Name a free one: make run PORT=9000."
    )
