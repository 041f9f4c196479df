"""People whose truth is known to the pixel: rendered scenes of one person each, the same for the same seed."""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import LabelMap

SIZE_PX: Final = (320, 400)
# Scenes are drawn once and stand for many people: a second each, and two megabytes of truth.
_KEPT: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class StandIn:
    """One rendered person.

    Attributes:
        seed: of the scene.
        jpeg: the picture.
        box: x, y, width, height in image pixels.
        keypoints: 51 numbers as in COCO.
        part: (H, W) uint8, the true part of each pixel, 0 beside the person.
        triangle: (H, W) int32; weights: (H, W, 3) float32: the true surface point of each pixel, -1 beside the person.
    """

    seed: int
    jpeg: bytes
    box: list[float]
    keypoints: list[float]
    part: LabelMap
    triangle: NDArray[np.int32]
    weights: NDArray[np.float32]

    def label_map(self, crop: Crop) -> LabelMap:
        """Return the true parts of a crop."""
        return np.ascontiguousarray(crop.cut(self.part))

    def truth_at(self, xy: NDArray[np.float64]) -> SurfacePoints:
        """Return the surface points (N) seen at image positions (N, 2); absent ones beside the person."""
        height, width = self.triangle.shape
        column = np.clip(np.floor(xy[:, 0]).astype(int), 0, width - 1)
        row = np.clip(np.floor(xy[:, 1]).astype(int), 0, height - 1)
        return SurfacePoints(self.triangle[row, column], self.weights[row, column].astype(np.float64))


@lru_cache(maxsize=_KEPT)
def stand_in(seed: int) -> StandIn:
    """Draw a person."""
    from rendering.scenes import render_scene, sample_scene

    picture = render_scene(sample_scene(seed, n_people=1), *SIZE_PX)
    person = picture.people[0]
    jpeg = io.BytesIO()
    Pillow.fromarray(picture.image).save(jpeg, "JPEG", quality=90)
    inside = person.mask
    return StandIn(
        seed=seed,
        jpeg=jpeg.getvalue(),
        box=[float(value) for value in person.box],
        keypoints=[round(float(value), 2) for value in person.keypoints.ravel()],
        part=np.where(inside, picture.part, 0).astype(np.uint8),
        triangle=np.where(inside, picture.triangle, -1).astype(np.int32),
        weights=np.asarray(picture.weights * inside[..., None], np.float32),
    )


def source_of(seed: int) -> dict[str, Any]:
    """Return what an image's `source` says of a stand-in, so that exports cannot pass it off as a photograph."""
    return {"simulated": {"scene": seed}}


def seed_of(source: dict[str, Any]) -> int | None:
    """Return the scene of a simulated image; None of a real one."""
    told = source.get("simulated")
    return int(told["scene"]) if isinstance(told, dict) and "scene" in told else None
