"""What is behind synthetic people: rooms, streets, meadows, a studio, or a photograph from a folder.

Ground and walls are planes met by the camera's own rays, so perspective and horizon agree with the people; the far
distance is painted from noise and blurred like a lens would.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np

from rendering.scenes.camera import Camera, pixel_centres
from rendering.scenes.rig import FloatArray
from rendering.scenes.textures import hsv, linear, smooth_noise

Place = Literal["room", "street", "meadow", "studio", "photo"]
PLACES: Final[tuple[Place, ...]] = ("room", "street", "meadow", "studio")
Rgb = tuple[float, float, float]
_FAR_M: Final = 60.0


@dataclass(frozen=True)
class Backdrop:
    """A place and its colours (display RGB); `wall_m`: how far back the wall stands; `photo`: for "photo"."""

    place: Place
    ground: Rgb
    wall: Rgb
    accent: Rgb
    wall_m: float
    plank_m: float
    clutter: tuple[tuple[float, float, float, float, Rgb], ...]
    phase: float
    photo: Path | None = None


def sample_backdrop(rng: np.random.Generator, place: Place | None = None, photos: tuple[Path, ...] = ()) -> Backdrop:
    """Draw a place; with photographs given, every second backdrop is one of them."""
    if place is None:
        use_photo = bool(photos) and rng.random() < 0.5
        place = "photo" if use_photo else PLACES[int(rng.choice(4, p=[0.4, 0.25, 0.2, 0.15]))]
    grounds = {
        "room": hsv(rng.uniform(0.06, 0.1), rng.uniform(0.15, 0.5), rng.uniform(0.35, 0.7)),
        "street": hsv(rng.uniform(0.05, 0.6), rng.uniform(0, 0.06), rng.uniform(0.4, 0.6)),
        "meadow": hsv(rng.uniform(0.2, 0.3), rng.uniform(0.3, 0.5), rng.uniform(0.35, 0.55)),
    }
    wall = hsv(rng.random(), rng.uniform(0.02, 0.22), rng.uniform(0.6, 0.9))
    clutter = []
    for _ in range(int(rng.integers(3, 7))):
        width, height = rng.uniform(0.4, 1.4), rng.uniform(0.3, 1.2)
        stands = rng.random() < 0.5
        bottom = 0.0 if stands else rng.uniform(0.9, 1.5)
        colour = hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.2, 0.85))
        clutter.append((float(rng.uniform(-3.5, 3.0)), float(bottom), float(width), float(height), colour))
    photo = photos[int(rng.integers(len(photos)))] if place == "photo" and photos else None
    return Backdrop(
        place="studio" if place == "photo" and photo is None else place,
        ground=grounds.get(place, wall),
        wall=wall,
        accent=hsv(rng.random(), rng.uniform(0.1, 0.5), rng.uniform(0.3, 0.8)),
        wall_m=float(rng.uniform(0.9, 3.0)),
        plank_m=float(rng.uniform(0.09, 0.4)),
        clutter=tuple(clutter),
        phase=float(rng.uniform(0, 20)),
        photo=photo,
    )


def paint_backdrop(backdrop: Backdrop, camera: Camera) -> tuple[FloatArray, FloatArray]:
    """Paint the place as the camera sees it, without people.

    Returns:
        light: (H, W, 3) float32, linear; ground: (H, W) bool, where the ground y = 0 is seen and may carry shadows.
    """
    shape = (camera.height, camera.width)
    if backdrop.photo is not None:
        return _photograph(backdrop.photo, shape), np.zeros(shape, bool)
    rays = camera.rays(pixel_centres(0, 0, camera.width, camera.height)).astype(np.float32)
    position = camera.position.astype(np.float32)
    with np.errstate(divide="ignore"):
        to_ground = np.where(rays[:, 1] < -1e-4, -position[1] / rays[:, 1], np.float32(np.inf))
        to_wall = np.where(rays[:, 2] < -1e-4, (-backdrop.wall_m - position[2]) / rays[:, 2], np.float32(np.inf))
    has_wall = backdrop.place == "room"
    on_ground = to_ground < (to_wall if has_wall else _FAR_M)
    light = np.zeros((len(rays), 3), np.float32)
    if backdrop.place == "studio":
        light[:] = _studio(backdrop, shape)
    else:
        light[on_ground] = _ground(backdrop, position + rays[on_ground] * to_ground[on_ground, None])
        rest = ~on_ground
        if has_wall:
            light[rest] = _wall(backdrop, position + rays[rest] * np.minimum(to_wall[rest], _FAR_M)[:, None])
        else:
            light[rest] = _distance(backdrop, rays[rest])
    picture = light.reshape(*shape, 3)
    sigma = max(shape) * (0.0022 if has_wall else 0.0035)
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma)
    return np.asarray(blurred), on_ground.reshape(shape)


def _photograph(path: Path, shape: tuple[int, int]) -> FloatArray:
    """Cover the picture with a photograph, cut in the middle.

    Raises:
        ValueError: the file cannot be read as an image.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"background {path} cannot be read as an image: remove it from the folder")
    height, width = shape
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale)))
    grown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return linear(grown[y : y + height, x : x + width, ::-1] / 255.0)


def _ground(backdrop: Backdrop, floor: FloatArray) -> FloatArray:
    plane = floor[:, [0, 2]]
    far = np.clip(np.hypot(plane[:, 0], plane[:, 1]) / 12, 0, 1)
    colour = np.repeat(linear(backdrop.ground)[None], len(plane), axis=0)
    if backdrop.place == "room":
        row = np.floor(plane[:, 0] / backdrop.plank_m)
        tone = (
            1 + 0.14 * np.sin(row * 12.9898 + backdrop.phase) + 0.05 * smooth_noise(plane * [6, 0.7], 2, backdrop.phase)
        )
        seam = np.abs(plane[:, 0] / backdrop.plank_m - row - 0.5) > 0.485
        return colour * (tone * np.where(seam, 0.6, 1.0))[:, None]
    grain = (1 - far) * 0.10 * smooth_noise(plane, 9, backdrop.phase) + 0.14 * smooth_noise(plane, 0.5, backdrop.phase)
    if backdrop.place == "meadow":
        grain = grain + (1 - far) * 0.16 * smooth_noise(plane, 31, backdrop.phase + 1)
    return colour * np.maximum(1 + grain, 0.2)[:, None]


def _wall(backdrop: Backdrop, wall: FloatArray) -> FloatArray:
    x, y = wall[:, 0], wall[:, 1]
    colour = np.repeat(linear(backdrop.wall)[None], len(x), axis=0)
    colour = (
        colour * (1 + 0.08 * smooth_noise(wall[:, :2], 0.25, backdrop.phase) + 0.04 * np.clip(y - 1, -1, 1))[:, None]
    )
    for left, bottom, width, height, rgb in backdrop.clutter:
        inside = (x > left) & (x < left + width) & (y > bottom) & (y < bottom + height)
        frame = inside & (
            (np.minimum(x - left, left + width - x) < 0.04) | (np.minimum(y - bottom, bottom + height - y) < 0.04)
        )
        wave = 1 + 0.35 * smooth_noise(wall[inside, :2], 1.3 / width, backdrop.phase + left)
        colour[inside] = linear(rgb)[None] * np.maximum(wave, 0.3)[:, None]
        colour[frame] = linear(rgb) * 0.35
    skirting = (y < 0.1)[:, None]
    return np.where(skirting, np.minimum(linear(backdrop.wall) * 1.25, 0.9)[None], colour)


def _studio(backdrop: Backdrop, shape: tuple[int, int]) -> FloatArray:
    height, width = shape
    y, x = np.mgrid[0:height, 0:width]
    spot = np.exp(-(((x / width - 0.5) / 0.6) ** 2 + ((y / height - 0.45) / 0.6) ** 2)).ravel()
    return np.asarray(linear(backdrop.wall)[None] * (0.45 + 0.55 * spot)[:, None])


def _distance(backdrop: Backdrop, rays: FloatArray) -> FloatArray:
    """Sky with soft clouds above a skyline of trees, hills or houses."""
    azimuth = np.arctan2(rays[:, 0], -rays[:, 2])
    height = np.arcsin(np.clip(rays[:, 1], -1, 1))
    here = np.stack([azimuth, height], axis=1)
    cloud = np.clip(0.5 + 0.5 * smooth_noise(here * [1, 3], 0.8, backdrop.phase), 0, 1)[:, None]
    up = np.clip(height / 0.5, 0, 1)[:, None]
    sky = linear((0.80, 0.87, 0.93)) * (1 - up) + linear((0.36, 0.56, 0.82)) * up
    sky = sky * (1 - 0.6 * cloud) + 0.75 * 0.6 * cloud
    if backdrop.place == "street":
        block = np.floor(azimuth / 0.17 + backdrop.phase)
        top = 0.22 + 0.20 * np.sin(block * 12.9898 + backdrop.phase)
        tone = 0.55 + 0.3 * np.sin(block * 78.233)
        window = ((azimuth / 0.021) % 1 > 0.45) & ((height / 0.03) % 1 > 0.45)
        front = linear(backdrop.wall)[None] * (tone * np.where(window, 0.45, 1.0))[:, None]
    else:
        top = 0.10 + 0.05 * smooth_noise(azimuth[:, None] @ np.ones((1, 2)), 0.7, backdrop.phase)
        top = top + 0.012 * smooth_noise(azimuth[:, None] @ np.ones((1, 2)), 6, backdrop.phase)
        leaves = 0.55 + 0.3 * smooth_noise(here, 7, backdrop.phase) + 0.2 * smooth_noise(here, 2, backdrop.phase)
        front = linear((0.28, 0.40, 0.24))[None] * np.maximum(leaves, 0.15)[:, None]
    return np.where((height < top)[:, None], front, sky)
