"""Sibling branches of the dense head, for data that has outlines or keypoints: He et al., "Mask R-CNN", 2017."""

from typing import Final

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from densepose.models.heads import double, upsampling_output

N_KEYPOINTS: Final = 17

_MASK_CONVS: Final = 4
_KEYPOINT_CONVS: Final = 8


class MaskBranch(nn.Module):
    """Which pixels of a box are the person."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = _convs(width, width, _MASK_CONVS)
        self.up = upsampling_output(width, width)
        self.output = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (R, 1, 2 S, 2 S) from pooled features (R, width, S, S)."""
        mask: Tensor = self.output(F.relu_(self.up(_through(self.convs, x))))
        return mask


class KeypointBranch(nn.Module):
    """Where in a box each keypoint lies: a map of logits each, over all of whose cells a softmax is taken."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convs = _convs(width, 2 * width, _KEYPOINT_CONVS)
        self.up = upsampling_output(2 * width, N_KEYPOINTS)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (R, 17, 4 S, 4 S) from pooled features (R, width, S, S)."""
        return double(self.up(_through(self.convs, x)))


def _convs(inside: int, width: int, count: int) -> nn.ModuleList:
    convs = nn.ModuleList(nn.Conv2d(inside if i == 0 else width, width, 3, padding=1) for i in range(count))
    for conv in convs:
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(conv.bias)
    return convs


def _through(convs: nn.ModuleList, x: Tensor) -> Tensor:
    for conv in convs:
        x = F.relu_(conv(x))
    return x
