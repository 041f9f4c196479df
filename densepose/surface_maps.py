"""From raw maps on a square grid to a chart, U and V for every pixel of each person's box, for all people at once.

The public convention: logits are resampled bilinearly to the box's whole pixels; a pixel is background where the coarse
logits say so, else it has the chart of the largest fine logit and that chart's U and V. A pixel lies between four
cells; where all four have the same largest logit, so has every mixture of them, and nothing need be resampled.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from body.atlas import iuv_of
from body.cse import N_CSE_VERTICES, surface_of_cse_vertex
from densepose.models.heads import ChartMaps, DenseMaps, EmbeddingMaps
from densepose.models.regions import Size

_PIXELS_AT_ONCE: Final = 1 << 20  # bounds memory, whatever the photograph's size
_SIMILARITIES_AT_ONCE: Final = 1 << 23  # of pixels with vertices: 32 MB


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceMap:
    """The surface under each pixel of a window of height h and width w.

    Attributes:
        chart: (h, w) uint8, 0 background, 1..24.
        u, v: (h, w) float32 in [0, 1], 0 on background.
        vertex: (h, w) int32 number on the 27,554-vertex mesh, -1 on background; None where the network has charts.
    """

    chart: npt.NDArray[np.uint8]
    u: npt.NDArray[np.float32]
    v: npt.NDArray[np.float32]
    vertex: npt.NDArray[np.int32] | None = None


def surface_maps(maps: DenseMaps, sizes: Sequence[Size]) -> list[SurfaceMap]:
    """Return the surface under each pixel of every person's window.

    Args:
        maps: of the network, of R people.
        sizes: height and width in pixels of their R windows.
    """
    if len(sizes) != len(maps.coarse):
        raise ValueError(f"sizes must have one for each of {len(maps.coarse)} people, got {len(sizes)}")
    if not sizes:
        return []
    look = _charts if isinstance(maps, ChartMaps) else _vertices
    grids = _grids(maps)
    dtypes = (np.uint8, np.float32, np.float32) if isinstance(maps, ChartMaps) else (np.int32,)
    found = [[np.empty(size, dtype) for dtype in dtypes] for size in sizes]
    for bands in _bands(sizes):
        values = look(maps, grids, _Pixels.of(bands, sizes, maps.coarse)).cpu().numpy()
        for band in bands:
            n_pixels = (band.stop - band.start) * sizes[band.person][1]
            for whole, column in zip(found[band.person], values[:n_pixels].T, strict=True):
                whole[band.start : band.stop] = column.reshape(-1, sizes[band.person][1])
            values = values[n_pixels:]
    if isinstance(maps, EmbeddingMaps):
        return [_of_vertices(vertex) for (vertex,) in found]
    return [SurfaceMap(chart, u, v) for chart, u, v in found]


@dataclass(frozen=True, slots=True)
class _Band:
    """Rows `start` to `stop` of one person's window."""

    person: int
    start: int
    stop: int


def _bands(sizes: Sequence[Size]) -> Iterator[list[_Band]]:
    """Return all rows of all windows, in groups of at most _PIXELS_AT_ONCE pixels, or of one row."""
    group: list[_Band] = []
    room = _PIXELS_AT_ONCE
    for person, (height, width) in enumerate(sizes):
        start = 0
        while start < height:
            if room < width and group:
                yield group
                group, room = [], _PIXELS_AT_ONCE
            stop = min(height, start + max(room // width, 1))
            group.append(_Band(person, start, stop))
            room -= (stop - start) * width
            start = stop
    yield group


@dataclass(frozen=True, slots=True)
class _Grid:
    """The maps of R people as a table with a row a cell, G = S + 1 a side: the last row and column are there twice.

    Attributes:
        values: (R * G * G, C).
        side: G.
    """

    values: Tensor
    side: int

    @classmethod
    def of(cls, maps: Tensor) -> "_Grid":
        padded = F.pad(maps.float(), (0, 1, 0, 1), mode="replicate")
        return cls(padded.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]), padded.shape[-1])

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """How far the rows of the four cells around a pixel are from that of the upper left one."""
        return 0, 1, self.side, self.side + 1

    def mixed(self, pixels: "_Pixels") -> Tensor:
        """Return (P, C), each pixel's mixture of the four cells around it."""
        rows = pixels.cell[:, None] + torch.tensor(self.corners, device=pixels.cell.device)
        return F.embedding_bag(rows, self.values, mode="sum", per_sample_weights=torch.stack(pixels.weights(), dim=1))

    def mixed_in(self, pixels: "_Pixels", channel: Tensor) -> Tensor:
        """Return (P,): at each pixel only its own channel (P,)."""
        width = self.values.shape[1]
        first, flat = pixels.cell * width + channel, self.values.reshape(-1)
        total = flat.new_zeros(len(channel))
        for corner, weight in zip(self.corners, pixels.weights(), strict=True):
            total.addcmul_(flat[first + corner * width], weight)
        return total

    def largest(self, pixels: "_Pixels") -> Tensor:
        """Return the channel of each pixel's largest value, (P,) int64."""
        label = _largest(self.values.T)
        reach = len(label) - self.corners[-1]  # the last cells have no neighbours, and no pixel asks for them
        agrees = torch.stack([label[corner : corner + reach] == label[:reach] for corner in self.corners]).all(dim=0)
        known = F.pad(torch.where(agrees, label[:reach], -1), (0, self.corners[-1]), value=-1)
        channel = known[pixels.cell]
        is_open = torch.nonzero(channel < 0).squeeze(1)
        channel[is_open] = _largest(self.mixed(pixels.chosen(is_open)).T)
        return channel


@dataclass(frozen=True, slots=True)
class _Pixels:
    """P pixels of people's windows, one band after the other, row by row.

    Attributes:
        cell: (P,) int64 the row of a `_Grid` of the cell to the upper left of each.
        down, along: (P,) float32, how far it is on the way to the next cell below, and to the right.
    """

    cell: Tensor
    down: Tensor
    along: Tensor

    @classmethod
    def of(cls, bands: Sequence[_Band], sizes: Sequence[Size], maps: Tensor) -> "_Pixels":
        """Return the pixels of bands of windows of these sizes over maps (R, C, S, S)."""
        side = maps.shape[-1]
        cells, downs, alongs = [], [], []
        for band in bands:
            height, width = sizes[band.person]
            row, down = (of[band.start : band.stop] for of in _between(side, height, maps.device))
            column, along = _between(side, width, maps.device)
            first = band.person * (side + 1) ** 2 + row * (side + 1)
            cells.append((first[:, None] + column).reshape(-1))
            downs.append(down[:, None].expand(-1, width).reshape(-1))
            alongs.append(along.expand(len(row), -1).reshape(-1))
        return cls(torch.cat(cells), torch.cat(downs), torch.cat(alongs))

    def __len__(self) -> int:
        return len(self.cell)

    def chosen(self, which: Tensor) -> "_Pixels":
        """Return some of them, by number (N,) int64."""
        return _Pixels(self.cell[which], self.down[which], self.along[which])

    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return how much each of the four cells counts, each (P,), in the order of `_Grid.corners`."""
        lower_right = self.down * self.along
        lower_left, upper_right = self.down - lower_right, self.along - lower_right
        return 1 - self.down - upper_right, upper_right, lower_left, lower_right


def _largest(values: Tensor) -> Tensor:
    """Return the channel of the largest value, the first of equals, (N,) int64, from (C, N).

    What `argmax(dim=0)` gives, at a tenth of its time on a CPU.
    """
    best, *others = values.contiguous()
    best = best.clone()
    channel = torch.zeros(best.shape, dtype=torch.int64, device=values.device)
    for number, of_channel in enumerate(others, start=1):
        channel.masked_fill_(of_channel > best, number)
        torch.maximum(best, of_channel, out=best)
    return channel


def _between(side: int, n_pixels: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the first of the two cells of `side` between which each of `n_pixels` lies, and the other's share."""
    at = (torch.arange(n_pixels, device=device, dtype=torch.float32) + 0.5) * (side / n_pixels) - 0.5
    at = at.clamp(0, side - 1)
    low = at.floor()
    return low.to(torch.int64), at - low


def _grids(maps: DenseMaps) -> tuple[_Grid, ...]:
    """Return the outputs as tables, the coarse one first."""
    outputs = (maps.fine, maps.u, maps.v) if isinstance(maps, ChartMaps) else (maps.embedding,)
    return tuple(_Grid.of(of) for of in (maps.coarse, *outputs))


def _charts(_maps: DenseMaps, grids: tuple[_Grid, ...], pixels: _Pixels) -> Tensor:
    """Return chart, u and v of the pixels, (P, 3) float32."""
    coarse, fine, u, v = grids
    body = torch.nonzero(coarse.largest(pixels)).squeeze(1)
    on_body = pixels.chosen(body)
    chart = fine.largest(on_body)
    uv = [of.mixed_in(on_body, chart).clamp(0, 1) * (chart > 0) for of in (u, v)]
    found = torch.zeros((len(pixels), 3), device=chart.device)
    found[body] = torch.stack([chart.to(torch.float32), *uv], dim=1)
    return found


def _vertices(maps: DenseMaps, grids: tuple[_Grid, ...], pixels: _Pixels) -> Tensor:
    """Return the nearest vertex of the pixels, (P, 1) int64, -1 on background."""
    assert isinstance(maps, EmbeddingMaps)
    coarse, embedding = grids
    body = torch.nonzero(coarse.largest(pixels)).squeeze(1)
    vectors = embedding.mixed(pixels.chosen(body))
    half_norm = 0.5 * maps.vertices.square().sum(dim=1)  # |e - v|^2 is smallest where e.v - |v|^2 / 2 is largest
    vertex = torch.full((len(pixels), 1), -1, dtype=torch.int64, device=body.device)
    step = max(1, _SIMILARITIES_AT_ONCE // len(maps.vertices))
    for rows, part in zip(body.split(step), vectors.split(step), strict=True):
        vertex[rows, 0] = (part @ maps.vertices.T - half_norm).argmax(dim=1)
    return vertex


def _of_vertices(vertex: npt.NDArray[np.int32]) -> SurfaceMap:
    chart, u, v = _iuv_of_cse_vertices()
    return SurfaceMap(chart[vertex], u[vertex], v[vertex], vertex)  # -1 takes the last row: background


@cache
def _iuv_of_cse_vertices() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return chart, u, v of each CSE vertex and, as the last row, of background; each (27555,)."""
    chart, u, v = iuv_of(surface_of_cse_vertex(np.arange(N_CSE_VERTICES)))
    return np.append(chart, np.uint8(0)), np.append(u, 0).astype(np.float32), np.append(v, 0).astype(np.float32)
