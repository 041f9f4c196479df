"""DensePose-RCNN: find people, then find for every pixel of each its place on the body surface.

Güler, Neverova, Kokkinos, "DensePose: Dense Human Pose Estimation In The Wild", 2018, section 4: a two-stage detector
(proposals, then boxes) with a fully convolutional head on the features under each person. Where boxes are given, the
detector is not run at all.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.ops import batched_nms, clip_boxes_to_image, nms

from densepose.config import ModelConfig
from densepose.models.backbone import STRIDES, FeaturePyramid, fold_norms
from densepose.models.branches import KeypointBranch, MaskBranch
from densepose.models.heads import (
    ChartOutput,
    ConvHead,
    Decoder,
    DeepLabHead,
    DenseMaps,
    EmbeddingOutput,
)
from densepose.models.regions import (
    ANCHOR_RATIOS,
    ANCHOR_SIZES_PX,
    Boxes,
    Size,
    decode_boxes,
    level_anchors,
    pool_regions,
)
from densepose.models.winograd import WinogradConv, use_winograd

RPN_WEIGHTS = (1.0, 1.0, 1.0, 1.0)
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
_BOX_POOL_PX = 7
_BRANCH_POOL_PX = 14
_POOLED_LEVELS = 4  # P2..P5; P6 serves proposals only
_LARGE_LEVELS = 3  # P2..P4: on P5 the direct way is quicker


@dataclass(frozen=True, slots=True)
class Found:
    """What the network says about a batch.

    Attributes:
        people: the boxes of each image; with boxes given, those, with a score of 1.
        maps: dense maps of all people of the batch in that order.
        mask: (R, 1, 28, 28) logits of the people's masks over their boxes; None without the branch.
        keypoints: (R, 17, 56, 56) logits of the keypoints' places over the boxes; None without the branch.
    """

    people: list[Boxes]
    maps: DenseMaps
    mask: Tensor | None = None
    keypoints: Tensor | None = None


class ProposalNetwork(nn.Module):
    """Score three anchors at every cell of P2..P6 and move them towards objects."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        n_anchors = len(ANCHOR_RATIOS)
        self.config = config
        self.conv = nn.Conv2d(config.width, config.width, 3, padding=1)
        self.objectness = nn.Conv2d(config.width, n_anchors, 1)
        self.deltas = nn.Conv2d(config.width, 4 * n_anchors, 1)
        for conv in (self.conv, self.objectness, self.deltas):
            nn.init.normal_(conv.weight, std=0.01)
            nn.init.zeros_(conv.bias)

    def forward(self, pyramid: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return for each level objectness logits (B, 3, h, w) and deltas (B, 12, h, w), anchor by anchor."""
        hidden = [F.relu_(self.conv(level)) for level in pyramid]
        return [self.objectness(h) for h in hidden], [self.deltas(h) for h in hidden]

    def propose(self, logits: list[Tensor], deltas: list[Tensor], sizes: list[Size]) -> list[Boxes]:
        """Return each image's best boxes after suppression inside every level.

        Args:
            logits, deltas: of `forward`.
            sizes: of the images, to clip to.
        """
        corners, scores, levels = [], [], []
        for number, (logit, delta) in enumerate(zip(logits, deltas, strict=True)):
            batch, n_anchors, rows, columns = logit.shape
            flat = logit.permute(0, 2, 3, 1).reshape(batch, -1)  # (B, 3, h, w) -> (B, h * w * 3)
            moves = delta.view(batch, n_anchors, 4, rows, columns).permute(0, 3, 4, 1, 2)  # (B, h, w, 3, 4)
            moves = moves.reshape(batch, -1, 4)  # (B, h * w * 3, 4)
            n_best = min(self.config.proposals_per_level, flat.shape[1])
            score, index = flat.topk(n_best, dim=1)  # (B, K)
            anchors = level_anchors((rows, columns), STRIDES[number], ANCHOR_SIZES_PX[number], flat.device)
            moves = moves.gather(1, index[:, :, None].expand(-1, -1, 4))  # (B, K, 4)
            boxes = decode_boxes(moves.reshape(-1, 4), anchors[index].reshape(-1, 4), RPN_WEIGHTS)
            corners.append(boxes.view(batch, n_best, 4))
            scores.append(score)
            levels.append(torch.full((n_best,), number, device=flat.device))
        of_level = torch.cat(levels)
        return [
            self._suppress(boxes, score, of_level, size)
            for boxes, score, size in zip(torch.cat(corners, dim=1), torch.cat(scores, dim=1), sizes, strict=True)
        ]

    def _suppress(self, boxes: Tensor, scores: Tensor, levels: Tensor, size: Size) -> Boxes:
        is_finite = boxes.isfinite().all(dim=1) & scores.isfinite()
        boxes = clip_boxes_to_image(boxes, size)
        keep = torch.nonzero(is_finite & (boxes[:, 2:] > boxes[:, :2]).all(dim=1)).squeeze(1)
        boxes, scores = boxes[keep], scores[keep]
        best = batched_nms(boxes, scores, levels[keep], self.config.proposal_nms_iou)[: self.config.max_proposals]
        return Boxes(boxes[best], scores[best])


class BoxHead(nn.Module):
    """Say of a region whether it holds a person, and where exactly."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        features = 4 * config.width
        self.fc1 = nn.Linear(config.width * _BOX_POOL_PX**2, features)
        self.fc2 = nn.Linear(features, features)
        self.score = nn.Linear(features, 2)
        self.delta = nn.Linear(features, 4)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.normal_(self.delta.weight, std=0.001)
        for layer in (self.score, self.delta):
            nn.init.zeros_(layer.bias)
        self._is_by_pixel = False

    def read_by_pixel(self) -> None:
        """Order the first layer's weights as pooled features lie in memory on a CPU: all channels of a pixel together.

        It saves a copy of the pooled features. Afterwards the layer can no longer be saved as a checkpoint.
        """
        weight = self.fc1.weight.detach().view(self.fc1.out_features, self.config.width, -1)
        self.fc1.weight = nn.Parameter(weight.transpose(1, 2).flatten(1), requires_grad=False)
        self._is_by_pixel = True

    def forward(self, pyramid: list[Tensor], regions: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return logits of (person, background), (R, 2), and weighted deltas, (R, 4), for regions (R_b, 4) an image."""
        pooled = pool_regions(pyramid[:_POOLED_LEVELS], STRIDES[:_POOLED_LEVELS], regions, _BOX_POOL_PX)
        pooled = pooled.permute(0, 2, 3, 1) if self._is_by_pixel else pooled
        x = pooled.flatten(1)  # (R, width, 7, 7) or (R, 7, 7, width) -> (R, 49 width)
        x = F.relu_(self.fc2(F.relu_(self.fc1(x))))
        return self.score(x), self.delta(x)

    def detect(self, pyramid: list[Tensor], regions: list[Tensor], sizes: list[Size]) -> list[Boxes]:
        """Return the people among the regions of each image."""
        logits, deltas = self(pyramid, regions)
        person = logits.softmax(dim=1)[:, 0]
        boxes = decode_boxes(deltas, torch.cat(regions), BOX_WEIGHTS)
        lengths = [len(r) for r in regions]
        return [
            self._choose(clip_boxes_to_image(corners, size), scores)
            for corners, scores, size in zip(boxes.split(lengths), person.split(lengths), sizes, strict=True)
        ]

    def _choose(self, boxes: Tensor, scores: Tensor) -> Boxes:
        sound = boxes.isfinite().all(dim=1) & (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
        keep = torch.nonzero(sound & (scores > self.config.score_threshold)).squeeze(1)
        boxes, scores = boxes[keep], scores[keep]
        best = nms(boxes, scores, self.config.detection_nms_iou)[: self.config.max_detections]
        return Boxes(boxes[best], scores[best])


class DensePoseRCNN(nn.Module):
    """The whole network; `ModelConfig` says which one.

    Its steps are methods, so that training, parity tests and the benchmark can take them one at a time:
    backbone > rpn > rpn.propose > box_head.detect > shared_features > densify.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = FeaturePyramid(config.backbone, config.width)
        self.rpn = ProposalNetwork(config)
        self.box_head = BoxHead(config)
        self.decoder = Decoder(config.width) if config.has_decoder else None
        self.dense_head = DeepLabHead(config.width) if config.dense_head == "deeplab" else ConvHead(config.width)
        self.output = EmbeddingOutput(config) if config.output == "embedding" else ChartOutput(config)
        self.mask = MaskBranch(config.width) if config.has_mask else None
        self.keypoints = KeypointBranch(config.width) if config.has_keypoints else None

    def prepare(self) -> None:
        """Make it ready for inference; afterwards it can no longer be saved as a checkpoint or trained.

        Norms are folded. On a CPU the 3x3 convolutions of large maps take the way of `models.winograd`, and memory
        holds all channels of a pixel together. The same sums in another order: nothing that it finds changes.
        """
        fold_norms(self)
        if next(self.parameters()).device.type != "cpu":
            return
        for level in range(_LARGE_LEVELS):
            self.backbone.output[level] = WinogradConv(self.backbone.output[level])
        for module in (self.rpn, self.decoder, self.dense_head):
            if module is not None:
                use_winograd(module)
        self.box_head.read_by_pixel()
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, sizes: list[Size], boxes: list[Tensor] | None = None) -> Found:
        """Find people and their surface.

        Args:
            images: (B, 3, H, W) float, normalised, zero-padded to multiples of 32 at the bottom and right.
            sizes: height and width of each image without padding.
            boxes: for each image (N_b, 4) x0, y0, x1, y1 inside it; with them nothing is detected.
        """
        pyramid = self.backbone(images)
        if boxes is None:
            people = self.detect(pyramid, sizes)
        else:
            people = [Boxes(corners, corners.new_ones(len(corners))) for corners in boxes]
        corners = [found.corners for found in people]
        return Found(people, self.densify(self.shared_features(pyramid), corners), *self.look_aside(pyramid, corners))

    def detect(self, pyramid: list[Tensor], sizes: list[Size]) -> list[Boxes]:
        """Return the people of each image from P2..P6."""
        logits, deltas = self.rpn(pyramid)
        proposals = self.rpn.propose(logits, deltas, sizes)
        return self.box_head.detect(pyramid, [proposal.corners for proposal in proposals], sizes)

    def shared_features(self, pyramid: list[Tensor]) -> list[Tensor]:
        """Return the maps that the dense head pools from: the decoder's one, or P2..P5."""
        if self.decoder is None:
            return pyramid[:_POOLED_LEVELS]
        return [self.decoder(pyramid[:_POOLED_LEVELS])]

    def densify(self, features: list[Tensor], boxes: list[Tensor]) -> DenseMaps:
        """Return dense maps of side 4 * dense_pool_px for boxes (N_b, 4) an image, on `shared_features`."""
        pooled = pool_regions(features, STRIDES[: len(features)], boxes, self.config.dense_pool_px)
        maps: DenseMaps = self.output(self.dense_head(pooled))
        return maps

    def look_aside(self, pyramid: list[Tensor], boxes: list[Tensor]) -> tuple[Tensor | None, Tensor | None]:
        """Return what the mask branch and the keypoint branch say of boxes (N_b, 4) an image, where there are such."""
        if self.mask is None and self.keypoints is None:
            return None, None
        pooled = pool_regions(pyramid[:_POOLED_LEVELS], STRIDES[:_POOLED_LEVELS], boxes, _BRANCH_POOL_PX)
        return (
            None if self.mask is None else self.mask(pooled),
            None if self.keypoints is None else self.keypoints(pooled),
        )
