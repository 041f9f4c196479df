"""Boxes as the detectors need them: anchors, deltas, and the features under a box.

Ren et al., "Faster R-CNN", 2015. Boxes here are x0, y0, x1, y1 in pixels of the network's input.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torchvision.ops import roi_align

ANCHOR_SIZES_PX: Final = (32, 64, 128, 256, 512)  # of P2..P6
ANCHOR_RATIOS: Final = (0.5, 1.0, 2.0)  # height / width

_MAX_LOG_SCALE: Final = math.log(1000 / 16)  # keeps exp() of an untrained network finite
_CANONICAL_PX: Final = 224  # a box of this size is pooled from P4
_CANONICAL_LEVEL: Final = 2  # P4's place among P2..P5
_SAMPLING_RATIO: Final = 2

Size = tuple[int, int]  # height, width of an image in the batch, without its padding


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes of one image, best first.

    Attributes:
        corners: (N, 4) x0, y0, x1, y1 in pixels of the network's input, inside the image.
        scores: (N,) objectness logits of proposals, probabilities of people.
    """

    corners: Tensor
    scores: Tensor


def level_anchors(shape: tuple[int, int], stride: int, size_px: int, device: torch.device) -> Tensor:
    """Return the anchors of one level.

    Args:
        shape: rows and columns of the feature map.
        stride: image pixels a cell.
        size_px: side of the square anchor; the others have its area.

    Returns:
        (rows * columns * 3, 4), ordered by row, column, ratio; centred on the cell's upper left corner.
    """
    ratios = torch.tensor(ANCHOR_RATIOS, device=device)
    width = size_px / ratios.sqrt()
    height = size_px * ratios.sqrt()
    cell = torch.stack([-width, -height, width, height], dim=1) / 2  # (3, 4)
    ys = torch.arange(shape[0], device=device) * stride
    xs = torch.arange(shape[1], device=device) * stride
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    corner = torch.stack([x, y, x, y], dim=-1)  # (rows, columns, 4)
    return (corner[:, :, None] + cell).reshape(-1, 4)  # (rows, columns, 3, 4) -> (rows * columns * 3, 4)


def decode_boxes(deltas: Tensor, boxes: Tensor, weights: tuple[float, float, float, float]) -> Tensor:
    """Move boxes by predicted deltas.

    Args:
        deltas: (N, 4) dx, dy in box sizes and log dw, log dh, each times its weight.
        boxes: (N, 4).

    Returns:
        (N, 4) boxes.
    """
    size = boxes[:, 2:] - boxes[:, :2]
    centre = boxes[:, :2] + 0.5 * size
    scale = deltas.new_tensor(weights)
    shift, log_scale = (deltas / scale).split(2, dim=1)
    new_centre = centre + shift * size
    half = 0.5 * size * log_scale.clamp(max=_MAX_LOG_SCALE).exp()
    return torch.cat([new_centre - half, new_centre + half], dim=1)


def encode_boxes(wanted: Tensor, boxes: Tensor, weights: tuple[float, float, float, float]) -> Tensor:
    """Return the deltas (N, 4) by which `decode_boxes` moves `boxes` (N, 4) onto `wanted` (N, 4)."""
    size, wanted_size = boxes[:, 2:] - boxes[:, :2], wanted[:, 2:] - wanted[:, :2]
    shift = (wanted[:, :2] + 0.5 * wanted_size - boxes[:, :2] - 0.5 * size) / size
    return torch.cat([shift, (wanted_size / size).log()], dim=1) * boxes.new_tensor(weights)


def pool_regions(features: list[Tensor], strides: tuple[int, ...], boxes: list[Tensor], out_px: int) -> Tensor:
    """Pool a square of features under every box, a large box from a coarse level.

    Args:
        features: one map (B, C, h, w) a level, from P2 on; a single one serves every box.
        strides: of those levels.
        boxes: for each image (R_b, 4).
        out_px: side of the square.

    Returns:
        (sum of R_b, C, out_px, out_px), in the order of the boxes.
    """
    image = torch.cat([b.new_full((len(b), 1), i) for i, b in enumerate(boxes)])
    corners = torch.cat(boxes)
    regions = torch.cat([image, corners], dim=1)  # (R, 5)
    is_single = len(features) == 1
    level = torch.zeros_like(image[:, 0], dtype=torch.int64) if is_single else _level_of(corners, len(features))
    if corners.device.type == "cpu" and not torch.is_grad_enabled():
        return _pool_by_rows(features, strides, regions, level, out_px)
    if is_single:
        return _align(features[0], regions, strides[0], out_px)
    pooled = features[0].new_zeros((len(regions), features[0].shape[1], out_px, out_px))
    for number, (feature, stride) in enumerate(zip(features, strides, strict=True)):
        rows = torch.nonzero(level == number).squeeze(1)
        if len(rows):
            pooled[rows] = _align(feature, regions[rows], stride, out_px).to(pooled.dtype)
    return pooled


def _pool_by_rows(
    features: list[Tensor], strides: tuple[int, ...], regions: Tensor, level: Tensor, out_px: int
) -> Tensor:
    """Return what `_align` gives on each region's level, at a third of its time on a CPU.

    All levels become one table with a row of channels a cell; a pooled cell is a weighted sum of 16 of its rows.
    """
    table = torch.cat([f.permute(0, 2, 3, 1).reshape(-1, f.shape[1]) for f in features])  # (cells, C)
    n_images = features[0].shape[0]
    sizes = torch.tensor([f.shape[2:] for f in features])  # (L, 2) rows, columns
    cells = sizes.prod(dim=1)
    first = (cells * n_images).cumsum(0) - cells * n_images  # where a level begins
    start = first[level] + regions[:, 0].long() * cells[level]  # where a region's map begins
    scale = 1 / torch.tensor(strides, dtype=torch.float32)[level, None]
    low, high = regions[:, 1:3] * scale, regions[:, 3:5] * scale
    column, across = _taps(low[:, 0], high[:, 0], sizes[level, 1], out_px)  # (R, out, 4)
    row, down = _taps(low[:, 1], high[:, 1], sizes[level, 0], out_px)
    width = sizes[level, 1][:, None, None, None, None]
    at = start[:, None, None, None, None] + row[:, :, None, :, None] * width + column[:, None, :, None, :]
    weight = down[:, :, None, :, None] * across[:, None, :, None, :]  # (R, out, out, 4, 4)
    bags = (len(regions) * out_px**2, 16)
    weights = weight.reshape(bags).to(table.dtype)
    pooled = F.embedding_bag(at.reshape(bags), table, mode="sum", per_sample_weights=weights)
    return pooled.view(len(regions), out_px, out_px, table.shape[1]).permute(0, 3, 1, 2)


def _taps(low: Tensor, high: Tensor, size: Tensor, out_px: int) -> tuple[Tensor, Tensor]:
    """Return the cells that each pooled cell reads along one axis and their weights, both (R, out_px, 4).

    Two samples a cell, each between two cells of the map; outside of the map by more than one cell it counts as 0.
    """
    step = (high - low).clamp(min=1.0) / out_px  # (R,)
    sample = (torch.arange(out_px * _SAMPLING_RATIO, dtype=low.dtype) + 0.5) / _SAMPLING_RATIO
    place = low[:, None] + sample * step[:, None]  # (R, 2 out)
    last = size[:, None] - 1
    is_inside = (place >= -1) & (place <= last + 1)
    place = torch.minimum(place.clamp(min=0), last.to(place.dtype))
    lower = place.long()
    share = place - lower
    cells = torch.stack([lower, torch.minimum(lower + 1, last)], dim=-1)  # (R, 2 out, 2)
    weights = torch.stack([1 - share, share], dim=-1) * (is_inside / _SAMPLING_RATIO)[..., None]
    shape = (len(low), out_px, 2 * _SAMPLING_RATIO)
    return cells.view(shape), weights.view(shape)


def _align(feature: Tensor, regions: Tensor, stride: int, out_px: int) -> Tensor:
    # Without the half-pixel shift: the public checkpoints were trained that way.
    # In single precision: the 8 bits of bfloat16 would round a coordinate of 600 pixels to a multiple of 4.
    pooled = roi_align(feature.float(), regions.float(), out_px, 1 / stride, _SAMPLING_RATIO, aligned=False)
    return pooled.to(feature.dtype)


def _level_of(boxes: Tensor, n_levels: int) -> Tensor:
    """Return for boxes (R, 4) the index of their level, (R,) int64."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    level = torch.floor(_CANONICAL_LEVEL + torch.log2(area.sqrt() / _CANONICAL_PX + 1e-8))
    return level.clamp(0, n_levels - 1).to(torch.int64)
