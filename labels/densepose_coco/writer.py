"""Writing DensePose-COCO record by record: the same records give the same bytes, and memory does not grow with them."""

import json
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from body.cse import REF_MODEL
from labels.densepose_coco.reader import Record
from labels.errors import LabelError

# Known fields come in this order, others after them by name; inside a field objects are sorted by name.
_IMAGE_FIELDS: Final = ("id", "file_name", "width", "height", "license", "coco_url", "flickr_url", "date_captured")
_ANNOTATION_FIELDS: Final = (
    "id",
    "image_id",
    "category_id",
    "bbox",
    "area",
    "iscrowd",
    "ignore",
    "num_keypoints",
    "keypoints",
    "segmentation",
    "dp_masks",
    "dp_x",
    "dp_y",
    "dp_I",
    "dp_U",
    "dp_V",
    "dp_vertex",
    "ref_model",
)
_DP_DECIMALS: Final = 3  # under 0.01 px on a box of 2,000 px
_UV_DECIMALS: Final = 6

PERSON_CATEGORY: Final[Record] = {"id": 1, "name": "person", "supercategory": "person"}


class ByteSink(Protocol):
    """What bytes can be written to: an open binary file, or something that digests or counts on the way."""

    def write(self, data: bytes, /) -> int: ...


class DensePoseWriter:
    """Writes one file to a binary stream: the header, then images, then annotations.

    Used as a context manager; on leaving without an error the file is completed. After an error it is left unfinished,
    and so unreadable: the caller writes to a temporary name and renames when all went well.
    """

    def __init__(
        self,
        stream: ByteSink,
        *,
        info: Mapping[str, Any] | None = None,
        licenses: Sequence[Mapping[str, Any]] = (),
        categories: Sequence[Mapping[str, Any]] = (PERSON_CATEGORY,),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the header.

        Args:
            stream: open for writing bytes.
            info: the file's `info`; leave times out of it for files that are to be the same byte for byte.
            licenses: COCO licences.
            categories: COCO categories; person alone by default.
            extra: further members that are to be kept.
        """
        self._stream = stream
        self._section = "images"
        self._is_first = True
        members = {"info": info or {}, "licenses": list(licenses), "categories": list(categories), **(extra or {})}
        if taken := {"images", "annotations"} & members.keys():
            raise LabelError(f"extra must not hold {sorted(taken)}: add records with add_image and add_annotation")
        head = ",\n".join(f"{json.dumps(name)}: {_text(value, name)}" for name, value in members.items())
        self._write("{\n" + head + ',\n"images": [')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()

    def add_image(self, record: Mapping[str, Any]) -> None:
        """Write one image; all images come before the first annotation.

        Raises:
            LabelError: out of turn, or a value that JSON cannot hold (NaN, Infinity, another type).
        """
        if self._section != "images":
            raise LabelError(f"image {record.get('id')}: images must be written before the first annotation")
        self._add(record, _IMAGE_FIELDS, "image")

    def add_annotation(self, record: Mapping[str, Any]) -> None:
        """Write one annotation, every field of it, with floats as they are given.

        Raises:
            LabelError: after `close`, or a value that JSON cannot hold (NaN, Infinity, another type).
        """
        self._open_annotations()
        self._add(record, _ANNOTATION_FIELDS, "annotation")

    def close(self) -> None:
        """Complete the file; the stream stays open."""
        if self._section == "closed":
            return
        self._open_annotations()
        self._write("\n]\n}\n")
        self._section = "closed"

    def _open_annotations(self) -> None:
        if self._section == "closed":
            raise LabelError("the file is complete: nothing can be added to it")
        if self._section == "images":
            self._write('\n],\n"annotations": [')
            self._section = "annotations"
            self._is_first = True

    def _add(self, record: Mapping[str, Any], known: tuple[str, ...], kind: str) -> None:
        where = f"{kind} {record.get('id')}"
        names = [name for name in known if name in record]
        names += sorted(name for name in record if name not in known)
        fields = ", ".join(f"{json.dumps(name)}: {_text(record[name], f'{where}, {name}')}" for name in names)
        self._write(("\n{" if self._is_first else ",\n{") + fields + "}")
        self._is_first = False

    def _write(self, text: str) -> None:
        self._stream.write(text.encode("ascii"))


def chart_fields(dp_xy: ArrayLike, chart: ArrayLike, u: ArrayLike, v: ArrayLike) -> Record:
    """Return `dp_x`, `dp_y`, `dp_I`, `dp_U`, `dp_V` of points made here, rounded to what the surface resolves.

    Args:
        dp_xy: (N, 2) box coordinates in [0, 255].
        chart: (N,) chart numbers 1..24.
        u, v: (N,) in [0, 1].
    """
    return {
        **_xy_fields(dp_xy),
        "dp_I": _rounded(chart, 0),
        "dp_U": _rounded(u, _UV_DECIMALS),
        "dp_V": _rounded(v, _UV_DECIMALS),
    }


def vertex_fields(dp_xy: ArrayLike, vertex: ArrayLike) -> Record:
    """Return `dp_x`, `dp_y`, `dp_vertex`, `ref_model` of points made here (continuous surface embeddings).

    Args:
        dp_xy: (N, 2) box coordinates in [0, 255].
        vertex: (N,) vertices of the 27,554-vertex mesh, from 0.
    """
    vertices = [int(number) for number in np.asarray(vertex, dtype=np.int64).ravel()]
    return {**_xy_fields(dp_xy), "dp_vertex": vertices, "ref_model": REF_MODEL}


def _xy_fields(dp_xy: ArrayLike) -> Record:
    points = np.asarray(dp_xy, dtype=np.float64).reshape(-1, 2)
    return {"dp_x": _rounded(points[:, 0], _DP_DECIMALS), "dp_y": _rounded(points[:, 1], _DP_DECIMALS)}


def _rounded(values: ArrayLike, decimals: int) -> list[float]:
    rounded: list[float] = np.round(np.asarray(values, dtype=np.float64), decimals).ravel().tolist()
    return rounded


def _text(value: Any, where: str) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise LabelError(f"{where}: {error}: cannot be written as JSON") from error


def _plain(value: object) -> Any:
    if isinstance(value, np.integer | np.floating | np.bool_):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")
