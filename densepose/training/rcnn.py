"""Teach DensePose-RCNN all at once: proposals, boxes, the surface, and the branches that the data has truth for.

Ren et al., "Faster R-CNN", 2015; He et al., "Mask R-CNN", 2017; Güler et al., "DensePose", 2018, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from densepose.annotations import naming
from densepose.checkpoints import Checkpoint, begin_with, write_checkpoint
from densepose.config import ModelConfig
from densepose.images import to_batch
from densepose.models.backbone import STRIDES
from densepose.models.embedding import vertex_features
from densepose.models.heads import EmbeddingMaps, EmbeddingOutput
from densepose.models.rcnn import BOX_WEIGHTS, RPN_WEIGHTS, DensePoseRCNN
from densepose.models.regions import ANCHOR_SIZES_PX, Boxes, encode_boxes, level_anchors
from densepose.training.batches import LITTLE_AUGMENTATION, Augmentation, recoloured
from densepose.training.kept import Kept
from densepose.training.lite import order_of_step
from densepose.training.losses import (
    LOSS_WEIGHTS,
    LossWeights,
    chart_losses,
    embedding_losses,
    keypoint_loss,
    mask_loss,
)
from densepose.training.pictures import Picture
from densepose.training.sampling import matched, sampled
from densepose.training.surfaces import Surface, Surfaces, surface_of_record

RPN_OVERLAPS: Final = (0.3, 0.7)
BOX_OVERLAP: Final = 0.5
RPN_SHARE: Final = 0.5
BOX_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class RcnnRecipe:
    """What a step is made of.

    Attributes:
        batch: pictures a step.
        short_sides_px: one is drawn for each picture.
        rpn_samples, box_samples: anchors and regions of a picture that count.
        dense_regions: regions of a picture that the dense head and the branches learn from, at most.
        proposals_per_level: kept of each level before suppression; more than in use, as published.
        dense_overlap: of such a region with its person, at least.
        n_frozen_stages: of the backbone, with its stem: 2 where it is pretrained, as published.
        seed: decides order and augmentation.
    """

    batch: int = 2
    short_sides_px: tuple[int, ...] = (640, 672, 704, 736, 768, 800)
    rpn_samples: int = 256
    box_samples: int = 512
    dense_regions: int = 32
    proposals_per_level: int = 2000
    dense_overlap: float = 0.7
    n_frozen_stages: int = 0
    seed: int = 0
    augmentation: Augmentation = LITTLE_AUGMENTATION
    weights: LossWeights = LOSS_WEIGHTS["s1x"]


@dataclass(frozen=True, slots=True)
class _Truth:
    """A batch: images (B, 3, H, W) and their sizes; of each picture people (N, 4) and crowds (M, 4); all people."""

    images: Tensor
    sizes: list[tuple[int, int]]
    people: list[Tensor]
    crowds: list[Tensor]
    surfaces: Surfaces | None


class RcnnLearner:
    """DensePose-RCNN on the pictures of given sets; see `training.loop.Learner`.

    Args:
        config: the architecture.
        pictures: to learn from, with and without people; held_out: to validate on.
        recipe: of a step.
        start: weights to begin with.
    """

    def __init__(
        self,
        config: ModelConfig,
        pictures: Sequence[Picture],
        held_out: Sequence[Picture],
        recipe: RcnnRecipe,
        *,
        device: torch.device,
        start: Checkpoint | None = None,
    ) -> None:
        if not any(len(picture.boxes) for picture in pictures):
            raise ValueError("there is nobody to learn from: no picture has a person's box")
        torch.manual_seed(recipe.seed)
        self.config, self.recipe, self.device = config, recipe, device
        self._pictures, self._held_out = pictures, held_out
        self._surfaces: Kept[tuple[int, int], Surface] = Kept(lambda surface: surface.n_bytes)
        self.model = DensePoseRCNN(config)
        self.model.rpn.config = replace(config, proposals_per_level=recipe.proposals_per_level)
        if start is not None:
            begin_with(self.model, start.tensors)
        elif isinstance(self.model.output, EmbeddingOutput):
            self.model.output.features.copy_(vertex_features())
        resnet = self.model.backbone.resnet
        for part in (resnet.stem, *resnet.stages)[: recipe.n_frozen_stages]:
            part.requires_grad_(requires_grad=False)

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": [p for p in self.model.parameters() if p.requires_grad]}]

    def losses(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        truth = self._truth(step, share, shares)
        seed = np.random.SeedSequence((self.recipe.seed, step, share)).generate_state(1)
        generator = torch.Generator().manual_seed(int(seed[0]))
        pyramid = self.model.backbone(truth.images)
        logits, deltas = self.model.rpn(pyramid)
        losses = self._proposal_losses(logits, deltas, truth, generator)
        with torch.no_grad():
            proposals = self.model.rpn.propose(
                [of.detach() for of in logits], [of.detach() for of in deltas], truth.sizes
            )
        regions, owners = self._regions(proposals, truth, generator)
        losses |= self._box_losses(pyramid, regions, owners, truth)
        return losses | self._dense_losses(pyramid, regions, owners, truth, generator)

    def _truth(self, step: int, share: int, shares: int) -> _Truth:
        """Return the pictures of a step's part, in one size each, some of them mirrored."""
        recipe = self.recipe
        rows = order_of_step(len(self._pictures), recipe.batch * shares, step, recipe.seed)
        rng = np.random.default_rng((recipe.seed, step, share))
        images, boxes, is_crowd, people = [], [], [], []
        for row in rows[share * recipe.batch : (share + 1) * recipe.batch]:
            picture, pixels = self._pictures[row], self._pictures[row].pixels()
            is_mirrored = rng.random() < recipe.augmentation.mirror
            of_picture = picture.boxes
            if is_mirrored:
                pixels = pixels[:, ::-1]
                of_picture = of_picture[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + np.array([1, 0, 1, 0]) * pixels.shape[1]
            images.append(recoloured(np.ascontiguousarray(pixels), recipe.augmentation, rng))
            boxes.append(of_picture)
            is_crowd.append(torch.from_numpy(picture.is_crowd))
            people += [
                surface.mirrored() if is_mirrored else surface
                for number in np.flatnonzero(~picture.is_crowd).tolist()
                for surface in [self._surface(row, number, pixels.shape[:2])]
            ]
        side = int(rng.choice(recipe.short_sides_px))
        batch = to_batch(images, replace(self.config, short_side_px=side, long_side_px=2 * side), self.device)
        corners = [
            torch.from_numpy(of * np.tile(scale, 2)).to(self.device, torch.float32)
            for of, scale in zip(boxes, batch.scales, strict=True)
        ]
        persons = [of[~crowd] for of, crowd in zip(corners, is_crowd, strict=True)]
        crowds = [of[crowd] for of, crowd in zip(corners, is_crowd, strict=True)]
        surfaces = Surfaces.of(people, torch.cat(persons)) if people else None
        return _Truth(batch.images, batch.sizes, persons, crowds, surfaces)

    def _surface(self, row: int, number: int, size: tuple[int, int]) -> Surface:
        record = self._pictures[row].records[number]
        with naming(record, self._pictures[row].path):
            return self._surfaces.get((row, number), lambda: surface_of_record(record, size))

    def _proposal_losses(
        self, logits: list[Tensor], deltas: list[Tensor], truth: _Truth, generator: torch.Generator
    ) -> dict[str, Tensor]:
        batch = len(truth.sizes)
        anchors = torch.cat(
            [
                level_anchors((of.shape[2], of.shape[3]), stride, size, of.device)
                for of, stride, size in zip(logits, STRIDES, ANCHOR_SIZES_PX, strict=True)
            ]
        )
        scores = torch.cat([of.permute(0, 2, 3, 1).reshape(batch, -1) for of in logits], dim=1)
        moves = torch.cat(
            [
                of.view(batch, -1, 4, *of.shape[2:]).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)  # (B, h * w * 3, 4)
                for of in deltas
            ],
            dim=1,
        )
        score = box = scores.sum() * 0 + moves.sum() * 0
        for number, (people, crowds) in enumerate(zip(truth.people, truth.crowds, strict=True)):
            owner = matched(anchors, people, crowds, *RPN_OVERLAPS, keeps_best=True)
            found, background = sampled(owner, self.recipe.rpn_samples, RPN_SHARE, generator)
            rows = torch.cat([found, background])
            target = (owner[rows] >= 0).to(scores.dtype)
            score = score + F.binary_cross_entropy_with_logits(scores[number, rows], target, reduction="sum")
            if len(found):
                wanted = encode_boxes(people[owner[found]], anchors[found], RPN_WEIGHTS)
                box = box + F.l1_loss(moves[number, found], wanted, reduction="sum")
        count = self.recipe.rpn_samples * batch
        return {"rpn_score": score / count, "rpn_box": box / count}

    def _regions(
        self, proposals: list[Boxes], truth: _Truth, generator: torch.Generator
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return each picture's sampled regions (R, 4), people first, and whom they stand for, (R,)."""
        regions, owners = [], []
        for proposed, people, crowds in zip(proposals, truth.people, truth.crowds, strict=True):
            boxes = torch.cat([proposed.corners, people])  # the truth itself is among them, so that there are some
            owner = matched(boxes, people, crowds, BOX_OVERLAP, BOX_OVERLAP, keeps_best=False)
            rows = torch.cat(sampled(owner, self.recipe.box_samples, BOX_SHARE, generator))
            regions.append(boxes[rows])
            owners.append(owner[rows])
        return regions, owners

    def _box_losses(
        self, pyramid: list[Tensor], regions: list[Tensor], owners: list[Tensor], truth: _Truth
    ) -> dict[str, Tensor]:
        logits, deltas = self.model.box_head(pyramid, regions)
        owner, corners = torch.cat(owners), torch.cat(regions)
        is_person = owner >= 0
        score = F.cross_entropy(logits, (~is_person).long())  # channel 0 is the person
        wanted = [
            people[of.clamp(min=0)][of >= 0] for people, of in zip(truth.people, owners, strict=True) if len(people)
        ]
        if not wanted or not bool(is_person.any()):
            return {"score": score, "box": deltas.sum() * 0}
        moves = encode_boxes(torch.cat(wanted), corners[is_person], BOX_WEIGHTS)
        return {"score": score, "box": F.l1_loss(deltas[is_person], moves, reduction="sum") / len(owner)}

    def _dense_losses(
        self,
        pyramid: list[Tensor],
        regions: list[Tensor],
        owners: list[Tensor],
        truth: _Truth,
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """Return the losses of the dense head and the branches on regions that lie well on annotated people."""
        surfaces = truth.surfaces
        if surfaces is None:
            return {}
        chosen: list[Tensor] = []
        whose: list[Tensor] = []
        first, overlap = 0, self.recipe.dense_overlap
        for boxes, owner, people in zip(regions, owners, truth.people, strict=True):
            near = matched(boxes, people, boxes[:0], overlap, overlap, keeps_best=False)
            teaches = (owner >= 0) & (near >= 0)
            teaches[teaches.clone()] = surfaces.has_surface[first + near[teaches]]
            rows, _ = sampled(torch.where(teaches, near, -2), self.recipe.dense_regions, 1.0, generator)
            chosen.append(boxes[rows])
            whose.append(first + near[rows])
            first += len(people)
        owner, corners = torch.cat(whose), torch.cat(chosen)
        if len(owner) == 0:
            return {}
        of_regions = surfaces.chosen(owner)
        maps = self.model.densify(self.model.shared_features(pyramid), chosen)
        if isinstance(maps, EmbeddingMaps):
            losses = embedding_losses(maps, of_regions, corners, self.recipe.weights)
        else:
            losses = chart_losses(maps, of_regions.batch(corners, maps.coarse.shape[-1]), self.recipe.weights)
        mask, keypoints = self.model.look_aside(pyramid, chosen)
        if mask is not None:
            losses["mask"] = mask_loss(mask, of_regions, corners)
        if keypoints is not None:
            losses["keypoints"] = keypoint_loss(keypoints, of_regions, corners)
        return losses

    def validate(self, model: nn.Module) -> dict[str, float]:
        from densepose.evaluation.boxes import box_figures
        from densepose.predictor import RcnnPredictor

        if not self._held_out:
            return {}
        tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        config = replace(self.config, score_threshold=0.02)
        figures = box_figures(RcnnPredictor(Checkpoint(config, tensors), str(self.device)), self._held_out)
        return {f"box {name}": value for name, value in figures.items()}

    def save(self, path: Path, model: nn.Module) -> None:
        write_checkpoint(path, self.config, model.state_dict())
