"""Whole pictures to learn from: photographs and synthetic scenes, their people's boxes, and people cut out of them.

Reads any COCO file with person boxes; a picture that no annotation names is a picture without people.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from densepose.annotations import naming, read_file
from densepose.photographs import check_files, image_path, read_photograph
from labels.boxes import Box
from labels.densepose_coco import Record
from labels.rle import decode_mask

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

_KEPT_PICTURES: Final = 2500  # decoded ones; of 320 x 320 px they take 0.8 GB
_CUT_OUT_PX: Final = 48  # a smaller person would be pasted as a blur
_SPARE: Final = 2  # pixels around a cut-out


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a set.

    Attributes:
        path: of its file; size: height and width.
        boxes: (N, 4) x0, y0, x1, y1 of its people in pixels.
        is_crowd: (N,) boxes of many people, to be left out of account.
        records: the annotations.
        is_synthetic: it comes from `rendering.scenes`, with the truth of every pixel.
    """

    path: Path
    size: tuple[int, int]
    boxes: Float64
    is_crowd: npt.NDArray[np.bool_]
    records: tuple[Record, ...]
    is_synthetic: bool = False

    def pixels(self) -> UInt8:
        """Return the picture, (H, W, 3) RGB.

        Raises:
            OSError: it is missing or no picture.
            ValueError: it has another size.
        """
        return _read(self.path, self.size)


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A person without surroundings: pixels (h, w, 3) RGB, and alpha (h, w) in 0..1."""

    pixels: UInt8
    alpha: npt.NDArray[np.float32]


def read_pictures(folder: Path) -> list[Picture]:
    """Return the pictures that `annotations.json` of a folder names; their files lie in its `images/`.

    Raises:
        OSError: the file cannot be read, or an image is missing.
        LabelError: it is no COCO file, or a box is damaged.
        ValueError: an image lies outside of its folder.
    """
    source = folder / "annotations.json"
    file = read_file(source)
    people: dict[int, list[Record]] = defaultdict(list)
    boxes: dict[int, list[list[float]]] = defaultdict(list)
    for record in file.people:
        with naming(record, source):
            box = Box.from_xywh(record["bbox"])
        people[record["image_id"]].append(record)
        boxes[record["image_id"]].append([box.x, box.y, box.x + box.w, box.y + box.h])
    pictures = [
        Picture(
            image_path(folder / "images", image.file_name),
            image.size,
            np.array(boxes[image.id], dtype=np.float64).reshape(-1, 4),
            np.array([bool(r.get("iscrowd") or r.get("ignore")) for r in people[image.id]], dtype=bool),
            tuple(people[image.id]),
            (folder / "truth").is_dir(),
        )
        for image in file.images.values()
    ]
    check_files({picture.path for picture in pictures})
    return pictures


@lru_cache(maxsize=_KEPT_PICTURES)
def _read(path: Path, size: tuple[int, int]) -> UInt8:
    return read_photograph(path, size)


def cut_out_people(pictures: Sequence[Picture]) -> list[CutOut]:
    """Return the people of pictures who have an outline and are large enough to be pasted elsewhere."""
    found = []
    for picture in pictures:
        for box, is_crowd, record in zip(picture.boxes, picture.is_crowd, picture.records, strict=True):
            outline = record.get("segmentation")
            if is_crowd or not outline or max(box[2:] - box[:2]) < _CUT_OUT_PX:
                continue
            pixels = picture.pixels()
            mask = decode_mask(outline, (pixels.shape[0], pixels.shape[1])).astype(np.float32)
            x0, y0 = (max(int(value) - _SPARE, 0) for value in box[:2])
            x1, y1 = (int(value) + _SPARE + 1 for value in box[2:])
            alpha = cv2.GaussianBlur(mask, (0, 0), 0.8)[y0:y1, x0:x1]
            found.append(CutOut(pixels[y0:y1, x0:x1].copy(), np.asarray(alpha, np.float32)))
    return found
