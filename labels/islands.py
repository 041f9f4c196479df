"""Pieces of a guessed label map that lie where their part cannot be: each goes to what surrounds it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from body.parts import N_PARTS, part_by_number
from labels.label_maps import LabelMap

_ISLAND_SHARE: Final = 0.15  # of the part's largest piece
_ENCLOSED_SHARE: Final = 0.85  # of a piece's rim


def without_islands(label_map: LabelMap) -> LabelMap:
    """Give small pieces cut off from their part to the part that surrounds them most."""
    return _filled(label_map, enclosed=False)


def without_strays(label_map: LabelMap) -> LabelMap:
    """As `without_islands`, and give pieces inside another part that touch nothing theirs is joined to, to that part.

    A network that takes a badge on a chest for a hand is told by that: a hand before a chest has an arm. For guesses
    only; what people paint is never changed.
    """
    return _filled(label_map, enclosed=True)


def _filled(label_map: LabelMap, *, enclosed: bool) -> LabelMap:
    cleaned = label_map.copy()
    for part, window in enumerate(ndimage.find_objects(label_map), start=1):
        if window is None:
            continue
        rows, columns = (slice(max(span.start - 1, 0), span.stop + 1) for span in window)
        near, target = label_map[rows, columns], cleaned[rows, columns]
        pieces, n_pieces = ndimage.label(near == part)
        sizes = np.bincount(pieces.ravel())
        for piece in range(1, n_pieces + 1):
            island = pieces == piece
            around = np.bincount(near[ndimage.binary_dilation(island) & ~island], minlength=N_PARTS + 1)
            if not around[1:].any():
                continue
            neighbour = int(around[1:].argmax()) + 1
            is_small = sizes[piece] < _ISLAND_SHARE * sizes[1:].max()
            if is_small or (enclosed and _is_stray(part, neighbour, around)):
                target[island] = neighbour
    return cleaned


def _is_stray(part: int, around_it: int, around: NDArray[np.int64]) -> bool:
    """Whether a piece with these labels around it (15,) lies in one part and touches none that its own is joined to."""
    joined = [number for number in part_by_number(part).neighbours if number != around_it]
    return bool(around[around_it] >= _ENCLOSED_SHARE * around.sum() and not around[joined].any())
