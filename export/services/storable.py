"""What of a JSON file the database's JSON cannot hold: numbers that are not finite, and characters that are none."""

import json
import re
from typing import Any, Final

# An escaped NUL, not the text of one: an odd number of backslashes before it.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def unstorable(record: dict[str, Any]) -> str | None:
    """Return the first field that cannot be stored with what is wrong with it, None where all can."""
    if _problem_of(record) is None:
        return None
    found = ((name, _problem_of({name: value})) for name, value in record.items())
    return next(f"{name!a} holds {problem}" for name, problem in found if problem)


def _problem_of(value: Any) -> str | None:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return "a number that is not finite"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character"
    return "a NUL character" if "\\u0000" in text and _NUL.search(text) else None
