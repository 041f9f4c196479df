"""People of DensePose-COCO files as squares to learn from: what the platform exports, public files, and synthetic sets.

An annotation teaches what it holds: `dp_masks` the parts, points the surface, an outline alone that there is a body at
all. A synthetic set written with `--truth` also teaches the surface at every pixel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader, Dataset

from body.atlas import iuv_of
from body.cse import surface_of_cse_vertex
from densepose.annotations import ImageEntry, naming, read_file
from densepose.crops import Region, region_of, square, to_square
from densepose.photographs import check_files, image_path, read_photograph
from densepose.training.kept import Kept
from labels.boxes import Box, Crop
from labels.densepose_coco import Record, points_of
from labels.dp_masks import label_map_of
from labels.errors import LabelError
from labels.rle import decode_mask

UInt8 = npt.NDArray[np.uint8]

STORED_PX: Final = 256  # side of a kept square
CONTEXT: Final = 1.25  # it shows this much more than the network's crop, for augmentation to turn and shift in
SOME_PART: Final = 254  # label of pixels that are body, nobody said which part
UNKNOWN: Final = 255  # label of pixels of which nothing is known
KEPT_BYTES: Final = 3_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One person in a square of STORED_PX pixels.

    Attributes:
        image: (S, S, 3) uint8 RGB.
        label: (S, S) uint8: 0 background, 1..14 parts, SOME_PART, UNKNOWN.
        xy: (N, 2) float64 annotated points in pixels of the square.
        chart: (N,) uint8 1..24; uv: (N, 2) float64.
        dense: (S, S, 3) uint8 chart, 255 u, 255 v of every body pixel, or None.
    """

    image: UInt8
    label: UInt8
    xy: npt.NDArray[np.float64]
    chart: UInt8
    uv: npt.NDArray[np.float64]
    dense: UInt8 | None

    @property
    def n_bytes(self) -> int:
        return self.image.nbytes + self.label.nbytes + self.xy.nbytes + (0 if self.dense is None else self.dense.nbytes)


@dataclass(frozen=True, slots=True)
class Source:
    """A set to learn from: an annotation file, its images, and the truth of every pixel where there is one."""

    annotations: Path
    images: Path
    truth: Path | None = None

    @classmethod
    def of(cls, folder: Path) -> "Source":
        """Return the set in a folder as `python -m rendering.scenes` and the platform's releases write it."""
        truth = folder / "truth"
        return cls(folder / "annotations.json", folder / "images", truth if truth.is_dir() else None)


class Examples(Protocol):
    """What a network learns from: `People`, or something made of them."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Example: ...


class People:
    """The people of several sets, in the order of the files; examples are made when asked for and kept while they fit.

    Args:
        sources: the sets.
        margin: of the network's crop, `LiteConfig.margin`.
        scale: what box coordinates are divided by, 255 or 256.
        kept_bytes: how much memory examples may take, with those of processes forked later; 450 kB each.

    Raises:
        OSError: a file cannot be read, or an image is missing.
        LabelError: a file is no DensePose-COCO, or an annotation is damaged; the message names its id.
        ValueError: an image lies outside of its folder.
    """

    def __init__(
        self, sources: Sequence[Source], margin: float, scale: int = 255, kept_bytes: int = KEPT_BYTES
    ) -> None:
        self._margin = margin
        self._scale = scale
        self._records: list[tuple[Source, ImageEntry, Record]] = []
        self._kept: Kept[int, Example] = Kept(lambda example: example.n_bytes, kept_bytes)
        for source in sources:
            self._records += _records_of(source)
        check_files({image_path(source.images, image.file_name) for source, image, _ in self._records})

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Example:
        return self._kept.get(index, lambda: self.make(index))

    def fill(self, workers: int) -> None:
        """Make as many examples as may be kept, in some processes; processes forked later share them."""
        loader = DataLoader(
            _Made(self), batch_size=None, num_workers=workers, multiprocessing_context="fork" if workers else None
        )
        for index, example in enumerate(forked(loader)):
            if not self._kept.keep(index, example):
                break

    def record(self, index: int) -> Record:
        """Return a person's annotation as it stands in the file."""
        return self._records[index][2]

    def image(self, index: int) -> UInt8:
        """Return the whole photograph of a person, (H, W, 3) RGB.

        Raises:
            OSError: it cannot be read.
            ValueError: it has another size than the file says.
        """
        source, image, _record = self._records[index]
        return read_photograph(image_path(source.images, image.file_name), image.size)

    def make(self, index: int) -> Example:
        """Return a person's example, read from the files.

        Raises:
            OSError, ValueError: a file is missing, or an image or annotation damaged.
        """
        source, entry, record = self._records[index]
        image = self.image(index)
        dense = None
        with naming(record, source.annotations):
            box = Box.from_xywh(record["bbox"])
            region = stored_region(box, self._margin)
            label = square(_label_of(record, image.shape[:2], box), region, STORED_PX, outside=UNKNOWN, is_labels=True)
            xy, chart, uv = _points_of(record, box, region, self._scale)
            if source.truth is not None:
                dense = _dense_of(image_path(source.truth, entry.file_name).with_suffix(".npz"), record, region)
        return Example(square(image, region, STORED_PX), label, xy, chart, uv, dense)


def forked(loader: "DataLoader[Any]") -> Iterator[Any]:
    """Start a loader's processes, each with OpenCV in one thread, and return what they make.

    Threads of many processes that wait for one another are three times as slow. It must be said before the fork: a
    process that is asked to give up threads which only its parent has waits for them forever.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return iter(loader)
    finally:
        cv2.setNumThreads(threads)


class _Made(Dataset[Example]):
    """Examples read from the files, for a loader."""

    def __init__(self, people: People) -> None:
        self._people = people

    def __len__(self) -> int:
        return len(self._people)

    def __getitem__(self, index: int) -> Example:
        return self._people.make(index)


def stored_region(box: Box, margin: float) -> Region:
    """Return what the kept square of a person shows."""
    inner = region_of(box, margin)
    spare_x, spare_y = (round(side * (CONTEXT - 1) / 2) for side in (inner.width, inner.height))
    return Region(inner.x - spare_x, inner.y - spare_y, inner.width + 2 * spare_x, inner.height + 2 * spare_y)


def _records_of(source: Source) -> list[tuple[Source, ImageEntry, Record]]:
    file = read_file(source.annotations)
    wanted = []
    for record in file.people:
        if record.get("iscrowd") or record.get("ignore"):
            continue
        if not ("dp_masks" in record or "dp_x" in record or record.get("segmentation")):
            continue
        image = file.images.get(record["image_id"])
        if image is None:
            raise LabelError(f"annotation {record.get('id')} of {source.annotations} names an image that is not there")
        wanted.append((source, image, record))
    return wanted


def _label_of(record: Record, shape: tuple[int, ...], box: Box) -> UInt8:
    """Return (H, W) labels of the whole image."""
    height, width = shape
    if record.get("dp_masks"):
        return label_map_of(record["dp_masks"], Crop(0, 0, width, height), box)
    if record.get("segmentation"):
        return np.where(decode_mask(record["segmentation"], (height, width)), SOME_PART, 0).astype(np.uint8)
    return np.full((height, width), UNKNOWN, np.uint8)


def _points_of(
    record: Record, box: Box, region: Region, scale: int
) -> tuple[npt.NDArray[np.float64], UInt8, npt.NDArray[np.float64]]:
    points = points_of(record)
    if points is None:
        return np.zeros((0, 2)), np.zeros(0, np.uint8), np.zeros((0, 2))
    if points.chart is not None and points.u is not None and points.v is not None:
        chart, u, v = points.chart, points.u, points.v
    else:
        chart, u, v = iuv_of(surface_of_cse_vertex(np.asarray(points.vertex)))
    at = to_square(points.image_xy(box, scale), region, STORED_PX)
    has_surface = chart > 0
    return at[has_surface], chart[has_surface], np.column_stack([u, v])[has_surface]


def _dense_of(path: Path, record: Record, region: Region) -> UInt8:
    with np.load(path, allow_pickle=False) as truth:
        is_person = truth["instance"] == int(record["id"]) % 10
        maps = (truth["chart"], *(np.rint(truth[name].astype(np.float32) * 255) for name in ("u", "v")))
        whole = np.stack([np.where(is_person, of, 0).astype(np.uint8) for of in maps], axis=-1)
    return square(whole, region, STORED_PX, outside=0, is_labels=True)
