"""The 14 coarse parts and the 24 charts: numbers, names, sides, mirror pairs, colours, hotkeys.

The one place for this data; the browser gets it as JSON and the exporter reads it here. Numbers and order follow the
DensePose-COCO format (hands right-left, feet left-right, legs right-left, arms left-right). Colours are the tuned
palette: right side warm, left side cool, at least 18 CAM02-UCS apart for neighbours under each colour deficiency.
"""

from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["right", "left"]
Limb = Literal["head", "torso", "upper_arm", "lower_arm", "hand", "upper_leg", "lower_leg", "foot"]

N_PARTS: Final = 14
N_CHARTS: Final = 24


@dataclass(frozen=True, slots=True)
class Part:
    """One coarse part, as annotated in the part-segmentation stage.

    `number` is 1..14 as in `dp_masks`; `digit` 1..8 is the hotkey that both sides share; `mirror` is the number of the
    same limb on the other side (its own for head and torso); `charts` are the chart numbers that cover it.
    """

    number: int
    key: str
    name: str
    limb: Limb
    side: Side | None
    mirror: int
    digit: int
    charts: tuple[int, ...]
    colour: str
    neighbours: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One of the 24 charts of the atlas; `number` is `dp_I`, `mirror` the chart of the mirrored surface."""

    number: int
    name: str
    part: int
    mirror: int


PARTS: Final[tuple[Part, ...]] = (
    Part(1, "torso", "Torso", "torso", None, 1, 2, (1, 2), "#648869", (14, 10, 11, 6, 7)),
    Part(2, "right_hand", "Right hand", "hand", "right", 3, 5, (3,), "#FFA796", (13,)),
    Part(3, "left_hand", "Left hand", "hand", "left", 2, 5, (4,), "#AECCFF", (12,)),
    Part(4, "left_foot", "Left foot", "foot", "left", 5, 8, (5,), "#AFECD5", (9,)),
    Part(5, "right_foot", "Right foot", "foot", "right", 4, 8, (6,), "#F3A9EC", (8,)),
    Part(6, "right_upper_leg", "Right upper leg", "upper_leg", "right", 7, 6, (7, 9), "#AE0596", (1, 8)),
    Part(7, "left_upper_leg", "Left upper leg", "upper_leg", "left", 6, 6, (8, 10), "#0D5E52", (1, 9)),
    Part(8, "right_lower_leg", "Right lower leg", "lower_leg", "right", 9, 7, (11, 13), "#E057D8", (6, 5)),
    Part(9, "left_lower_leg", "Left lower leg", "lower_leg", "left", 8, 7, (12, 14), "#05AF9A", (7, 4)),
    Part(10, "left_upper_arm", "Left upper arm", "upper_arm", "left", 11, 3, (15, 17), "#2B44D8", (1, 12)),
    Part(11, "right_upper_arm", "Right upper arm", "upper_arm", "right", 10, 3, (16, 18), "#B5051C", (1, 13)),
    Part(12, "left_lower_arm", "Left lower arm", "lower_arm", "left", 13, 4, (19, 21), "#4D96FF", (10, 3)),
    Part(13, "right_lower_arm", "Right lower arm", "lower_arm", "right", 12, 4, (20, 22), "#F96B1A", (11, 2)),
    Part(14, "head", "Head", "head", None, 14, 1, (23, 24), "#F9E652", (1,)),
)

CHARTS: Final[tuple[Chart, ...]] = (
    Chart(1, "torso back", 1, 1),
    Chart(2, "torso front", 1, 2),
    Chart(3, "right hand", 2, 4),
    Chart(4, "left hand", 3, 3),
    Chart(5, "left foot", 4, 6),
    Chart(6, "right foot", 5, 5),
    Chart(7, "right upper leg, first", 6, 8),
    Chart(8, "left upper leg, first", 7, 7),
    Chart(9, "right upper leg, second", 6, 10),
    Chart(10, "left upper leg, second", 7, 9),
    Chart(11, "right lower leg, first", 8, 12),
    Chart(12, "left lower leg, first", 9, 11),
    Chart(13, "right lower leg, second", 8, 14),
    Chart(14, "left lower leg, second", 9, 13),
    Chart(15, "left upper arm, first", 10, 16),
    Chart(16, "right upper arm, first", 11, 15),
    Chart(17, "left upper arm, second", 10, 18),
    Chart(18, "right upper arm, second", 11, 17),
    Chart(19, "left lower arm, first", 12, 20),
    Chart(20, "right lower arm, first", 13, 19),
    Chart(21, "left lower arm, second", 12, 22),
    Chart(22, "right lower arm, second", 13, 21),
    Chart(23, "head, right half", 14, 24),
    Chart(24, "head, left half", 14, 23),
)

# Index by number; slot 0 is background.
PART_OF_CHART: Final[tuple[int, ...]] = (0, *(chart.part for chart in CHARTS))
MIRROR_PART: Final[tuple[int, ...]] = (0, *(part.mirror for part in PARTS))
MIRROR_CHART: Final[tuple[int, ...]] = (0, *(chart.mirror for chart in CHARTS))


def part_by_number(number: int) -> Part:
    """Return the part 1..14.

    Raises:
        ValueError: the number is not one of the 14 parts.
    """
    if not 1 <= number <= N_PARTS:
        raise ValueError(f"part must be 1..{N_PARTS}, got {number}")
    return PARTS[number - 1]


# The order in which people work: from the head down, right before left, the order of the hotkeys.
WORK_ORDER: Final[tuple[int, ...]] = tuple(
    part.number for part in sorted(PARTS, key=lambda p: (p.digit, p.side == "left"))
)
