"""What was read once, kept as long as memory lasts: by bytes, whatever the size of a picture or a set."""

import os
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from torch.utils.data import get_worker_info

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

KEPT_BYTES: Final = 1_000_000_000


class Kept(Generic[Key, Value]):
    """Values by key. What is full keeps what it has: training asks for all in turn, so that the newest is no better.

    A loader's process has all that was kept when it was forked, and shares with the others the room that was left.

    Args:
        n_bytes: of a value.
        most_bytes: of all values together.
    """

    def __init__(self, n_bytes: Callable[[Value], int], most_bytes: int = KEPT_BYTES) -> None:
        self._n_bytes, self._left = n_bytes, most_bytes
        self._values: dict[Key, Value] = {}
        self._process = os.getpid()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made where it is not kept."""
        if key in self._values:
            return self._values[key]
        value = make()
        self.keep(key, value)
        return value

    def keep(self, key: Key, value: Value) -> bool:
        """Keep a value if there is room for it; return whether there was."""
        if self._process != os.getpid():
            self._process = os.getpid()
            info = get_worker_info()
            self._left //= info.num_workers if info else 1
        size = self._n_bytes(value)
        if size > self._left:
            return False
        self._left -= size
        self._values[key] = value
        return True
