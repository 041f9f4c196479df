"""Reading a large JSON object piece by piece: one member, or one element of a member's array, at a time.

A published DensePose-COCO file has 526 MB; this reader holds one record and a buffer of it, whatever the file's size.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from labels.errors import LabelError

_CHUNK_BYTES: Final = 1 << 20
_MAX_RECORD_CHARACTERS: Final = 64 << 20
_SPACE: Final = " \t\n\r"
# A parse that fails this close to the end of the buffer may only lack what comes next: no literal, escape or
# number is cut farther from its failure than that.
_LOOKAHEAD: Final = 32
_BEGINNINGS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity", ".", "e-", "e+", "E-", "E+")
_TOKEN: Final = 64  # characters that must follow before a value is taken as complete


class JsonStreamError(LabelError):
    """The stream is not one JSON object: what was found, and at which character."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(f"{problem} at character {position:,}")
        self.problem = problem
        self.position = position


@dataclass(frozen=True, slots=True)
class Member:
    """A piece of the object: a member's whole value, or one element of its array.

    `index` is the element's place; None for a value that is not an array. An array opens with one piece of index -1 and
    no value, so that an empty one is seen too.
    """

    key: str
    index: int | None
    value: Any


def iter_members(stream: IO[bytes] | IO[str]) -> Iterator[Member]:
    """Yield the pieces of the one JSON object in a stream, in the order of the file.

    NaN and Infinity are passed on as floats, as Python's own reader does.

    Args:
        stream: binary (UTF-8, with or without a byte order mark) or text, from its present position.

    Raises:
        JsonStreamError: not JSON, not an object, cut off, not UTF-8, or one record larger than 64 million characters.
    """
    text = _Text(stream)
    if text.peek() != "{":
        raise text.error("the file must hold one JSON object ({...})")
    text.take()
    if text.peek() == "}":
        text.take()
    else:
        while True:
            yield from _member(text)
            if _next_or_end(text, "}"):
                break
    if text.peek():
        raise text.error("the JSON object is followed by something else")


def _member(text: "_Text") -> Iterator[Member]:
    key = text.value() if text.peek() == '"' else None
    if not isinstance(key, str) or text.peek() != ":":
        raise text.error('a member ("name": value) is expected')
    text.take()
    if text.peek() != "[":
        yield Member(key, None, text.value())
        return
    text.take()
    yield Member(key, -1, None)
    if text.peek() == "]":
        text.take()
        return
    index = 0
    while True:
        yield Member(key, index, text.value())
        index += 1
        if _next_or_end(text, "]"):
            return


def _next_or_end(text: "_Text", end: str) -> bool:
    """Take a comma (False) or the closing bracket (True)."""
    found = text.peek()
    if found not in (",", end) or not found:
        raise text.error(f"a comma or {end} is expected")
    text.take()
    return found == end


class _Text:
    """A window of the stream's text that grows at its end and is dropped at its start."""

    def __init__(self, stream: IO[bytes] | IO[str]) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._scan = json.JSONDecoder().raw_decode
        self._buffer = ""
        self._at = 0
        self._dropped = 0
        self._is_ended = False

    def peek(self) -> str:
        """Return the next character that is not space, without taking it; "" at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read(_CHUNK_BYTES):
                return ""

    def take(self) -> None:
        """Take the character that `peek` returned."""
        self._at += 1

    def value(self) -> Any:
        """Take one whole JSON value."""
        self.peek()
        wanted = _CHUNK_BYTES
        while True:
            try:
                value, end = self._scan(self._buffer, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.pos >= len(self._buffer) - _LOOKAHEAD or error.msg.startswith("Unterminated string")
                if not is_cut or not self._read(wanted):
                    raise self._unreadable(error, is_cut) from error
            except (RecursionError, ValueError) as error:
                what = "values are nested too deeply" if isinstance(error, RecursionError) else f"unreadable ({error})"
                raise self.error(what) from error
            else:
                # A number at the buffer's end may go on behind it.
                if self._buffer[end - 1] in '}]"' or end <= len(self._buffer) - _TOKEN or not self._read(wanted):
                    self._at = end
                    return value
            wanted *= 2  # a long record is parsed again only a few times
            if len(self._buffer) - self._at > _MAX_RECORD_CHARACTERS:
                raise self.error(f"one record is larger than {_MAX_RECORD_CHARACTERS:,} characters")

    def error(self, problem: str) -> JsonStreamError:
        """Return an error at the present position."""
        is_cut = self._is_ended and self._at >= len(self._buffer)
        return JsonStreamError(f"the file ends early: {problem}" if is_cut else problem, self._dropped + self._at)

    def _unreadable(self, error: json.JSONDecodeError, is_cut: bool) -> JsonStreamError:
        rest = self._buffer[error.pos :].strip()
        is_beginning = any(token.startswith(rest) for token in _BEGINNINGS)
        if is_cut and self._is_ended and (is_beginning or error.msg.startswith("Unterminated string")):
            return JsonStreamError("the file ends early, inside a record", self._dropped + len(self._buffer))
        return JsonStreamError(f"not JSON: {error.msg}", self._dropped + error.pos)

    def _read(self, n_bytes: int) -> bool:
        """Append more text, dropping what was taken; False at the end of the stream."""
        if self._is_ended:
            return False
        raw = self._stream.read(n_bytes)
        self._is_ended = not raw
        try:
            more = raw if isinstance(raw, str) else self._decode(raw, final=self._is_ended)
        except UnicodeDecodeError as error:
            raise self.error(f"the file is not UTF-8 text ({error.reason})") from error
        if self._is_ended:
            return False
        self._buffer = self._buffer[self._at :] + more
        self._dropped += self._at
        self._at = 0
        return True
