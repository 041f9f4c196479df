"""From joint angles to bone rotations, and a body that stands on its ground without running through itself.

Every rotation is made for the left limb in the rest pose's axes (x = left, y up, z forward); the right one is its
mirror image.
"""

import math
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np

from body.topology import load_topology
from rendering.scenes.poses import SIDES, Pose, Side, clamped
from rendering.scenes.rig import N_VERTICES, FloatArray, PosedBody, RestBody, Rig, load_rig, vertex_normals
from rendering.scenes.tracing import RayCaster

_COARSE_M: Final = 0.035
_ABDUCTED_AT_REST: Final = 6.0  # the A-pose stands with its legs apart
_MIRROR: Final = np.diag([-1.0, 1.0, 1.0])
_SUFFIX: Final = {"left": "L", "right": "R"}
_SPINE: Final = {"spine05": 0.1, "spine04": 0.25, "spine03": 0.25, "spine02": 0.25, "spine01": 0.15}
_NECK: Final = {"neck01": 0.25, "neck02": 0.2, "neck03": 0.2, "head": 0.35}
# Coarse parts of a limb that may wander, and of the whole limb, which it may touch: arms, then legs, right and left.
_LIMBS: Final = (((2, 13), (2, 13, 11)), ((3, 12), (3, 12, 10)), ((5, 8), (5, 8, 6)), ((4, 9), (4, 9, 7)))


def pose_body(rig: Rig, rest: RestBody, pose: Pose) -> PosedBody:
    """Pose a body and set it on the ground y = 0 (or `lift_m` above it), with the pelvis over the origin."""
    if pose.support == "feet" and len(pose.planted) == 2:
        pose = _on_both_feet(rig, rest, pose)
    body = rig.pose(rest, bone_rotations(rig, rest, pose))
    shift = np.array([0.0, pose.lift_m - body.vertices[:, 1].min(), 0.0])
    return PosedBody(body.vertices + shift, body.keypoints + shift, body.joints + shift)


def _on_both_feet(rig: Rig, rest: RestBody, pose: Pose) -> Pose:
    """Bend the leg whose foot hangs lower until both feet reach the ground, as far as its limits allow."""
    lows = _foot_heights(rig, rest, pose, SIDES)
    lower: Side = "left" if lows["left"] < lows["right"] else "right"
    target = max(lows.values())
    least, most = 0.0, 60.0
    for _ in range(9):
        bend = (least + most) / 2
        if _foot_heights(rig, rest, _bent(pose, lower, bend), (lower,))[lower] < target:
            least = bend
        else:
            most = bend
    return _bent(pose, lower, least)


def _bent(pose: Pose, side: Side, bend: float) -> Pose:
    hip, knee = f"{side}_hip_flexion", f"{side}_knee_flexion"
    return clamped(replace(pose, angles=pose.angles | {hip: pose.angle(hip) + bend / 2, knee: pose.angle(knee) + bend}))


def _foot_heights(rig: Rig, rest: RestBody, pose: Pose, sides: tuple[Side, ...]) -> dict[Side, float]:
    """Height of each ankle joint's foot, by its joint: soles are level, so the joints tell."""
    rotations = {"root": _root(pose)}
    for side in sides:
        rotations |= _on_side(side, _leg(pose, side))
    return {side: float(rig.pose_joint(rest, rotations, f"foot.{_SUFFIX[side]}")[1]) for side in sides}


def bone_rotations(rig: Rig, rest: RestBody, pose: Pose) -> dict[str, FloatArray]:
    """Turn joint angles into a rotation for each bone concerned, as `Rig.pose` takes them."""
    rotations = {"root": _root(pose)}
    for joint, shares in (("spine", _SPINE), ("neck", _NECK)):
        flexion, bend, twist = (pose.angle(f"{joint}_{motion}") for motion in ("flexion", "bend", "twist"))
        for bone, share in shares.items():
            rotations[bone] = _turn(x=flexion * share, y=twist * share, z=-bend * share)
    for side in SIDES:
        heads = rest.heads if side == "left" else rest.heads[_mirror_bones(rig)] * [-1, 1, 1]
        limb = _leg(pose, side) | _arm(rig, heads, pose, side) | _hand(rig, heads, pose, side)
        rotations |= _on_side(side, limb)
    return rotations


def _root(pose: Pose) -> FloatArray:
    return _turn(x=pose.angle("pelvis_pitch"), z=pose.angle("pelvis_roll"))


def _on_side(side: Side, limb: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Give the bones of a left limb's rotations their side, mirrored for the right."""
    if side == "left":
        return {f"{bone}.L": rotation for bone, rotation in limb.items()}
    return {f"{bone}.R": _MIRROR @ rotation @ _MIRROR for bone, rotation in limb.items()}


def _turn(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> FloatArray:
    """Return the rotation Rx Rz Ry (a point turns about y first), degrees."""
    (cx, cy, cz), (sx, sy, sz) = ([f(math.radians(angle)) for angle in (x, y, z)] for f in (math.cos, math.sin))
    return np.array(
        [
            [cz * cy, -sz, cz * sy],
            [cx * sz * cy + sx * sy, cx * cz, cx * sz * sy - sx * cy],
            [sx * sz * cy - cx * sy, sx * cz, sx * sz * sy + cx * cy],
        ]
    )


def _about(axis: FloatArray, angle_deg: float) -> FloatArray:
    """Return the rotation about an axis, by Rodrigues' formula (scipy's Rotation costs fifty times as much a call)."""
    x, y, z = axis / math.sqrt(float(axis @ axis))
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(angle_deg)
    return np.asarray(np.eye(3) + math.sin(angle) * across + (1 - math.cos(angle)) * (across @ across))


def _aim(source: FloatArray, target: FloatArray) -> FloatArray:
    """The smallest rotation that takes one direction into another (never opposite ones, within the limits)."""
    a, b = source / np.linalg.norm(source), target / np.linalg.norm(target)
    axis = np.cross(a, b)
    angle = np.degrees(np.arctan2(np.linalg.norm(axis), a @ b))
    return np.eye(3) if angle < 1e-6 else _about(axis, float(angle))


def _mirror_bones(rig: Rig) -> list[int]:
    swap = {"L": "R", "R": "L"}
    return [
        rig.bone(f"{name[:-1]}{swap[name[-1]]}") if name.endswith((".L", ".R")) else i
        for i, name in enumerate(rig.bone_names)
    ]


def _leg(pose: Pose, side: Side) -> dict[str, FloatArray]:
    hip = _turn(
        x=-pose.angle(f"{side}_hip_flexion"),
        z=pose.angle(f"{side}_hip_abduction") - _ABDUCTED_AT_REST,
        y=0.5 * pose.angle(f"{side}_hip_rotation"),
    )
    thigh_twist = _turn(y=0.5 * pose.angle(f"{side}_hip_rotation"))
    knee = _turn(x=pose.angle(f"{side}_knee_flexion"))
    ankle = _turn(x=-pose.angle(f"{side}_ankle_flexion"))
    if side in pose.planted:
        root = _root(pose)
        root = root if side == "left" else _MIRROR @ root @ _MIRROR
        ankle = _level_foot(root @ hip @ thigh_twist @ knee)
    return {"upperleg01": hip, "upperleg02": thigh_twist, "lowerleg01": knee, "foot": ankle}


def _level_foot(shin: FloatArray) -> FloatArray:
    """The ankle rotation, within its limits, that levels a sole which is level at rest."""
    heading = shin[:, 2] * [1, 0, 1] if abs(shin[1, 2]) < 0.95 else np.array([0.0, 0.0, 1.0])
    forward = heading / np.linalg.norm(heading)
    up = np.array([0.0, 1.0, 0.0])
    wanted = np.stack([np.cross(up, forward), up, forward], axis=1)
    turn = (shin.T @ wanted).tolist()  # as `_turn` makes it
    x = math.degrees(math.atan2(turn[2][1], turn[1][1]))
    z = math.degrees(math.atan2(-turn[0][1], math.hypot(turn[1][1], turn[2][1])))
    y = math.degrees(math.atan2(turn[0][2], turn[0][0]))
    return _turn(x=min(max(x, -28), 45), z=min(max(z, -18), 18), y=min(max(y, -5), 5))


def _arm(rig: Rig, heads: FloatArray, pose: Pose, side: Side) -> dict[str, FloatArray]:
    shoulder, elbow, wrist = (heads[rig.bone(f"{name}.L")] for name in ("upperarm01", "lowerarm01", "wrist"))
    upper, fore = elbow - shoulder, wrist - elbow
    elevation, swing = (np.radians(pose.angle(f"{side}_shoulder_{motion}")) for motion in ("elevation", "swing"))
    aim = np.array([np.sin(elevation) * np.cos(swing), -np.cos(elevation), np.sin(elevation) * np.sin(swing)])
    lift = pose.angle(f"{side}_clavicle_lift") + 0.12 * max(0.0, float(np.degrees(elevation)) - 60)
    clavicle = _turn(z=min(lift, 25.0))
    half_twist = _about(upper, 0.5 * pose.angle(f"{side}_shoulder_twist"))
    hinge = np.cross(upper, fore)
    bent_at_rest = np.degrees(np.arctan2(np.linalg.norm(hinge), upper @ fore))
    flexion = _about(hinge, pose.angle(f"{side}_elbow_flexion") - float(bent_at_rest))
    half_roll = _about(fore, 0.5 * pose.angle(f"{side}_forearm_twist"))
    return {
        "clavicle": clavicle,
        "upperarm01": _aim(upper, clavicle.T @ aim) @ half_twist,
        "upperarm02": half_twist,
        "lowerarm01": flexion,
        "lowerarm02": half_roll,
        "wrist": half_roll @ _wrist_bend(rig, heads, pose, side),
    }


def _wrist_bend(rig: Rig, heads: FloatArray, pose: Pose, side: Side) -> FloatArray:
    return _about(_knuckle_axis(rig, heads), pose.angle(f"{side}_wrist_flexion"))


def _knuckle_axis(rig: Rig, heads: FloatArray) -> FloatArray:
    """From the little finger's knuckle to the index finger's: turning about it closes the left hand."""
    return np.asarray(heads[rig.bone("finger2-1.L")] - heads[rig.bone("finger5-1.L")])


def _hand(rig: Rig, heads: FloatArray, pose: Pose, side: Side) -> dict[str, FloatArray]:
    axis = _knuckle_axis(rig, heads)
    curl = pose.angle(f"{side}_finger_curl")
    rotations = {}
    for finger in range(2, 6):
        for joint in range(1, 4):
            rotations[f"finger{finger}-{joint}"] = _about(
                axis, curl * (0.75 + 0.1 * finger) * (1.0 if joint < 3 else 0.6)
            )
    thumb = heads[rig.bone("finger1-3.L")] - heads[rig.bone("finger1-1.L")]
    palm = np.cross(axis, heads[rig.bone("finger3-1.L")] - heads[rig.bone("wrist.L")])
    for joint in (2, 3):
        rotations[f"finger1-{joint}"] = _about(np.cross(thumb, palm), pose.angle(f"{side}_thumb_curl"))
    return rotations


def buried_fraction(body: PosedBody) -> float:
    """Return how deep a forearm with its hand, or a lower leg with its foot, runs into the rest of the body.

    A vertex is inside when the ray along its own normal first meets another part of the body from behind. A coarse
    body tells it: most of the time would go into making triangles ready for rays.

    Returns:
        The largest share of inside vertices over the four limbs, 0..1.
    """
    chosen, faces, face_part = _coarse_body()
    vertices = body.vertices[chosen]
    corners = vertices[faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = vertex_normals(vertices, faces)
    caster = RayCaster(vertices, faces)
    shares = []
    for limb, whole in _LIMBS:
        own = np.unique(faces[np.isin(face_part, limb)])
        rays = normals[own]
        hit = caster.first_hits(vertices[own] + 1e-3 * rays, rays).triangle
        from_behind = np.einsum("nd,nd->n", face_normals[hit], rays) > 0
        shares.append(float(((hit >= 0) & from_behind & ~np.isin(face_part[hit], whole)).mean()))
    return max(shares)


@cache
def _coarse_body() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the vertices (V,) that stand for all in their cell of the mean rest body, and the (F, 3) triangles that
    are left between them with their coarse parts (F,).
    """
    topology, rest = load_topology(), load_rig().mean[:N_VERTICES]
    _, chosen, cell = np.unique(np.floor(rest / _COARSE_M), axis=0, return_index=True, return_inverse=True)
    faces = cell.ravel()[topology.faces]
    is_left = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    return chosen, faces[is_left].astype(np.int32), topology.face_part[is_left]
