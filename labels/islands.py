"""Pieces of a guessed label map that lie where their part cannot be: each goes to what surrounds it.

For guesses only; what people paint is never changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from body.parts import N_PARTS, part_by_number
from labels.label_maps import LabelMap

_ISLAND_SHARE: Final = 0.15  # of the part's largest piece
_ENCLOSED_SHARE: Final = 0.85  # of a piece's rim
# As in the workbench, which asks about specks and holes before an answer is sent.
_SPECK_PX: Final = 60
_SPECK_SHARE: Final = 0.02  # of its part
_CRACK_PX: Final = 40
_HOLE_SHARE: Final = 0.15  # of the one part around it


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A connected piece of one label.

    Attributes:
        window: rows and columns in which it lies, with its rim.
        inside: the piece, in the window.
        size: in pixels.
        around: (15,) how often each label borders it.
        is_open: it reaches the edge of the picture.
    """

    window: tuple[slice, slice]
    inside: NDArray[np.bool_]
    size: int
    around: NDArray[np.int64]
    is_open: bool


def without_islands(label_map: LabelMap) -> LabelMap:
    """Give small pieces cut off from their part to the part that surrounds them most."""
    return _filled(label_map, enclosed=False)


def without_strays(label_map: LabelMap) -> LabelMap:
    """As `without_islands`, and give pieces inside another part that touch nothing theirs is joined to, to that part.

    A network that takes a badge on a chest for a hand is told by that: a hand before a chest has an arm.
    """
    return _filled(label_map, enclosed=True)


def tidied(label_map: LabelMap) -> LabelMap:
    """Drop specks far smaller than their part, and close cracks and holes inside one part.

    Gaps between parts are left: an arm on a hip makes one.
    """
    cleaned = label_map.copy()
    areas = np.bincount(label_map.ravel(), minlength=N_PARTS + 1)
    for part in np.flatnonzero(areas[1:]) + 1:
        for piece in _pieces(label_map, int(part)):
            if piece.size < min(_SPECK_PX, _SPECK_SHARE * areas[part]):
                cleaned[piece.window][piece.inside] = piece.around.argmax()
    areas = np.bincount(cleaned.ravel(), minlength=N_PARTS + 1)
    for hole in _pieces(cleaned.copy(), 0):
        if hole.is_open:
            continue
        part = hole.around.argmax()
        if hole.size < _CRACK_PX or (hole.around.sum() == hole.around[part] and hole.size < _HOLE_SHARE * areas[part]):
            cleaned[hole.window][hole.inside] = part
    return cleaned


def _filled(label_map: LabelMap, *, enclosed: bool) -> LabelMap:
    cleaned = label_map.copy()
    for part in np.unique(label_map[label_map > 0]).tolist():
        pieces = list(_pieces(label_map, part))
        largest = max(piece.size for piece in pieces)
        for piece in pieces:
            if not piece.around[1:].any():
                continue
            neighbour = int(piece.around[1:].argmax()) + 1
            if piece.size < _ISLAND_SHARE * largest or (enclosed and _is_stray(part, neighbour, piece.around)):
                cleaned[piece.window][piece.inside] = neighbour
    return cleaned


def _pieces(label_map: LabelMap, label: int) -> Iterator[_Piece]:
    numbered, _count = ndimage.label(label_map == label)
    for number, found in enumerate(ndimage.find_objects(numbered), start=1):
        rows, columns = (slice(max(span.start - 1, 0), span.stop + 1) for span in found)
        inside = numbered[rows, columns] == number
        rim = ndimage.binary_dilation(inside) & ~inside
        around = np.bincount(label_map[rows, columns][rim], minlength=N_PARTS + 1)
        is_open = any(span.start == 0 or span.stop == side for span, side in zip(found, label_map.shape, strict=True))
        yield _Piece((rows, columns), inside, int(np.count_nonzero(inside)), around, is_open)


def _is_stray(part: int, around_it: int, around: NDArray[np.int64]) -> bool:
    """Whether a piece with these labels around it (15,) lies in one part and touches none that its own is joined to."""
    joined = [number for number in part_by_number(part).neighbours if number != around_it]
    return bool(around[around_it] >= _ENCLOSED_SHARE * around.sum() and not around[joined].any())
