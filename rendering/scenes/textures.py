"""Procedural colour: smooth noise and simple fabric patterns as functions of a point. Cheap, seeded, without images."""

from functools import lru_cache
from typing import Final, Literal

import cv2
import numpy as np

from rendering.scenes.rig import FloatArray

Pattern = Literal["plain", "stripes", "pinstripes", "checks", "dots", "block"]
PATTERNS: Final[tuple[Pattern, ...]] = ("plain", "stripes", "pinstripes", "checks", "dots", "block")

_LATTICE: Final = 64
_SHOULDER: Final = 0.7  # linear light from which brightness is held back
# Two slanted projections of space onto the noise's plane; their mean has no direction in which it is constant.
_PLANES: Final = np.array([[[1.0, 0.08, 0.61], [-0.47, 1.0, 0.23]], [[0.31, 0.74, -0.92], [0.95, -0.29, 0.42]]])


@lru_cache(maxsize=1)
def _lattice() -> FloatArray:
    return np.random.default_rng(64).normal(0, 1, (_LATTICE, _LATTICE)).astype(np.float32)


def smooth_noise(points: FloatArray, frequency: float, phase: float) -> FloatArray:
    """Return (N,) values of about [-1, 1] that vary over 1/frequency metres; points are (N, D) with D 2 or 3."""
    if points.shape[1] == 2:
        return 0.8 * _value_noise(points * (2 * frequency), phase)
    one, other = (_value_noise(points @ plane.T * (2 * frequency), phase + 7 * k) for k, plane in enumerate(_PLANES))
    return 0.55 * (one + other)


def _value_noise(places: FloatArray, phase: float) -> FloatArray:
    """Bilinear noise over a lattice of random values, with eased weights; places are (N, 2) in cells."""
    moved = places.astype(np.float32) + np.array([phase * 17.31 % _LATTICE, phase * 7.77 % _LATTICE], np.float32)
    cell = np.floor(moved)
    ease = moved - cell
    ease = ease * ease * (3 - 2 * ease)
    along, down = np.ascontiguousarray(ease.T)
    column, row = np.ascontiguousarray((cell.astype(np.int32) % _LATTICE).T)
    right, below = (column + 1) % _LATTICE, (row + 1) % _LATTICE * _LATTICE
    row *= _LATTICE
    table = _lattice().ravel()
    top = table.take(row + column) * (1 - along) + table.take(row + right) * along
    bottom = table.take(below + column) * (1 - along) + table.take(below + right) * along
    return np.asarray(top * (1 - down) + bottom * down)


def pattern_mask(pattern: Pattern, along: FloatArray, around: FloatArray, scale_m: float) -> FloatArray:
    """Return (N,) in [0, 1]: where a fabric shows its second colour.

    Args:
        pattern: which.
        along: (N,) metres along the garment.
        around: (N,) metres across it.
        scale_m: length of one repeat.
    """
    a, b = along / scale_m, around / scale_m
    if pattern == "stripes":
        return _soft(np.abs(a % 1 - 0.5) - 0.25)
    if pattern == "pinstripes":
        return _soft(0.08 - np.abs(b % 1 - 0.5))
    if pattern == "checks":
        return 0.5 * (_soft(np.abs(a % 1 - 0.5) - 0.3) + _soft(np.abs(b % 1 - 0.5) - 0.3))
    if pattern == "dots":
        return _soft(0.22 - np.hypot(a % 1 - 0.5, b % 1 - 0.5))
    if pattern == "block":
        return _soft(0.25 - np.abs(a - np.floor(a.mean()) - 0.5) / 2)
    return np.zeros_like(a)


def _soft(signed: FloatArray) -> FloatArray:
    return np.clip(0.5 + signed * 20, 0, 1)


def linear(colour: FloatArray | tuple[float, float, float]) -> FloatArray:
    """Turn display values in [0, 1] into linear light."""
    return np.asarray(np.power(np.asarray(colour, np.float32), np.float32(2.2)))


def display(light: FloatArray) -> FloatArray:
    """Turn linear light into display values in [0, 1], with a soft shoulder for what is too bright."""
    light = np.asarray(light, np.float32)
    bright = light > _SHOULDER
    rolled = np.clip(light, 0, 1)
    rolled[bright] = _SHOULDER + (1 - _SHOULDER) * np.tanh((light[bright] - _SHOULDER) / (1 - _SHOULDER))
    return np.asarray(cv2.pow(rolled, 1 / 2.2))


def hsv(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    """Return display RGB in [0, 1]."""
    import colorsys

    return colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
