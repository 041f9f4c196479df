"""ResNet with frozen batch norm under a feature pyramid: the backbone of the two-stage networks.

He et al., "Deep Residual Learning", 2016 (the stride in the first 1x1 convolution, as in the original release); Lin et
al., "Feature Pyramid Networks", 2017.
"""

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.ops import FrozenBatchNorm2d

from densepose.config import Backbone

STRIDES: Final = (4, 8, 16, 32, 64)  # of P2..P6
PAD_TO: Final = 32  # so that every level halves evenly up to P5

_BLOCKS: Final[dict[Backbone, tuple[int, ...]]] = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class ConvNorm(nn.Module):
    """A convolution and its frozen batch norm, which is an affine map and can be folded into the convolution."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False)
        self.norm: nn.Module = FrozenBatchNorm2d(out_channels)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))

    def fold(self) -> None:
        """Move the norm into a new weight and bias of the convolution; for inference only."""
        if isinstance(self.norm, nn.Identity):
            return
        with torch.no_grad():
            scale = self.norm.weight * (self.norm.running_var + self.norm.eps).rsqrt()
            weight = self.conv.weight * scale[:, None, None, None]
            bias = self.norm.bias - self.norm.running_mean * scale
        self.conv.weight = nn.Parameter(weight, requires_grad=False)
        self.conv.bias = nn.Parameter(bias, requires_grad=False)
        self.norm = nn.Identity()


def fold_norms(module: nn.Module) -> None:
    """Fold every frozen norm of a network; afterwards it can no longer be saved as a checkpoint or trained."""
    for child in module.modules():
        if isinstance(child, ConvNorm):
            child.fold()


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a shortcut."""

    def __init__(self, in_channels: int, middle: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(in_channels, middle, 1, stride)
        self.conv2 = ConvNorm(middle, middle, 3)
        self.conv3 = ConvNorm(middle, out_channels, 1)
        self.shortcut = ConvNorm(in_channels, out_channels, 1, stride) if in_channels != out_channels else nn.Identity()
        with torch.no_grad():  # frozen norms do not tame the sum: without weights to load, it would grow block by block
            self.conv3.conv.weight.mul_(0.25)

    def forward(self, x: Tensor) -> Tensor:
        inside = F.relu_(self.conv1(x))
        inside = F.relu_(self.conv2(inside))
        return F.relu_(self.conv3(inside).add_(self.shortcut(x)))


class ResNet(nn.Module):
    """The residual stages; forward gives their outputs of strides 4, 8, 16 and 32."""

    def __init__(self, name: Backbone, width: int) -> None:
        super().__init__()
        self.channels = tuple(width * 2**stage for stage in range(4))
        self.stem = ConvNorm(3, width // 4, 7, stride=2)
        self.stages = nn.ModuleList()
        in_channels = width // 4
        for number, (n_blocks, out_channels) in enumerate(zip(_BLOCKS[name], self.channels, strict=True)):
            blocks = []
            for block in range(n_blocks):
                stride = 2 if block == 0 and number > 0 else 1
                blocks.append(Bottleneck(in_channels, out_channels // 4, out_channels, stride))
                in_channels = out_channels
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.relu_(self.stem(x))  # (B, width / 4, H/2, W/2)
        x = F.max_pool2d(x, kernel_size=3, stride=2, padding=1)  # (B, width / 4, H/4, W/4)
        out = []
        for stage in self.stages:
            x = stage(x)  # (B, width * 2^i, H/4/2^i, W/4/2^i)
            out.append(x)
        return out


class FeaturePyramid(nn.Module):
    """A residual network whose stages are brought to one width and summed from coarse to fine."""

    def __init__(self, name: Backbone, width: int) -> None:
        super().__init__()
        self.resnet = ResNet(name, width)
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in self.resnet.channels)
        self.output = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in self.resnet.channels)
        for conv in (*self.lateral, *self.output):
            nn.init.kaiming_uniform_(conv.weight, a=1)
            nn.init.zeros_(conv.bias)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return P2..P6, each (B, width, H / stride, W / stride), for images (B, 3, H, W), H and W multiples of 32."""
        stages = self.resnet(images)
        merged = self.lateral[-1](stages[-1])
        pyramid = [self.output[-1](merged)]
        for level in (2, 1, 0):
            merged = self.lateral[level](stages[level]) + F.interpolate(merged, scale_factor=2, mode="nearest")
            pyramid.insert(0, self.output[level](merged))
        pyramid.append(F.max_pool2d(pyramid[-1], kernel_size=1, stride=2))  # (B, width, ceil(H/64), ceil(W/64))
        return pyramid
