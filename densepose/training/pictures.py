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

from labels.boxes import Box
from labels.densepose_coco import Record, read_annotations, read_header
from labels.errors import LabelError
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
        path: of its file.
        boxes: (N, 4) x0, y0, x1, y1 of its people in pixels.
        is_crowd: (N,) boxes of many people, to be left out of account.
        records: the annotations.
        is_synthetic: it comes from `rendering.scenes`, with the truth of every pixel.
    """

    path: Path
    boxes: Float64
    is_crowd: npt.NDArray[np.bool_]
    records: tuple[Record, ...]
    is_synthetic: bool = False

    def pixels(self) -> UInt8:
        """Return the picture, (H, W, 3) RGB.

        Raises:
            OSError: it is missing or no picture.
        """
        return _read(self.path)


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A person without surroundings: pixels (h, w, 3) RGB, and alpha (h, w) in 0..1."""

    pixels: UInt8
    alpha: npt.NDArray[np.float32]


def read_pictures(folder: Path) -> list[Picture]:
    """Return the pictures that `annotations.json` of a folder names; their files lie in its `images/`.

    Raises:
        OSError: the file cannot be read.
        LabelError: it is no COCO file, or a box is damaged.
    """
    source = folder / "annotations.json"
    with source.open("rb") as stream:
        images = read_header(stream).images
    people: dict[int, list[Record]] = defaultdict(list)
    with source.open("rb") as stream:
        for record in read_annotations(stream):
            people[int(record.get("image_id", 0))].append(record)
    pictures = []
    for image in images:
        of_image = people[image["id"]]
        try:
            boxes = [Box.from_xywh(record["bbox"]) for record in of_image]
        except (KeyError, LabelError) as error:
            raise LabelError(f"image {image['id']} of {source}: {error!r}") from error
        pictures.append(
            Picture(
                folder / "images" / Path(str(image["file_name"])).name,
                np.array([[b.x, b.y, b.x + b.w, b.y + b.h] for b in boxes]).reshape(-1, 4),
                np.array([bool(r.get("iscrowd") or r.get("ignore")) for r in of_image], dtype=bool),
                tuple(of_image),
                (folder / "truth").is_dir(),
            )
        )
    return pictures


@lru_cache(maxsize=_KEPT_PICTURES)
def _read(path: Path) -> UInt8:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise OSError(f"{path} is missing or no picture")
    return np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)


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
