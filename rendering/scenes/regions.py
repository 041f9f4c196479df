"""Where clothes, shoes and hair cover the body: signed fields over its surface, positive inside, roughly in metres."""

from typing import Final

import numpy as np

from rendering.scenes.outfits import Outfit
from rendering.scenes.rig import FloatArray
from rendering.scenes.surface_patch import ARMS, FEET, HEAD, LEGS, TORSO, SurfacePatch
from rendering.scenes.textures import smooth_noise

# Height of the hair's border (metres on the mean rest head) by z, from nape to forehead.
_HAIRLINE_Z: Final = (-0.08, -0.02, 0.012, 0.03, 0.055, 0.075, 0.10, 0.15)
_HAIRLINE_Y: Final = (0.605, 0.635, 0.665, 0.712, 0.716, 0.738, 0.768, 0.778)


def top_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    """Signed: positive where the shirt covers."""
    x, y, z = at.rest.T
    wobble = 0.004 * smooth_noise(at.rest, 9, outfit.phase)
    middle = np.clip(1 - (x / 0.085) ** 2, 0, 1)
    collar = 0.553 - np.where(z > 0.03, (0.012 + outfit.neck_drop_m) * middle, 0.0) - y
    torso = np.minimum(collar, y - outfit.hem_y + wobble)
    sleeve = np.where(at.arm < 0.02, 0.05, (outfit.sleeve - at.arm) * 0.27 + wobble)
    hips = y - outfit.hem_y + wobble
    return np.select(
        [at.part == TORSO, np.isin(at.part, ARMS), np.isin(at.part, LEGS)], [torso, sleeve, hips], default=-1.0
    )


def bottom_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    waist = 0.06 - at.rest[:, 1]
    wobble = 0.004 * smooth_noise(at.rest, 8, outfit.phase + 3)
    leg = (outfit.leg - at.leg) * 0.45 + wobble
    foot = np.where(outfit.leg > 1.9, at.rest[:, 1] + 0.885, -1.0)
    return np.select([at.part == TORSO, np.isin(at.part, LEGS), np.isin(at.part, FEET)], [waist, leg, foot], -1.0)


def shoe_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    if outfit.is_barefoot:
        return np.full(len(at.part), -1.0)
    ankle = -0.865 - at.rest[:, 1]
    return np.where(np.isin(at.part, (*FEET, 8, 9)), ankle, -1.0)


def hair_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    if outfit.hair_style == "shaved":
        return np.full(len(at.part), -1.0)
    x, y, z = at.rest.T
    border = np.interp(z, _HAIRLINE_Z, _HAIRLINE_Y) + 0.006 * smooth_noise(at.rest, 22, outfit.phase)
    border = border - 0.010 * np.clip(np.abs(x) / 0.05 - 1, 0, 1) * (z > 0.07)
    is_ear = (np.abs(x) > 0.0755) & (y < 0.72) & (z < 0.05)
    inside = np.where(is_ear & (outfit.hair_style != "long"), -0.01, y - border)
    if outfit.hair_style in ("full", "long"):
        curtain = np.where((z < 0.045) & (np.abs(x) < 0.12), 0.02, -1.0)
        reach = 0.56 if outfit.hair_style == "full" else 0.36
        falls = np.minimum(
            np.minimum(y - reach, curtain), np.where(y > 0.54, 0.05, 0.095 - np.abs(x)) - 0.012 * (z > 0)
        )
        covers = np.where((at.part == HEAD) | ((at.part == TORSO) & (z < -0.005)), falls, -1.0)
        return np.where(at.part == HEAD, np.maximum(inside, covers), covers)
    return np.where(at.part == HEAD, inside, -1.0)
