"""Cascade: a second stage that sees what the first said, and what its sibling branches said, and corrects it.

Güler et al., "DensePose", 2018, section 4 (cross-modal cascading): dense pose, mask and keypoints help one another.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from densepose.config import N_CHART_CHANNELS, LiteConfig
from densepose.models.branches import N_KEYPOINTS
from densepose.models.heads import ChartMaps
from densepose.models.lite import ConvNorm, EfficientNetLite0, LiteDensePose, chart_output, split_maps


@dataclass(frozen=True, slots=True)
class CascadeMaps:
    """What all stages and branches say of B people.

    Attributes:
        first, last: of the two stages.
        mask: (B, 1, G, G) logits of the person's mask; None without the branch.
        keypoints: (B, 17, G, G) logits of the keypoints' places; None without the branch.
    """

    first: ChartMaps
    last: ChartMaps
    mask: Tensor | None
    keypoints: Tensor | None


class CascadeDensePose(nn.Module):
    """The lite network, optional branches on its features, and a stage that looks at all of it.

    Args:
        config: of the lite network.
        has_mask, has_keypoints: which branches there are.
    """

    def __init__(self, config: LiteConfig, *, has_mask: bool = True, has_keypoints: bool = True) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.lite = LiteDensePose(config)
        self.mask = _branch(width, 1) if has_mask else None
        self.keypoints = _branch(width, N_KEYPOINTS) if has_keypoints else None
        seen = config.coarse_channels + 3 * N_CHART_CHANNELS + int(has_mask) + N_KEYPOINTS * int(has_keypoints)
        self.gather = ConvNorm(width + seen, width, 1)
        self.look = nn.Sequential(ConvNorm(width, width, 3), ConvNorm(width, width, 3))
        self.correction = chart_output(config)
        nn.init.zeros_(self.correction.bias)  # it corrects: untrained, it hardly changes the first stage's answer

    @property
    def backbone(self) -> EfficientNetLite0:
        """The pretrained layers."""
        backbone: EfficientNetLite0 = self.lite.backbone
        return backbone

    def forward(self, images: Tensor) -> CascadeMaps:
        """Return maps of side S / 4 from normalised crops (B, 3, S, S), S a multiple of 32."""
        features = self.lite.features(images)
        raw = self.lite.output(features)  # (B, coarse + 75, S/4, S/4)
        first = split_maps(raw, self.config)
        mask = None if self.mask is None else self.mask(features)
        keypoints = None if self.keypoints is None else self.keypoints(features)
        said = [first.coarse.softmax(dim=1), first.fine.softmax(dim=1), first.u, first.v]
        said += [] if mask is None else [mask.sigmoid()]
        said += [] if keypoints is None else [keypoints.sigmoid()]
        x = self.look(self.gather(torch.cat([features, *said], dim=1)))
        return CascadeMaps(first, split_maps(raw + self.correction(x), self.config), mask, keypoints)


def _branch(width: int, channels: int) -> nn.Sequential:
    return nn.Sequential(ConvNorm(width, width, 3), nn.Conv2d(width, channels, 1))
