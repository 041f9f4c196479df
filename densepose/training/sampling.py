"""Which anchors and regions teach the two-stage detector what: Ren et al., "Faster R-CNN", 2015, section 3."""

import torch
from torch import Tensor
from torchvision.ops import box_iou

BACKGROUND = -1
UNUSED = -2

_CROWDED = 0.5  # share of a box inside a crowd from which on it says nothing


def matched(boxes: Tensor, people: Tensor, crowds: Tensor, low: float, high: float, *, keeps_best: bool) -> Tensor:
    """Return for each box the person it stands for, BACKGROUND or UNUSED, (N,) int64.

    Args:
        boxes: (N, 4).
        people, crowds: (M, 4), (C, 4) true boxes.
        low, high: an overlap below low is background, from high on it is the person, between them it is unused.
        keeps_best: every person also has the boxes that overlap it most, however little that is.
    """
    owner = torch.full((len(boxes),), BACKGROUND, dtype=torch.int64, device=boxes.device)
    if len(people):
        overlap = box_iou(boxes, people)  # (N, M)
        best, nearest = overlap.max(dim=1)
        owner = torch.where(best >= high, nearest, torch.where(best < low, BACKGROUND, UNUSED))
        if keeps_best:
            is_best = (overlap == overlap.max(dim=0).values) & (overlap > 0)
            owner = torch.where(is_best.any(dim=1), nearest, owner)
    if len(crowds):
        shared = torch.minimum(boxes[:, None, 2:], crowds[:, 2:]) - torch.maximum(boxes[:, None, :2], crowds[:, :2])
        shared = shared.clamp(min=0).prod(dim=2).max(dim=1).values
        is_crowded = shared > _CROWDED * (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
        owner = torch.where(is_crowded & (owner == BACKGROUND), UNUSED, owner)
    return owner


def sampled(owner: Tensor, count: int, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return rows of people and rows of background, drawn so that they are `count` together where there are enough.

    Args:
        owner: of `matched`.
        count: at most so many.
        share: of people among them, at most.
    """
    people = _drawn(torch.nonzero(owner >= 0).squeeze(1), int(count * share), generator)
    background = _drawn(torch.nonzero(owner == BACKGROUND).squeeze(1), count - len(people), generator)
    return people, background


def _drawn(rows: Tensor, count: int, generator: torch.Generator) -> Tensor:
    order = torch.randperm(len(rows), generator=generator)[:count]
    return rows[order.to(rows.device)]
