"""The crop around a person's box that the lite network sees: one square, whatever the box's shape.

A box is widened by a margin, a very narrow one further, and stretched to the square: a standing person keeps more
pixels than by padding, and the network learns the shapes that come of it.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from labels.boxes import Box, Crop

MIN_ASPECT: Final = 0.5  # of the shorter to the longer side

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Region:
    """Whole image pixels that become the square; may reach over the image's border."""

    x: int
    y: int
    width: int
    height: int

    def inside(self, image_size: tuple[int, int]) -> Crop | None:
        """Return the part that lies in an image of (width, height), None where nothing does."""
        x0, y0 = max(self.x, 0), max(self.y, 0)
        x1, y1 = min(self.x + self.width, image_size[0]), min(self.y + self.height, image_size[1])
        return Crop(x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


def region_of(box: Box, margin: float) -> Region:
    """Return the region of a box.

    Args:
        box: in image pixels.
        margin: on all sides, as a share of the box's width and height.
    """
    width, height = box.w * (1 + 2 * margin), box.h * (1 + 2 * margin)
    width, height = max(width, MIN_ASPECT * height), max(height, MIN_ASPECT * width)
    centre_x, centre_y = box.x + box.w / 2, box.y + box.h / 2
    x0, y0 = math.floor(centre_x - width / 2), math.floor(centre_y - height / 2)
    x1, y1 = math.ceil(centre_x + width / 2), math.ceil(centre_y + height / 2)
    return Region(x0, y0, max(x1 - x0, 1), max(y1 - y0, 1))


def square(image: UInt8, region: Region, side: int, *, outside: int = 127, is_labels: bool = False) -> UInt8:
    """Return a region of an image as a square.

    Args:
        image: (H, W) or (H, W, C) uint8.
        region: what to show.
        side: of the square in pixels.
        outside: value beyond the image's border.
        is_labels: take the nearest pixel instead of a mixture.
    """
    seen = region.inside((image.shape[1], image.shape[0]))
    canvas = np.full((region.height, region.width, *image.shape[2:]), outside, np.uint8)
    if seen is not None:
        top, left = seen.y - region.y, seen.x - region.x
        canvas[top : top + seen.height, left : left + seen.width] = seen.cut(image)
    smooth = cv2.INTER_AREA if max(region.width, region.height) > side else cv2.INTER_LINEAR
    how = cv2.INTER_NEAREST_EXACT if is_labels else smooth
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=how), np.uint8)


def to_square(points_xy: npt.NDArray[np.float64], region: Region, side: int) -> npt.NDArray[np.float64]:
    """Return image points (N, 2) as points of the region's square."""
    scale = (side / region.width, side / region.height)
    return np.asarray((points_xy - (region.x, region.y)) * scale)
