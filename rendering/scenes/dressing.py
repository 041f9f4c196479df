"""Puts clothes on a body as lifted skin: millimetres to centimetres, toes rounded off by shoes."""

from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.spatial import ConvexHull

from body.topology import load_topology
from rendering.scenes.outfits import Outfit
from rendering.scenes.regions import bottom_region, hair_region, shoe_region, top_region
from rendering.scenes.rig import N_VERTICES, FloatArray
from rendering.scenes.surface_patch import FEET, TORSO, body_coordinates, patch_of_vertices
from rendering.scenes.textures import smooth_noise


def dress(outfit: Outfit, rest: FloatArray) -> FloatArray:
    """Return the vertices (6890, 3) of a rest body, metres, with clothes, shoes and hair on."""
    lifted = rest + body_coordinates().normals * _padding(outfit)[:, None]
    return lifted if outfit.is_barefoot else np.asarray(lifted + _shoe_last())


@lru_cache(maxsize=1)
def _shoe_last() -> FloatArray:
    """(6890, 3) metres that carry the toes of the mean rest body out to the convex hull of the front of the foot."""
    at = patch_of_vertices()
    moved = np.zeros((N_VERTICES, 3))
    for foot in FEET:
        own = np.flatnonzero((at.part == foot) & (at.rest[:, 2] > 0.04))
        points = at.rest[own]
        planes = ConvexHull(points).equations  # n . p + d <= 0 inside
        middle = points.mean(axis=0)
        core = np.column_stack(
            [np.full(len(own), middle[0]), np.full(len(own), middle[1]), np.minimum(points[:, 2], 0.12)]
        )
        ray = points - core
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = -(core @ planes[:, :3].T + planes[:, 3]) / (ray @ planes[:, :3].T)
        reach = np.where(reach > 0, reach, np.inf).min(axis=1)
        share = np.clip((points[:, 2] - 0.05) / 0.04, 0, 1)
        rounded = core + ray * np.minimum(reach, 6)[:, None] * 1.04
        moved[own] = (rounded - points) * share[:, None]
    return moved


def _padding(outfit: Outfit) -> FloatArray:
    """Return (6890,) metres by which clothes, shoes and hair lift the surface off the skin."""
    at = patch_of_vertices()
    loose = outfit.looseness_m * (1 + 0.35 * smooth_noise(at.rest, 5, outfit.phase))
    waist = 1 + np.clip((0.25 - at.rest[:, 1]) / 0.2, 0, 1) * (at.part == TORSO)
    lift = np.where(top_region(outfit, at) > 0, loose * waist, 0.0)
    flare = 0.6 + 0.7 * np.clip(at.leg, 0, 2)
    lift = np.where((bottom_region(outfit, at) > 0) & (lift == 0), flare * loose, lift)
    lift = np.where(shoe_region(outfit, at) > 0, 0.006, lift)
    volume = {"shaved": 0.0, "short": 0.010, "full": 0.022, "long": 0.020}[outfit.hair_style]
    crown = np.clip(hair_region(outfit, at) / 0.03, 0, 1)
    lift = np.maximum(lift, volume * crown * (1 + 0.2 * smooth_noise(at.rest, 14, outfit.phase)))
    return _smoothed(lift)


@lru_cache(maxsize=1)
def _averaging() -> sparse.csr_matrix:
    """(6890, 6890): the mean over each vertex's neighbours."""
    low, high = load_topology().edges.T
    ones = np.ones(len(low))
    adjacency = sparse.coo_matrix((ones, (low, high)), shape=(N_VERTICES, N_VERTICES)).tocsr()
    adjacency = adjacency + adjacency.T
    return sparse.csr_matrix(sparse.diags(1 / np.asarray(adjacency.sum(axis=1)).ravel()) @ adjacency)


def _smoothed(values: FloatArray, rounds: int = 2) -> FloatArray:
    for _ in range(rounds):
        values = 0.5 * values + 0.5 * (_averaging() @ values)
    return np.asarray(values)
