"""What is true of an image, read from a DensePose-COCO file: boxes, annotated points, masks."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import zoom

from body.atlas import iuv_of, surface_of
from body.cse import surface_of_cse_vertex
from body.surface import SurfacePoints
from densepose.annotations import naming, read_file
from labels.boxes import Box
from labels.densepose_coco import Record, points_of
from labels.dp_masks import MASK_SIDE, cells_of, runs_by_part
from labels.errors import LabelError
from labels.rle import decode_mask

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TruePoints:
    """The annotated points of one person.

    Attributes:
        xy: (N, 2) float64 image pixels.
        surface: N points of the body.
        chart, u, v: (N,) as annotated, or of the annotated vertex.
        vertex: (N,) int32 on the 27,554-vertex mesh where the file gives vertices and no charts.
    """

    xy: npt.NDArray[np.float64]
    surface: SurfacePoints
    chart: npt.NDArray[np.uint8]
    u: npt.NDArray[np.float64]
    v: npt.NDArray[np.float64]
    vertex: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.xy)


@dataclass(frozen=True, slots=True, eq=False)
class TruePerson:
    """One annotation.

    Attributes:
        id: of the annotation.
        box: as annotated.
        area: of its mask, as annotated.
        is_crowd: a region of many people.
        points: None where there are none: then the person is ignored, as the public evaluator does.
        record: the whole annotation, for its masks.
    """

    id: int
    box: Box
    area: float
    is_crowd: bool
    points: TruePoints | None
    record: Record = field(repr=False)

    def mask(self, size: tuple[int, int]) -> Mask:
        """Return the person's mask (H, W): of its parts where they are annotated, else its outline, else empty.

        Raises:
            LabelError: the outline is damaged; the message names the annotation.
        """
        if "dp_masks" in self.record:
            return _on_image(cells_of(self.record["dp_masks"]) > 0, self.box, size)
        if not self.record.get("segmentation"):
            return np.zeros(size, dtype=bool)
        try:
            return decode_mask(self.record["segmentation"], size)
        except LabelError as error:
            raise LabelError(f"annotation {self.id}: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class TrueImage:
    """An image with at least one annotation.

    Attributes:
        id, file_name: as in the file.
        size: (height, width).
        people: in the order of the file.
    """

    id: int
    file_name: str
    size: tuple[int, int]
    people: list[TruePerson]


def read_truth(path: Path, dp_scale: int = 255) -> list[TrueImage]:
    """Return the annotated images of a file in the order of their numbers.

    Images without annotations are left out: detections on them count neither for nor against a network, as the public
    evaluator has it.

    Args:
        path: DensePose-COCO, with charts or with vertices.
        dp_scale: by which dp_x and dp_y are divided, 255 or 256.

    Raises:
        LabelError: the file is not such a file, or an annotation is damaged; the message names its id.
    """
    file = read_file(path)
    people: dict[int, list[TruePerson]] = defaultdict(list)
    for record in file.people:
        with naming(record, path):
            people[record["image_id"]].append(_person(record, dp_scale))
    return [
        TrueImage(image.id, image.file_name, image.size, people[image.id])
        for _, image in sorted(file.images.items())
        if image.id in people
    ]


def n_points(images: Iterable[TrueImage]) -> int:
    """Return how many points are annotated in all."""
    return sum(len(person.points) for image in images for person in image.people if person.points is not None)


def _person(record: Record, dp_scale: int) -> TruePerson:
    box = Box.from_xywh(record["bbox"])
    if "dp_masks" in record:
        runs_by_part(record["dp_masks"])  # what is damaged is told before a network runs
    area = float(record.get("area", box.w * box.h))
    return TruePerson(
        int(record["id"]), box, area, bool(record.get("iscrowd", 0)), _points(record, box, dp_scale), record
    )


def _points(record: Record, box: Box, dp_scale: int) -> TruePoints | None:
    points = points_of(record)
    if points is None:
        return None
    xy = points.image_xy(box, dp_scale)
    if points.chart is not None and points.u is not None and points.v is not None:
        is_real = points.chart > 0
        chart, u, v = points.chart[is_real], points.u[is_real], points.v[is_real]
        return TruePoints(xy[is_real], surface_of(chart, u, v), chart, u, v)
    if points.vertex is None:  # the reader promises one or the other
        return None
    surface = surface_of_cse_vertex(points.vertex)
    return TruePoints(xy, surface, *iuv_of(surface), vertex=points.vertex)


def _on_image(cells: Mask, box: Box, size: tuple[int, int]) -> Mask:
    """Return a mask (256, 256) over a box as a mask (H, W) of the image, by the public evaluator's resampling."""
    scale = (max(box.h, 1.0) / MASK_SIDE, max(box.w, 1.0) / MASK_SIDE)
    resampled = zoom(cells.astype(np.float64), scale, order=1, prefilter=False) > 0.5
    return placed(resampled, int(box.x), int(box.y), box, size)


def placed(part: Mask, x: int, y: int, box: Box, size: tuple[int, int]) -> Mask:
    """Return a mask (H, W) that is `part` (h, w) from the pixel (x, y) on, cut to the box and to the image."""
    whole = np.zeros(size, dtype=bool)
    top, left = max(y, 0), max(x, 0)
    bottom = min(int(box.y + box.h), size[0], y + part.shape[0])
    right = min(int(box.x + box.w), size[1], x + part.shape[1])
    if bottom > top and right > left:
        whole[top:bottom, left:right] = part[top - y : bottom - y, left - x : right - x]
    return whole
