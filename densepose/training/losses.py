"""What the networks are trained to make small: coarse parts, charts at points, U and V of the points' charts.

Güler et al., 2018, section 4; the weights of the public implementation's two generations, and those of the bundled
network.
"""

from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from densepose.models.embedding import embedding_loss
from densepose.models.heads import ChartMaps, EmbeddingMaps
from densepose.training.batches import Batch
from densepose.training.examples import SOME_PART, UNKNOWN
from densepose.training.surfaces import Surfaces

_MOST_VECTORS: Final = 1024  # points whose vectors are compared with all vertices in a step: 113 MB
N_BACKGROUND_CELLS: Final = 48  # a person's background cells that teach the chart output, evenly spaced


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each loss counts.

    Attributes:
        coarse, chart: of the mean cross-entropies.
        uv: of the smooth L1 of U and V in the true chart's channel, summed over points or averaged.
        uv_reduction: "sum" as published, or "mean", which does not depend on the number of points.
        uv_knee: below this error the loss is quadratic.
    """

    coarse: float
    chart: float
    uv: float
    uv_reduction: Literal["sum", "mean"] = "sum"
    uv_knee: float = 1.0


LOSS_WEIGHTS: Final = {
    "s1x": LossWeights(coarse=5.0, chart=1.0, uv=0.01),
    "legacy": LossWeights(coarse=2.0, chart=0.3, uv=0.1),
    "lite": LossWeights(coarse=1.0, chart=0.5, uv=8.0, uv_reduction="mean", uv_knee=0.05),
}


def chart_losses(maps: ChartMaps, batch: Batch, weights: LossWeights) -> dict[str, Tensor]:
    """Return the weighted losses `coarse`, `chart`, `uv`; each a scalar, 0 where nothing teaches it.

    Args:
        maps: of the network, (B, ..., G, G); G is the batch's grid.
        batch: the truth.
    """
    coarse = coarse_loss(maps.coarse.float(), batch.label)
    chart, uv = point_losses(maps, batch, weights)
    return {"coarse": weights.coarse * coarse, "chart": weights.chart * chart, "uv": weights.uv * uv}


def coarse_loss(logits: Tensor, label: Tensor) -> Tensor:
    """Return the mean cross-entropy of the coarse labels over the cells of which something is known.

    Of SOME_PART cells it is only known that they are body: they teach the sum of the parts' probabilities.

    Args:
        logits: (B, 15 or 2, G, G).
        label: (B, G, G).
    """
    log_p = logits.log_softmax(dim=1)
    if logits.shape[1] == 2:
        label = torch.where((label > 0) & (label != UNKNOWN), torch.ones_like(label), label)
    is_part = label < SOME_PART
    is_some = label == SOME_PART
    picked = log_p.gather(1, torch.where(is_part, label, 0)[:, None])[:, 0]  # (B, G, G)
    body = log_p[:, 1:].logsumexp(dim=1)
    total = (picked * is_part + body * is_some).sum()
    return -total / (is_part | is_some).sum().clamp(min=1)


def point_losses(maps: ChartMaps, batch: Batch, weights: LossWeights) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy of charts, at points and on background cells, and the smooth L1 of U and V at points."""
    is_point = batch.chart > 0  # (B, K)
    at_points = F.grid_sample(maps.fine.float(), batch.grid, align_corners=False)[..., 0]  # (B, 25, K)
    logits = torch.cat([at_points.transpose(1, 2)[is_point], _background_logits(maps.fine.float(), batch)])
    n_points = int(is_point.sum())
    target = torch.cat([batch.chart[is_point], batch.chart.new_zeros(len(logits) - n_points)])
    chart = F.cross_entropy(logits, target) if len(target) else maps.fine.sum() * 0
    if n_points == 0:
        return chart, maps.u.sum() * 0
    errors = []
    for number, values in enumerate((maps.u, maps.v)):
        sampled = F.grid_sample(values.float(), batch.grid, align_corners=False)[..., 0]  # (B, 25, K)
        chosen = sampled.gather(1, batch.chart[:, None])[:, 0]  # (B, K)
        errors.append(
            F.smooth_l1_loss(
                chosen[is_point], batch.uv[:, number][is_point], reduction=weights.uv_reduction, beta=weights.uv_knee
            )
        )
    return chart, errors[0] + errors[1]


def _background_logits(fine: Tensor, batch: Batch) -> Tensor:
    """Return (M, 25) logits of evenly spaced background cells of the people that have points."""
    flat = fine.flatten(2).transpose(1, 2)  # (B, 25, G, G) -> (B, G * G, 25)
    is_background = (batch.label == 0).flatten(1)
    n_cells = is_background.sum(dim=1) * (batch.chart > 0).any(dim=1)  # of people who teach it
    n_taken = n_cells.clamp(max=N_BACKGROUND_CELLS)
    number = torch.arange(N_BACKGROUND_CELLS, device=fine.device)
    # Evenly spaced from the first to the last, rounded down: all people at once, as a GPU likes it.
    rank = number * (n_cells[:, None] - 1).clamp(min=0) // (n_taken[:, None] - 1).clamp(min=1)
    cells = is_background.to(torch.uint8).argsort(dim=1, descending=True, stable=True)  # background first, in order
    taken = cells.gather(1, rank)
    rows = flat.gather(1, taken[..., None].expand(-1, -1, fine.shape[1]))
    return rows[number < n_taken[:, None]]


def embedding_losses(maps: EmbeddingMaps, people: Surfaces, regions: Tensor, weights: LossWeights) -> dict[str, Tensor]:
    """Return `coarse` and `embedding` of regions (R, 4) and their people."""
    batch = people.batch(regions, maps.coarse.shape[-1])
    coarse = weights.coarse * coarse_loss(maps.coarse.float(), batch.label)
    is_point = batch.chart > 0
    at = F.grid_sample(maps.embedding.float(), batch.grid, align_corners=False)[..., 0].transpose(1, 2)[is_point]
    if len(at) == 0:
        return {"coarse": coarse, "embedding": maps.embedding.sum() * 0}
    step = -(-len(at) // _MOST_VECTORS)
    vertex = people.vertex[is_point]
    return {"coarse": coarse, "embedding": weights.chart * embedding_loss(at[::step], vertex[::step], maps.vertices)}


def mask_loss(logits: Tensor, people: Surfaces, regions: Tensor) -> Tensor:
    """Return the mean cross-entropy of masks (R, 1, S, S) over the cells of which something is known."""
    label = people.labels(regions, logits.shape[-1])
    is_known = label != UNKNOWN
    is_body = ((label > 0) & (label <= SOME_PART)).float()
    loss = F.binary_cross_entropy_with_logits(logits[:, 0].float(), is_body, reduction="none")
    return (loss * is_known).sum() / is_known.sum().clamp(min=1)


def keypoint_loss(logits: Tensor, people: Surfaces, regions: Tensor) -> Tensor:
    """Return the mean cross-entropy of the places (R, 17, S, S) of annotated keypoints inside the regions."""
    side = logits.shape[-1]
    at = people.inside(regions, people.keypoints)  # (R, 17, 2)
    counts = people.is_seen & (at.abs() < 1).all(dim=2)
    cell = ((at + 1) / 2 * side).long().clamp(0, side - 1)
    target = cell[..., 1] * side + cell[..., 0]
    if not bool(counts.any()):
        return logits.sum() * 0
    return F.cross_entropy(logits.flatten(2)[counts].float(), target[counts])
