"""The order in which people look for names: numbers in them by their size, capitals as small letters."""

import re
from typing import Final

_DIGITS: Final = re.compile(r"(\d+)")


def natural_key(text: object) -> tuple[tuple[str | int, ...], str]:
    """Return a key that sorts "Annotator 2" before "annotator 10"; what differs in capitals alone stays apart.

    Words and numbers take turns in it, words first, so that any two keys can be compared.
    """
    words = _DIGITS.split(str(text).casefold())
    return tuple(int(word) if place % 2 else word for place, word in enumerate(words)), str(text)
