"""Teach the cascade: both stages the surface, the mask branch the person's outline."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from densepose.models.cascade import CascadeDensePose
from densepose.training.examples import UNKNOWN
from densepose.training.lite import LiteLearner
from densepose.training.losses import chart_losses


class CascadeLearner(LiteLearner):
    """The cascade with a mask branch; examples carry no keypoints, so that it has no keypoint branch."""

    def network(self) -> nn.Module:
        return CascadeDensePose(self.config, has_mask=True, has_keypoints=False)

    def losses(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        batch = self.batch(step, share, shares)
        maps = self.model(batch.images)
        stages = {"": maps.last, "first_": maps.first}
        losses = {
            f"{stage}{name}": loss
            for stage, of_stage in stages.items()
            for name, loss in chart_losses(of_stage, batch, self.recipe.weights).items()
        }
        is_known = batch.label != UNKNOWN
        is_body = ((batch.label > 0) & is_known).to(maps.mask.dtype)
        mask = F.binary_cross_entropy_with_logits(maps.mask[:, 0].float(), is_body.float(), reduction="none")
        losses["mask"] = (mask * is_known).sum() / is_known.sum().clamp(min=1)
        return losses
