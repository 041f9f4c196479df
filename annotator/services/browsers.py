"""Which browser works on a lease, so that a later one, mostly on another device, is told before it writes.

Windows of one browser tell each other, and one that crashed tells nothing. For all others the server remembers which
browser was last seen at a lease, for as long as it shows signs of life. It is a hint and no lock: the revisions of
drafts keep either version safe.
"""

import uuid
from typing import Final

from django.core.cache import cache

# Two heartbeats and a half: a browser that missed both is gone.
SEEN_S: Final = 150
MAX_NAME: Final = 40


def enter(lease_id: uuid.UUID, browser: str, *, takes_over: bool = False) -> bool:
    """Note that a browser works on a lease; returns whether another one was there first, which then stays noted.

    Args:
        browser: the name that a browser gives itself; empty for programs, which are not noted.
        takes_over: the browser goes on whoever was there.
    """
    if not browser:
        return False
    key = _key(lease_id)
    if not takes_over and cache.get(key, browser) != browser:
        return True
    cache.set(key, browser, SEEN_S)
    return False


def leave(lease_id: uuid.UUID, browser: str) -> None:
    """Note that a browser has closed its window; another of its windows is noted again with its next sign of life."""
    key = _key(lease_id)
    if browser and cache.get(key) == browser:
        cache.delete(key)


def _key(lease_id: uuid.UUID) -> str:
    return f"lease-browser:{lease_id}"
