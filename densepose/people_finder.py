"""Where the people of a photograph are: the bundled detector behind a plain call."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor
from torchvision.ops import nms

from densepose.checkpoints import Checkpoint, CheckpointError, read_checkpoint
from densepose.config import DetectorConfig
from densepose.images import Rgb, check_rgb
from densepose.models.detector import PersonDetector
from labels.boxes import Box

BUNDLED_FINDER: Final = "detector"
WEIGHTS: Final = Path(__file__).parent / "weights" / f"{BUNDLED_FINDER}.safetensors"

_LOOKS: Final = (1.0, 0.5)  # at full size, who fills the photograph is larger than anybody it learnt from
_PAD_TO: Final = 32
_OUTSIDE: Final = 127


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A person's box in image pixels, and how sure that is: about the overlap with the true box, 0..1."""

    box: Box
    score: float


class PeopleFinder:
    """A detector that is loaded once and asked many times. One thread at a time.

    Args:
        checkpoint: of a detector.
        device: "cpu" or "cuda".
        changes: fields of the configuration that do not touch the weights, `score_threshold=0.1` for instance.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu", **changes: Any) -> None:
        if not isinstance(checkpoint.config, DetectorConfig):
            raise CheckpointError("these weights are of another network: a person detector is wanted")
        self.config = replace(checkpoint.config, **changes)
        self.device = torch.device(device)
        model = Checkpoint(self.config, dict(checkpoint.tensors)).build(self.device)
        assert isinstance(model, PersonDetector)
        model.fold()
        self._model = model.to(memory_format=torch.channels_last)

    def find(self, image: Rgb) -> list[FoundPerson]:
        """Return the people of one photograph (H, W, 3) uint8 RGB, best first.

        Raises:
            ValueError: the image is no such array.
        """
        check_rgb(image)
        corners, scores = (torch.cat(of) for of in zip(*(self._look(image, share) for share in _LOOKS), strict=True))
        best = nms(corners, scores, self.config.nms_iou)[: self.config.max_detections]
        return [
            FoundPerson(Box(x0, y0, x1 - x0, y1 - y0), score)
            for (x0, y0, x1, y1), score in zip(corners[best].tolist(), scores[best].tolist(), strict=True)
        ]

    def _look(self, image: Rgb, share: float) -> tuple[Tensor, Tensor]:
        """Return boxes (N, 4) float64 in image pixels and scores (N,), seen at a share of the configured size."""
        height, width = image.shape[:2]
        zoom = share * self.config.long_side_px / max(height, width)
        size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
        canvas = np.full((-(-size[1] // _PAD_TO) * _PAD_TO, -(-size[0] // _PAD_TO) * _PAD_TO, 3), _OUTSIDE, np.uint8)
        canvas[: size[1], : size[0]] = small
        pixels = torch.from_numpy(canvas).to(self.device)
        mean, std = (torch.tensor(v, device=self.device) for v in (self.config.pixel_mean, self.config.pixel_std))
        with torch.inference_mode():
            normed = ((pixels - mean) / std).permute(2, 0, 1)[None]  # (H, W, 3) -> (1, 3, H, W)
            [found] = self._model.detect(normed, [(size[1], size[0])])
        scale = torch.tensor([width / size[0], height / size[1]] * 2, dtype=torch.float64)
        return found.corners.cpu().double() * scale, found.scores.cpu().double()


def bundled_finder(device: str = "cpu", **changes: Any) -> PeopleFinder | None:
    """Return the bundled detector; None where its weights are not there."""
    return PeopleFinder(read_checkpoint(WEIGHTS), device, **changes) if WEIGHTS.exists() else None
