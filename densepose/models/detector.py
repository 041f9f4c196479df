"""The bundled person detector: boxes of people in a photograph, in one pass, small enough for a laptop.

Every cell of a feature pyramid says how well the box that it draws around itself covers a person: Tian et al., "FCOS",
2019, for boxes without anchors; Li et al., "Generalized Focal Loss", 2020, for a score that foretells the overlap of
the box, so that no second branch judges it. Under it is the backbone of `models.lite`.
"""

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.ops import clip_boxes_to_image, nms

from densepose.config import DetectorConfig
from densepose.models.lite import ConvNorm, EfficientNetLite0
from densepose.models.regions import Boxes, Size

STRIDES: Final = (8, 16, 32)

_NORM_GROUPS: Final = 8
_MAX_LOG_DISTANCE: Final = 4.0  # keeps exp() of an untrained network finite: 55 cells
_RARE: Final = -4.6  # logit of 0.01: at first nearly every cell is background


@dataclass(frozen=True, slots=True)
class CellBoxes:
    """What each of the N cells of all levels says.

    Attributes:
        logits: (B, N) of the score.
        corners: (B, N, 4) x0, y0, x1, y1 in pixels of the network's input; may reach over its border.
        centres: (N, 2) x, y of the cells; strides: (N,) their sides in pixels.
    """

    logits: Tensor
    corners: Tensor
    centres: Tensor
    strides: Tensor


class _Tower(nn.Module):
    """A few convolutions, the same at every level."""

    def __init__(self, width: int, n_convs: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(n_convs))
        self.norms = nn.ModuleList(nn.GroupNorm(_NORM_GROUPS, width) for _ in range(n_convs))
        for conv in self.convs:
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.relu(norm(conv(x)))
        return x


class PersonDetector(nn.Module):
    """The whole network; `DetectorConfig` gives its width."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.backbone = EfficientNetLite0()
        self.lateral = nn.ModuleList(
            ConvNorm(channels, width, 1, is_active=False) for channels in EfficientNetLite0.channels[1:]
        )
        self.smooth = nn.ModuleList(ConvNorm(width, width, 3) for _ in STRIDES)
        self.score_tower = _Tower(width, config.n_tower_convs)
        self.box_tower = _Tower(width, config.n_tower_convs)
        self.score = nn.Conv2d(width, 1, 3, padding=1)
        self.box = nn.Conv2d(width, 4, 3, padding=1)
        self.reach = nn.Parameter(torch.ones(len(STRIDES)))  # of each level: how far its boxes usually go
        for conv, bias in ((self.score, _RARE), (self.box, 1.0)):
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.constant_(conv.bias, bias)

    def forward(self, images: Tensor) -> CellBoxes:
        """Return the boxes of all cells for normalised images (B, 3, H, W), H and W multiples of 32."""
        logits, corners, centres, strides = [], [], [], []
        for level, x in enumerate(self.pyramid(images)):
            rows, columns = x.shape[2:]
            at, stride = cell_centres(rows, columns, STRIDES[level], x.device), STRIDES[level]
            distance = self.box(self.box_tower(x)) * self.reach[level]
            distance = stride * distance.clamp(max=_MAX_LOG_DISTANCE).exp().flatten(2).transpose(1, 2)  # (B, h * w, 4)
            logits.append(self.score(self.score_tower(x)).flatten(1))  # (B, 1, h, w) -> (B, h * w)
            corners.append(torch.cat([at - distance[..., :2], at + distance[..., 2:]], dim=-1))
            centres.append(at)
            strides.append(at.new_full((len(at),), stride))
        return CellBoxes(torch.cat(logits, 1), torch.cat(corners, 1), torch.cat(centres), torch.cat(strides))

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Return the features of strides 8, 16 and 32, each (B, width, H / stride, W / stride)."""
        stages = self.backbone(images)[1:]
        levels = [lateral(x) for lateral, x in zip(self.lateral, stages, strict=True)]
        for fine in (1, 0):
            levels[fine] = levels[fine] + F.interpolate(levels[fine + 1], scale_factor=2, mode="nearest")
        return [smooth(x) for smooth, x in zip(self.smooth, levels, strict=True)]

    def detect(self, images: Tensor, sizes: list[Size]) -> list[Boxes]:
        """Return the people of each image, best first.

        Args:
            images: as for `forward`.
            sizes: height and width of each image without padding.
        """
        cells = self(images)
        return [
            self._choose(clip_boxes_to_image(corners, size), logits.sigmoid())
            for corners, logits, size in zip(cells.corners, cells.logits, sizes, strict=True)
        ]

    def _choose(self, corners: Tensor, scores: Tensor) -> Boxes:
        sound = corners.isfinite().all(dim=1) & (corners[:, 2:] > corners[:, :2]).all(dim=1)
        keep = torch.nonzero(sound & (scores > self.config.score_threshold)).squeeze(1)
        corners, scores = corners[keep], scores[keep]
        best = nms(corners, scores, self.config.nms_iou)[: self.config.max_detections]
        return Boxes(corners[best], scores[best])

    def fold(self) -> None:
        """Fold every batch norm; afterwards the network can neither be trained nor saved."""
        for module in self.modules():
            if isinstance(module, ConvNorm):
                module.fold()


def cell_centres(rows: int, columns: int, stride: int, device: torch.device) -> Tensor:
    """Return x, y of the cells' centres in input pixels, (rows * columns, 2) float32, row by row."""
    ys = (torch.arange(rows, device=device) + 0.5) * stride
    xs = (torch.arange(columns, device=device) + 0.5) * stride
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)
