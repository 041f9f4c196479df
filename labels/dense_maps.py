"""A surface point for each pixel of a crop, small enough to keep: what a network saw, asked later at sampled points.

U and V are kept in 255 steps, a few millimetres on the largest chart: a proposal need not be finer.
"""

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from body.atlas import surface_of
from body.parts import N_CHARTS, PART_OF_CHART
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.errors import LabelError
from labels.label_maps import LabelMap, recrop

_STEPS: Final = 255
_PART_OF_CHART: Final = np.array(PART_OF_CHART, dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class DenseMap:
    """The surface under each pixel of a crop.

    Attributes:
        chart: (H, W) uint8, 0 background, 1..24.
        u, v: (H, W) uint8, 0..255 for 0..1.
    """

    chart: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]

    @classmethod
    def of(cls, chart: NDArray[np.uint8], u: NDArray[np.floating], v: NDArray[np.floating]) -> "DenseMap":
        """Return the map of charts with U and V as numbers in [0, 1]."""
        return cls(chart, *(np.rint(np.clip(x, 0, 1) * _STEPS).astype(np.uint8) for x in (u, v)))

    @property
    def part(self) -> LabelMap:
        """The coarse part of each pixel, (H, W) uint8, 0 background."""
        return _PART_OF_CHART[self.chart]

    def pack(self) -> bytes:
        """Return the map as bytes."""
        return zlib.compress(np.stack([self.chart, self.u, self.v]).tobytes(), 6)

    @classmethod
    def unpack(cls, packed: bytes, shape: tuple[int, int]) -> "DenseMap":
        """Return the map from what `pack` gave, for a crop of (height, width).

        Raises:
            LabelError: the bytes are damaged or of another crop.
        """
        size = 3 * shape[0] * shape[1]
        try:
            plain = zlib.decompressobj().decompress(packed, size + 1)
        except zlib.error as error:
            raise LabelError(f"the dense map is damaged: {error}") from error
        if len(plain) != size:
            raise LabelError(
                f"the dense map has {len(plain)} bytes, expected {size} for {shape[1]} x {shape[0]} pixels"
            )
        chart, u, v = np.frombuffer(plain, np.uint8).reshape(3, *shape)
        if chart.max(initial=0) > N_CHARTS:
            raise LabelError(f"the dense map names chart {chart.max()}, the last is {N_CHARTS}")
        return cls(chart, u, v)

    def moved(self, old: Crop, new: Crop) -> "DenseMap":
        """Return the map of one crop as that of another: what lies in both stays, the rest is background."""
        return DenseMap(*(recrop(values, old, new) for values in (self.chart, self.u, self.v)))

    def surface_at(self, xy: NDArray[np.float64], part: NDArray[np.uint8], reach_px: float) -> SurfacePoints:
        """Return the surface point (N) that the map has for points of the crop; triangle -1 where it has none.

        Args:
            xy: (N, 2) px of the crop.
            part: (N,) 1..14: a pixel of another part says nothing about the point.
            reach_px: how far from the point the nearest pixel of its part may lie.
        """
        height, width = self.chart.shape
        here = np.floor(xy).astype(np.int64)  # (N, 2)
        looked = here[:, None] + _offsets(reach_px)  # (N, K, 2), the nearest first
        inside = ((looked >= 0) & (looked < (width, height))).all(axis=2)  # (N, K)
        x, y = (np.clip(looked[..., axis], 0, limit - 1) for axis, limit in ((0, width), (1, height)))
        fits = inside & (self.part[y, x] == part[:, None]) & (part[:, None] > 0)  # (N, K)
        row = np.arange(len(xy))
        first = fits.argmax(axis=1) if len(xy) else row
        at_y, at_x = y[row, first], x[row, first]
        has_any = fits[row, first]
        chart = np.where(has_any, self.chart[at_y, at_x], 0).astype(np.uint8)
        return surface_of(chart, self.u[at_y, at_x] / _STEPS, self.v[at_y, at_x] / _STEPS)


def _offsets(reach_px: float) -> NDArray[np.int64]:
    """Return the whole-pixel steps (K, 2) within a distance, the shortest first."""
    side = np.arange(-int(reach_px), int(reach_px) + 1)
    steps = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    square = (steps**2).sum(axis=1)
    order = np.argsort(square, kind="stable")
    nearest: NDArray[np.int64] = steps[order][square[order] <= reach_px**2]
    return nearest
