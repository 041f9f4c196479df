"""What follows the pyramid on the way to dense maps: decoder, the two dense heads, chart and embedding outputs.

Güler, Neverova, Kokkinos, "DensePose", 2018, section 4; the decoder after Kirillov et al., "Panoptic Feature Pyramid
Networks", 2019; the atrous pyramid after Chen et al., "Rethinking Atrous Convolution", 2017; embeddings after Neverova
et al., "Continuous Surface Embeddings", 2020.
"""

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from densepose.config import N_CHART_CHANNELS, ModelConfig

N_HEAD_CONVS: Final = 8
N_CSE_VERTICES: Final = 27_554  # of `body.cse`, which is not loaded for a number
VERTEX_FEATURES: Final = 256

_ATROUS_RATES: Final = (6, 12, 56)
_NORM_GROUPS: Final = 32
_DECODER_CONVS: Final = (1, 1, 2, 3)  # of P2..P5


@dataclass(frozen=True, slots=True)
class ChartMaps:
    """Raw maps of R people on a square grid over their boxes.

    Attributes:
        coarse: (R, 2 or 15, S, S) logits of background and person, or of background and the coarse parts.
        fine: (R, 25, S, S) logits of background and the 24 charts.
        u, v: (R, 25, S, S) the coordinates in each chart, about 0..1; channel 0 is unused.
    """

    coarse: Tensor
    fine: Tensor
    u: Tensor
    v: Tensor


@dataclass(frozen=True, slots=True)
class EmbeddingMaps:
    """Raw maps of R people on a square grid over their boxes.

    Attributes:
        coarse: (R, 2, S, S) logits of background and person.
        embedding: (R, D, S, S).
        vertices: (27554, D) unit embeddings of the mesh's vertices; the nearest one is the answer.
    """

    coarse: Tensor
    embedding: Tensor
    vertices: Tensor


DenseMaps = ChartMaps | EmbeddingMaps


def double(x: Tensor) -> Tensor:
    """Return maps (N, C, H, W) at twice the size, bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """Bring P2..P5 to stride 4, a convolution before each doubling, and sum them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(n_convs)) for n_convs in _DECODER_CONVS
        )
        self.merge = nn.Conv2d(width, width, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        """Return (B, width, H/4, W/4) from P2..P5, each (B, width, H / stride, W / stride)."""
        total = self._branch(0, pyramid[0])
        for level in range(1, len(self.branches)):
            total = total + self._branch(level, pyramid[level])
        return self.merge(total)

    def _branch(self, level: int, x: Tensor) -> Tensor:
        for conv in self.branches[level]:
            x = F.relu_(conv(x))
            x = double(x) if level > 0 else x
        return x


class ConvHead(nn.Module):
    """Eight 3x3 convolutions of twice the pyramid's channels: 512 in the published networks."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(width if i == 0 else 2 * width, 2 * width, 3, padding=1) for i in range(N_HEAD_CONVS)
        )
        for conv in self.convs:
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (R, 2 width, S, S) from pooled features (R, width, S, S)."""
        for conv in self.convs:
            x = F.relu_(conv(x))
        return x


class AtrousPyramid(nn.Module):
    """Look at growing surroundings at once: 1x1, three dilated 3x3, and the mean of the whole map."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.point = nn.Conv2d(width, width, 1, bias=False)
        self.atrous = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=rate, dilation=rate, bias=False) for rate in _ATROUS_RATES
        )
        self.whole = nn.Conv2d(width, width, 1, bias=False)
        self.norms = nn.ModuleList(nn.GroupNorm(_NORM_GROUPS, width) for _ in range(len(_ATROUS_RATES) + 2))
        self.project = nn.Conv2d(width * len(self.norms), width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (R, width, S, S) from (R, width, S, S)."""
        seen = [self.point(x), *(conv(x) for conv in self.atrous), self.whole(x.mean(dim=(2, 3), keepdim=True))]
        seen = [F.relu(norm(part)) for norm, part in zip(self.norms, seen, strict=True)]
        seen[-1] = seen[-1].expand_as(x)  # (R, width, 1, 1) -> (R, width, S, S)
        return F.relu(self.project(torch.cat(seen, dim=1)))


class DeepLabHead(nn.Module):
    """An atrous pyramid, then eight 3x3 convolutions of twice its channels with group norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pyramid = AtrousPyramid(width)
        self.convs = nn.ModuleList(
            nn.Conv2d(width if i == 0 else 2 * width, 2 * width, 3, padding=1, bias=False) for i in range(N_HEAD_CONVS)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(_NORM_GROUPS, 2 * width) for _ in range(N_HEAD_CONVS))
        for conv in self.convs:
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return (R, 2 width, S, S) from pooled features (R, width, S, S)."""
        x = self.pyramid(x)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.relu_(norm(conv(x)))
        return x


def upsampling_output(inside: int, channels: int) -> nn.ConvTranspose2d:
    """Return the layer that doubles a map and gives it `channels`."""
    layer = nn.ConvTranspose2d(inside, channels, kernel_size=4, stride=2, padding=1)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return layer


class ChartOutput(nn.Module):
    """Chart logits and U, V for each chart."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.coarse = upsampling_output(2 * config.width, config.coarse_channels)
        self.fine = upsampling_output(2 * config.width, N_CHART_CHANNELS)
        self.u = upsampling_output(2 * config.width, N_CHART_CHANNELS)
        self.v = upsampling_output(2 * config.width, N_CHART_CHANNELS)

    def forward(self, x: Tensor) -> ChartMaps:
        """Return maps of side 4 S from (R, 2 width, S, S)."""
        return ChartMaps(double(self.coarse(x)), double(self.fine(x)), double(self.u(x)), double(self.v(x)))


class EmbeddingOutput(nn.Module):
    """A pixel's place on the surface as a vector, beside the vectors of the mesh's vertices.

    The vertices' vectors are a learned projection of fixed smooth features (eigenfunctions of the mesh).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.coarse = upsampling_output(2 * config.width, config.coarse_channels)
        self.embedding = upsampling_output(2 * config.width, config.embedding_dim)
        self.register_buffer("features", torch.zeros(N_CSE_VERTICES, VERTEX_FEATURES))
        self.projection = nn.Parameter(torch.empty(VERTEX_FEATURES, config.embedding_dim).uniform_(-0.5, 0.5))

    def vertex_embeddings(self) -> Tensor:
        """Return (27554, D), each of length 1 (0 where a vertex has no features yet)."""
        return F.normalize(self.features @ self.projection, dim=1, eps=1e-6)

    def forward(self, x: Tensor) -> EmbeddingMaps:
        """Return maps of side 4 S from (R, 2 width, S, S)."""
        return EmbeddingMaps(double(self.coarse(x)), double(self.embedding(x)), self.vertex_embeddings())
