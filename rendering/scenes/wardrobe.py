"""What synthetic people wear and how they look: skin, hair, eyes, garments as colour over the body's own surface.

Clothes are regions of the surface, lifted off the skin by a few millimetres to centimetres, so the truth under every
pixel stays the body's: what an annotator marks behind the clothes. Regions are drawn in coordinates that every body
shares: the mean rest body (metres) and, for limbs, how far along arm or leg a point lies (1 elbow or knee, 2 wrist or
ankle).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rendering.scenes.faces import paint_face
from rendering.scenes.outfits import Fabric, Outfit
from rendering.scenes.regions import bottom_region, hair_region, shoe_region, top_region
from rendering.scenes.rig import FloatArray
from rendering.scenes.surface_patch import ARMS, HEAD, LEGS, SurfacePatch, body_coordinates
from rendering.scenes.textures import linear, pattern_mask, smooth_noise

_EDGE_M: Final = 0.001
_SEAM_M: Final = 0.012


@dataclass(frozen=True)
class Looks:
    """Material of surface points. albedo: (N, 3) linear; gloss, cloth: (N,) in [0, 1]."""

    albedo: FloatArray
    gloss: FloatArray
    cloth: FloatArray


def looks_of(outfit: Outfit, at: SurfacePatch) -> Looks:
    """Return colour, shine and how much of cloth there is at points of the surface."""
    shade = 1 + 0.05 * smooth_noise(at.rest, 12, outfit.phase)
    colour = linear(outfit.skin)[None] * shade[:, None]
    head = np.flatnonzero(at.part == HEAD)
    colour[head] = paint_face(outfit, at.take(head), colour[head])
    gloss = np.full(len(colour), 0.25)
    cloth = np.zeros(len(colour))
    for region, fabric in ((bottom_region(outfit, at), outfit.bottom), (top_region(outfit, at), outfit.top)):
        worn = np.flatnonzero(region > -_EDGE_M)
        inside = np.clip(region[worn] / (2 * _EDGE_M) + 0.5, 0, 1)[:, None]
        colour[worn] = colour[worn] * (1 - inside) + _cloth_colour(fabric, at.take(worn), region[worn]) * inside
        gloss[region > 0] = 0.04
        cloth[region > 0] = 1.0
    shoe = np.flatnonzero(shoe_region(outfit, at) > 0)
    _, height, front = at.rest[shoe].T
    is_sole = (height < -0.942) | ((height < -0.93) & (front < 0.1))
    colour[shoe] = np.where(is_sole[:, None], linear(outfit.sole)[None], linear(outfit.shoe)[None])
    hair = np.clip(hair_region(outfit, at) / 0.008 + 0.5, 0, 1)
    grown = np.flatnonzero(hair > 0)
    share = hair[grown, None]
    colour[grown] = colour[grown] * (1 - share) + _hair_colour(outfit, at.rest[grown]) * share
    gloss[shoe] = 0.3
    gloss[hair > 0.5] = 0.3
    return Looks(np.clip(colour, 0.004, 0.95), gloss, cloth)


def _cloth_colour(fabric: Fabric, at: SurfacePatch, region: FloatArray) -> FloatArray:
    mask = pattern_mask(fabric.pattern, *_cloth_grid(at), fabric.scale_m)[:, None]
    weave = 1 + 0.07 * smooth_noise(at.rest, 28, fabric.phase) + 0.10 * smooth_noise(at.rest, 4, fabric.phase)
    seam = np.where((region > 0) & (region < _SEAM_M), 0.72, 1.0)
    dye = linear(fabric.colour)[None] * (1 - mask) + linear(fabric.second)[None] * mask
    return np.asarray(dye * (weave * seam)[:, None])


def _hair_colour(outfit: Outfit, rest: FloatArray) -> FloatArray:
    strands = 0.35 * smooth_noise(rest * [3.0, 0.5, 1.0], 40, outfit.phase) + 0.15 * smooth_noise(
        rest, 15, outfit.phase
    )
    return np.asarray(linear(outfit.hair)[None] * np.maximum(1 + strands, 0.2)[:, None])


def _cloth_grid(at: SurfacePatch) -> tuple[FloatArray, FloatArray]:
    """Return metres along and around trunk, arms and legs: the warp and weft that fabric patterns follow."""
    side = np.sign(at.rest[:, :1]) * [1, 0, 0] + [0, 1, 1]
    coordinates = body_coordinates()
    along, around = at.rest[:, 1].copy(), np.arctan2(at.rest[:, 0], at.rest[:, 2] - 0.01) * 0.14
    for parts, place, chain, girth in (
        (ARMS, at.arm, coordinates.arm_chain, 0.05),
        (LEGS, at.leg, coordinates.leg_chain, 0.08),
    ):
        own = np.isin(at.part, parts)
        axis = np.stack([np.interp(place[own], [0, 1, 2], chain[:, k]) for k in range(3)], axis=1)
        off = at.rest[own] * side[own] - axis
        around[own] = np.arctan2(off[:, 0], off[:, 2]) * girth
        if parts == ARMS:
            along[own] = at.arm[own] * 0.27
    return along, around
