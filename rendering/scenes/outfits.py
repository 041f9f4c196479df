"""What synthetic people wear and how they look, as data, and how it is drawn by chance."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from rendering.scenes.textures import PATTERNS, Pattern, hsv

HairStyle = Literal["shaved", "short", "full", "long"]
Rgb = tuple[float, float, float]

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
    """Looks of one person. Heights: metres on the mean rest body; `sleeve`, `leg`: along the limb (2 the wrist)."""

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
