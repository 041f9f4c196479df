"""The base poses, tuned by looking at contact sheets of them, and `sample_pose`, which draws poses around them."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from rendering.scenes.poses import LIMITS, SIDES, Pose, Side, clamped, mirrored


@dataclass(frozen=True)
class BasePose:
    """A named pose: angles in degrees by the names of `LIMITS`, spread 1 = ordinary variation, weight = how often."""

    angles: dict[str, float]
    weight: float = 1.0
    spread: float = 1.0
    planted: tuple[Side, ...] = SIDES
    support: Literal["feet", "seat", "air"] = "feet"
    lift_m: float = 0.0
    gaze_spread: float = 30.0


def _both(**angles: float) -> dict[str, float]:
    return {f"{side}_{name}": value for side in SIDES for name, value in angles.items()}


def _left(**angles: float) -> dict[str, float]:
    return {f"left_{name}": value for name, value in angles.items()}


def _right(**angles: float) -> dict[str, float]:
    return {f"right_{name}": value for name, value in angles.items()}


_ARMS_DOWN: Final = _both(shoulder_elevation=8, shoulder_swing=14, elbow_flexion=18, forearm_twist=5)
_STAND: Final = _both(hip_abduction=4, hip_rotation=6, knee_flexion=3) | _ARMS_DOWN

LIBRARY: Final[dict[str, BasePose]] = {
    "stand": BasePose(_STAND, weight=2),
    "contrapposto": BasePose(
        _STAND
        | {"pelvis_roll": 4, "spine_bend": 6}
        | _left(hip_abduction=10, hip_flexion=14, knee_flexion=24, hip_rotation=18)
        | _right(hip_abduction=-3),
        weight=1.5,
        spread=0.8,
    ),
    "hands_on_hips": BasePose(
        _STAND
        | _both(shoulder_elevation=42, shoulder_swing=-22, shoulder_twist=38, elbow_flexion=88, wrist_flexion=-10)
        | _both(hip_abduction=9),
        spread=0.5,
    ),
    "walk": BasePose(
        {"spine_twist": 8, "pelvis_pitch": 3}
        | _left(hip_flexion=28, knee_flexion=8, hip_abduction=2)
        | _right(hip_flexion=-14, knee_flexion=22, hip_abduction=2, ankle_flexion=-16)
        | _left(shoulder_elevation=22, shoulder_swing=-42, elbow_flexion=18)
        | _right(shoulder_elevation=28, shoulder_swing=80, elbow_flexion=34),
        weight=2,
        planted=("left",),
    ),
    "stride": BasePose(
        {"spine_twist": 6, "pelvis_pitch": 4}
        | _left(hip_flexion=8, knee_flexion=6, hip_abduction=1)
        | _right(hip_flexion=22, knee_flexion=58, hip_abduction=2, ankle_flexion=-5)
        | _left(shoulder_elevation=18, shoulder_swing=70, elbow_flexion=30)
        | _right(shoulder_elevation=20, shoulder_swing=-30, elbow_flexion=22),
        planted=("left",),
    ),
    "run": BasePose(
        {"pelvis_pitch": 12, "spine_twist": 12}
        | _left(hip_flexion=68, knee_flexion=88, ankle_flexion=5)
        | _right(hip_flexion=-12, knee_flexion=38, ankle_flexion=-25)
        | _left(shoulder_elevation=38, shoulder_swing=-40, elbow_flexion=95)
        | _right(shoulder_elevation=34, shoulder_swing=74, elbow_flexion=88),
        planted=(),
        support="air",
        lift_m=0.05,
    ),
    "reach_up": BasePose(
        _STAND
        | {"spine_bend": -8, "neck_flexion": -18}
        | _left(shoulder_elevation=158, shoulder_swing=55, elbow_flexion=14, clavicle_lift=20, finger_curl=12),
    ),
    "reach_forward": BasePose(
        _STAND
        | {"spine_flexion": 12, "spine_twist": -10}
        | _left(shoulder_elevation=84, shoulder_swing=84, elbow_flexion=14, finger_curl=12)
        | _right(hip_flexion=-6, hip_abduction=4),
    ),
    "arms_up": BasePose(
        _STAND
        | _both(shoulder_elevation=148, shoulder_swing=22, elbow_flexion=22, clavicle_lift=18, finger_curl=12)
        | _both(hip_abduction=9),
        weight=1.4,
    ),
    "arms_wide": BasePose(
        _STAND | _both(shoulder_elevation=88, shoulder_swing=8, elbow_flexion=12, finger_curl=10, hip_abduction=10),
    ),
    "wave": BasePose(
        _STAND | _left(shoulder_elevation=72, shoulder_swing=20, shoulder_twist=-68, elbow_flexion=112, finger_curl=6),
        spread=0.7,
    ),
    "phone": BasePose(
        _STAND | _left(shoulder_elevation=42, shoulder_swing=72, shoulder_twist=8, elbow_flexion=138, finger_curl=55),
        spread=0.4,
    ),
    "hold_front": BasePose(
        _STAND
        | {"neck_flexion": 14}
        | _both(shoulder_elevation=28, shoulder_swing=75, shoulder_twist=14, elbow_flexion=84, finger_curl=45),
        spread=0.6,
        gaze_spread=12,
    ),
    "sit": BasePose(
        _both(hip_flexion=84, knee_flexion=84, hip_abduction=9, hip_rotation=2)
        | {"pelvis_pitch": -4, "spine_flexion": 7}
        | _both(shoulder_elevation=30, shoulder_swing=62, elbow_flexion=62, shoulder_twist=8),
        weight=1.6,
        spread=0.6,
        support="seat",
    ),
    "sit_relaxed": BasePose(
        _left(hip_flexion=80, knee_flexion=70, hip_abduction=14)
        | _right(hip_flexion=82, knee_flexion=98, hip_abduction=12)
        | {"pelvis_pitch": -12, "spine_flexion": 14}
        | _left(shoulder_elevation=36, shoulder_swing=58, elbow_flexion=58)
        | _right(shoulder_elevation=24, shoulder_swing=-20, elbow_flexion=14),
        spread=0.6,
        support="seat",
    ),
    "squat": BasePose(
        _both(hip_flexion=108, knee_flexion=118, hip_abduction=22, hip_rotation=8, ankle_flexion=20)
        | {"pelvis_pitch": 26, "spine_flexion": 16, "neck_flexion": -22}
        | _both(shoulder_elevation=66, shoulder_swing=84, elbow_flexion=48),
        spread=0.6,
    ),
    "crouch": BasePose(
        _left(hip_flexion=110, knee_flexion=122, hip_abduction=8, ankle_flexion=22)
        | _right(hip_flexion=66, knee_flexion=138, hip_abduction=6, ankle_flexion=18)
        | {"pelvis_pitch": 20, "spine_flexion": 22, "neck_flexion": -16}
        | _left(shoulder_elevation=48, shoulder_swing=80, elbow_flexion=38)
        | _right(shoulder_elevation=40, shoulder_swing=66, elbow_flexion=52),
        spread=0.5,
        planted=("left",),
    ),
    "lunge": BasePose(
        _left(hip_flexion=70, knee_flexion=72, hip_abduction=5)
        | _right(hip_flexion=-15, knee_flexion=55, hip_abduction=5, ankle_flexion=20)
        | _both(shoulder_elevation=36, shoulder_swing=-14, shoulder_twist=34, elbow_flexion=76),
        spread=0.5,
        planted=("left",),
    ),
    "bend_down": BasePose(
        {"pelvis_pitch": 46, "spine_flexion": 34, "neck_flexion": -12}
        | _both(hip_flexion=60, knee_flexion=28, hip_abduction=7)
        | _both(shoulder_elevation=82, shoulder_swing=86, elbow_flexion=14),
        spread=0.7,
    ),
    "throw": BasePose(
        {"spine_twist": -26, "spine_bend": 6, "pelvis_pitch": 2}
        | _left(hip_flexion=32, knee_flexion=18, hip_abduction=8)
        | _right(hip_flexion=-10, knee_flexion=24, hip_abduction=8)
        | _left(shoulder_elevation=76, shoulder_swing=74, elbow_flexion=18)
        | _right(shoulder_elevation=94, shoulder_swing=-14, shoulder_twist=-58, elbow_flexion=94),
        planted=("left",),
        spread=0.7,
    ),
    "side_stretch": BasePose(
        _STAND
        | {"spine_bend": 22, "pelvis_roll": 3, "neck_bend": 8}
        | _right(shoulder_elevation=162, shoulder_swing=28, elbow_flexion=34, clavicle_lift=22)
        | _left(shoulder_elevation=44, shoulder_swing=-22, shoulder_twist=38, elbow_flexion=88)
        | _both(hip_abduction=14),
        spread=0.5,
    ),
    "star_jump": BasePose(
        _both(hip_abduction=30, hip_flexion=10, knee_flexion=14, ankle_flexion=-30)
        | _both(shoulder_elevation=125, shoulder_swing=10, elbow_flexion=16, clavicle_lift=14, finger_curl=8),
        weight=0.6,
        planted=(),
        support="air",
        lift_m=0.28,
    ),
    "kick": BasePose(
        {"pelvis_pitch": -10, "spine_flexion": 18, "spine_twist": 14}
        | _left(hip_flexion=72, knee_flexion=16, ankle_flexion=-25, hip_abduction=6)
        | _right(hip_flexion=-2, knee_flexion=14)
        | _left(shoulder_elevation=48, shoulder_swing=-30, elbow_flexion=26)
        | _right(shoulder_elevation=70, shoulder_swing=62, elbow_flexion=34),
        weight=0.7,
        planted=("right",),
        spread=0.7,
    ),
}
POSE_NAMES: Final = tuple(LIBRARY)


def sample_pose(rng: np.random.Generator, name: str | None = None) -> Pose:
    """Draw a pose: a base pose, its angles spread a little, left and right swapped half the time.

    Args:
        rng: the source of chance.
        name: one of `POSE_NAMES`; None draws one by its weight.

    Raises:
        ValueError: there is no pose of that name.
    """
    if name is None:
        weights = np.array([base.weight for base in LIBRARY.values()])
        name = str(rng.choice(list(LIBRARY), p=weights / weights.sum()))
    if name not in LIBRARY:
        raise ValueError(f"pose must be one of {', '.join(LIBRARY)}, got {name!r}")
    base = LIBRARY[name]
    angles = {}
    for joint, limits in LIMITS.items():
        spread = base.spread * (limits[1] - limits[0]) * 0.035
        if joint.endswith(("finger_curl", "thumb_curl")):
            continue
        angles[joint] = base.angles.get(joint, 0.0) + float(np.clip(rng.normal(0, spread), -2 * spread, 2 * spread))
    for side in SIDES:
        curl = base.angles.get(f"{side}_finger_curl", 22.0)
        angles[f"{side}_finger_curl"] = curl + float(rng.uniform(-14, 14))
        angles[f"{side}_thumb_curl"] = float(rng.uniform(0, 20))
    gaze = base.gaze_spread
    angles["neck_twist"] = angles.get("neck_twist", 0.0) + float(rng.uniform(-gaze, gaze))
    pose = Pose(name, angles, base.planted, base.support, base.lift_m * float(rng.uniform(0.6, 1.3)))
    if rng.random() < 0.5:
        pose = mirrored(pose)
    return clamped(pose)
