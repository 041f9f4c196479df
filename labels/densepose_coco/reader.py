"""Reading DensePose-COCO files of any size: the header at once, annotations one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from labels.boxes import Box, from_dp
from labels.densepose_coco.json_stream import iter_members
from labels.errors import LabelError

Record = dict[str, Any]

ARRAYS: Final = ("licenses", "categories", "images", "annotations")


@dataclass(slots=True)
class Header:
    """All of a file but its annotations; `extra` holds members that COCO does not name."""

    info: Record = field(default_factory=dict)
    licenses: list[Any] = field(default_factory=list)
    categories: list[Any] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    extra: Record = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPoints:
    """The points of one annotation, in the order of the file.

    dp_xy: (N, 2) float64 box coordinates; chart: (N,) uint8 and u, v: (N,) float64, or None without charts; vertex:
    (N,) int32 of the 27,554-vertex mesh, or None.
    """

    dp_xy: NDArray[np.float64]
    chart: NDArray[np.uint8] | None
    u: NDArray[np.float64] | None
    v: NDArray[np.float64] | None
    vertex: NDArray[np.int32] | None

    def __len__(self) -> int:
        return len(self.dp_xy)

    def image_xy(self, box: Box, scale: int = 255) -> NDArray[np.float64]:
        """Return the points (N, 2) in image pixels."""
        return from_dp(self.dp_xy, box, scale)


def read_annotations(stream: IO[bytes] | IO[str]) -> Iterator[Record]:
    """Yield the annotations of a file one by one, every field as it stands in the file.

    Raises:
        JsonStreamError: the file is not one whole JSON object.
        LabelError: there is no list of annotations, or an entry is not an object.
    """
    is_found = False
    for member in iter_members(stream):
        if member.key != "annotations":
            continue
        if member.index is None:
            raise LabelError(f"annotations must be a list, got {type(member.value).__name__}")
        is_found = True
        if member.index >= 0:
            if not isinstance(member.value, dict):
                raise LabelError(f"annotations[{member.index}] must be an object, got {type(member.value).__name__}")
            yield member.value
    if not is_found:
        raise LabelError("the file has no annotations: is it a COCO file?")


def read_header(stream: IO[bytes] | IO[str]) -> Header:
    """Return images, categories, licences and info of a file; its annotations are passed over.

    Raises:
        JsonStreamError: the file is not one whole JSON object.
        LabelError: images, categories or licences are not lists.
    """
    header = Header()
    for member in iter_members(stream):
        if member.key == "annotations":
            continue
        if member.key in ARRAYS:
            if member.index is None:
                raise LabelError(f"{member.key} must be a list, got {type(member.value).__name__}")
            if member.index >= 0:
                getattr(header, member.key).append(member.value)
        elif member.key == "info" and isinstance(member.value, dict):
            header.info = member.value
        elif member.index is None:
            header.extra[member.key] = member.value
        elif member.index < 0:
            header.extra[member.key] = []
        else:
            header.extra[member.key].append(member.value)
    return header


def points_of(annotation: Record) -> AnnotatedPoints | None:
    """Return the points of an annotation, None where it has none.

    Raises:
        LabelError: lists of different lengths, values that are no numbers, or charts and vertices both missing.
    """
    if "dp_x" not in annotation and "dp_y" not in annotation:
        return None
    names = [name for name in ("dp_x", "dp_y", "dp_I", "dp_U", "dp_V", "dp_vertex") if name in annotation]
    columns = {name: _column(annotation, name) for name in names}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1 or "dp_y" not in columns or "dp_x" not in columns:
        raise LabelError(f"dp_x, dp_y and the others must have one length, got {lengths}")
    has_charts = all(name in columns for name in ("dp_I", "dp_U", "dp_V"))
    if not has_charts and "dp_vertex" not in columns:
        raise LabelError("points need dp_I, dp_U and dp_V, or dp_vertex")
    return AnnotatedPoints(
        dp_xy=np.column_stack([columns["dp_x"], columns["dp_y"]]),
        chart=columns["dp_I"].astype(np.uint8) if has_charts else None,
        u=columns["dp_U"] if has_charts else None,
        v=columns["dp_V"] if has_charts else None,
        vertex=columns["dp_vertex"].astype(np.int32) if "dp_vertex" in columns else None,
    )


def _column(annotation: Record, name: str) -> NDArray[np.float64]:
    try:
        column = np.asarray(annotation[name], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise LabelError(f"{name} must be a list of numbers") from error
    if column.ndim != 1 or not np.isfinite(column).all():
        raise LabelError(f"{name} must be a flat list of finite numbers")
    if name in ("dp_I", "dp_vertex") and ((column != np.floor(column)) | (column < 0)).any():
        raise LabelError(f"{name} must hold whole numbers, 0 or more")
    if name == "dp_I" and (column > 24).any():
        raise LabelError(f"dp_I must be a chart 1..24, got {column.max():g}")
    return column
