"""Comparisons in columns, as they are computed, stored and added up: rows by the thousand, never one by one."""

from dataclasses import dataclass, field
from itertools import pairwise
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
_NULLABLE: Final = {"second_id", "second_annotator_id"}


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
    """Insert rows by COPY."""
    if not len(rows):
        return
    names = [*rows.columns, *rows.arrays]
    values: list[list[Any]] = [
        [int(value) or None for value in column] if name in _NULLABLE else column.tolist()
        for name, column in rows.columns.items()
    ]
    values += [[row.tobytes() for row in np.ascontiguousarray(array, "<i4")] for array in rows.arrays.values()]
    if model is PointsComparison:
        names.append("points")
        flat = np.ascontiguousarray(rows.points, "<u2")
        values.append([flat[begin:end].tobytes() for begin, end in pairwise([0, *rows.ends.tolist()])])
    with connection.cursor() as cursor:
        raw = cast(Any, cursor).cursor
        with raw.copy(f"COPY {model._meta.db_table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in zip(*values, strict=True):
                copy.write_row(row)


def take_rows(model: type[PointsComparison | PartsComparison], tasks: list[int]) -> Rows:
    """Delete the rows of some tasks and return them."""
    is_points = model is PointsComparison
    sums = POINT_SUMS if is_points else PART_FIGURES
    arrays = ("said",) if is_points else ("confusion", "boundary")
    names = [*KEYS, *sums, *arrays, *(("points",) if is_points else ())]
    with binary_cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {model._meta.db_table} WHERE task_id = ANY(%s) RETURNING {', '.join(names)}",  # noqa: S608
            [tasks],
        )
        found = cursor.fetchall()
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
