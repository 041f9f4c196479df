"""The incremental JSON reader: the same as the whole-file reader, in pieces of any size, in bounded memory."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels.densepose_coco.json_stream import JsonStreamError, iter_members

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=8,
)


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes a read, whatever is asked for."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step = io.BytesIO(data), step

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._step)


def rebuilt(stream: Any) -> dict[str, Any]:
    """Put the members of a stream together again."""
    content: dict[str, Any] = {}
    for member in iter_members(stream):
        if member.index is None:
            content[member.key] = member.value
        elif member.index < 0:
            content[member.key] = []
        else:
            assert member.index == len(content[member.key])
            content[member.key].append(member.value)
    return content


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.text(max_size=6), json_values, max_size=3),
    st.integers(1, 9),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_any_object_is_read_as_the_whole_file_reader_does(
    content: dict[str, Any], step: int, indent: int | None, ascii_only: bool
) -> None:
    data = json.dumps(content, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    assert rebuilt(Dribble(data, step)) == content


def test_text_streams_and_a_byte_order_mark_are_read() -> None:
    assert rebuilt(io.StringIO('{"a": [1, 2]}')) == {"a": [1, 2]}
    assert rebuilt(io.BytesIO(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


@given(st.integers(1, 200))
def test_every_cut_off_file_is_said_to_end_early(at: int) -> None:
    whole = json.dumps(
        {"annotations": [{"id": 1, "f": 1.5e-07, "t": True, "s": 'a"\\u'}, {"id": -2}], "n": None}
    ).encode()
    cut = whole[: at % (len(whole) - 1) + 1]
    if cut == whole:
        return
    with pytest.raises(JsonStreamError, match="ends early"):
        rebuilt(Dribble(cut, 7))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ends early"),
        (b"[1]", "one JSON object"),
        (b"hello", "one JSON object"),
        (b'{"a": 1} x', "followed by something"),
        (b'{"a" 1}', "a member"),
        (b"{1: 2}", "a member"),
        (b'{"a": 1 "b": 2}', "a comma"),
        (b'{"a": [1 2]}', "a comma"),
        (b'{"a": [1, 2}', "a comma"),
        (b'{"a": 1,}', "a member"),
        (b'{"a": [{"b": nope, "cccccccccccccccccccccccccccccccccccccccccccccc": 2}]}', "not JSON"),
        (b'{"a": nope}', "not JSON"),
        (b'{"a": "\xff\xfe"}', "not UTF-8"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "unreadable"),
        (b"\x1f\x8b\x08\x00binary", "not UTF-8|one JSON object"),
    ],
)
def test_what_is_no_json_object_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(JsonStreamError, match=said) as caught:
        rebuilt(io.BytesIO(data))
    assert "at character" in str(caught.value)


def big_file(n_records: int) -> Iterator[bytes]:
    """The bytes of a file of many records, made as they are read."""
    record = json.dumps({"id": 1, "dp_x": [i / 3 for i in range(500)]}).encode()
    yield b'{"annotations": ['
    for number in range(n_records):
        yield (b"," if number else b"") + record
    yield b"]}"


class Generated(io.RawIOBase):
    """A stream over generated pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for n_records in (300, 1500):
        tracemalloc.start()
        count = sum(1 for member in iter_members(Generated(big_file(n_records))) if member.index != -1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == n_records
    assert peaks[1] < 1.2 * peaks[0] < 12_000_000
