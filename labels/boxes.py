"""Boxes and crops: the one place where image, crop and DensePose box coordinates are converted.

Pixel i covers [i, i + 1), its centre is i + 0.5; a box is float XYWH in image pixels. A DensePose coordinate is
`(x - box_x) / box_w * 255`; some readers of the format divide by 256 instead of 255, hence `scale` when reading.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labels.errors import LabelError

DP_MAX: Final = 255.0
"""Largest DensePose box coordinate, and what this platform multiplies by."""


@dataclass(frozen=True, slots=True)
class Box:
    """A person's box in image pixels: left, top, width, height as floats; may reach over the image's border."""

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.x, self.y, self.w, self.h)):
            raise LabelError(f"bbox must hold four finite numbers, got {[self.x, self.y, self.w, self.h]}")
        if self.w <= 0 or self.h <= 0:
            raise LabelError(
                f"bbox must have a positive width and height, got w={self.w} h={self.h}: draw the box again"
            )

    @classmethod
    def from_xywh(cls, values: Sequence[float]) -> "Box":
        """Return the box of a COCO `bbox` list.

        Raises:
            LabelError: not four finite numbers, or an empty box.
        """
        if isinstance(values, str) or len(values) != 4 or not all(_is_number(value) for value in values):
            raise LabelError(f"bbox must be a list of four numbers [x, y, width, height], got {values!r}")
        x, y, w, h = (float(value) for value in values)
        return cls(x, y, w, h)

    def to_xywh(self) -> list[float]:
        """Return the COCO `bbox` list."""
        return [self.x, self.y, self.w, self.h]


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of whole image pixels, inside the image and never empty."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise LabelError(f"a crop must hold at least one pixel, got {self.width} x {self.height}")

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width): the shape of an array of this crop's pixels."""
        return self.height, self.width

    def cut(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return this crop's view of an image array (H, W, ...), without a copy.

        Raises:
            LabelError: the image does not hold the whole crop.
        """
        height, width = image.shape[:2]
        if self.x < 0 or self.y < 0 or self.x + self.width > width or self.y + self.height > height:
            raise LabelError(f"crop {self} reaches over the image of {width} x {height} pixels")
        return image[self.y : self.y + self.height, self.x : self.x + self.width]

    def from_image(self, points_xy: ArrayLike) -> NDArray[np.float64]:
        """Return points (N, 2) of the image as pixels of this crop."""
        return np.subtract(_points(points_xy), (self.x, self.y))

    def to_image(self, points_xy: ArrayLike) -> NDArray[np.float64]:
        """Return points (N, 2) of this crop as pixels of the image."""
        return np.add(_points(points_xy), (self.x, self.y))


def crop_around(box: Box, image_size: tuple[int, int], margin: float = 0.15) -> Crop:
    """Return the whole-pixel crop around a box, with a margin on all sides, clipped to the image.

    Args:
        box: the person's box, in image pixels.
        image_size: (width, height) of the image, as Pillow's `Image.size`.
        margin: width of the margin as a share of the box's longer side.

    Returns:
        A crop of at least one pixel, even for a box outside the image (then the nearest pixels of its border).

    Raises:
        LabelError: an empty image or a negative margin.
    """
    width, height = image_size
    if width < 1 or height < 1:
        raise LabelError(f"image_size must be at least 1 x 1, got {width} x {height}")
    if not margin >= 0:
        raise LabelError(f"margin must be 0 or more, got {margin}")
    pad = margin * max(box.w, box.h)
    left, right = _clipped_span(box.x - pad, box.x + box.w + pad, width)
    top, bottom = _clipped_span(box.y - pad, box.y + box.h + pad, height)
    return Crop(left, top, right - left, bottom - top)


def to_dp(points_xy: ArrayLike, box: Box) -> NDArray[np.float64]:
    """Return image points (N, 2) as DensePose coordinates (N, 2) of the box, clamped to [0, 255]."""
    relative = (_points(points_xy) - (box.x, box.y)) / (box.w, box.h)
    return np.clip(relative * DP_MAX, 0.0, DP_MAX)


def from_dp(dp_xy: ArrayLike, box: Box, scale: int = 255) -> NDArray[np.float64]:
    """Return DensePose coordinates (N, 2) of a box as image points (N, 2).

    Args:
        dp_xy: coordinates in [0, 255].
        box: the box they belong to.
        scale: 255 as the format's authors read it, 256 as some readers do.

    Raises:
        LabelError: another scale.
    """
    if scale not in (255, 256):
        raise LabelError(f"scale must be 255 or 256, got {scale}")
    return np.add(_points(dp_xy) / scale * (box.w, box.h), (box.x, box.y))


def _clipped_span(low: float, high: float, size: int) -> tuple[int, int]:
    """Whole pixels [start, stop) that cover low..high inside 0..size, one at least."""
    start = min(max(math.floor(low), 0), size - 1)
    stop = max(min(math.ceil(high), size), start + 1)
    return start, stop


def _points(points: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(points, dtype=np.float64)
    if array.size == 0:
        return array.reshape(0, 2)
    if array.ndim != 2 or array.shape[1] != 2:
        raise LabelError(f"points must have the shape (N, 2), got {array.shape}")
    return array


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
