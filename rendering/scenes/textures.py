"""Procedural colour: smooth noise and simple fabric patterns as functions of a point. Cheap, seeded, without images."""

from typing import Final, Literal

import numpy as np

from rendering.scenes.rig import FloatArray

Pattern = Literal["plain", "stripes", "pinstripes", "checks", "dots", "block"]
PATTERNS: Final[tuple[Pattern, ...]] = ("plain", "stripes", "pinstripes", "checks", "dots", "block")

# Directions of the waves of `smooth_noise`: irrational to each other, so that the sum does not repeat within a body.
_WAVES: Final = np.array([[1.00, 0.31, -0.42], [-0.53, 1.13, 0.27], [0.38, -0.61, 1.21], [-1.31, -0.44, 0.77]])


def smooth_noise(points: FloatArray, frequency: float, phase: float) -> FloatArray:
    """Return (N,) values in about [-1, 1] that vary over 1/frequency metres; points are (N, D) with D 2 or 3."""
    waves = _WAVES[:, : points.shape[1]] * (2 * np.pi * frequency)
    angles = waves.astype(np.float32) @ points.T.astype(
        np.float32
    )  # single precision: its sine is several times faster
    total = np.zeros(len(points), np.float32)
    before = angles[-1]
    for number, angle in enumerate(angles):
        total += np.sin(
            angle + np.float32(1.7 * phase * (number + 1)) + np.float32(0.8) * np.sin(before * np.float32(0.53))
        )
        before = angle
    return total / np.float32(2.6)


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
    return np.asarray(np.power(np.asarray(colour, np.float64), 2.2))


def display(light: FloatArray) -> FloatArray:
    """Turn linear light into display values in [0, 1], with a soft shoulder for what is too bright."""
    rolled = np.where(light < 0.7, light, 0.7 + 0.3 * np.tanh((light - 0.7) / 0.3))
    return np.power(np.clip(rolled, 0, 1), 1 / 2.2)


def hsv(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    """Return display RGB in [0, 1]."""
    import colorsys

    return colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
