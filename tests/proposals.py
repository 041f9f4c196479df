"""A small network that proposes: random weights, but a body wherever it looks."""

from pathlib import Path

import torch

from densepose.checkpoints import write_checkpoint
from densepose.config import LiteConfig
from densepose.models.lite import LiteDensePose


def write_network(folder: Path, seed: int = 0) -> Path:
    """Write a lite network of a few channels that takes every pixel for head or torso, by chance."""
    torch.manual_seed(seed)
    config = LiteConfig(width=8, n_context_convs=1, crop_px=64)
    model = LiteDensePose(config)
    with torch.no_grad():
        model.output.bias[0] = -100  # no background, by the coarse parts
        charts = model.output.bias[config.coarse_channels : config.coarse_channels + 25]
        charts[:] = -100
        charts[[1, 2, 23, 24]] = 0  # both charts of the torso, both of the head
        model.output.weight.normal_(std=0.5)
    path = folder / f"tiny-{seed}.safetensors"
    tensors = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    write_checkpoint(path, config, tensors)
    return path
