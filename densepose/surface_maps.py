"""From raw maps on a square grid to a chart, U and V for every pixel of a person's box.

The public convention: logits are resampled bilinearly to the box's whole pixels; a pixel is background where the coarse
logits say so, else it has the chart of the largest fine logit and that chart's U and V.
"""

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

_VALUES_AT_ONCE: Final = 1 << 23  # resampled numbers held at once: 32 MB, whatever the photograph's size


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


@dataclass(frozen=True, slots=True)
class _Axis:
    """Bilinear resampling along one axis: value = (1 - share) * at[low] + share * at[high]; each (out,)."""

    low: Tensor
    high: Tensor
    share: Tensor

    @classmethod
    def between(cls, in_px: int, out_px: int, device: torch.device) -> "_Axis":
        at = (torch.arange(out_px, device=device, dtype=torch.float32) + 0.5) * (in_px / out_px) - 0.5
        at = at.clamp(0, in_px - 1)
        low = at.floor().to(torch.int64)
        return cls(low, (low + 1).clamp(max=in_px - 1), at - low)

    def rows(self, start: int, stop: int) -> "_Axis":
        return _Axis(self.low[start:stop], self.high[start:stop], self.share[start:stop])


def surface_map(maps: DenseMaps, index: int, height: int, width: int) -> SurfaceMap:
    """Return the surface under each pixel of person `index`'s window.

    Args:
        maps: of the network.
        index: which person of the maps.
        height, width: of the window in pixels.
    """
    side = maps.coarse.shape[-1]
    down = _Axis.between(side, height, maps.coarse.device)
    along = _Axis.between(side, width, maps.coarse.device)
    channels = maps.coarse.shape[1] + (maps.fine if isinstance(maps, ChartMaps) else maps.embedding).shape[1]
    step = max(1, _VALUES_AT_ONCE // (channels * width))
    strips = []
    for start in range(0, height, step):
        rows = down.rows(start, start + step)
        strips.append(
            _chart_strip(maps, index, rows, along)
            if isinstance(maps, ChartMaps)
            else _vertex_strip(maps, index, rows, along)
        )
    if isinstance(maps, EmbeddingMaps):
        return _of_vertices(torch.cat(strips)[..., 0].cpu().numpy().astype(np.int32))
    whole = torch.cat(strips).cpu().numpy()  # (h, w, 3)
    return SurfaceMap(whole[..., 0].astype(np.uint8), whole[..., 1].copy(), whole[..., 2].copy())


def _chart_strip(maps: ChartMaps, index: int, down: _Axis, along: _Axis) -> Tensor:
    """Return chart, u, v of the strip's pixels, (n, w, 3) float32."""
    is_body = _largest(_resample(maps.coarse[index].float(), down, along)) > 0  # (n, w)
    chart = _largest(_resample(maps.fine[index].float(), down, along)) * is_body  # (n, w)
    u, v = (_resample_chosen(m[index].float(), chart, down, along).clamp(0, 1) * (chart > 0) for m in (maps.u, maps.v))
    return torch.stack([chart.to(torch.float32), u, v], dim=-1)


def _vertex_strip(maps: EmbeddingMaps, index: int, down: _Axis, along: _Axis) -> Tensor:
    """Return the nearest vertex of the strip's pixels, (n, w, 1) int64, -1 on background."""
    is_body = _largest(_resample(maps.coarse[index].float(), down, along)) > 0  # (n, w)
    embedding = _resample(maps.embedding[index].float(), down, along)[:, is_body].T  # (P, D)
    half_norm = 0.5 * maps.vertices.square().sum(dim=1)  # |e - v|^2 is smallest where e.v - |v|^2 / 2 is largest
    vertex = torch.full(is_body.shape, -1, dtype=torch.int64, device=is_body.device)
    step = max(1, _VALUES_AT_ONCE // len(maps.vertices))
    nearest = [(part @ maps.vertices.T - half_norm).argmax(dim=1) for part in embedding.split(step)]
    if nearest:
        vertex[is_body] = torch.cat(nearest)
    return vertex[..., None]


def _resample(maps: Tensor, down: _Axis, along: _Axis) -> Tensor:
    """Return (C, n, w) from (C, S, S)."""
    upper, lower = maps.index_select(1, down.low), maps.index_select(1, down.high)
    rows = torch.lerp(upper, lower, down.share[:, None])  # (C, n, S)
    size = (rows.shape[1], len(along.share))
    return F.interpolate(rows[None], size=size, mode="bilinear", align_corners=False)[0]


def _largest(maps: Tensor) -> Tensor:
    """Return the channel of the largest value, the first of equals, (n, w) int64, from (C, n, w).

    What `argmax(dim=0)` gives, at a tenth of its time on a CPU, where it walks across memory.
    """
    best = maps[0].clone()
    channel = torch.zeros(best.shape, dtype=torch.int64, device=maps.device)
    for number, values in enumerate(maps[1:], start=1):
        channel.masked_fill_(values > best, number)
        torch.maximum(best, values, out=best)
    return channel


def _resample_chosen(maps: Tensor, channel: Tensor, down: _Axis, along: _Axis) -> Tensor:
    """Return (n, w): at each pixel only its own channel (n, w) of (C, S, S)."""
    low, high = down.low[:, None], down.high[:, None]
    upper = torch.lerp(maps[channel, low, along.low], maps[channel, low, along.high], along.share)
    lower = torch.lerp(maps[channel, high, along.low], maps[channel, high, along.high], along.share)
    return torch.lerp(upper, lower, down.share[:, None])


def _of_vertices(vertex: npt.NDArray[np.int32]) -> SurfaceMap:
    chart, u, v = _iuv_of_cse_vertices()
    return SurfaceMap(chart[vertex], u[vertex], v[vertex], vertex)  # -1 takes the last row: background


@cache
def _iuv_of_cse_vertices() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return chart, u, v of each CSE vertex and, as the last row, of background; each (27555,)."""
    chart, u, v = iuv_of(surface_of_cse_vertex(np.arange(N_CSE_VERTICES)))
    return np.append(chart, np.uint8(0)), np.append(u, 0).astype(np.float32), np.append(v, 0).astype(np.float32)
