"""Whole pictures to learn from: photographs and synthetic scenes, their people's boxes, and people cut out of them.

Reads any COCO file with person boxes; a picture that no annotation names is a picture without people.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from densepose.annotations import naming, read_file
from densepose.photographs import check_files, image_path, read_photograph
from densepose.training.kept import Kept
from labels.boxes import Box
from labels.densepose_coco import Record
from labels.rle import decode_mask

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

_CUT_OUT_PX: Final = 48  # a smaller person would be pasted as a blur
_SPARE: Final = 2  # pixels around a cut-out
_BLURRED: Final = 4  # further pixels that its outline's blur reads
_CUT_OUT_BYTES: Final = 1_000_000_000  # of all cut-outs


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
        return _kept.get((self.path, self.size), lambda: read_photograph(self.path, self.size))


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """A person without surroundings: pixels (h, w, 3) RGB, and alpha (h, w) in 0..255."""

    pixels: UInt8
    alpha: UInt8


_kept: Kept[tuple[Path, tuple[int, int]], UInt8] = Kept(lambda pixels: pixels.nbytes)


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


def cut_out_people(pictures: Sequence[Picture], most_bytes: int = _CUT_OUT_BYTES) -> list[CutOut]:
    """Return the people of pictures who have an outline and are large enough to be pasted elsewhere.

    Args:
        pictures: they are looked at in random order, the same each time.
        most_bytes: no more are cut out than fit.
    """
    found: list[CutOut] = []
    left = most_bytes
    for row in np.random.default_rng(0).permutation(len(pictures)).tolist():
        picture = pictures[row]
        for box, is_crowd, record in zip(picture.boxes, picture.is_crowd, picture.records, strict=True):
            inside = np.clip(box, 0, np.tile(picture.size[::-1], 2))
            size = inside[2:] - inside[:2]
            if is_crowd or not record.get("segmentation") or size.max() < _CUT_OUT_PX or size.min() < 1:
                continue
            with naming(record, picture.path):
                cut = _cut_out(picture.pixels(), box, record["segmentation"])
            left -= cut.pixels.nbytes + cut.alpha.nbytes
            if left < 0:
                return found
            found.append(cut)
    return found


def _cut_out(pixels: UInt8, box: Float64, outline: Any) -> CutOut:
    height, width = pixels.shape[:2]
    x0, y0 = (max(int(value) - _SPARE, 0) for value in box[:2])
    x1, y1 = (min(int(value) + _SPARE + 1, side) for value, side in zip(box[2:], (width, height), strict=True))
    left, top = max(x0 - _BLURRED, 0), max(y0 - _BLURRED, 0)
    mask = decode_mask(outline, (height, width))[top : y1 + _BLURRED, left : x1 + _BLURRED]
    alpha = cv2.GaussianBlur(mask.astype(np.uint8) * np.uint8(255), (0, 0), 0.8)
    return CutOut(pixels[y0:y1, x0:x1].copy(), alpha[y0 - top : y1 - top, x0 - left : x1 - left].copy())
