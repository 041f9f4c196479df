"""Light on synthetic people: one soft key light, a sky that surrounds, occlusion and shadows by rays."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rendering.scenes.rig import FloatArray
from rendering.scenes.tracing import RayCaster

_SKY_RAYS: Final = 14
_GOLDEN: Final = np.pi * (3 - np.sqrt(5))


@dataclass(frozen=True)
class Light:
    """towards: (3,) unit vector to the key light; key, sky, bounce: (3,) linear; softness: radius of its disc."""

    towards: FloatArray
    key: FloatArray
    sky: FloatArray
    bounce: FloatArray
    softness: float


def sample_light(rng: np.random.Generator) -> Light:
    """Draw a key light from the camera's side of the sky, warm or cool, strong or overcast."""
    azimuth = np.radians(rng.uniform(-75, 75))
    elevation = np.radians(rng.uniform(28, 68))
    towards = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
    warmth = rng.uniform(-0.06, 0.10)
    strength = rng.uniform(0.55, 1.15)
    key = strength * np.array([1 + warmth, 1.0, 1 - warmth])
    sky = (1.18 - 0.55 * strength) * np.array([1 - 0.5 * warmth, 1.0, 1 + 0.5 * warmth])
    return Light(towards, key, sky, 0.35 * sky, float(rng.uniform(0.03, 0.14)))


def sphere_directions(count: int, turn: float = 0.0) -> FloatArray:
    """Return (count, 3) unit directions spread evenly over the sphere."""
    k = np.arange(count) + 0.5
    y = 1 - 2 * k / count
    ring = np.sqrt(1 - y * y)
    angle = _GOLDEN * k + turn
    return np.stack([ring * np.cos(angle), y, ring * np.sin(angle)], axis=1)


def openness(caster: RayCaster, points: FloatArray, normals: FloatArray) -> FloatArray:
    """Return (N,) in [0, 1]: how much of the sky over each point, weighted by the cosine, is not hidden."""
    open_light = np.zeros(len(points))
    weight = np.zeros(len(points))
    for direction in sphere_directions(2 * _SKY_RAYS):
        cosine = normals @ direction
        facing = np.flatnonzero(cosine > 0.05)
        rays = np.broadcast_to(direction, (len(facing), 3))
        free = ~caster.is_blocked(points[facing], normals[facing], rays)
        open_light[facing] += cosine[facing] * free
        weight[facing] += cosine[facing]
    return np.asarray(open_light / np.maximum(weight, 1e-9))


def lit_fraction(
    caster: RayCaster,
    points: FloatArray,
    normals: FloatArray,
    light: Light,
    rng: np.random.Generator,
    *,
    samples: int = 4,
) -> FloatArray:
    """Return (N,) in [0, 1]: how much of the key light's disc each point sees (points that face away see none)."""
    lit = np.zeros(len(points))
    facing = np.flatnonzero(normals @ light.towards > 0)
    aside = np.cross(light.towards, [0.0, 0.0, 1.0] if abs(light.towards[2]) < 0.9 else [1.0, 0.0, 0.0])
    aside /= np.linalg.norm(aside)
    across = np.cross(light.towards, aside)
    points, normals = points[facing], normals[facing]
    turn = rng.uniform(0, 2 * np.pi, len(facing))
    around = np.column_stack([np.cos(turn), np.sin(turn)])
    for sample in range(samples):  # a spiral over the disc, turned at random for each point
        radius, angle = 1.5 * light.softness * np.sqrt((sample + 0.5) / samples), _GOLDEN * sample
        cos, sin = np.cos(angle), np.sin(angle)
        disc = np.array([cos * aside + sin * across, cos * across - sin * aside])
        rays = (light.towards + around @ (radius * disc)) / np.sqrt(1 + radius**2)
        lit[facing] += ~caster.is_blocked(points, normals, rays)
    return lit / samples
