"""Figures during training, in seconds: parts by pixel, and the error at the annotated points in a straight line.

`densepose.evaluation` measures as the paper does, along the surface; a straight line is never longer, so that these
figures are a little better.
"""

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from body.atlas import surface_of
from body.canonical import load_canonical_body
from body.similarity import auc
from body.surface import positions
from densepose.config import LiteConfig
from densepose.training.batches import NO_AUGMENTATION, make_batch
from densepose.training.examples import SOME_PART, People

MOST_PEOPLE: Final = 300
_BATCH: Final = 16


def quick_figures(model: nn.Module, config: LiteConfig, people: People, device: torch.device) -> dict[str, float]:
    """Return `parts_right` (share of body pixels with the right part), `iou` of the body, `auc10`, `auc30`.

    Args:
        model: the network, in evaluation mode.
        people: held out; at most MOST_PEOPLE of them are looked at.
    """
    vertices = load_canonical_body().vertices
    distance_m: list[np.ndarray] = []
    right = body = both = either = 0
    count = min(len(people), MOST_PEOPLE)
    for start in range(0, count, _BATCH):
        examples = [people[row] for row in range(start, min(start + _BATCH, count))]
        most = max(len(example.xy) for example in examples)
        batch = make_batch(
            examples, crop_px=config.crop_px, n_points=max(most, 1), augmentation=NO_AUGMENTATION,
            is_dense=False, rng=np.random.default_rng(0),
        ).to(device).normalised(config)  # fmt: skip
        maps = model(batch.images)
        seen = maps.coarse.argmax(dim=1)
        is_body = (batch.label > 0) & (batch.label <= SOME_PART)
        is_part = (batch.label > 0) & (batch.label < SOME_PART)
        right += int((seen == batch.label)[is_part].sum())
        body += int(is_part.sum())
        both += int(((seen > 0) & is_body).sum())
        either += int(((seen > 0) & (batch.label <= SOME_PART) | is_body).sum())
        sampled = [
            F.grid_sample(m.float(), batch.grid, align_corners=False)[..., 0]
            for m in (maps.coarse, maps.fine, maps.u, maps.v)
        ]
        coarse, fine = sampled[0].argmax(dim=1), sampled[1].argmax(dim=1)  # (B, K)
        chart = torch.where(coarse > 0, fine, 0)
        u, v = (of.gather(1, chart[:, None])[:, 0].clamp(0, 1) for of in sampled[2:])
        is_point = batch.chart > 0
        columns = [of[is_point].cpu().numpy() for of in (chart, u, v, batch.chart, batch.uv[:, 0], batch.uv[:, 1])]
        found, truth = surface_of(*columns[:3]), surface_of(*columns[3:])
        away = np.linalg.norm(positions(found, vertices) - positions(truth, vertices), axis=1)
        distance_m.append(np.where(columns[0] > 0, away, np.inf))
    pooled = np.concatenate(distance_m) if distance_m else np.zeros(0)
    return {
        "parts_right": right / max(body, 1), "iou": both / max(either, 1), "auc10": auc(pooled, 0.10),
        "auc30": auc(pooled, 0.30),
    }  # fmt: skip
