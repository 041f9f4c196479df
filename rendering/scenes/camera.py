"""A pinhole camera, and how it is set so that people fill the picture.

World: metres, y up, the ground is y = 0. Pixel i covers [i, i + 1); its centre is i + 0.5.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial import ConvexHull

from rendering.scenes.rig import FloatArray

_NEAR_M: Final = 0.3
# So many points are looked at one by one.
_FEW: Final = 100


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes:
        position: (3,) metres.
        axes: (3, 3), rows are the picture's right, down and forward in the world.
        focal_px: focal length in pixels.
        width, height: of the picture in pixels.
    """

    position: FloatArray
    axes: FloatArray
    focal_px: float
    width: int
    height: int

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (N, 2) pixels and (N,) depth in metres of world points (N, 3); NaN pixels behind the camera."""
        local = (points - self.position) @ self.axes.T
        depth = local[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            xy = local[:, :2] / np.where(depth > 1e-6, depth, np.nan)[:, None]
        return xy * self.focal_px + [self.width / 2, self.height / 2], depth

    def rays(self, xy: FloatArray) -> FloatArray:
        """Return unit directions (N, 3) in the world through pixel positions (N, 2); all start at `position`."""
        aside = (xy - [self.width / 2, self.height / 2]) / self.focal_px
        rays = aside @ self.axes[:2] + self.axes[2]
        rays /= np.sqrt(1 + np.einsum("nd,nd->n", aside, aside))[:, None]
        return np.asarray(rays)


def pixel_centres(x0: int, y0: int, x1: int, y1: int, step: float = 1.0) -> FloatArray:
    """Return ((y1-y0)/step * (x1-x0)/step, 2) positions, row by row, in the middle of cells of `step` pixels."""
    xs = np.arange(x0, x1, step) + step / 2
    ys = np.arange(y0, y1, step) + step / 2
    return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class Framing:
    """How to look at people.

    Attributes:
        pitch_deg: downward tilt.
        roll_deg: rotation of the picture.
        fov_deg: angle of view over the longer side.
        fill: share of the picture's limiting side that the people take.
        offset: (2,) shift of the people from the middle, as a share of the free room, -1..1.
    """

    pitch_deg: float
    roll_deg: float
    fov_deg: float
    fill: float
    offset: tuple[float, float] = (0.0, 0.0)


def frame_people(points: FloatArray, framing: Framing, width: int, height: int) -> Camera:
    """Place a camera in front of the people (at +z, looking along -z) so that they fill their share of the picture.

    Args:
        points: (N, 3) what must be seen, metres.
        framing: tilt, angle of view and share.
        width: of the picture in pixels.
        height: likewise.
    """
    axes = _axes(framing.pitch_deg, framing.roll_deg)
    focal = max(width, height) / 2 / np.tan(np.radians(framing.fov_deg) / 2)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    if len(points) > _FEW:
        points = points[ConvexHull(points).vertices]  # nobody else can touch the edge of the picture
    near, far = 0.5, 60.0
    for _ in range(30):
        distance = (near + far) / 2
        camera = Camera(middle - distance * axes[2], axes, float(focal), width, height)
        extent = _extent(camera, points)
        if extent is not None and (extent <= framing.fill * np.array([width, height])).all():
            far = distance
        else:
            near = distance
    camera = Camera(middle - far * axes[2], axes, float(focal), width, height)
    xy, _ = camera.project(points)
    low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
    size = np.array([width, height])
    room = np.maximum(size - (high - low), 0) / 2 * 0.8
    wanted = size / 2 + room * np.array(framing.offset)
    shift_m = ((low + high) / 2 - wanted) * far / focal
    position = camera.position + shift_m[0] * axes[0] + shift_m[1] * axes[1]
    position[1] = max(position[1], 0.15)
    return Camera(position, axes, float(focal), width, height)


def _axes(pitch_deg: float, roll_deg: float) -> FloatArray:
    pitch, roll = np.radians(pitch_deg), np.radians(roll_deg)
    forward = np.array([0.0, -np.sin(pitch), -np.cos(pitch)])
    right = np.array([1.0, 0.0, 0.0])
    down = np.cross(forward, right)
    return np.stack([np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right, forward])


def _extent(camera: Camera, points: FloatArray) -> FloatArray | None:
    xy, depth = camera.project(points)
    if depth.min() < _NEAR_M:
        return None
    return np.asarray(xy.max(axis=0) - xy.min(axis=0))
