"""What synthetic people wear and how they look: skin, hair, eyes, garments as colour over the body's own surface.

Clothes are regions of the surface, lifted off the skin by a few millimetres to centimetres, so the truth under every pixel stays
the body's: what an annotator marks behind the clothes. Regions are drawn in coordinates that every body shares: the mean
rest body (metres) and, for limbs, how far along arm or leg a point lies (1 elbow or knee, 2 wrist or ankle).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from scipy import sparse
from scipy.spatial import ConvexHull

from body.topology import load_topology
from rendering.scenes.rig import N_VERTICES, FloatArray, load_rig, vertex_normals
from rendering.scenes.textures import PATTERNS, Pattern, hsv, linear, pattern_mask, smooth_noise

HairStyle = Literal["shaved", "short", "full", "long"]
Rgb = tuple[float, float, float]

_TORSO: Final = 1
_FEET: Final = (4, 5)
_LEGS: Final = (6, 7, 8, 9)
_ARMS: Final = (10, 11, 12, 13)
_HEAD: Final = 14

# Skin tones from light to dark, hair and eye colours; display RGB.
_SKIN: Final = (
    (0.95, 0.80, 0.71),
    (0.89, 0.71, 0.60),
    (0.80, 0.61, 0.48),
    (0.67, 0.47, 0.35),
    (0.50, 0.34, 0.25),
    (0.36, 0.24, 0.18),
)
_HAIR: Final = (
    (0.08, 0.06, 0.05),
    (0.16, 0.10, 0.07),
    (0.30, 0.19, 0.11),
    (0.47, 0.32, 0.17),
    (0.71, 0.56, 0.33),
    (0.45, 0.20, 0.10),
)
_EYES: Final = ((0.24, 0.14, 0.08), (0.33, 0.22, 0.11), (0.30, 0.38, 0.24), (0.33, 0.45, 0.56))
# Height of the hair's border (metres on the mean rest head) by z, from nape to forehead.
_HAIRLINE_Z: Final = (-0.08, -0.02, 0.012, 0.03, 0.055, 0.075, 0.10, 0.15)
_HAIRLINE_Y: Final = (0.605, 0.635, 0.665, 0.712, 0.716, 0.738, 0.768, 0.778)


@dataclass(frozen=True)
class Fabric:
    """A cloth: two display colours and how they are laid out."""

    colour: Rgb
    second: Rgb
    pattern: Pattern = "plain"
    scale_m: float = 0.06
    phase: float = 0.0


@dataclass(frozen=True)
class Outfit:
    """Looks of one person. Heights are metres on the mean rest body, sleeve and leg along the limb (1 elbow, 2 wrist)."""

    skin: Rgb
    hair: Rgb
    hair_style: HairStyle
    eyes: Rgb
    lips: Rgb
    stubble: float
    top: Fabric
    sleeve: float
    neck_drop_m: float
    hem_y: float
    bottom: Fabric
    leg: float
    shoe: Rgb
    sole: Rgb
    is_barefoot: bool
    looseness_m: float
    phase: float


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


def sample_outfit(rng: np.random.Generator, gender: float, age: float) -> Outfit:
    """Draw the looks of a person.

    Args:
        rng: the source of chance.
        gender: 0 male .. 1 female in Anny's phenotype.
        age: Anny's phenotype: 1/3 a child of six, 2/3 a young adult, 1 old.
    """
    is_woman, is_child, is_old = gender > 0.5, age < 0.58, age > 0.88
    skin = _between(_SKIN, float(rng.uniform(0, len(_SKIN) - 1)), rng)
    hair = _HAIR[int(rng.integers(len(_HAIR) if sum(skin) > 1.6 else 3))]
    if is_old and rng.random() < 0.8:
        hair = (0.62, 0.61, 0.59)
    styles: tuple[HairStyle, ...] = ("shaved", "short", "full", "long")
    style_weights = [0.0, 0.15, 0.35, 0.5] if is_woman else [0.14, 0.6, 0.24, 0.02]
    lips = tuple(float(np.clip(s * f, 0, 1)) for s, f in zip(skin, (0.9, 0.66, 0.66), strict=True))
    if is_woman and rng.random() < 0.35:
        lips = (0.66, 0.18, 0.22)
    bottom = _fabric(rng, True, skin)
    return Outfit(
        skin=skin,
        hair=hair,
        hair_style=styles[int(rng.choice(4, p=style_weights))],
        eyes=_EYES[int(rng.integers(len(_EYES) if sum(skin) > 1.7 else 2))],
        lips=(lips[0], lips[1], lips[2]),
        stubble=0.0 if is_woman or is_child else float(rng.choice([0, 0, 0.25, 0.6])),
        top=_fabric(rng, False, skin),
        sleeve=float(rng.choice([0.12, 0.5, 0.62, 1.25, 1.97], p=[0.1, 0.25, 0.25, 0.08, 0.32])),
        neck_drop_m=float(rng.choice([0.0, 0.015, 0.05, 0.09] if is_woman else [0.0, 0.01, 0.03])),
        hem_y=float(rng.choice([-0.06, -0.02, 0.03])),
        bottom=bottom,
        leg=float(rng.choice([0.42, 0.85, 1.5, 1.96], p=[0.12, 0.2, 0.06, 0.62])),
        shoe=hsv(rng.random(), rng.uniform(0, 0.5), rng.choice([0.12, 0.25, 0.5, 0.9])),
        sole=(0.85, 0.84, 0.8) if rng.random() < 0.6 else (0.12, 0.11, 0.1),
        is_barefoot=bool(rng.random() < 0.12),
        looseness_m=float(rng.uniform(0.005, 0.017)),
        phase=float(rng.uniform(0, 20)),
    )


def _between(colours: tuple[Rgb, ...], place: float, rng: np.random.Generator) -> Rgb:
    low = min(int(place), len(colours) - 2)
    mixed = np.array(colours[low]) * (1 - (place - low)) + np.array(colours[low + 1]) * (place - low)
    red, green, blue = np.clip(mixed + rng.normal(0, 0.012, 3), 0, 1)
    return float(red), float(green), float(blue)


def _fabric(rng: np.random.Generator, is_bottom: bool, skin: Rgb) -> Fabric:
    phase = float(rng.uniform(0, 20))
    if is_bottom and rng.random() < 0.45:  # denim
        colour = hsv(0.6 + rng.normal(0, 0.01), rng.uniform(0.35, 0.6), rng.uniform(0.22, 0.5))
        return Fabric(colour, colour, phase=phase)
    colour = _dye(rng, skin, 0.55 if is_bottom else 0.85)
    weights = [0.85, 0.0, 0.07, 0.08, 0.0, 0.0] if is_bottom else [0.45, 0.2, 0.06, 0.12, 0.07, 0.1]
    pattern = PATTERNS[int(rng.choice(len(PATTERNS), p=weights))]
    scale = {"pinstripes": 0.025, "dots": 0.04, "block": 0.34}.get(pattern, float(rng.uniform(0.03, 0.09)))
    return Fabric(colour, _dye(rng, skin, 0.95), pattern, scale, phase)


def _dye(rng: np.random.Generator, skin: Rgb, brightest: float) -> Rgb:
    """A cloth's colour that nobody takes for bare skin."""
    while True:
        if rng.random() < 0.35:
            colour = hsv(rng.random(), rng.uniform(0, 0.08), rng.choice([0.1, 0.25, 0.5, 0.8, 0.93]))
        else:
            colour = hsv(rng.random(), rng.uniform(0.25, 0.75), rng.uniform(0.2, brightest))
        if np.abs(np.subtract(colour, skin)).sum() > 0.5:
            return colour


@dataclass(frozen=True)
class SurfacePatch:
    """Points of a body's surface in shared coordinates. part: (N,); rest, normals: (N, 3); arm, leg: (N,)."""

    part: FloatArray
    rest: FloatArray
    arm: FloatArray
    leg: FloatArray


def _top_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    """Signed: positive where the shirt covers."""
    x, y, z = at.rest.T
    wobble = 0.004 * smooth_noise(at.rest, 9, outfit.phase)
    middle = np.clip(1 - (x / 0.085) ** 2, 0, 1)
    collar = 0.553 - np.where(z > 0.03, (0.012 + outfit.neck_drop_m) * middle, 0.0) - y
    torso = np.minimum(collar, y - outfit.hem_y + wobble)
    sleeve = np.where(at.arm < 0.02, 0.05, (outfit.sleeve - at.arm) * 0.27 + wobble)
    hips = y - outfit.hem_y + wobble
    return np.select(
        [at.part == _TORSO, np.isin(at.part, _ARMS), np.isin(at.part, _LEGS)], [torso, sleeve, hips], default=-1.0
    )


def _bottom_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    waist = 0.06 - at.rest[:, 1]
    wobble = 0.004 * smooth_noise(at.rest, 8, outfit.phase + 3)
    leg = (outfit.leg - at.leg) * 0.45 + wobble
    foot = np.where(outfit.leg > 1.9, at.rest[:, 1] + 0.885, -1.0)
    return np.select([at.part == _TORSO, np.isin(at.part, _LEGS), np.isin(at.part, _FEET)], [waist, leg, foot], -1.0)


def _shoe_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    if outfit.is_barefoot:
        return np.full(len(at.part), -1.0)
    ankle = -0.865 - at.rest[:, 1]
    return np.where(np.isin(at.part, (*_FEET, 8, 9)), ankle, -1.0)


def _hair_region(outfit: Outfit, at: SurfacePatch) -> FloatArray:
    if outfit.hair_style == "shaved":
        return np.full(len(at.part), -1.0)
    x, y, z = at.rest.T
    border = np.interp(z, _HAIRLINE_Z, _HAIRLINE_Y) + 0.006 * smooth_noise(at.rest, 22, outfit.phase)
    border = border - 0.010 * np.clip(np.abs(x) / 0.05 - 1, 0, 1) * (z > 0.07)
    is_ear = (np.abs(x) > 0.0755) & (y < 0.72) & (z < 0.05)
    inside = np.where(is_ear & (outfit.hair_style != "long"), -0.01, y - border)
    if outfit.hair_style in ("full", "long"):
        curtain = np.where((z < 0.045) & (np.abs(x) < 0.12), 0.02, -1.0)
        reach = 0.56 if outfit.hair_style == "full" else 0.36
        falls = np.minimum(
            np.minimum(y - reach, curtain), np.where(y > 0.54, 0.05, 0.095 - np.abs(x)) - 0.012 * (z > 0)
        )
        covers = np.where((at.part == _HEAD) | ((at.part == _TORSO) & (z < -0.005)), falls, -1.0)
        return np.where(at.part == _HEAD, np.maximum(inside, covers), covers)
    return np.where(at.part == _HEAD, inside, -1.0)


def dress(outfit: Outfit, rest: FloatArray) -> FloatArray:
    """Return the vertices (6890, 3) of a rest body with clothes, shoes and hair on: lifted skin, toes rounded off by shoes."""
    at = _at_vertices()
    lifted = rest + body_coordinates().normals * _padding(outfit)[:, None]
    return lifted if outfit.is_barefoot else np.asarray(lifted + _shoe_last())


@lru_cache(maxsize=1)
def _shoe_last() -> FloatArray:
    """(6890, 3) metres that carry the toes of the mean rest body out to the convex hull of the front of the foot."""
    at = _at_vertices()
    moved = np.zeros((N_VERTICES, 3))
    for foot in _FEET:
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
    at = _at_vertices()
    loose = outfit.looseness_m * (1 + 0.35 * smooth_noise(at.rest, 5, outfit.phase))
    waist = 1 + np.clip((0.25 - at.rest[:, 1]) / 0.2, 0, 1) * (at.part == _TORSO)
    lift = np.where(_top_region(outfit, at) > 0, loose * waist, 0.0)
    flare = 0.6 + 0.7 * np.clip(at.leg, 0, 2)
    lift = np.where((_bottom_region(outfit, at) > 0) & (lift == 0), flare * loose, lift)
    lift = np.where(_shoe_region(outfit, at) > 0, 0.006, lift)
    volume = {"shaved": 0.0, "short": 0.010, "full": 0.022, "long": 0.020}[outfit.hair_style]
    crown = np.clip(_hair_region(outfit, at) / 0.03, 0, 1)
    lift = np.maximum(lift, volume * crown * (1 + 0.2 * smooth_noise(at.rest, 14, outfit.phase)))
    return _smoothed(lift)


@lru_cache(maxsize=1)
def _at_vertices() -> SurfacePatch:
    topology, coordinates = load_topology(), body_coordinates()
    part = np.zeros(N_VERTICES, np.uint8)
    part[topology.faces] = topology.face_part[:, None]
    return SurfacePatch(part, coordinates.rest, coordinates.arm, coordinates.leg)


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


@dataclass(frozen=True)
class Looks:
    """Material of surface points. albedo: (N, 3) linear; gloss, cloth: (N,) in [0, 1]."""

    albedo: FloatArray
    gloss: FloatArray
    cloth: FloatArray


def looks_of(outfit: Outfit, at: SurfacePatch) -> Looks:
    """Return colour, shine and how much of cloth there is at points of the surface."""
    skin = linear(outfit.skin)[None] * (1 + 0.05 * smooth_noise(at.rest, 12, outfit.phase))[:, None]
    colour = _paint_face(outfit, at, skin)
    gloss = np.full(len(colour), 0.25)
    cloth = np.zeros(len(colour))
    along, around = _cloth_grid(at)
    for region, fabric in ((_bottom_region(outfit, at), outfit.bottom), (_top_region(outfit, at), outfit.top)):
        mask = pattern_mask(fabric.pattern, along, around, fabric.scale_m)
        weave = 1 + 0.07 * smooth_noise(at.rest, 28, fabric.phase) + 0.10 * smooth_noise(at.rest, 4, fabric.phase)
        dye = linear(fabric.colour)[None] * (1 - mask[:, None]) + linear(fabric.second)[None] * mask[:, None]
        seam = np.where((region > 0) & (region < 0.012), 0.72, 1.0)
        inside = np.clip(region / 0.002 + 0.5, 0, 1)[:, None]
        colour = colour * (1 - inside) + dye * (weave * seam)[:, None] * inside
        gloss = np.where(region > 0, 0.04, gloss)
        cloth = np.where(region > 0, 1.0, cloth)
    shoe = _shoe_region(outfit, at) > 0
    leather = np.where(
        ((at.rest[:, 1] < -0.942) | ((at.rest[:, 1] < -0.93) & (at.rest[:, 2] < 0.1)))[:, None],
        linear(outfit.sole)[None],
        linear(outfit.shoe)[None],
    )
    colour = np.where(shoe[:, None], leather, colour)
    hair = np.clip(_hair_region(outfit, at) / 0.008 + 0.5, 0, 1)[:, None]
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
        (_ARMS, at.arm, coordinates.arm_chain, 0.05),
        (_LEGS, at.leg, coordinates.leg_chain, 0.08),
    ):
        own = np.isin(at.part, parts)
        axis = np.stack([np.interp(place[own], [0, 1, 2], chain[:, k]) for k in range(3)], axis=1)
        off = at.rest[own] * side[own] - axis
        around[own] = np.arctan2(off[:, 0], off[:, 2]) * girth
        if parts == _ARMS:
            along[own] = at.arm[own] * 0.27
    return along, around


def _paint_face(outfit: Outfit, at: SurfacePatch, skin: FloatArray) -> FloatArray:
    """Paint eyes, brows, lips, cheeks and stubble; places are metres on the mean rest head."""
    x, y, z = at.rest.T
    face = (at.part == _HEAD) & (z > 0.05)
    side = np.abs(x)
    colour = skin.copy()

    def paint(amount: FloatArray, rgb: Rgb | FloatArray) -> None:
        share = (np.clip(amount, 0, 1) * face)[:, None]
        colour[:] = colour * (1 - share) + linear(np.asarray(rgb))[None] * share

    warm = np.exp(-(((side - 0.045) / 0.02) ** 2 + ((y - 0.668) / 0.018) ** 2)) + np.exp(
        -((side / 0.012) ** 2 + ((y - 0.675) / 0.012) ** 2)
    )
    paint(0.16 * warm, (0.80, 0.36, 0.32))
    jaw = np.clip((0.655 - y) / 0.012, 0, 1) * np.clip((y - 0.585) / 0.012, 0, 1) * (z > 0.055)
    moustache = np.exp(-((side / 0.03) ** 4 + ((y - 0.651) / 0.006) ** 2))
    paint(outfit.stubble * np.maximum(jaw, moustache), outfit.hair)
    arch = 0.7235 + 0.12 * np.maximum(0.034 - np.abs(side - 0.034), 0)
    brow = np.exp(-(((y - arch) / 0.0035) ** 2))
    paint(0.8 * brow * np.clip((side - 0.012) / 0.004, 0, 1) * np.clip((0.056 - side) / 0.006, 0, 1), outfit.hair)
    curve = 0.0025 * np.cos(np.clip(side / 0.025, 0, 1.5) * np.pi)
    lip = np.clip((0.0062 - np.abs(y - 0.6365 - 0.5 * curve)) / 0.002, 0, 1) * np.clip((0.0255 - side) / 0.004, 0, 1)
    paint(0.75 * lip * (z > 0.1), outfit.lips)
    mouth = np.exp(-(((y - 0.638) / 0.0012) ** 2)) * np.clip((0.025 - side) / 0.003, 0, 1)
    paint(0.7 * mouth * (z > 0.1), (0.18, 0.07, 0.07))
    across, up = side - 0.0322, y - 0.7078
    lid = 1 - (across / 0.0130) ** 2 - (up / 0.0058) ** 2
    paint(lid * 6, (0.90, 0.88, 0.86))
    paint((0.0054 - np.hypot(across, up)) / 0.0008 * (lid > 0), outfit.eyes)
    paint((0.0026 - np.hypot(across, up)) / 0.0006 * (lid > 0), (0.02, 0.02, 0.02))
    lash = np.exp(-((lid / 0.28) ** 2)) * (up > -0.001)
    paint(0.75 * lash, (0.07, 0.05, 0.04))
    return colour
