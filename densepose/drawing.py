"""A picture of what was predicted: parts in their colours, with lines of equal U and V that show the surface."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from body.parts import PARTS
from densepose.images import Rgb
from densepose.predictor import PersonSurface

_OPACITY: Final = 0.6
_LINES: Final = 8  # lines of equal U, and of equal V, across a chart
_LINE_SHADE: Final = 0.55
_BOX_COLOUR: Final = (255, 255, 255)


def part_colours() -> npt.NDArray[np.uint8]:
    """Return the colour of each part, (15, 3) RGB; row 0, background, is black."""
    colours = [(0, 0, 0), *(tuple(bytes.fromhex(part.colour[1:])) for part in PARTS)]
    return np.array(colours, dtype=np.uint8)


def draw_people(image: Rgb, people: Sequence[PersonSurface]) -> Rgb:
    """Return the photograph with every person's parts, surface lines and box painted over it, the best one on top.

    Args:
        image: (H, W, 3) uint8, RGB; not changed.
        people: predicted for this image.
    """
    picture = image.copy()
    for person in sorted(people, key=lambda p: p.score):
        _paint(person.window.cut(picture), person)
    return picture


def _paint(pixels: Rgb, person: PersonSurface) -> None:
    """Paint over the window's view (h, w, 3) of the picture."""
    part = person.part
    colour = part_colours()[part].astype(np.float32)  # (h, w, 3)
    colour[_surface_lines(person)] *= _LINE_SHADE
    blended = _OPACITY * colour + (1 - _OPACITY) * pixels
    is_body = part > 0
    pixels[is_body] = np.rint(blended[is_body]).astype(np.uint8)
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        edge[:] = _BOX_COLOUR


def _surface_lines(person: PersonSurface) -> npt.NDArray[np.bool_]:
    """Return the pixels (h, w) whose right or lower neighbour lies across a line, inside one chart."""
    surface = person.surface
    lines = np.zeros(surface.chart.shape, dtype=bool)
    for coordinate in (surface.u, surface.v):
        band = (coordinate * _LINES).astype(np.int8)
        lines[:, :-1] |= (band[:, :-1] != band[:, 1:]) & (surface.chart[:, :-1] == surface.chart[:, 1:])
        lines[:-1] |= (band[:-1] != band[1:]) & (surface.chart[:-1] == surface.chart[1:])
    return lines
