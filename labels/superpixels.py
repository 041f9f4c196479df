"""Small regions of a photograph that follow its edges, at two nested scales: what edge-following selection takes up.

A file holds the borders of the fine regions and, for each, the coarse region it belongs to; whoever reads it finds the
regions again as connected pixels. Two scales for the price of one: borders are almost all of the bytes.
"""

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label
from skimage.segmentation import slic
from skimage.transform import resize

# Pictures are looked at no larger than this (longest side, pixels): finer borders would cost more than they tell.
MAX_SIDE: Final = 600
MAX_BYTES: Final = 60_000
# Pixels of the reduced picture in a fine region, and fine regions in a coarse one, about.
FINE_AREA: Final = 140
COARSE_FACTOR: Final = 5
_LEFT, _UP = 1, 2


@dataclass(frozen=True, slots=True)
class Superpixels:
    """Fine regions (H, W) numbered from 0 in the order of their first pixel, and the coarse region of each (N,)."""

    regions: NDArray[np.int32]
    parents: NDArray[np.int32]


def find_superpixels(picture: NDArray[np.uint8], fine_area: int = FINE_AREA) -> Superpixels:
    """Return the regions of an RGB picture (H, W, 3) on a grid of at most MAX_SIDE: the same ones each time."""
    height, width = picture.shape[:2]
    scale = min(1.0, MAX_SIDE / max(height, width))
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    image = resize(picture, shape, anti_aliasing=scale < 1) if scale < 1 else picture / 255.0
    n_fine = max(2, shape[0] * shape[1] // fine_area)
    regions = _slic(image, n_fine)
    coarse = _slic(image, max(2, n_fine // COARSE_FACTOR))
    return Superpixels(regions, _majority(regions, coarse))


def pack_superpixels(picture: NDArray[np.uint8]) -> bytes:
    """Return the file of a picture's regions, of at most MAX_BYTES: where a busy picture needs more, regions grow."""
    area = FINE_AREA
    while True:
        packed = encode(find_superpixels(picture, area))
        if len(packed) <= MAX_BYTES:
            return packed
        area = area * 3 // 2


def encode(found: Superpixels) -> bytes:
    """Return regions as zlib of: width, height, n (uint16, little-endian), n parents, then a byte for each pixel.

    A pixel's byte tells where it differs from its neighbour: 1 from the left one, 2 from the one above.
    """
    regions = found.regions
    height, width = regions.shape
    borders = np.zeros(regions.shape, np.uint8)
    borders[:, 1:][regions[:, 1:] != regions[:, :-1]] |= _LEFT
    borders[1:][regions[1:] != regions[:-1]] |= _UP
    head = np.array([width, height, len(found.parents)], "<u2").tobytes()
    return zlib.compress(head + found.parents.astype("<u2").tobytes() + borders.tobytes(), 9)


def decode(packed: bytes) -> Superpixels:
    """Return what `encode` wrote."""
    content = zlib.decompress(packed)
    width, height, count = np.frombuffer(content, "<u2", 3).astype(int)
    parents = np.frombuffer(content, "<u2", count, 6).astype(np.int32)
    borders = np.frombuffer(content, np.uint8, height * width, 6 + 2 * count).reshape(height, width)
    # On a grid twice as fine the borders are pixels of their own, and regions what they part.
    open_ = np.zeros((2 * height, 2 * width), bool)
    open_[::2, ::2] = True
    open_[::2, 1:-1:2] = (borders[:, 1:] & _LEFT) == 0
    open_[1:-1:2, ::2] = (borders[1:] & _UP) == 0
    regions = label(open_, connectivity=1, background=0)[::2, ::2] - 1
    return Superpixels(regions.astype(np.int32), parents)


def _slic(image: NDArray[np.float64], count: int) -> NDArray[np.int32]:
    found = slic(image, n_segments=count, compactness=10, sigma=1, max_num_iter=5, start_label=1, channel_axis=2)
    regions: NDArray[np.int32] = (label(found, connectivity=1, background=0) - 1).astype(np.int32)
    return regions


def _majority(regions: NDArray[np.int32], coarse: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return for each fine region the coarse one that holds most of its pixels, numbered anew without gaps."""
    n_fine, n_coarse = int(regions.max()) + 1, int(coarse.max()) + 1
    pairs, counts = np.unique(regions.ravel().astype(np.int64) * n_coarse + coarse.ravel(), return_counts=True)
    order = np.argsort(counts, kind="stable")
    chosen = np.zeros(n_fine, np.int64)
    # The last to write wins: the largest share.
    chosen[pairs[order] // n_coarse] = pairs[order] % n_coarse
    return np.unique(chosen, return_inverse=True)[1].astype(np.int32)
