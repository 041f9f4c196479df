"""Which browser window works on a lease, so that a later one, on another device too, is told before it writes.

Windows of one browser tell each other. For all others the server remembers who was last seen at a lease, for as long as
that window shows signs of life. It is a hint and no lock: the revisions of drafts keep either version safe.
"""

import uuid
from typing import Final

from django.core.cache import cache

# Two heartbeats and a half: a window that missed both is gone.
SEEN_S: Final = 150
MAX_NAME: Final = 40


def enter(lease_id: uuid.UUID, window: str, *, takes_over: bool = False) -> bool:
    """Note that a window works on a lease; returns whether another one was there first, which then stays noted.

    Args:
        window: the name that a window gives itself; empty for programs, which are not noted.
        takes_over: the window goes on whoever was there.
    """
    if not window:
        return False
    key = _key(lease_id)
    if not takes_over and cache.get(key, window) != window:
        return True
    cache.set(key, window, SEEN_S)
    return False


def leave(lease_id: uuid.UUID, window: str) -> None:
    """Note that a window was closed."""
    key = _key(lease_id)
    if window and cache.get(key) == window:
        cache.delete(key)


def _key(lease_id: uuid.UUID) -> str:
    return f"lease-window:{lease_id}"
