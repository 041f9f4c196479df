"""Paints faces: eyes, brows, lips, cheeks and stubble, at places measured on the mean rest head."""

import numpy as np

from rendering.scenes.outfits import Outfit, Rgb
from rendering.scenes.rig import FloatArray
from rendering.scenes.surface_patch import HEAD, SurfacePatch
from rendering.scenes.textures import linear


def paint_face(outfit: Outfit, at: SurfacePatch, skin: FloatArray) -> FloatArray:
    """Paint eyes, brows, lips, cheeks and stubble; places are metres on the mean rest head."""
    x, y, z = at.rest.T
    face = (at.part == HEAD) & (z > 0.05)
    side = np.abs(x)
    colour = skin.copy()

    def paint(amount: FloatArray, rgb: Rgb | FloatArray) -> None:
        share = (np.clip(amount, 0, 1) * face)[:, None]
        colour[:] = colour * (1 - share) + linear(np.asarray(rgb))[None] * share

    warm = np.exp(-(((side - 0.045) / 0.02) ** 2 + ((y - 0.668) / 0.018) ** 2)) + np.exp(
        -((side / 0.012) ** 2 + ((y - 0.675) / 0.012) ** 2)
    )
    paint(0.16 * warm, (0.80, 0.36, 0.32))
    jaw = np.clip((0.655 - y) / 0.012, 0, 1) * np.clip((y - 0.585) / 0.012, 0, 1) * (z > 0.055)
    moustache = np.exp(-((side / 0.03) ** 4 + ((y - 0.651) / 0.006) ** 2))
    paint(outfit.stubble * np.maximum(jaw, moustache), outfit.hair)
    arch = 0.7258 + 0.12 * np.maximum(0.034 - np.abs(side - 0.034), 0)
    brow = np.exp(-(((y - arch) / 0.0030) ** 2))
    paint(0.8 * brow * np.clip((side - 0.012) / 0.004, 0, 1) * np.clip((0.056 - side) / 0.006, 0, 1), outfit.hair)
    curve = 0.0025 * np.cos(np.clip(side / 0.025, 0, 1.5) * np.pi)
    lip = np.clip((0.0062 - np.abs(y - 0.6365 - 0.5 * curve)) / 0.002, 0, 1) * np.clip((0.0255 - side) / 0.004, 0, 1)
    paint(0.75 * lip * (z > 0.1), outfit.lips)
    mouth = np.exp(-(((y - 0.638) / 0.0012) ** 2)) * np.clip((0.025 - side) / 0.003, 0, 1)
    paint(0.7 * mouth * (z > 0.1), (0.18, 0.07, 0.07))
    across, up = side - 0.0322, y - 0.7078
    lid = 1 - (across / 0.0130) ** 2 - (up / 0.0058) ** 2
    paint(lid * 6, (0.80, 0.78, 0.76))
    paint((0.0054 - np.hypot(across, up)) / 0.0008 * (lid > 0), outfit.eyes)
    paint((0.0026 - np.hypot(across, up)) / 0.0006 * (lid > 0), (0.02, 0.02, 0.02))
    lash = np.exp(-((lid / 0.28) ** 2)) * (up > -0.001)
    paint(0.75 * lash, (0.07, 0.05, 0.04))
    return colour
