"""Poses of synthetic people: joint angles within human limits.

Angles are anatomical, in degrees: flexion folds a joint forward (a knee or an elbow shut), abduction moves a limb
away from the middle, outward rotation turns it away from it. An upper arm is aimed by `elevation` (0 hanging, 90
level, 180 overhead) and `swing` (0 sideways, 90 forward, negative backward) and turned about itself by `twist`
(positive inward). A joint's name without a side is mirrored for left and right. Limits are common figures of clinical
range-of-motion tables, trimmed to what a linearly skinned body can show without collapsing.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

Side = Literal["left", "right"]
SIDES: Final[tuple[Side, Side]] = ("left", "right")

CENTRE_LIMITS: Final[dict[str, tuple[float, float]]] = {
    "pelvis_pitch": (-25, 75),
    "pelvis_roll": (-20, 20),
    "spine_flexion": (-25, 65),
    "spine_bend": (-30, 30),
    "spine_twist": (-40, 40),
    "neck_flexion": (-40, 40),
    "neck_bend": (-30, 30),
    "neck_twist": (-60, 60),
}
SIDED_LIMITS: Final[dict[str, tuple[float, float]]] = {
    "hip_flexion": (-25, 125),
    "hip_abduction": (-20, 50),
    "hip_rotation": (-35, 45),
    "knee_flexion": (0, 145),
    "ankle_flexion": (-45, 28),
    "shoulder_elevation": (0, 175),
    "shoulder_swing": (-45, 120),
    "shoulder_twist": (-80, 80),
    "clavicle_lift": (-5, 25),
    "elbow_flexion": (0, 145),
    "forearm_twist": (-80, 80),
    "wrist_flexion": (-55, 60),
    "finger_curl": (0, 80),
    "thumb_curl": (0, 35),
}
LIMITS: Final[MappingProxyType[str, tuple[float, float]]] = MappingProxyType(
    CENTRE_LIMITS | {f"{side}_{name}": limits for side in SIDES for name, limits in SIDED_LIMITS.items()}
)


@dataclass(frozen=True)
class Pose:
    """Joint angles and how the body is supported.

    Attributes:
        name: the base pose it came from.
        angles: degrees by the names of `LIMITS`; what is missing is 0.
        planted: feet whose soles are turned level with the ground, as far as the ankle allows.
        support: what bears the weight: "feet" (the lowest point rests on the ground), "seat" (a seat is put under the
            pelvis) or "air" (a jump: `lift_m` above the ground).
        lift_m: height of the lowest point above the ground, metres.
    """

    name: str
    angles: dict[str, float]
    planted: tuple[Side, ...] = SIDES
    support: Literal["feet", "seat", "air"] = "feet"
    lift_m: float = 0.0

    def angle(self, name: str) -> float:
        """Return one joint angle in degrees."""
        return self.angles.get(name, 0.0)


def mirrored(pose: Pose) -> Pose:
    """Swap left and right."""
    other = {"left": "right", "right": "left"}
    flipped = {}
    for name, value in pose.angles.items():
        side, _, rest = name.partition("_")
        if side in other:
            flipped[f"{other[side]}_{rest}"] = value
        else:
            flipped[name] = -value if name.endswith(("_roll", "_bend", "_twist")) else value
    planted: tuple[Side, ...] = tuple("right" if side == "left" else "left" for side in pose.planted)
    return replace(pose, angles=flipped, planted=planted)


def clamped(pose: Pose) -> Pose:
    """Bring every angle inside its limits.

    Raises:
        ValueError: an angle has a name that is not in `LIMITS`.
    """
    unknown = sorted(set(pose.angles) - set(LIMITS))
    if unknown:
        raise ValueError(f"pose {pose.name!r} names unknown joint angles {', '.join(unknown)}")
    angles = {name: float(min(max(value, LIMITS[name][0]), LIMITS[name][1])) for name, value in pose.angles.items()}
    return replace(pose, angles=angles)
