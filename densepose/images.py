"""From photographs to the network's input: resized, normalised, padded into one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from densepose.config import ModelConfig
from densepose.models.backbone import PAD_TO
from densepose.models.regions import Size

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Batch:
    """Photographs as the network wants them.

    Attributes:
        images: (B, 3, H, W) float32, zero-padded at the bottom and right to a multiple of 32.
        sizes: height and width of each resized image.
        scales: resized / original, (x, y), of each image; the two differ a little, as sizes are whole pixels.
    """

    images: Tensor
    sizes: list[Size]
    scales: list[tuple[float, float]]


def to_batch(images: Sequence[Rgb], config: ModelConfig, device: torch.device | str = "cpu") -> Batch:
    """Return one batch of photographs.

    Args:
        images: each (H, W, 3) uint8, red green blue; at least one.
        config: sizes, channel order, mean and deviation.

    Raises:
        ValueError: an image is not such an array.
    """
    if not images:
        raise ValueError("images must hold at least one image")
    for image in images:
        check_rgb(image)
    sizes = [resized(image.shape[:2], config) for image in images]
    height, width = (-(-max(sides) // PAD_TO) * PAD_TO for sides in zip(*sizes, strict=True))
    batch = torch.zeros((len(images), 3, height, width), device=device)
    mean = torch.tensor(config.pixel_mean, device=device)[:, None, None]
    std = torch.tensor(config.pixel_std, device=device)[:, None, None]
    for row, image, (h, w) in zip(batch, images, sizes, strict=True):
        small = image if image.shape[:2] == (h, w) else Image.fromarray(image).resize((w, h), Image.Resampling.BILINEAR)
        pixels = np.ascontiguousarray(np.asarray(small)[:, :, :: -1 if config.channel_order == "bgr" else 1])
        channels = torch.from_numpy(pixels).to(device).permute(2, 0, 1)  # (h, w, 3) -> (3, h, w)
        row[:, :h, :w] = (channels.to(torch.float32) - mean) / std
    scales = [(w / image.shape[1], h / image.shape[0]) for image, (h, w) in zip(images, sizes, strict=True)]
    return Batch(batch, sizes, scales)


def check_rgb(image: Rgb) -> None:
    """Raise ValueError unless an image is (H, W, 3) uint8 and not empty."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape[:2]) < 1:
        raise ValueError(f"an image must be (H, W, 3) uint8 in RGB, got {image.shape} {image.dtype}")


def resized(size: Size, config: ModelConfig) -> Size:
    """Return the height and width that an image is brought to: the short side first, unless the long one overflows."""
    scale = config.short_side_px / min(size)
    scale = min(scale, config.long_side_px / max(size))
    return max(1, int(size[0] * scale + 0.5)), max(1, int(size[1] * scale + 0.5))
