"""The teacher: an inpainting network that fills in what annotators left out between their points.

Güler et al., "DensePose", 2018, section 4: trained to reproduce the annotated values where they exist, it is run over
annotated people, and what it says inside the annotators' part masks becomes a dense target for another network.
Here it sees the picture, the parts, and a random share of the points; it must also give the points that it does not
see, so that copying does not pay.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from body.parts import N_PARTS, PART_OF_CHART
from densepose.config import N_CHART_CHANNELS, LiteConfig
from densepose.models.heads import ChartMaps
from densepose.models.lite import ConvNorm, EfficientNetLite0, LiteDensePose, split_maps

N_HINTS = N_CHART_CHANNELS + 2 + N_PARTS + 1  # chart of a point (0: none), its u and v; part, or background


class Teacher(nn.Module):
    """The lite network with annotations beside the picture."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        self.lite = LiteDensePose(config)
        width = config.width
        self.near = ConvNorm(N_HINTS, width, 3)
        self.further = ConvNorm(width, width, 3, stride=2)
        self.far = ConvNorm(width, width, 3, stride=2)

    @property
    def backbone(self) -> EfficientNetLite0:
        """The pretrained layers."""
        backbone: EfficientNetLite0 = self.lite.backbone
        return backbone

    def forward(self, images: Tensor, hints: Tensor) -> ChartMaps:
        """Return maps of side S / 4 from normalised crops (B, 3, S, S) and `hint_maps` (B, N_HINTS, S/4, S/4)."""
        near = self.near(hints)
        further = self.further(near)
        features = self.lite.features(images, (near, further, self.far(further)))
        return split_maps(self.lite.output(features), self.config)


def hint_maps(label: Tensor, grid: Tensor, chart: Tensor, uv: Tensor) -> Tensor:
    """Return what a teacher is told, (B, N_HINTS, G, G).

    Args:
        label: (B, G, G) int64, 0 background, 1..14 parts; what is above is told as nothing.
        grid: (B, K, 1, 2) points, x and y in -1..1.
        chart: (B, K) int64, 0 where a point is not told.
        uv: (B, 2, K).
    """
    batch, side = label.shape[0], label.shape[-1]
    parts = F.one_hot(label.clamp(max=N_PARTS + 1), N_PARTS + 2)[..., :-1].permute(0, 3, 1, 2)  # (B, 15, G, G)
    cell = ((grid[:, :, 0] + 1) / 2 * side).long().clamp(0, side - 1)  # (B, K, 2)
    place = torch.where(chart > 0, cell[..., 1] * side + cell[..., 0], side * side)  # untold points go to a spare cell
    value = torch.cat([F.one_hot(chart, N_CHART_CHANNELS).transpose(1, 2).to(uv.dtype), uv], dim=1)  # (B, 27, K)
    points = uv.new_zeros((batch, N_CHART_CHANNELS + 2, side * side + 1))
    points.scatter_(2, place[:, None].expand(-1, value.shape[1], -1), value)
    points = points[..., :-1].reshape(batch, -1, side, side)
    return torch.cat([points, parts.to(uv.dtype)], dim=1)


def dense_targets(maps: ChartMaps, label: Tensor) -> Tensor:
    """Return chart, u and v of every cell of the annotated parts, (B, 3, G, G) float32, 0 elsewhere.

    A cell takes the likeliest of the charts that cover its annotated part.

    Args:
        maps: of a teacher.
        label: (B, G, G) int64, 0 background, 1..14 parts; anything else is left out.
    """
    part_of_chart = torch.tensor(PART_OF_CHART, device=label.device)
    of_part = part_of_chart[None, :, None, None] == label[:, None]  # (B, 25, G, G)
    is_part = (label > 0) & (label <= N_PARTS)
    chart = maps.fine.masked_fill(~of_part, float("-inf")).argmax(dim=1) * is_part  # (B, G, G)
    u, v = (of.gather(1, chart[:, None])[:, 0].clamp(0, 1) * is_part for of in (maps.u, maps.v))
    return torch.stack([chart.to(u.dtype), u, v], dim=1)
