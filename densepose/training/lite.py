"""Teach the lite network the surface of people in crops."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor, nn

from densepose.checkpoints import write_checkpoint
from densepose.config import LiteConfig
from densepose.models.lite import LiteDensePose
from densepose.training.ahead import Ahead
from densepose.training.batches import Augmentation, Batch, make_batch
from densepose.training.examples import Examples, People
from densepose.training.losses import LOSS_WEIGHTS, LossWeights, chart_losses
from densepose.training.on_device import PeopleOnDevice
from densepose.training.quick_check import quick_figures


@dataclass(frozen=True, slots=True)
class LiteRecipe:
    """What a step is made of.

    Attributes:
        batch: people a step; crop_px: side of their crops while training; n_points: points of each that count.
        is_dense: learn the surface at every pixel, where a set has it.
        annotated_share: of the points of such a person are annotated ones: where a teacher said the rest.
        backbone_rate: learning rate of the pretrained backbone, as a share of the rest's.
        seed: decides order and augmentation.
        is_on_device: people are kept and changed where the network is, `training.on_device`.
    """

    batch: int = 16
    crop_px: int = 192
    n_points: int = 128
    is_dense: bool = True
    annotated_share: float = 0.0
    backbone_rate: float = 0.3
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    weights: LossWeights = LOSS_WEIGHTS["lite"]
    is_on_device: bool = False


class LiteLearner:
    """The lite network on people of given sets; see `training.loop.Learner`.

    Args:
        config: the architecture.
        people: to learn from; held_out: to validate on.
        recipe: of a step.
        is_pretrained: begin with ImageNet's weights.
        workers, parts: of `training.ahead.Ahead`.
        scenery: of `training.on_device.PeopleOnDevice`.
    """

    def __init__(
        self,
        config: LiteConfig,
        people: Examples,
        held_out: People | None,
        recipe: LiteRecipe,
        *,
        device: torch.device,
        is_pretrained: bool = True,
        workers: int = 0,
        parts: int = 1,
        scenery: Tensor | None = None,
    ) -> None:
        if len(people) == 0:
            raise ValueError("there is nobody to learn from: the annotation files hold no usable person")
        torch.manual_seed(recipe.seed)
        self.config, self.recipe, self.device = config, recipe, device
        self._people, self._held_out = people, held_out
        self._on_device = PeopleOnDevice(people, device, scenery) if recipe.is_on_device else None
        self._ahead = Ahead(self._lesson, workers, parts=parts, is_pinned=device.type == "cuda")
        self.model = self.network()
        if is_pretrained:
            self.model.backbone.load_imagenet()
        self.model.to(memory_format=torch.channels_last)

    def network(self) -> nn.Module:
        """Return a new network; it has a `backbone` that takes ImageNet's weights."""
        return LiteDensePose(self.config)

    def losses(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        batch = self.batch(step, share, shares)
        return chart_losses(self.model(batch.images), batch, self.recipe.weights)

    def batch(self, step: int, share: int, shares: int) -> Batch:
        """Return the people of a step's part number `share` of `shares`, on the device."""
        # The pretrained norms stay as ImageNet left them: batches are small, and people are few.
        self.model.backbone.eval()
        if self._on_device is None:
            return self._ahead(step, share, shares).to(self.device).normalised(self.config)
        rows = self._rows(step, share, shares)
        return self._on_device.batch(rows, **self._how(step, share)).normalised(self.config)

    def _lesson(self, step: int, share: int, shares: int) -> Batch:
        return make_batch([self._people[row] for row in self._rows(step, share, shares)], **self._how(step, share))

    def _rows(self, step: int, share: int, shares: int) -> Sequence[int]:
        batch = self.recipe.batch
        rows = order_of_step(len(self._people), batch * shares, step, self.recipe.seed)
        return rows[share * batch : (share + 1) * batch]

    def _how(self, step: int, share: int) -> "_How":
        recipe = self.recipe
        return {
            "crop_px": recipe.crop_px, "n_points": recipe.n_points, "augmentation": recipe.augmentation,
            "is_dense": recipe.is_dense, "annotated_share": recipe.annotated_share,
            "rng": np.random.default_rng((recipe.seed, step, share)),
        }  # fmt: skip

    def parameter_groups(self) -> list[dict[str, Any]]:
        backbone = list(self.model.backbone.parameters())
        known = {id(p) for p in backbone}
        rest = [p for p in self.model.parameters() if id(p) not in known]
        return [{"params": rest}, {"params": backbone, "lr_factor": self.recipe.backbone_rate}]

    def validate(self, model: nn.Module) -> dict[str, float]:
        return {} if self._held_out is None else quick_figures(model, self.config, self._held_out, self.device)

    def save(self, path: Path, model: nn.Module) -> None:
        half = {name: tensor.half() for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
        write_checkpoint(path, self.config, half)


class _How(TypedDict):
    """How crops are made of people."""

    crop_px: int
    n_points: int
    augmentation: Augmentation
    is_dense: bool
    annotated_share: float
    rng: np.random.Generator


def order_of_step(n_people: int, batch: int, step: int, seed: int) -> Sequence[int]:
    """Return the people of a step: rounds of all in random order, one after the other, known from the step alone."""
    rows: list[int] = []
    at = step * batch
    while len(rows) < batch:
        round_number, place = divmod(at + len(rows), n_people)
        order = np.random.default_rng((seed, 1 << 20, round_number)).permutation(n_people)
        rows += order[place : place + batch - len(rows)].tolist()
    return rows
