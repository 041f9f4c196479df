"""Networks for tests: random weights, and the names of a public checkpoint spelled out."""

from pathlib import Path

import numpy as np
import torch

from densepose.checkpoints import Checkpoint
from densepose.config import ModelConfig
from densepose.models.rcnn import DensePoseRCNN

PARITY = Path(__file__).parents[2].parent / "shared" / "data" / "detectron2_parity"

Shapes = dict[str, tuple[int, ...]]


def random_checkpoint(config: ModelConfig, seed: int = 0) -> Checkpoint:
    """Return the network's own first weights, with every frozen norm set to something else than the identity."""
    torch.manual_seed(seed)
    tensors = {name: tensor.clone() for name, tensor in DensePoseRCNN(config).state_dict().items()}
    for name, tensor in tensors.items():
        if ".norm.running_mean" in name or ".norm.bias" in name:
            tensor.normal_(std=0.1)
        elif ".norm.weight" in name or ".norm.running_var" in name:
            tensor.normal_(mean=1, std=0.1).abs_()
    tensors["backbone.resnet.stem.conv.weight"] /= 60  # the spread of pixels
    return Checkpoint(config, tensors)


def zoo_r50_s1x() -> dict[str, np.ndarray]:
    """Return a public R-50 s1x checkpoint with one number everywhere: all its names and shapes."""
    shapes = _zoo_resnet50()
    for level, channels in zip((2, 3, 4, 5), (256, 512, 1024, 2048), strict=True):
        shapes |= _layer(f"backbone.fpn_lateral{level}", (256, channels, 1, 1))
        shapes |= _layer(f"backbone.fpn_output{level}", (256, 256, 3, 3))
    shapes |= _layer("proposal_generator.rpn_head.conv", (256, 256, 3, 3))
    shapes |= _layer("proposal_generator.rpn_head.objectness_logits", (3, 256, 1, 1))
    shapes |= _layer("proposal_generator.rpn_head.anchor_deltas", (12, 256, 1, 1))
    shapes |= _layer("roi_heads.box_head.fc1", (1024, 256 * 49))
    shapes |= _layer("roi_heads.box_head.fc2", (1024, 1024))
    shapes |= _layer("roi_heads.box_predictor.cls_score", (2, 1024))
    shapes |= _layer("roi_heads.box_predictor.bbox_pred", (4, 1024))
    for branch in ("p2.0", "p3.0", "p4.0", "p4.2", "p5.0", "p5.2", "p5.4"):
        shapes |= _layer(f"roi_heads.decoder.{branch}", (256, 256, 3, 3))
    shapes |= _layer("roi_heads.decoder.predictor", (256, 256, 1, 1))
    for number in range(1, 9):
        channels = 256 if number == 1 else 512
        shapes |= _layer(f"roi_heads.densepose_head.body_conv_fcn{number}", (512, channels, 3, 3))
    for output, channels in {"ann_index": 2, "index_uv": 25, "u": 25, "v": 25}.items():
        name = f"roi_heads.densepose_predictor.{output}_lowres"
        shapes |= {f"{name}.weight": (512, channels, 4, 4), f"{name}.bias": (channels,)}
    return {name: np.full(shape, 0.5, np.float32) for name, shape in shapes.items()}


def _layer(name: str, weight: tuple[int, ...]) -> Shapes:
    return {f"{name}.weight": weight, f"{name}.bias": weight[:1]}


def _normed(name: str, weight: tuple[int, ...]) -> Shapes:
    norm = {f"{name}.norm.{kind}": weight[:1] for kind in ("weight", "bias", "running_mean", "running_var")}
    return {f"{name}.weight": weight, **norm}


def _zoo_resnet50() -> Shapes:
    shapes = _normed("backbone.bottom_up.stem.conv1", (64, 3, 7, 7))
    inside = 64
    for stage, n_blocks in zip((2, 3, 4, 5), (3, 4, 6, 3), strict=True):
        middle = 16 * 2**stage
        for block in range(n_blocks):
            name = f"backbone.bottom_up.res{stage}.{block}"
            if block == 0:
                shapes |= _normed(f"{name}.shortcut", (4 * middle, inside, 1, 1))
            shapes |= _normed(f"{name}.conv1", (middle, inside, 1, 1))
            shapes |= _normed(f"{name}.conv2", (middle, middle, 3, 3))
            shapes |= _normed(f"{name}.conv3", (4 * middle, middle, 1, 1))
            inside = 4 * middle
    return shapes
