"""Teach the person detector: which cells answer for whom, what they are to say, and how that is measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.ops import box_iou, generalized_box_iou_loss

from densepose.checkpoints import Checkpoint, begin_with, write_checkpoint
from densepose.config import DetectorConfig
from densepose.evaluation.boxes import box_figures
from densepose.models.detector import CellBoxes, PersonDetector
from densepose.people_finder import PeopleFinder
from densepose.training.ahead import Ahead
from densepose.training.batches import Augmentation
from densepose.training.collages import Album, Collage
from densepose.training.pictures import Picture

# The longest sides, in pixels, of the people that a level answers for; neighbours share those in between.
_LEVEL_SIZES: Final = ((0.0, 100.0), (72.0, 225.0), (170.0, 1e5))
_NEAR_CENTRE: Final = 1.5  # cells from a box's centre that may answer for it
_BACKBONE: Final = "backbone."
_FROZEN_STAGES: Final = 2  # of the backbone, with its stem: edges and colours are the same for everybody


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """What a step is made of.

    Attributes:
        batch: pictures a step; sides: of their canvases, one drawn a step.
        backbone_rate: learning rate of the pretrained backbone, as a share of the rest's.
        seed: decides order and augmentation.
    """

    batch: int = 8
    sides: tuple[int, ...] = (192, 224, 256, 288)
    backbone_rate: float = 0.3
    seed: int = 0
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(colour=0.3, erase=0.0))


class DetectorLearner:
    """The detector on an album; see `training.loop.Learner`.

    Args:
        config: the architecture.
        album: to learn from; held_out: to validate on.
        recipe: of a step.
        start: a detector to go on from, or a lite network whose backbone to begin with; without it ImageNet's.
        workers, parts: of `training.ahead.Ahead`.
    """

    def __init__(
        self,
        config: DetectorConfig,
        album: Album,
        held_out: Sequence[Picture],
        recipe: DetectorRecipe,
        *,
        device: torch.device,
        start: Checkpoint | None = None,
        workers: int = 0,
        parts: int = 1,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.config, self.recipe, self.device = config, recipe, device
        self._album, self._held_out = album, held_out
        self._ahead = Ahead(self._lesson, workers, parts=parts)
        self._threshold = config.score_threshold
        self.model = PersonDetector(config)
        if start is None:
            self.model.backbone.load_imagenet()
        elif isinstance(start.config, DetectorConfig):
            begin_with(self.model, start.tensors)
        else:
            backbone = {name: of for name, of in start.tensors.items() if name.startswith(_BACKBONE)}
            begin_with(self.model.backbone, {name.removeprefix(_BACKBONE): of for name, of in backbone.items()})
        for part in (self.model.backbone.stem, *self.model.backbone.stages[:_FROZEN_STAGES]):
            part.requires_grad_(requires_grad=False)
        self.model.to(memory_format=torch.channels_last)

    def losses(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        self.model.backbone.eval()  # the pretrained norms stay as they are: batches are small
        collages = self._ahead(step, share, shares)
        pixels = torch.from_numpy(np.stack([made.pixels for made in collages])).to(self.device)
        mean, std = (torch.tensor(v, device=self.device) for v in (self.config.pixel_mean, self.config.pixel_std))
        images = ((pixels - mean) / std).permute(0, 3, 1, 2)  # (B, S, S, 3) -> (B, 3, S, S), channels last in memory
        return detector_losses(self.model(images), collages)

    def _lesson(self, step: int, share: int, shares: int) -> list[Collage]:
        recipe = self.recipe
        side = int(np.random.default_rng((recipe.seed, step)).choice(recipe.sides))
        rng = np.random.default_rng((recipe.seed, step, share))
        return [self._album.collage(side, recipe.augmentation, rng) for _ in range(recipe.batch)]

    def parameter_groups(self) -> list[dict[str, Any]]:
        backbone = [p for p in self.model.backbone.parameters() if p.requires_grad]
        known = {id(p) for p in self.model.backbone.parameters()}
        rest = [p for p in self.model.parameters() if id(p) not in known]
        return [{"params": rest}, {"params": backbone, "lr_factor": self.recipe.backbone_rate}]

    def validate(self, model: nn.Module) -> dict[str, float]:
        if not self._held_out:
            return {}
        finder = PeopleFinder(Checkpoint(self.config, _state(model)), str(self.device), score_threshold=0.02)
        figures = box_figures(finder, self._held_out)
        self._threshold = figures["threshold"]
        return figures

    def save(self, path: Path, model: nn.Module) -> None:
        """Write it in half precision, with the threshold that was best when it was last validated."""
        config = replace(self.config, score_threshold=round(self._threshold, 2))
        write_checkpoint(path, config, {name: tensor.half() for name, tensor in _state(model).items()})


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in model.state_dict().items() if tensor.is_floating_point()}


def detector_losses(cells: CellBoxes, collages: Sequence[Collage]) -> dict[str, Tensor]:
    """Return `score` and `box`, each a scalar over all pictures.

    The score of an answering cell is to be the overlap of its box with the person's; every other cell's is to be 0,
    unless it lies in what is left out of account.
    """
    score = cells.logits.new_zeros(())
    box = cells.logits.new_zeros(())
    n_answers = 0
    for logits, corners, collage in zip(cells.logits.float(), cells.corners.float(), collages, strict=True):
        truth, ignored = (torch.from_numpy(of).to(corners) for of in (collage.boxes, collage.ignored))
        owner = answering(cells.centres, cells.strides, truth)  # (N,) the person a cell answers for, or -1
        rows = torch.nonzero(owner >= 0).squeeze(1)
        target = torch.zeros_like(logits)
        counts = torch.ones_like(logits)
        if len(ignored):
            counts[inside(cells.centres, ignored).any(dim=1) & (owner < 0)] = 0
        if len(rows):
            own, found = truth[owner[rows]], corners[rows]
            overlap = box_iou(found.detach(), own).diagonal()
            target[rows] = overlap
            weight = overlap.clamp(min=0.1)
            box = box + (weight * generalized_box_iou_loss(found, own)).sum() / weight.mean()
            n_answers += len(rows)
        focus = (target - logits.sigmoid()).square()
        score = score + (focus * counts * F.binary_cross_entropy_with_logits(logits, target, reduction="none")).sum()
    return {"score": score / max(n_answers, 1), "box": 2 * box / max(n_answers, 1)}


def answering(centres: Tensor, strides: Tensor, boxes: Tensor) -> Tensor:
    """Return which box each cell answers for, -1 for none, (N,) int64.

    A cell near a box's centre does, on the level of the box's size; of several boxes it takes the smallest.

    Args:
        centres: (N, 2); strides: (N,).
        boxes: (M, 4).
    """
    if len(boxes) == 0:
        return torch.full((len(centres),), -1, dtype=torch.int64, device=centres.device)
    size = boxes[:, 2:] - boxes[:, :2]
    longest = size.max(dim=1).values
    low, high = torch.tensor(_LEVEL_SIZES, device=boxes.device).unbind(1)
    level = (strides.log2() - 3).long()  # strides 8, 16, 32
    fits = (longest >= low[level, None]) & (longest < high[level, None])  # (N, M)
    away = (centres[:, None] - (boxes[:, :2] + size / 2)).abs().max(dim=2).values
    is_near = away < _NEAR_CENTRE * strides[:, None]
    area = size.prod(dim=1).expand(len(centres), -1)
    area = torch.where(fits & is_near & inside(centres, boxes), area, torch.inf)
    smallest, owner = area.min(dim=1)
    return torch.where(smallest.isfinite(), owner, -1)


def inside(points: Tensor, boxes: Tensor) -> Tensor:
    """Return which points (N, 2) lie in which boxes (M, 4), (N, M)."""
    return ((points[:, None] > boxes[:, :2]) & (points[:, None] < boxes[:, 2:])).all(dim=2)
