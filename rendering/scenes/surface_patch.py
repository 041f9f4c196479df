"""Coordinates on the body that every person shares, in which clothes and faces are drawn."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from body.topology import load_topology
from rendering.scenes.rig import N_VERTICES, FloatArray, load_rig, vertex_normals

TORSO: Final = 1
FEET: Final = (4, 5)
LEGS: Final = (6, 7, 8, 9)
ARMS: Final = (10, 11, 12, 13)
HEAD: Final = 14


@dataclass(frozen=True)
class BodyCoordinates:
    """Per vertex of the SMPL topology: position on the mean rest body, and how far along its arm or leg."""

    rest: FloatArray  # (6890, 3) metres
    normals: FloatArray  # (6890, 3)
    arm: FloatArray  # (6890,) 0 shoulder, 1 elbow, 2 wrist
    leg: FloatArray  # (6890,) 0 hip, 1 knee, 2 ankle
    arm_chain: FloatArray  # (3, 3) shoulder, elbow, wrist of the left arm
    leg_chain: FloatArray  # (3, 3) hip, knee, ankle of the left leg


@lru_cache(maxsize=1)
def body_coordinates() -> BodyCoordinates:
    """Return the coordinates that clothes are drawn in."""
    rig = load_rig()
    rest, _, heads = np.split(rig.mean, [N_VERTICES, N_VERTICES + len(rig.anchor_bone)])
    folded = np.column_stack([np.abs(rest[:, 0]), rest[:, 1:]])
    chains = [("upperarm01.L", "lowerarm01.L", "wrist.L"), ("upperleg01.L", "lowerleg01.L", "foot.L")]
    along, joints = [], []
    for names in chains:
        a, b, c = (heads[rig.bone(name)] for name in names)
        joints.append(np.stack([a, b, c]))
        first, second = _share(folded, a, b), _share(folded, b, c)
        along.append(np.where(second > 0, 1 + second, np.minimum(first, 1.0)))
    return BodyCoordinates(rest, vertex_normals(rest, load_topology().faces), along[0], along[1], *joints)


def _share(points: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    axis = end - start
    return np.asarray((points - start) @ axis / (axis @ axis))


@dataclass(frozen=True)
class SurfacePatch:
    """Points of a body's surface in shared coordinates. part: (N,) 1..14; rest: (N, 3) metres; arm, leg: (N,)."""

    part: FloatArray
    rest: FloatArray
    arm: FloatArray
    leg: FloatArray

    def take(self, rows: FloatArray) -> "SurfacePatch":
        """Return the points of these rows."""
        return SurfacePatch(self.part[rows], self.rest[rows], self.arm[rows], self.leg[rows])


@lru_cache(maxsize=1)
def patch_of_vertices() -> SurfacePatch:
    """Return the 6,890 vertices as a patch; one between two parts belongs to either."""
    topology, coordinates = load_topology(), body_coordinates()
    part = np.zeros(N_VERTICES, np.uint8)
    part[topology.faces] = topology.face_part[:, None]
    return SurfacePatch(part, coordinates.rest, coordinates.arm, coordinates.leg)
