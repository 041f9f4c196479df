"""What synthetic people wear and how they look: skin, hair, eyes, garments as colour over the body's own surface.

Clothes are regions of the surface, lifted off the skin by a few millimetres to centimetres, so the truth under every
pixel stays the body's: what an annotator marks behind the clothes. Regions are drawn in coordinates that every body
shares: the mean rest body (metres) and, for limbs, how far along arm or leg a point lies (1 elbow or knee, 2 wrist or
ankle).
"""

from dataclasses import dataclass

import numpy as np

from rendering.scenes.faces import paint_face
from rendering.scenes.outfits import Outfit
from rendering.scenes.regions import bottom_region, hair_region, shoe_region, top_region
from rendering.scenes.rig import FloatArray
from rendering.scenes.surface_patch import ARMS, LEGS, SurfacePatch, body_coordinates
from rendering.scenes.textures import linear, pattern_mask, smooth_noise


@dataclass(frozen=True)
class Looks:
    """Material of surface points. albedo: (N, 3) linear; gloss, cloth: (N,) in [0, 1]."""

    albedo: FloatArray
    gloss: FloatArray
    cloth: FloatArray


def looks_of(outfit: Outfit, at: SurfacePatch) -> Looks:
    """Return colour, shine and how much of cloth there is at points of the surface."""
    skin = linear(outfit.skin)[None] * (1 + 0.05 * smooth_noise(at.rest, 12, outfit.phase))[:, None]
    colour = paint_face(outfit, at, skin)
    gloss = np.full(len(colour), 0.25)
    cloth = np.zeros(len(colour))
    along, around = _cloth_grid(at)
    for region, fabric in ((bottom_region(outfit, at), outfit.bottom), (top_region(outfit, at), outfit.top)):
        mask = pattern_mask(fabric.pattern, along, around, fabric.scale_m)
        weave = 1 + 0.07 * smooth_noise(at.rest, 28, fabric.phase) + 0.10 * smooth_noise(at.rest, 4, fabric.phase)
        dye = linear(fabric.colour)[None] * (1 - mask[:, None]) + linear(fabric.second)[None] * mask[:, None]
        seam = np.where((region > 0) & (region < 0.012), 0.72, 1.0)
        inside = np.clip(region / 0.002 + 0.5, 0, 1)[:, None]
        colour = colour * (1 - inside) + dye * (weave * seam)[:, None] * inside
        gloss = np.where(region > 0, 0.04, gloss)
        cloth = np.where(region > 0, 1.0, cloth)
    shoe = shoe_region(outfit, at) > 0
    leather = np.where(
        ((at.rest[:, 1] < -0.942) | ((at.rest[:, 1] < -0.93) & (at.rest[:, 2] < 0.1)))[:, None],
        linear(outfit.sole)[None],
        linear(outfit.shoe)[None],
    )
    colour = np.where(shoe[:, None], leather, colour)
    hair = np.clip(hair_region(outfit, at) / 0.008 + 0.5, 0, 1)[:, None]
    strands = (
        1
        + 0.35 * smooth_noise(at.rest * [3.0, 0.5, 1.0], 40, outfit.phase)
        + 0.15 * smooth_noise(at.rest, 15, outfit.phase)
    )
    colour = colour * (1 - hair) + linear(outfit.hair)[None] * np.maximum(strands, 0.2)[:, None] * hair
    gloss = np.where(shoe | (hair[:, 0] > 0.5), 0.3, gloss)
    return Looks(np.clip(colour, 0.004, 0.95), gloss, cloth)


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
