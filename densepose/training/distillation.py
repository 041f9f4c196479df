"""Teach the teacher on sparse points, then let it fill people's parts: dense targets for a student.

Güler et al., "DensePose", 2018, section 4.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from densepose.config import LiteConfig
from densepose.models.lite import OUT_STRIDE
from densepose.models.teacher import Teacher, dense_targets, hint_maps
from densepose.training.batches import NO_AUGMENTATION, Batch, make_batch
from densepose.training.examples import CONTEXT, STORED_PX, Example, Examples
from densepose.training.lite import LiteLearner
from densepose.training.losses import chart_losses

TOLD: Final = (0.2, 0.9)  # between these shares of its points a person shows to the teacher while it learns

_BATCH: Final = 16


class TeacherLearner(LiteLearner):
    """The teacher on annotated points, some of which it is not shown."""

    def network(self) -> nn.Module:
        return Teacher(self.config)

    def losses(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        batch = self.batch(step, share, shares)
        told = torch.from_numpy(self._told(batch, np.random.default_rng((self.recipe.seed, step, share, 1))))
        chart = torch.where(told.to(batch.chart.device), batch.chart, 0)
        maps = self.model(batch.images, hint_maps(batch.label, batch.grid, chart, batch.uv))
        return chart_losses(maps, batch, self.recipe.weights)

    @staticmethod
    def _told(batch: Batch, rng: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Return (B, K): which points are shown, another share of each person."""
        people, points = batch.chart.shape
        return rng.random((people, points)) < rng.uniform(*TOLD, (people, 1))


class DistilledPeople:
    """People whose pixels inside the annotated parts have the surface that a teacher says.

    Args:
        people: with points and parts.
        teacher: trained, in evaluation mode.
        config: of the teacher.
    """

    def __init__(self, people: Examples, teacher: Teacher, config: LiteConfig) -> None:
        self._people = people
        self._dense: list[np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]] = []
        for start in range(0, len(people), _BATCH):
            rows = range(start, min(start + _BATCH, len(people)))
            self._dense += list(_filled([people[row] for row in rows], teacher, config))

    def __len__(self) -> int:
        return len(self._people)

    def __getitem__(self, index: int) -> Example:
        return replace(self._people[index], dense=self._dense[index])


def _filled(
    examples: Sequence[Example], teacher: Teacher, config: LiteConfig
) -> np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]:
    """Return `Example.dense` of people, (B, STORED_PX, STORED_PX, 3); what lies outside of the crop stays 0."""
    crop_px = round(STORED_PX / CONTEXT / 32) * 32
    batch = make_batch(
        examples, crop_px=crop_px, n_points=max(1, *(len(example.xy) for example in examples)),
        augmentation=NO_AUGMENTATION, is_dense=False, rng=np.random.default_rng(0),
    ).to(next(teacher.parameters()).device).normalised(config)  # fmt: skip
    with torch.inference_mode():
        hints = hint_maps(batch.label, batch.grid, batch.chart, batch.uv)
        dense = dense_targets(teacher(batch.images, hints), batch.label).cpu().numpy()  # (B, 3, G, G)
    cells = crop_px // OUT_STRIDE
    pixel = (np.arange(STORED_PX) + 0.5 - STORED_PX / 2) * CONTEXT / STORED_PX + 0.5  # as a share of the crop
    is_inside = (pixel >= 0) & (pixel < 1)
    whole = _enlarged(dense, np.clip(pixel * cells - 0.5, 0, cells - 1))
    whole = whole * (is_inside[:, None] & is_inside)[None, :, :, None]
    return np.asarray(np.rint(whole * (1, 255, 255)), np.uint8)


def _enlarged(
    dense: np.ndarray[tuple[int, ...], np.dtype[np.float32]], place: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the nearest cell's chart, and U and V mixed of the cells around that have it, (B, S, S, 3).

    Args:
        dense: (B, 3, G, G).
        place: (S,) where each row and column lies between the centres of cells, 0 to G - 1.
    """
    low, nearest = np.floor(place).astype(np.int64), np.floor(place + 0.5).astype(np.int64)
    high, share = np.minimum(low + 1, dense.shape[-1] - 1), place - low
    chart = dense[:, 0][:, nearest[:, None], nearest]  # (B, S, S)
    total, uv = np.zeros(chart.shape), np.zeros((2, *chart.shape))
    for row, down in ((low, 1 - share), (high, share)):
        for column, along in ((low, 1 - share), (high, share)):
            corner = dense[:, :, row[:, None], column]  # (B, 3, S, S)
            weight = down[:, None] * along * (corner[:, 0] == chart)
            total += weight
            uv += weight * corner[:, 1:].transpose(1, 0, 2, 3)
    return np.stack([chart, *uv / total], axis=-1)  # the nearest cell is one of the four, so that there is a weight
