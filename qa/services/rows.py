"""Comparisons in columns, as they are computed, stored and added up: rows by the thousand, never one by one."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, cast

import numpy as np
import psycopg
from django.db import connection
from numpy.typing import NDArray

from qa.models import PartsComparison, PointsComparison

KEYS: Final = (
    "task_id", "project_id", "person_id", "kind", "first_id", "second_id", "first_annotator_id", "second_annotator_id",
    "first_week", "second_week",
)  # fmt: skip
POINT_SUMS: Final = (
    "n", "cm", "auc10", "auc30", "far", "left_right", "front_back", "inner_outer", "gps", "gps_parts",
)  # fmt: skip
PART_FIGURES: Final = ("iou", "mean_iou", "outline_iou", "exchanged_iou", "swapped", "seen_by_one")
# 0 stands for "nobody" and "nothing" in these; the database has NULL.
_NULLABLE: Final = ("second_id", "second_annotator_id")
_NUMBERS: Final = {"bigint": ">i8", "integer": ">i4", "smallint": ">i2"}
# What PostgreSQL puts around the rows of a binary COPY ("File Formats" in its manual's page of COPY).
_COPY_BEGIN: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END: Final = struct.pack(">h", -1)


@dataclass
class Rows:
    """Comparisons of one stage.

    Attributes:
        columns: (R,) int64 each: KEYS, and POINT_SUMS or PART_FIGURES.
        arrays: (R, W) each: `said` of points; `confusion` and `boundary` of parts.
        points: (M, 6) of all rows, row after row; empty for parts.
        ends: (R,) where each row's points end.
    """

    columns: dict[str, NDArray[np.int64]]
    arrays: dict[str, NDArray[np.int32]]
    points: NDArray[np.uint16] = field(default_factory=lambda: np.zeros((0, 6), np.uint16))
    ends: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.columns["task_id"])

    @property
    def row_of_point(self) -> NDArray[np.intp]:
        """(M,) which row each point is of."""
        return np.repeat(np.arange(len(self)), np.diff(self.ends, prepend=0))


def store_rows(model: type[PointsComparison | PartsComparison], rows: Rows) -> None:
    """Insert rows by COPY, in its binary form: written a column at a time, not a value at a time."""
    if not len(rows):
        return
    is_points = model is PointsComparison
    names = [*rows.columns, *rows.arrays, *(("points",) if is_points else ())]
    with connection.cursor() as cursor:
        raw = cast(Any, cursor).cursor
        with raw.copy(f"COPY {model._meta.db_table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_COPY_BEGIN)
            # A NULL has no bytes, so rows that have one in the same columns are alike and go together.
            nulls = np.array([rows.columns[name] == 0 for name in _NULLABLE])
            pattern = (nulls * np.array([[1], [2]])).sum(0)
            for alike in np.unique(pattern):
                copy.write(_packed(model, rows, np.flatnonzero(pattern == alike), is_points=is_points))
            copy.write(_COPY_END)


def _packed(
    model: type[PointsComparison | PartsComparison], rows: Rows, chosen: NDArray[np.intp], *, is_points: bool
) -> bytes:
    """Return some rows as COPY wants them: how many fields, then each field's length and value, high bytes first."""
    absent = {name for name in _NULLABLE if not rows.columns[name][chosen[0]]}
    n_fields = len(rows.columns) + len(rows.arrays) + is_points
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    values: list[Any] = [n_fields]
    for name, column in rows.columns.items():
        if name in absent:
            layout.append((name, ">i4"))
            values.append(-1)
            continue
        number = np.dtype(_NUMBERS[cast(str, _field(model, name).db_type(connection))])
        layout += [(f"{name} length", ">i4"), (name, number.str)]
        values += [number.itemsize, column[chosen]]
    for name, array in rows.arrays.items():
        flat = np.ascontiguousarray(array[chosen], "<i4")
        width = flat.shape[1] * 4
        layout += [(f"{name} length", ">i4"), (name, f"V{width}")]
        values += [width, flat.view(f"V{width}")[:, 0]]
    if not is_points:
        return _records(layout, values, len(chosen)).tobytes()
    starts = np.concatenate([[0], rows.ends])
    begin, end = starts[chosen], starts[chosen + 1]
    layout.append(("points length", ">i4"))
    values.append((end - begin) * 12)
    heads = _records(layout, values, len(chosen))
    points = memoryview(rows.points.astype("<u2").tobytes())
    return b"".join(chain.from_iterable(zip(_each(heads), _slices(points, 12 * begin, 12 * end), strict=True)))


def _field(model: type[PointsComparison | PartsComparison], column: str) -> Any:
    return next(field for field in model._meta.concrete_fields if field.column == column)


def _records(layout: list[tuple[str, str]], values: Iterable[Any], count: int) -> NDArray[np.void]:
    found = np.empty(count, np.dtype(layout))
    for (name, _type), value in zip(layout, values, strict=True):
        found[name] = value
    return found


def _each(records: NDArray[np.void]) -> Iterator[bytes | memoryview]:
    size, flat = records.dtype.itemsize, memoryview(records.tobytes())
    return (flat[begin : begin + size] for begin in range(0, len(flat), size))


def _slices(flat: memoryview, begin: NDArray[np.int64], end: NDArray[np.int64]) -> Iterator[bytes | memoryview]:
    return (flat[first:last] for first, last in zip(begin.tolist(), end.tolist(), strict=True))


def take_rows(model: type[PointsComparison | PartsComparison], tasks: list[int]) -> Rows:
    """Delete the rows of some tasks and return them."""
    is_points = model is PointsComparison
    sums = POINT_SUMS if is_points else PART_FIGURES
    arrays = ("said",) if is_points else ("confusion", "boundary")
    names = [*KEYS, *sums, *arrays, *(("points",) if is_points else ())]
    with binary_cursor() as cursor:
        # Of a table that is just being filled PostgreSQL knows too little to see that its index is quicker.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"DELETE FROM {model._meta.db_table} WHERE task_id = ANY(%s::bigint[])"  # noqa: S608
            f" RETURNING {', '.join(names)}",
            [as_array(tasks)],
        )
        found = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan TO DEFAULT")
    columns = list(zip(*found, strict=True)) if found else [()] * len(names)
    numbers = {
        name: np.array([value or 0 for value in column], np.int64)
        for name, column in zip([*KEYS, *sums], columns, strict=False)
    }
    at = len(numbers)
    widths = {"said": 16, "confusion": 225, "boundary": 15}
    kept = {
        name: np.frombuffer(b"".join(columns[at + place]), "<i4").reshape(-1, widths[name]).astype(np.int32)
        for place, name in enumerate(arrays)
    }
    if not is_points:
        return Rows(numbers, kept)
    pieces = columns[-1]
    ends = np.cumsum([len(piece) // 12 for piece in pieces], dtype=np.int64)
    return Rows(numbers, kept, np.frombuffer(b"".join(pieces), "<u2").reshape(-1, 6).astype(np.uint16), ends)


def binary_cursor() -> Any:
    """Return a cursor of this connection, in its transaction, that reads bytes as they are and not as text."""
    connection.ensure_connection()
    cursor = psycopg.Cursor(cast(Any, connection.connection))
    cursor.format = psycopg.pq.Format.BINARY
    return cursor


def as_array(numbers: Iterable[int]) -> str:
    """Return numbers as PostgreSQL writes an array; psycopg takes ten times as long over a list of thousands."""
    return "{" + ",".join(map(str, numbers)) + "}"
