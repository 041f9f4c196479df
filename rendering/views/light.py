"""Light and clay: a neutral body lit from the upper left, so that form is read before colour."""

import colorsys
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

# sRGB. Warm is the front (flexor) side, cool the back.
CLAY_WARM: Final = "#E6DACD"
CLAY_COOL: Final = "#BAC2CC"
GHOST: Final = "#A9AEB4"
HATCH: Final = "#9AA0A8"

_KEY: Final = (0.52, (-0.55, 0.65, 0.75), 0.25)  # strength, direction (right, up, to the viewer), wrap
_FILL: Final = (0.20, (0.85, 0.05, 0.55), 0.30)
_RIM: Final = (0.22, (0.25, 0.80, -0.55), 0.50)
_SKY: Final = (0.22, 0.46)  # from below, from above
_HOLLOW: Final = 0.55


def srgb(colour: str) -> FloatArray:
    """Return (3,) float32 in [0, 1] of "#RRGGBB"."""
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float32) / 255.0


def linear_rgb(colour: str) -> FloatArray:
    """Return (3,) float32 linear light in [0, 1] of "#RRGGBB"."""
    encoded = srgb(colour)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_from_linear(linear: FloatArray) -> FloatArray:
    """Encode linear light (..., 3), clipped to [0, 1], as sRGB in [0, 1]."""
    index = (np.clip(linear, 0.0, 1.0) * (len(_SRGB_TABLE) - 1) + 0.5).astype(np.int32)
    return _SRGB_TABLE[index]


def _srgb_table() -> FloatArray:
    linear = np.linspace(0.0, 1.0, 8192)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


_SRGB_TABLE: Final = _srgb_table()


def ink_of(colour: str) -> FloatArray:
    """Return the dark, saturated line colour (3,) sRGB in [0, 1] of a part colour."""
    return _toned(colour, darkest=0.0, lightest=0.34, dullest=0.62)


def accent_of(colour: str) -> FloatArray:
    """Return the part colour (3,) sRGB in [0, 1], held to tones that show on a light and on a dark ground."""
    # Yellow is so light that at the lightness of the others it would vanish on white.
    return _toned(colour, darkest=0.40, lightest=0.46 if _is_yellow(colour) else 0.60, dullest=0.55)


def _is_yellow(colour: str) -> bool:
    return 0.12 < colorsys.rgb_to_hls(*srgb(colour).tolist())[0] < 0.2


def _toned(colour: str, darkest: float, lightest: float, dullest: float) -> FloatArray:
    hue, lightness, saturation = colorsys.rgb_to_hls(*srgb(colour).tolist())
    if _is_yellow(colour):
        hue -= 0.022  # darkened yellow turns green to the eye; a step towards orange keeps it gold
    grey_enough = saturation if saturation < 0.25 else max(saturation, dullest)
    toned = colorsys.hls_to_rgb(hue, min(max(lightness, darkest), lightest), grey_enough)
    return np.array(toned, np.float32)


def lit(normal: FloatArray, openness: FloatArray, hollow: FloatArray, warmth: FloatArray) -> FloatArray:
    """Shade clay.

    Args:
        normal: (N, 3) unit vectors: right, up, to the viewer.
        openness: (N,) in [0, 1].
        hollow: (N,) in [-1, 1].
        warmth: (N,) in [0, 1].

    Returns:
        (N, 3) float32 linear light.
    """
    low, high = _SKY
    light = (low + (high - low) * (0.5 + 0.5 * normal[:, 1])) * openness**1.25
    light += _lamp(_KEY, normal) * (0.55 + 0.45 * openness)
    light += _lamp(_FILL, normal) * openness
    light *= 1.0 - _HOLLOW * np.clip(hollow, -0.25, 1.0)
    rim = _lamp(_RIM, normal) * (1.0 - np.clip(normal[:, 2], 0.0, 1.0)) ** 3
    cool, warm = linear_rgb(CLAY_COOL), linear_rgb(CLAY_WARM)
    clay = cool + warmth[:, None] * (warm - cool)
    return np.asarray(clay * light[:, None] + rim[:, None], np.float32)


def _lamp(lamp: tuple[float, tuple[float, float, float], float], normal: FloatArray) -> FloatArray:
    """Return the wrapped diffuse light (N,) of a lamp on normals (N, 3)."""
    strength, direction, wrap = lamp
    unit = np.array(direction, np.float32) / np.float32(np.linalg.norm(direction))
    return np.asarray(strength * np.maximum((normal @ unit + wrap) / (1.0 + wrap), 0.0), np.float32)
