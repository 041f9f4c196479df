"""A person's 17 COCO keypoints as bones with sensible widths, in pixels: what the parts prefill is built on.

Missing joints are guessed from those that are there, and the guess is marked, so that a mask can use it and a drawing
without a mask need not. Lengths and half-widths are those of an adult, in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from body.parts import PARTS
from labels.errors import LabelError

Point = NDArray[np.float64]
SideName = Literal["left", "right"]

KEYPOINTS: Final[tuple[str, ...]] = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
_FACE: Final = KEYPOINTS[:5]
_SIDES: Final[tuple[SideName, SideName]] = ("right", "left")

# Distances between keypoints of an adult, metres.
_LENGTH_M: Final[dict[tuple[str, str], float]] = {
    ("left_shoulder", "left_elbow"): 0.29,
    ("right_shoulder", "right_elbow"): 0.29,
    ("left_elbow", "left_wrist"): 0.25,
    ("right_elbow", "right_wrist"): 0.25,
    ("left_hip", "left_knee"): 0.42,
    ("right_hip", "right_knee"): 0.42,
    ("left_knee", "left_ankle"): 0.41,
    ("right_knee", "right_ankle"): 0.41,
    ("left_shoulder", "left_hip"): 0.48,
    ("right_shoulder", "right_hip"): 0.48,
    ("left_shoulder", "right_shoulder"): 0.36,
    ("left_ear", "right_ear"): 0.155,
    ("left_eye", "right_eye"): 0.065,
}
_HALF_WIDTH_M: Final[dict[str, float]] = {
    "head": 0.11,
    "torso": 0.08,
    "upper_arm": 0.058,
    "lower_arm": 0.046,
    "hand": 0.05,
    "upper_leg": 0.088,
    "lower_leg": 0.062,
    "foot": 0.06,
}
_PART_NUMBER: Final = {(part.limb, part.side): part.number for part in PARTS}


@dataclass(frozen=True, slots=True)
class Bone:
    """One part's centre line: a polyline (N, 2) in image pixels and the part's half-width there.

    `penalty` counts against it where two parts claim a pixel: for a limb that is hidden or guessed. `is_sure`: both
    ends were annotated and not both are hidden, so that it may be drawn even where no mask confirms it.
    """

    part: int
    line: NDArray[np.float64]
    half_width_px: float
    penalty: float = 0.0
    is_sure: bool = True


@dataclass(slots=True)
class Skeleton:
    """The joints of one person, image pixels; `hidden` are annotated but not visible, `guessed` not annotated."""

    joints: dict[str, Point]
    hidden: frozenset[str]
    px_per_m: float
    guessed: set[str] = field(default_factory=set)

    def bones(self) -> list[Bone]:
        """Return the centre lines of all parts but the torso that the joints allow."""
        bones = [*self._head()]
        for side in _SIDES:
            bones += self._limb(side, ("shoulder", "elbow", "wrist"), ("upper_arm", "lower_arm", "hand"))
            bones += self._limb(side, ("hip", "knee", "ankle"), ("upper_leg", "lower_leg", "foot"))
        return bones

    def torso(self) -> NDArray[np.float64] | None:
        """Return the torso's outline (6, 2): shoulders, hips and the crotch; None where no shoulder is known."""
        corners = ["left_shoulder", "left_hip", "right_hip", "right_shoulder"]
        if any(name not in self.joints for name in corners):
            return None
        left_top, left_bottom, right_bottom, right_top = (self.joints[name] for name in corners)
        down = _unit((left_bottom + right_bottom) / 2 - (left_top + right_top) / 2)
        crotch = (left_bottom + right_bottom) / 2 + down * 0.06 * self.px_per_m
        neck = (left_top + right_top) / 2 - down * 0.06 * self.px_per_m
        return np.array([neck, left_top, left_bottom, crotch, right_bottom, right_top])

    def torso_half_width_px(self) -> float:
        """Return how far the torso reaches beyond the outline of its joints."""
        return _HALF_WIDTH_M["torso"] * self.px_per_m

    def _head(self) -> list[Bone]:
        face = [self.joints[name] for name in _FACE if name in self.joints]
        if not face:
            return []
        ears = [self.joints[name] for name in ("left_ear", "right_ear") if name in self.joints]
        centre = np.mean(ears if len(ears) == 2 else face, axis=0)
        neck = self._middle("left_shoulder", "right_shoulder")
        up = _unit(centre - neck) if neck is not None else np.array([0.0, -1.0])
        length = float(np.hypot(*(centre - neck))) if neck is not None else 0.2 * self.px_per_m
        crown = centre + up * 0.06 * self.px_per_m
        throat = centre - up * min(0.62 * length, 0.16 * self.px_per_m)
        return [self._bone("head", None, np.array([crown, throat]), ())]

    def _limb(self, side: SideName, joints: Sequence[str], limbs: Sequence[str]) -> list[Bone]:
        """Return the bones of an arm or a leg: two between joints and one beyond the last."""
        names = [f"{side}_{joint}" for joint in joints]
        points = [self.joints.get(name) for name in names]
        bones = []
        for (start, end), limb in zip(pairwise(range(3)), limbs[:2], strict=True):
            a, b = points[start], points[end]
            if a is not None and b is not None:
                if limb == "upper_leg":
                    a = a + 0.1 * (b - a)  # the hip joint lies inside the torso
                bones.append(self._bone(limb, side, np.array([a, b]), (names[start], names[end])))
        middle, last = points[1], points[2]
        if middle is not None and last is not None:
            beyond = self._beyond(middle, last, limbs[2])
            bones.append(self._bone(limbs[2], side, beyond, (names[2],)))
        return bones

    def _beyond(self, middle: Point, last: Point, limb: str) -> NDArray[np.float64]:
        """Return the centre line of a hand or foot: the limb carried on, at least a little when foreshortened."""
        along = last - middle
        length = float(np.hypot(*along))
        share_from, share_to, least_m = (0.16, 0.62, 0.06) if limb == "hand" else (0.05, 0.30, 0.06)
        direction = _unit(along)
        reach = max(share_to * length, least_m * self.px_per_m)
        return np.array([last + direction * share_from * length, last + direction * reach])

    def _bone(self, limb: str, side: SideName | None, line: NDArray[np.float64], ends: Sequence[str]) -> Bone:
        is_guessed = any(name in self.guessed for name in ends)
        n_hidden = sum(name in self.hidden for name in ends)
        return Bone(
            part=_PART_NUMBER[limb, side],  # type: ignore[index]
            line=line,
            half_width_px=max(_HALF_WIDTH_M[limb] * self.px_per_m, 1.0),
            penalty=0.35 if is_guessed else 0.25 if n_hidden else 0.0,
            is_sure=not is_guessed and (not ends or n_hidden < len(ends)),
        )

    def _middle(self, a: str, b: str) -> Point | None:
        known = [self.joints[name] for name in (a, b) if name in self.joints]
        return np.asarray(np.mean(known, axis=0)) if known else None


def skeleton_of(keypoints: ArrayLike) -> Skeleton | None:
    """Return the skeleton of COCO keypoints, missing joints guessed where that is safe.

    Args:
        keypoints: (17, 3) or (51,) of x, y (image pixels), v (0 not annotated, 1 hidden, 2 visible).

    Returns:
        The skeleton, or None where no keypoint is annotated.

    Raises:
        LabelError: another shape or a number that is not finite.
    """
    rows = np.asarray(keypoints, dtype=np.float64)
    if rows.size != 3 * len(KEYPOINTS) or not np.isfinite(rows).all():
        raise LabelError(f"keypoints must be 17 finite triples x, y, v, got the shape {rows.shape}")
    rows = rows.reshape(-1, 3)
    joints = {name: row[:2].copy() for name, row in zip(KEYPOINTS, rows, strict=True) if row[2] > 0}
    if not joints:
        return None
    hidden = frozenset(name for name, row in zip(KEYPOINTS, rows, strict=True) if row[2] == 1)
    skeleton = Skeleton(joints, hidden, px_per_m=_scale(joints))
    _guess_shoulders(skeleton)
    _guess_hips(skeleton)
    _guess_limbs(skeleton)
    return skeleton


def _scale(joints: dict[str, Point]) -> float:
    """Pixels a metre: foreshortening only ever shortens, so a high quantile of what the bones say."""
    scales = [
        float(np.hypot(*(joints[a] - joints[b]))) / length
        for (a, b), length in _LENGTH_M.items()
        if a in joints and b in joints
    ]
    if scales:
        return max(float(np.quantile(scales, 0.75)), 1.0)
    points = np.array(list(joints.values()))
    return max(float(np.ptp(points, axis=0).max()), 4.0)


def _guess_shoulders(skeleton: Skeleton) -> None:
    joints, unit = skeleton.joints, skeleton.px_per_m
    for side, other in (("left", "right"), ("right", "left")):
        name, twin = f"{side}_shoulder", f"{other}_shoulder"
        if name in joints or twin not in joints or twin in skeleton.guessed:
            continue
        across = np.zeros(2)
        if "left_hip" in joints and "right_hip" in joints:
            across = joints[f"{side}_hip"] - joints[f"{other}_hip"]
        _add(skeleton, name, joints[twin] + across)
    face = [joints[name] for name in _FACE if name in joints]
    if "left_shoulder" in joints or not face:
        return
    # Only a face: the shoulders lie below it, and its left side tells the person's left.
    left, right = joints.get("left_ear", joints.get("left_eye")), joints.get("right_ear", joints.get("right_eye"))
    sign = -1.0 if left is not None and right is not None and left[0] < right[0] else 1.0
    base = np.mean(face, axis=0) + np.array([0.0, 0.24 * unit])
    _add(skeleton, "left_shoulder", base + np.array([sign * 0.17 * unit, 0.0]))
    _add(skeleton, "right_shoulder", base - np.array([sign * 0.17 * unit, 0.0]))


def _guess_hips(skeleton: Skeleton) -> None:
    joints, unit = skeleton.joints, skeleton.px_per_m
    if "left_shoulder" not in joints:
        return
    middle = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    for side, other in (("left", "right"), ("right", "left")):
        name, twin = f"{side}_hip", f"{other}_hip"
        if name not in joints and twin in joints and twin not in skeleton.guessed:
            across = joints[f"{side}_shoulder"] - joints[f"{other}_shoulder"]
            _add(skeleton, name, joints[twin] + 0.6 * across)
    if "left_hip" in joints:
        return
    face = [joints[name] for name in _FACE if name in joints]
    down = _unit(middle - np.mean(face, axis=0)) if face else np.array([0.0, 1.0])
    for side in _SIDES:
        _add(skeleton, f"{side}_hip", middle + 0.6 * (joints[f"{side}_shoulder"] - middle) + down * 0.48 * unit)


def _guess_limbs(skeleton: Skeleton) -> None:
    """Carry legs on below known hips and knees, and arms beyond known shoulders and elbows."""
    joints = skeleton.joints
    if "left_shoulder" not in joints:
        return
    shoulders = (joints["left_shoulder"] + joints["right_shoulder"]) / 2
    hips = (joints["left_hip"] + joints["right_hip"]) / 2
    for side in _SIDES:
        for root, middle, last in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
            names = [f"{side}_{joint}" for joint in (root, middle, last)]
            if names[1] not in joints and names[2] in joints:
                _add(skeleton, names[1], (joints[names[0]] + joints[names[2]]) / 2)
            direction = hips - shoulders
            for inner, outer in pairwise(names):
                if outer not in joints:
                    _add(skeleton, outer, joints[inner] + _unit(direction) * 0.28 * skeleton.px_per_m)
                direction = joints[outer] - joints[inner]


def _add(skeleton: Skeleton, name: str, point: Point) -> None:
    skeleton.joints[name] = point
    skeleton.guessed.add(name)


def _unit(vector: Point) -> Point:
    length = float(np.hypot(*vector))
    return vector / length if length > 1e-6 else np.array([0.0, 1.0])
