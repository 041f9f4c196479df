"""The frame of each part on the canonical body: which way is up, front and outward for a hand, a thigh, a head.

The six cameras of a part follow from its frame alone, so the same surface gives the same pictures for ever.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.canonical import load_canonical_body
from body.parts import Limb, Side, part_by_number
from rendering.views.part_mesh import PartMesh, load_part_mesh

FloatArray = NDArray[np.float64]

_BODY_UP: Final = np.array([0.0, 1.0, 0.0])
_BODY_FRONT: Final = np.array([0.0, 0.0, 1.0])

# The two ends of a limb, nearer to the trunk first: the neighbour's kind and the joint's name.
LIMB_ENDS: Final[dict[Limb, tuple[tuple[Limb, str], tuple[Limb, str]]]] = {
    "upper_arm": (("torso", "shoulder"), ("lower_arm", "elbow")),
    "lower_arm": (("upper_arm", "elbow"), ("hand", "wrist")),
    "upper_leg": (("torso", "hip"), ("lower_leg", "knee")),
    "lower_leg": (("upper_leg", "knee"), ("foot", "ankle")),
}

# Finger tips of the SMPL topology, index to little finger (smplx lists them with the thumbs in `vertex_ids.py`).
FINGER_TIPS: Final[dict[Side, tuple[int, int, int, int]]] = {
    "left": (2319, 2445, 2556, 2673),
    "right": (5782, 5905, 6016, 6133),
}


@dataclass(frozen=True, eq=False)
class PartFrame:
    """Three orthogonal unit vectors (3,) and an origin (3,) in canonical metres; `left` = up x front.

    `outward` is +1 where `left` points away from the body's middle (to the thumb, for a hand), -1 where it points
    towards it. `front` of a hand is the palm, of a foot the toes.
    """

    origin: FloatArray
    up: FloatArray
    front: FloatArray
    left: FloatArray
    outward: int

    def axes(self) -> FloatArray:
        """Return (3, 3) rows front, left, up."""
        return np.stack([self.front, self.left, self.up])

    def coordinates(self, xyz: FloatArray) -> FloatArray:
        """Return positions (N, 3) as (front, left, up) metres from the origin."""
        return np.asarray((xyz - self.origin) @ self.axes().T)


@lru_cache(maxsize=14)
def frame_of(part: int) -> PartFrame:
    """Return the frame of a part 1..14 on the canonical body."""
    mesh, described = load_part_mesh(part), part_by_number(part)
    if described.limb in LIMB_ENDS:
        return _limb_frame(mesh, described.limb, described.side)
    if described.limb == "hand":
        return _hand_frame(mesh, described.side)
    if described.limb == "foot":
        return _foot_frame(mesh, described.side)
    middle = (mesh.vertices.min(0) + mesh.vertices.max(0)) / 2
    return _frame(middle, _BODY_UP, _BODY_FRONT, outward=1)


def _limb_frame(mesh: PartMesh, limb: Limb, side: Side | None) -> PartFrame:
    """Up runs along the bone from the outer to the inner border; front is the body's front made orthogonal to it."""
    (near, _), (far, _) = LIMB_ENDS[limb]
    top, bottom = (_border_centre(mesh, kind) for kind in (near, far))
    return _frame(bottom, top - bottom, _BODY_FRONT, outward=1 if side == "left" else -1)


def _hand_frame(mesh: PartMesh, side: Side | None) -> PartFrame:
    """Up runs from the wrist to the finger tips; the thumb lies where the line from little finger to index points."""
    tips = load_canonical_body().vertices[list(FINGER_TIPS[side or "left"])]
    wrist = _border_centre(mesh, "lower_arm")
    to_thumb = tips[0] - tips[3]
    # Palm towards us and fingers up, the thumb of a right hand is on our right, that of a left hand on our left.
    outward = 1 if side == "right" else -1
    up = tips.mean(0) - wrist
    return _frame(wrist, up, np.cross(outward * to_thumb, up), outward)


def _foot_frame(mesh: PartMesh, side: Side | None) -> PartFrame:
    """Up is the body's up; front is the horizontal axis along which the foot is longest."""
    floor = mesh.vertices * [1.0, 0.0, 1.0]
    middle = (mesh.vertices.min(0) + mesh.vertices.max(0)) / 2
    _, _, axes = np.linalg.svd(floor - floor.mean(0))
    front = axes[0] * np.sign(axes[0] @ _BODY_FRONT)
    return _frame(middle, _BODY_UP, front, outward=1 if side == "left" else -1)


def _frame(origin: FloatArray, up: FloatArray, front: FloatArray, outward: int) -> PartFrame:
    up = up / np.linalg.norm(up)
    front = front - (front @ up) * up
    front = front / np.linalg.norm(front)
    return PartFrame(np.asarray(origin), up, front, np.cross(up, front), outward)


def _border_centre(mesh: PartMesh, kind: Limb) -> FloatArray:
    """Return the centroid (3,) of the opening towards a neighbour of a kind; here a part has one of each kind."""
    towards = (border for border in mesh.borders if kind in {part_by_number(n).limb for n in border.neighbours})
    return mesh.border_centre(next(towards))
