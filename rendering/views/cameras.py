"""Six orthographic cameras for each part, and the words for what lies at the edges of their pictures.

The words come from the geometry: each edge is named after the direction of the part's frame that points there, so a
caption can not contradict its picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from body.parts import Limb, part_by_number
from rendering.views.frames import LIMB_ENDS, PartFrame, frame_of
from rendering.views.part_mesh import PartMesh, load_part_mesh

FloatArray = NDArray[np.float64]

VIEW_SIZE_PX: Final = 800
N_VIEWS: Final = 6

# The part fills this much of the picture's side; what is left shows how the body goes on.
_FILL: Final = 0.84
# Views along the long axis of a part are enlarged, but not so much that the part seems another size.
_MAX_ENLARGEMENT: Final = 1.6

_LIMB_VIEWS: Final = ("front", "front-outer", "back-outer", "back", "back-inner", "front-inner")

# A direction is a signed axis of the frame: f(ront), s(ide: outward; left for head and torso), u(p).
# (name, direction to the viewer, direction that is up in the picture)
_UPRIGHT_VIEWS: Final = (
    ("front", "+f", "+u"),
    ("left side", "+s", "+u"),
    ("back", "-f", "+u"),
    ("right side", "-s", "+u"),
    ("top", "+u", "-f"),
    ("bottom", "-u", "+f"),
)
_BOX_VIEWS: Final[Mapping[Limb, tuple[tuple[str, str, str], ...]]] = {
    "head": _UPRIGHT_VIEWS,
    "torso": _UPRIGHT_VIEWS,
    "hand": (
        ("palm", "+f", "+u"),
        ("back of hand", "-f", "+u"),
        ("thumb side", "+s", "+u"),
        ("little-finger side", "-s", "+u"),
        ("finger-tip end", "+u", "-f"),
        ("wrist end", "-u", "-f"),
    ),
    "foot": (
        ("top", "+u", "+f"),
        ("sole", "-u", "+f"),
        ("outer side", "+s", "+u"),
        ("inner side", "-s", "+u"),
        ("toes", "+f", "+u"),
        ("heel", "-f", "+u"),
    ),
}
_LONG_AXIS: Final[Mapping[Limb, str]] = {"head": "u", "torso": "u", "hand": "u", "foot": "f"}

_WORDS: Final[Mapping[Limb, Mapping[str, str]]] = {
    "head": {"+u": "crown", "-u": "neck", "+f": "face", "-f": "back", "+s": "left ear", "-s": "right ear"},
    "torso": {"+u": "neck", "-u": "hips", "+f": "front", "-f": "back", "+s": "left arm", "-s": "right arm"},
    "hand": {
        "+u": "finger tips",
        "-u": "wrist",
        "+f": "palm",
        "-f": "back of hand",
        "+s": "thumb",
        "-s": "little finger",
    },
    "foot": {"+u": "ankle", "-u": "sole", "+f": "toes", "-f": "heel", "+s": "outer", "-s": "inner"},
}


@dataclass(frozen=True, eq=False)
class Camera:
    """An orthographic camera: pixel = origin + px_per_m * (axis_x . p, axis_y . p), axis_y down the picture.

    Attributes:
        number: 1..6.
        name, up, down, left, right: what is seen, and what lies at each edge; lower-case English keys.
        hint: for a forearm, the side of the hand that goes on from what is seen ("palm side, thumb side"); else "".
        azimuth_deg: direction of the viewer around the part's up axis, 0 at its front, growing to its left, [0, 360).
        elevation_deg: the same against the plane across that axis, [-90, 90].
        px_per_m: pixels a metre.
        origin: (2,) pixel of the canonical frame's origin.
        axis_x, axis_y, towards: (3,) unit vectors right, down and to the viewer.
    """

    number: int
    name: str
    up: str
    down: str
    left: str
    right: str
    hint: str
    azimuth_deg: float
    elevation_deg: float
    px_per_m: float
    origin: FloatArray
    axis_x: FloatArray
    axis_y: FloatArray
    towards: FloatArray

    def project(self, xyz: ArrayLike) -> FloatArray:
        """Return pixel coordinates (N, 2) of points (N, 3) in metres."""
        axes = np.stack([self.axis_x, self.axis_y], axis=1)
        return np.asarray(self.origin + self.px_per_m * (np.asarray(xyz, np.float64) @ axes))

    def depth(self, xyz: ArrayLike) -> FloatArray:
        """Return depth (N,) in pixels, growing away from the viewer, of points (N, 3) in metres."""
        return np.asarray(-self.px_per_m * (np.asarray(xyz, np.float64) @ self.towards))

    def ray(self, xy: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the rays through pixels (N, 2): starts (N, 3) ten metres before the body and the direction (3,)."""
        offset = (np.asarray(xy, np.float64) - self.origin) / self.px_per_m
        return offset @ np.stack([self.axis_x, self.axis_y]) + 10.0 * self.towards, -self.towards

    def manifest(self) -> dict[str, Any]:
        """Return the camera as it stands in `manifest.json`."""
        words = {key: getattr(self, key) for key in ("number", "name", "up", "down", "left", "right", "hint")}
        numbers = {key: float(getattr(self, key)) for key in ("azimuth_deg", "elevation_deg", "px_per_m")}
        vectors = {key: getattr(self, key).tolist() for key in ("origin", "axis_x", "axis_y", "towards")}
        return words | numbers | vectors


@dataclass(frozen=True, eq=False)
class _Pose:
    """A camera before its scale is known."""

    name: str
    towards: FloatArray
    upward: FloatArray
    words: tuple[str, str, str, str]  # up, down, left, right
    is_end_on: bool

    @property
    def rightward(self) -> FloatArray:
        return np.cross(self.upward, self.towards)

    def extent(self, mesh: PartMesh) -> tuple[FloatArray, FloatArray]:
        """Return the middle (2,) and the size (2,) of the part, metres along rightward and upward."""
        flat = mesh.vertices @ np.stack([self.rightward, self.upward], axis=1)
        return (flat.min(0) + flat.max(0)) / 2, flat.max(0) - flat.min(0)


@lru_cache(maxsize=14)
def cameras_of(part: int) -> tuple[Camera, ...]:
    """Return the six cameras of a part 1..14, in the order of their numbers.

    All six share one scale, but for views along the part's long axis, which are enlarged at most 1.6 times.

    Raises:
        ValueError: there is no such part.
    """
    limb, frame, mesh = part_by_number(part).limb, frame_of(part), load_part_mesh(part)
    poses = _limb_poses(limb, frame) if limb in LIMB_ENDS else _box_poses(limb, frame)
    full = VIEW_SIZE_PX * _FILL
    base = min(full / pose.extent(mesh)[1].max() for pose in poses)
    end_on = min((full / pose.extent(mesh)[1].max() for pose in poses if pose.is_end_on), default=base)
    enlarged = min(end_on, base * _MAX_ENLARGEMENT)
    return tuple(
        _camera(number, pose, frame, mesh, enlarged if pose.is_end_on else base)
        for number, pose in enumerate(poses, start=1)
    )


def camera_of(part: int, view_number: int) -> Camera:
    """Return one camera of a part.

    Raises:
        ValueError: there is no such part or view.
    """
    if not 1 <= view_number <= N_VIEWS:
        raise ValueError(f"view_number must be 1..{N_VIEWS}, got {view_number}")
    return cameras_of(part)[view_number - 1]


def _camera(number: int, pose: _Pose, frame: PartFrame, mesh: PartMesh, px_per_m: float) -> Camera:
    middle, _ = pose.extent(mesh)
    front, left, up = np.round(frame.axes() @ pose.towards, 9) + 0.0
    return Camera(
        number,
        pose.name,
        *pose.words,
        hint=_hint(mesh.part, pose.towards),
        azimuth_deg=round(float(np.degrees(np.arctan2(left, front))) % 360.0, 3),
        elevation_deg=round(float(np.degrees(np.arcsin(up))), 3),
        px_per_m=px_per_m,
        origin=VIEW_SIZE_PX / 2 - px_per_m * middle * [1.0, -1.0],
        axis_x=pose.rightward,
        axis_y=-pose.upward,
        towards=pose.towards,
    )


def _limb_poses(limb: Limb, frame: PartFrame) -> list[_Pose]:
    """Every 60 degrees about the bone, from the front outward."""
    (_, near), (_, far) = LIMB_ENDS[limb]
    poses = []
    for index, name in enumerate(_LIMB_VIEWS):
        angle_deg = 60.0 * index
        angle = np.radians(angle_deg)
        towards = np.cos(angle) * frame.front + np.sin(angle) * frame.outward * frame.left
        edges = (_limb_edge(angle_deg - 90.0 * frame.outward), _limb_edge(angle_deg + 90.0 * frame.outward))
        poses.append(_Pose(name, towards, frame.up, (near, far, *edges), is_end_on=False))
    return poses


def _hint(part: int, towards: FloatArray) -> str:
    """Name the sides of the hand that face the viewer of a forearm; its own front and back mean little to people."""
    described = part_by_number(part)
    if described.limb != "lower_arm":
        return ""
    hand = frame_of(next(n for n in described.neighbours if part_by_number(n).limb == "hand"))
    sides = {
        "palm side": hand.front,
        "back-of-hand side": -hand.front,
        "thumb side": hand.outward * hand.left,
        "little-finger side": -hand.outward * hand.left,
    }
    return ", ".join(name for name, direction in sides.items() if direction @ towards > 0.45)


def _limb_edge(angle_deg: float) -> str:
    """Name the side of a limb at an angle from its front outward, by the nearest of these six."""
    sides = {60: "front-outer", 90: "outer", 120: "back-outer", 240: "back-inner", 270: "inner", 300: "front-inner"}
    return min(sides.items(), key=lambda side: abs((angle_deg - side[0] + 180.0) % 360.0 - 180.0))[1]


def _box_poses(limb: Limb, frame: PartFrame) -> list[_Pose]:
    axes = {"f": frame.front, "s": frame.outward * frame.left, "u": frame.up}
    directions = {sign + axis: factor * axes[axis] for axis in axes for sign, factor in (("+", 1.0), ("-", -1.0))}

    def word(vector: FloatArray) -> str:
        return _WORDS[limb][max(directions, key=lambda key: float(directions[key] @ vector))]

    poses = []
    for name, viewer, upward_key in _BOX_VIEWS[limb]:
        towards, upward = directions[viewer], directions[upward_key]
        right = np.cross(upward, towards)
        words = (word(upward), word(-upward), word(-right), word(right))
        poses.append(_Pose(name, towards, upward, words, is_end_on=viewer[1] == _LONG_AXIS[limb]))
    return poses
