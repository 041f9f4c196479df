"""How fast a network is, stage by stage, and how much memory it takes.

A preset's weights are random: what they say matters to time only through the number of boxes, so the box head is given
as many regions as the configuration admits, and the people are boxes spread over the picture. Beside the time on the
clock stands that of the processor, over all threads: it hardly changes where others use the machine too.
"""

import resource
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from densepose.arguments import usable_device
from densepose.checkpoints import Checkpoint, read_checkpoint
from densepose.config import PRESETS, ModelConfig, preset
from densepose.crops import region_of
from densepose.images import Rgb, to_batch
from densepose.models.rcnn import DensePoseRCNN
from densepose.predictor import LitePredictor, load_predictor, weights_path
from densepose.surface_maps import surface_maps
from labels.boxes import Box


@dataclass(slots=True)
class Timing:
    """Median seconds a batch of each stage, in the order they run.

    Attributes:
        stages: name -> seconds.
        images, people: in one batch.
        processor: seconds a batch that the CPU worked, all threads added up.
        peak_mb: most memory held: of the GPU where there is one, else of this process since it started.
    """

    images: int
    people: int
    stages: dict[str, float] = field(default_factory=dict)
    processor: float = 0.0
    peak_mb: float = 0.0

    @property
    def total(self) -> float:
        """Seconds a batch."""
        return sum(self.stages.values())


Network = DensePoseRCNN | LitePredictor


def network_for(source: str, device: str, max_proposals: int | None = None) -> Network:
    """Return a network in evaluation mode: a preset's with random weights, the bundled `lite`, or a checkpoint's.

    Args:
        source: a preset, `lite`, or a checkpoint's path.
        device: where to run.
        max_proposals: regions that the box head looks at, where not those of the configuration.

    Raises:
        CheckpointError: `source` is no preset and no usable checkpoint.
        ValueError: there is no such device.
    """
    usable_device(device)
    changes: dict[str, Any] = {} if max_proposals is None else {"max_proposals": max_proposals}
    if source in PRESETS:
        torch.manual_seed(0)
        model = DensePoseRCNN(preset(source, **changes))
        model.eval().to(device)
    else:
        checkpoint = read_checkpoint(weights_path(source))
        if not isinstance(checkpoint.config, ModelConfig):
            lite = load_predictor(checkpoint, device)
            assert isinstance(lite, LitePredictor)
            return lite
        built = Checkpoint(replace(checkpoint.config, **changes), checkpoint.tensors).build(device)
        assert isinstance(built, DensePoseRCNN)
        model = built
    model.prepare()
    return model


def measure(
    network: Network, size: tuple[int, int], *, people: int, batch: int = 1, repeat: int = 5, is_given: bool = False
) -> Timing:
    """Time a network on noise.

    Args:
        network: in evaluation mode, on its device.
        size: height and width of the photograph; only the lite network resizes what it looks at.
        people: boxes in each image.
        batch: images run together.
        repeat: runs that count, after one that does not.
        is_given: leave out proposals and box head, as where boxes are given.
    """
    device = network.device if isinstance(network, LitePredictor) else next(network.parameters()).device
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    boxes = [_spread_boxes(size, people).to(device)] * batch
    runs: list[dict[str, float]] = []
    worked: list[float] = []
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with torch.inference_mode():
        for _ in range(repeat + 1):
            watch = _Stopwatch(device)
            started = time.process_time()
            if isinstance(network, LitePredictor):
                _run_lite(network, [noise] * batch, boxes[0], is_given, watch)
            else:
                _run(network, [noise] * batch, boxes, is_given, watch)
            worked.append(time.process_time() - started)
            runs.append(watch.seconds)
    timing = Timing(batch, batch * people, processor=statistics.median(worked[1:]), peak_mb=_peak_mb(device))
    timing.stages = {name: statistics.median(run[name] for run in runs[1:]) for name in runs[0]}
    return timing


class _Stopwatch:
    """Called with a stage's name, it times a `with` block; a GPU is waited for."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = self._now()
        yield
        self.seconds[name] = self._now() - started

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()


def _run(model: DensePoseRCNN, images: list[Rgb], boxes: list[Tensor], is_given: bool, stage: "_Stopwatch") -> None:
    """Take the network's steps one at a time, each under the watch."""
    short, long = sorted(images[0].shape[:2])
    with stage("input"):
        batch = to_batch(images, replace(model.config, short_side_px=short, long_side_px=long), boxes[0].device)
    with stage("backbone"):
        pyramid = model.backbone(batch.images)
    if not is_given:
        with stage("proposals"):
            logits, deltas = model.rpn(pyramid)
            model.rpn.propose(logits, deltas, batch.sizes)
        regions = [_spread_boxes(images[0].shape[:2], model.config.max_proposals).to(boxes[0].device)] * len(images)
        with stage("box head"):
            model.box_head.detect(pyramid, regions, batch.sizes)
    with stage("decoder"):
        features = model.shared_features(pyramid)
    with stage("dense head"):
        maps = model.densify(features, boxes)
    with stage("surface maps"):
        surface_maps(maps, [(int(y1 - y0), int(x1 - x0)) for x0, y0, x1, y1 in torch.cat(boxes).tolist()])


def _run_lite(network: LitePredictor, images: list[Rgb], boxes: Tensor, is_given: bool, stage: "_Stopwatch") -> None:
    people = [Box(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes.tolist()]
    regions = [region_of(box, network.config.margin) for box in people]
    if not is_given and network.detects:
        with stage("detector"):
            for image in images:
                network.find(image)
    with stage("crops"):
        crops = torch.cat([network.crops(image, regions) for image in images])
    with stage("network"):
        maps = network.model(crops)
    with stage("surface maps"):
        surface_maps(maps, [(region.height, region.width) for region in regions] * len(images))


def _spread_boxes(size: tuple[int, int], people: int) -> Tensor:
    """Return (people, 4) standing boxes side by side, nine tenths of the picture high, 8 pixels wide or more."""
    height, width = size
    tall = 0.9 * height
    wide = min(0.5 * tall, max(8.0, 0.9 * width / people))
    left = torch.linspace(0, width - wide, people)
    top = torch.full_like(left, 0.05 * height)
    return torch.stack([left, top, left + wide, top + tall], dim=1)


def _peak_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # bytes there, kibibytes elsewhere
