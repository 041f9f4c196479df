"""Convolutions of 3 x 3 with a quarter of the multiplications, for inference on a CPU.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016: F(4 x 4, 3 x 3). Tiles of 6 x 6 pixels that
overlap by two are transformed, multiplied by transformed weights, one matrix product for each of the 36 places, and
transformed back to 4 x 4 pixels. The sums are the same in another order; rounding is some ten times that of the direct
way (`tests/densepose/test_parity.py` asks for the tolerances of the public implementation all the same).
"""

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

_TILE: Final = 6
_STEP: Final = 4
_LEAST_CHANNELS: Final = 128  # under it the transforms cost what the products save
_AT_ONCE: Final = 64

# Interpolation points 0, 1, -1, 2, -2 and infinity.
_INPUT: Final = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_WEIGHT: Final = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_OUTPUT: Final = (
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)


class WinogradConv(nn.Module):
    """A 3 x 3 convolution of stride 1 and padding 1, with its weights transformed once."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        weight = conv.weight.new_empty((_TILE**2, conv.in_channels, conv.out_channels))
        to_weight = _both_axes(_WEIGHT, torch.float64)  # (36, 9)
        with torch.no_grad():
            for first in range(0, conv.out_channels, _AT_ONCE):  # bounds memory
                part = conv.weight[first : first + _AT_ONCE].double().flatten(2)  # (k, C, 9)
                weight[:, :, first : first + _AT_ONCE] = torch.einsum("pt,kct->pck", to_weight, part)
        self.register_buffer("weight", weight, persistent=False)  # (36, C, K)
        self.register_buffer("bias", None if conv.bias is None else conv.bias.detach(), persistent=False)
        self.register_buffer("to_input", _both_axes(_INPUT, weight.dtype), persistent=False)  # (36, 36)
        self.register_buffer("to_output", _both_axes(_OUTPUT, weight.dtype), persistent=False)  # (16, 36)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, K, H, W), in memory channel by channel of each pixel, from (B, C, H, W)."""
        batch, channels, height, width = x.shape
        down, across = -(-height // _STEP), -(-width // _STEP)
        border = (0, 0, 1, across * _STEP - width + 1, 1, down * _STEP - height + 1)
        padded = F.pad(x.permute(0, 2, 3, 1), border)  # (B, 4 down + 2, 4 across + 2, C)
        tiles = padded.unfold(1, _TILE, _STEP).unfold(2, _TILE, _STEP)  # (B, down, across, C, 6, 6)
        tiles = tiles.permute(0, 1, 2, 4, 5, 3).reshape(batch * down * across, _TILE**2, channels)
        seen = torch.matmul(self.to_input, tiles).transpose(0, 1)  # (36, B * down * across, C)
        made = torch.bmm(seen, self.weight)  # (36, B * down * across, K)
        out = (self.to_output @ made.flatten(1)).view(_STEP, _STEP, batch, down, across, made.shape[2])
        out = out.permute(2, 3, 0, 4, 1, 5).reshape(batch, down * _STEP, across * _STEP, made.shape[2])
        out = out[:, :height, :width]
        if self.bias is not None:
            out = out + self.bias
        return out.permute(0, 3, 1, 2)


def use_winograd(module: nn.Module) -> None:
    """Replace every suited convolution inside a module; afterwards it can no longer be saved or trained."""
    for name, child in module.named_children():
        if _is_suited(child):
            setattr(module, name, WinogradConv(child))
        else:
            use_winograd(child)


def _is_suited(module: nn.Module) -> bool:
    """Return whether a module is a convolution that can be done this way, and gains by it."""
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (3, 3)
        and module.stride == (1, 1)
        and module.padding == (1, 1)
        and module.dilation == (1, 1)
        and module.groups == 1
        and min(module.in_channels, module.out_channels) >= _LEAST_CHANNELS
    )


def _both_axes(matrix: tuple[tuple[float, ...], ...], dtype: torch.dtype) -> Tensor:
    """Return the transform of a tile, row by row, whose rows and columns are both transformed by a matrix."""
    one = torch.tensor(matrix, dtype=torch.float64)
    return torch.kron(one, one).to(dtype)
