"""DP-FCN: the surface of everybody in a picture at once, without regions; the baseline of the paper.

Güler et al., "DensePose", 2018, section 4: the same outputs as for a region, predicted for every pixel of the whole
image. People of all sizes go through one network at one scale, which is what regions are better at.
"""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from densepose.config import LiteConfig
from densepose.models.heads import ChartMaps
from densepose.models.lite import OUT_STRIDE, EfficientNetLite0, LiteDensePose

_PAD_TO = 32


class DensePoseFCN(nn.Module):
    """The lite network's layers over a whole picture of any size."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        self.lite = LiteDensePose(config)

    @property
    def backbone(self) -> EfficientNetLite0:
        """The pretrained layers."""
        backbone: EfficientNetLite0 = self.lite.backbone
        return backbone

    def forward(self, images: Tensor) -> ChartMaps:
        """Return maps (B, ..., ceil(H / 4), ceil(W / 4)) from normalised pictures (B, 3, H, W)."""
        height, width = images.shape[2:]
        padded = F.pad(images, (0, -width % _PAD_TO, 0, -height % _PAD_TO))
        maps = self.lite(padded)
        rows, columns = -(-height // OUT_STRIDE), -(-width // OUT_STRIDE)
        return ChartMaps(*(of[..., :rows, :columns] for of in (maps.coarse, maps.fine, maps.u, maps.v)))
