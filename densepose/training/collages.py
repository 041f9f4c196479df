"""Pictures as the detector learns from them: zoomed, shifted and mirrored, people pasted in, four in one.

Few photographs with people are at hand. Cut out and put before other pictures, in other sizes and companies, they teach
that it is the person that counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from densepose.training.batches import Augmentation, recoloured
from densepose.training.pictures import CutOut, Picture, cut_out_people

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

OUTSIDE: Final = 127  # value beyond a picture's border, in training and in use
SMALLEST_PX: Final = 10.0  # people below are neither asked for nor wrong
_SEEN: Final = 0.3  # a box of which less lies in the canvas is left out of account
_COVERED: Final = 0.65  # and so is one of which more is pasted over
_SIZES: Final = (0.09, 1.1)  # of a person that is aimed at, as shares of the canvas
_LARGEST_ZOOM: Final = 2.5
_ASPECT: Final = 1.15


@dataclass(slots=True, eq=False)
class Collage:
    """A canvas under construction.

    Attributes:
        pixels: (S, S, 3) RGB.
        boxes: (N, 4) of people; ignored: (M, 4) of what is neither person nor background.
    """

    pixels: UInt8
    boxes: Float64 = field(default_factory=lambda: np.zeros((0, 4)))
    ignored: Float64 = field(default_factory=lambda: np.zeros((0, 4)))

    def settle(self) -> None:
        """Cut boxes to the canvas; what is hardly seen or tiny becomes ignored."""
        side = self.pixels.shape[0]
        inside = np.clip(self.boxes, 0, side)
        size, whole = inside[:, 2:] - inside[:, :2], self.boxes[:, 2:] - self.boxes[:, :2]
        is_seen = size.prod(axis=1) > _SEEN * whole.prod(axis=1)
        is_large = size.max(axis=1, initial=0) >= SMALLEST_PX
        keep = is_seen & is_large
        self.ignored = np.concatenate([np.clip(self.ignored, 0, side), inside[~keep]])
        self.boxes = inside[keep]
        self.ignored = self.ignored[(self.ignored[:, 2:] > self.ignored[:, :2] + 1).all(axis=1)]


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """What collages are made of.

    Attributes:
        photographs: with people; scenes: synthetic; empty: without people.
        people: cut out of the photographs.
    """

    photographs: Sequence[Picture]
    scenes: Sequence[Picture]
    empty: Sequence[Picture]
    people: Sequence[CutOut]

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> "Album":
        """Return an album of pictures; where all of them are synthetic, people are cut out of those.

        Raises:
            ValueError: there is nobody in them.
        """
        people = [picture for picture in pictures if len(picture.boxes)]
        if not people:
            raise ValueError("there is nobody to learn from: no picture has a person's box")
        scenes = [picture for picture in people if picture.is_synthetic]
        photographs = [picture for picture in people if not picture.is_synthetic]
        empty = [picture for picture in pictures if not len(picture.boxes)]
        return cls(photographs, scenes, empty, cut_out_people(photographs or scenes))

    def collage(self, side: int, how: Augmentation, rng: np.random.Generator) -> Collage:
        """Return one canvas of side x side pixels; a quarter of them are four smaller ones."""
        if rng.random() < 0.25:
            made = self._four(side, rng)
        else:
            made = self._one(side, rng)
        made.pixels = recoloured(made.pixels, how, rng)
        return made

    def _four(self, side: int, rng: np.random.Generator) -> Collage:
        half = side // 2
        canvas = Collage(np.full((side, side, 3), OUTSIDE, np.uint8))
        for x, y in ((0, 0), (half, 0), (0, half), (half, half)):
            part = self._one(half, rng)
            canvas.pixels[y : y + half, x : x + half] = part.pixels
            move = np.array([x, y, x, y])
            canvas.boxes = np.concatenate([canvas.boxes, part.boxes + move])
            canvas.ignored = np.concatenate([canvas.ignored, part.ignored + move])
        return canvas

    def _one(self, side: int, rng: np.random.Generator) -> Collage:
        kinds = [(self.photographs, 0.5, 0.1), (self.empty, 0.28, 0.75), (self.scenes, 0.22, 0.3)]
        kinds = [kind for kind in kinds if len(kind[0])]
        weights = np.array([weight for _, weight, _ in kinds])
        pictures, _, pasted = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
        canvas = framed(pictures[int(rng.integers(len(pictures)))], side, rng)
        if len(self.people) and rng.random() < pasted:
            for _ in range(int(rng.integers(1, 4))):
                paste(canvas, self.people[int(rng.integers(len(self.people)))], rng)
        canvas.settle()
        return canvas


def framed(picture: Picture, side: int, rng: np.random.Generator) -> Collage:
    """Return a part of a picture, zoomed so that one of its people has some size, or so that most of it is seen."""
    pixels, boxes = picture.pixels(), picture.boxes
    height, width = pixels.shape[:2]
    whole = side / max(height, width)
    if len(boxes) and rng.random() < 0.7:
        aim = boxes[int(rng.integers(len(boxes)))]
        zoom = _between(*_SIZES, rng) * side / max(*(aim[2:] - aim[:2]), 1.0)
    else:
        aim = np.array([0.0, 0.0, width, height])
        zoom = _between(0.8, 2.0, rng) * whole
    zoom = max(min(zoom, _LARGEST_ZOOM), _between(0.75, 1.1, rng) * whole)
    scale = zoom * np.array([stretch := _between(1 / _ASPECT, _ASPECT, rng) ** 0.5, 1 / stretch])
    is_mirrored = rng.random() < 0.5
    size = (aim[2:] - aim[:2]) * scale
    corner = rng.random(2) * (side - size) + rng.uniform(-0.15, 0.15, 2) * size
    spare = side - scale * (width, height)  # the picture leaves no more of the canvas empty than it must
    offset = np.clip(corner - aim[:2] * scale, np.minimum(spare, 0), np.maximum(spare, 0))
    matrix = np.column_stack([np.diag(scale), offset + 0.5 * scale - 0.5])
    if zoom < 0.7:  # warping reads single pixels: what is made smaller must be blurred first
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 / zoom)
    canvas = cv2.warpAffine(
        pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(OUTSIDE,) * 3
    )
    at = boxes * np.tile(scale, 2) + np.tile(offset, 2)
    if is_mirrored:
        canvas = np.ascontiguousarray(canvas[:, ::-1])
        at = at[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + (side, 0, side, 0)
    return Collage(np.asarray(canvas, np.uint8), at[~picture.is_crowd], at[picture.is_crowd])


def paste(canvas: Collage, person: CutOut, rng: np.random.Generator) -> None:
    """Put a person somewhere in the canvas, in other light; who is covered by it is left out of account."""
    side = canvas.pixels.shape[0]
    zoom = _between(0.12, 0.95, rng) * side / max(person.alpha.shape)
    zoom = min(zoom, _LARGEST_ZOOM)
    size = tuple(max(2, round(length * zoom)) for length in person.alpha.shape[::-1])  # width, height
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    pixels = cv2.resize(person.pixels, size, interpolation=how)
    alpha = cv2.resize(person.alpha, size, interpolation=how) / np.float32(255)
    if rng.random() < 0.5:
        pixels, alpha = pixels[:, ::-1], alpha[:, ::-1]
    pixels = np.clip(pixels * rng.uniform(0.7, 1.3, 3) + rng.uniform(-20, 20), 0, 255)
    left, top = (int(rng.uniform(-0.25 * length, side - 0.75 * length)) for length in size)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size[0], side), min(top + size[1], side)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    window = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    seen, over = alpha[window][..., None], canvas.pixels[y0:y1, x0:x1]
    if not (seen > 0.5).any():
        return
    canvas.pixels[y0:y1, x0:x1] = np.rint(seen * pixels[window] + (1 - seen) * over).astype(np.uint8)
    _drop_covered(canvas, x0, y0, seen[..., 0] > 0.5)
    rows, columns = np.nonzero(alpha > 0.5)  # of the whole person: `settle` cuts it
    box = [left + columns.min(), top + rows.min(), left + columns.max() + 1, top + rows.max() + 1]
    canvas.boxes = np.concatenate([canvas.boxes, [box]])


def _drop_covered(canvas: Collage, x: int, y: int, mask: npt.NDArray[np.bool_]) -> None:
    height, width = mask.shape
    is_covered = np.zeros(len(canvas.boxes), dtype=bool)
    for row, box in enumerate(canvas.boxes):
        x0, y0 = (max(int(v), 0) for v in box[:2] - (x, y))
        x1, y1 = min(int(box[2]) - x, width), min(int(box[3]) - y, height)
        if x1 > x0 and y1 > y0:
            is_covered[row] = mask[y0:y1, x0:x1].sum() > _COVERED * (box[2] - box[0]) * (box[3] - box[1])
    canvas.ignored = np.concatenate([canvas.ignored, canvas.boxes[is_covered]])
    canvas.boxes = canvas.boxes[~is_covered]


def _between(low: float, high: float, rng: np.random.Generator) -> float:
    """Return a factor, each doubling as likely as another."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
