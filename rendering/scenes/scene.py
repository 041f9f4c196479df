"""A scene of synthetic people, drawn with its truth.

Everything is decided by `sample_scene` from one seed and written into a `SceneSpec`; `render_scene` draws it. Picture
and truth come from rays against one set of triangles, so they agree by construction, need no OpenGL, and are the same
in every process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from rendering.scenes.backdrops import Backdrop, Place, sample_backdrop
from rendering.scenes.camera import Framing
from rendering.scenes.dressing import dress
from rendering.scenes.lighting import Light, sample_light
from rendering.scenes.outfits import Outfit, sample_outfit
from rendering.scenes.pose_library import sample_pose
from rendering.scenes.poses import Pose
from rendering.scenes.posing import buried_fraction, pose_body
from rendering.scenes.rig import PosedBody, RestBody, load_rig

MAX_PEOPLE: Final = 4
_MAX_BURIED: Final = 0.04
_MAX_TRIES: Final = 8


@dataclass(frozen=True)
class PersonSpec:
    """One person: shape of the rig, pose, looks, heading (0 faces the camera), place on the ground (x, z)."""

    shape: int
    pose: Pose
    outfit: Outfit
    heading_deg: float
    place_m: tuple[float, float]


@dataclass(frozen=True)
class SceneSpec:
    """Everything that decides a picture but its size. `grain`: sensor noise; `blur`: the lens's, pixels at 640."""

    seed: int
    people: tuple[PersonSpec, ...]
    framing: Framing
    light: Light
    backdrop: Backdrop
    grain: float
    blur: float


def sample_scene(
    seed: int,
    *,
    n_people: int | None = None,
    poses: Sequence[str] | None = None,
    headings_deg: Sequence[float] | None = None,
    place: Place | None = None,
    photos: Sequence[Path] = (),
) -> SceneSpec:
    """Draw a scene; the same arguments give the same scene.

    Args:
        seed: 0 or more.
        n_people: 1..4; None draws it (mostly one or two).
        poses: names of base poses, one a person; None draws them.
        headings_deg: where people face, one a person; 0 is to the camera, 180 away; None draws them.
        place: kind of backdrop; None draws it.
        photos: photographs to use as backdrops half the time.

    Raises:
        ValueError: an argument is out of its range.
    """
    rng = np.random.default_rng([seed, 0x5CE7E])
    count = int(rng.choice([1, 2, 3, 4], p=[0.55, 0.25, 0.13, 0.07])) if n_people is None else n_people
    if not 1 <= count <= MAX_PEOPLE:
        raise ValueError(f"n_people must be 1..{MAX_PEOPLE}, got {count}")
    for name, given in (("poses", poses), ("headings_deg", headings_deg)):
        if given is not None and len(given) != count:
            raise ValueError(f"{name} must have one entry for each of {count} people, got {len(given)}")
    people = []
    for n in range(count):
        pose_name = None if poses is None else poses[n]
        heading = None if headings_deg is None else headings_deg[n]
        people.append(_sample_person(rng, pose_name, heading, _place(rng, n, count)))
    framing = Framing(
        pitch_deg=float(np.clip(rng.normal(7, 6), -6, 28)),
        roll_deg=float(rng.normal(0, 1.2)),
        fov_deg=float(rng.uniform(26, 52)),
        fill=float(rng.uniform(0.72, 0.92)),
        offset=(float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))),
    )
    return SceneSpec(
        seed=seed,
        people=tuple(people),
        framing=framing,
        light=sample_light(rng),
        backdrop=sample_backdrop(rng, place, tuple(photos)),
        grain=float(rng.uniform(0.004, 0.014)),
        blur=float(rng.uniform(0.3, 0.7)),
    )


def _place(rng: np.random.Generator, number: int, count: int) -> tuple[float, float]:
    step = rng.uniform(0.42, 0.8)
    return float((number - (count - 1) / 2) * step + rng.normal(0, 0.05)), float(
        rng.uniform(-0.7, 0.7) if count > 1 else 0
    )


def _sample_person(
    rng: np.random.Generator, pose_name: str | None, heading_deg: float | None, place_m: tuple[float, float]
) -> PersonSpec:
    rig = load_rig()
    shape = int(rng.integers(rig.n_shapes))
    rest = rig.rest(shape)
    best: tuple[float, Pose] | None = None
    for _ in range(_MAX_TRIES):
        pose = sample_pose(rng, pose_name)
        buried = buried_fraction(pose_body(rig, rest, pose))
        if best is None or buried < best[0]:
            best = (buried, pose)
        if buried <= _MAX_BURIED:
            break
    if best is None:  # never: at least one try is made
        raise RuntimeError("no pose was drawn")
    if heading_deg is None:
        spread = rng.choice([25, 70, 180], p=[0.45, 0.3, 0.25])
        heading_deg = float(rng.uniform(-spread, spread))
    gender, age = (float(rig.phenotypes[name][shape]) for name in ("gender", "age"))
    return PersonSpec(shape, best[1], sample_outfit(rng, gender, age), heading_deg, place_m)


def dressed_body(person: PersonSpec) -> PosedBody:
    """Return a person's body in the world, clothes and hair included as lifted skin; metres."""
    rig = load_rig()
    rest = rig.rest(person.shape)
    body = pose_body(rig, RestBody(dress(person.outfit, rest.vertices), rest.anchors, rest.heads), person.pose)
    angle = np.radians(person.heading_deg)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    shift = np.array([person.place_m[0], 0.0, person.place_m[1]])
    return PosedBody(body.vertices @ turn.T + shift, body.keypoints @ turn.T + shift, body.joints @ turn.T + shift)
