"""The face that the platform uses: a photograph, with or without boxes, in; the surface of each person out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from body.parts import PART_OF_CHART
from densepose.arguments import usable_device
from densepose.checkpoints import Checkpoint, CheckpointError, read_checkpoint
from densepose.config import PRESETS, DetectorConfig, LiteConfig, ModelConfig
from densepose.crops import Region, region_of, square
from densepose.images import Batch, Rgb, check_rgb, to_batch
from densepose.models.lite import LiteDensePose
from densepose.models.rcnn import DensePoseRCNN
from densepose.people_finder import BUNDLED_FINDER, FoundPerson, PeopleFinder, bundled_finder
from densepose.surface_maps import SurfaceMap, surface_maps
from labels.boxes import Box, Crop

WEIGHTS_FOLDER: Final = Path(__file__).parent / "weights"
BUNDLED: Final = "lite"

FINDER_FIELDS: Final = ("score_threshold", "nms_iou", "max_detections", "long_side_px")

_CROPS_AT_ONCE: Final = 16  # bounds memory, whatever the number of people

_PART_OF_CHART: Final = np.array(PART_OF_CHART, dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class PersonSurface:
    """One person of a photograph.

    Attributes:
        box: in image pixels, inside the image.
        score: probability that it is a person; 1 where the box was given.
        window: the whole pixels that the maps cover: the box, truncated; or the box and a margin.
        surface: chart, u and v of the window's pixels.
    """

    box: Box
    score: float
    window: Crop
    surface: SurfaceMap

    @property
    def part(self) -> npt.NDArray[np.uint8]:
        """The coarse parts of the window's pixels, (h, w) uint8, 0 background, 1..14."""
        return _PART_OF_CHART[self.surface.chart]


class Predictor(ABC):
    """A network that is loaded once and asked many times. One thread at a time. `load_predictor` makes one."""

    config: ModelConfig | LiteConfig
    device: torch.device

    @property
    @abstractmethod
    def detects(self) -> bool:
        """Whether it finds people by itself where no boxes are given."""

    @property
    @abstractmethod
    def sure_score(self) -> float:
        """The score from which on a detected person is more likely there than not."""

    @property
    def finder(self) -> str:
        """The name of the bundled detector that finds people for it; empty where it needs none."""
        return ""

    @abstractmethod
    def find(self, image: Rgb) -> list[FoundPerson]:
        """Return the people of one photograph without looking at their surface, best first.

        Raises:
            ValueError: the image is no (H, W, 3) uint8 array, or the network detects nobody.
        """

    def predict(self, image: Rgb, boxes: Sequence[Box] | None = None) -> list[PersonSurface]:
        """Return the people of one photograph.

        Args:
            image: (H, W, 3) uint8, RGB.
            boxes: where the people are; without them they are detected, best first.

        Returns:
            One result a box in their order, or one a detected person.

        Raises:
            ValueError: the image is no such array, a box lies outside of it, or there are no boxes and the network
                detects nobody.
        """
        return self.predict_batch([image], None if boxes is None else [boxes])[0]

    @abstractmethod
    def predict_batch(
        self, images: Sequence[Rgb], boxes: Sequence[Sequence[Box]] | None = None
    ) -> list[list[PersonSurface]]:
        """Return the people of several photographs, run together; arguments as for `predict`, one for each image."""


def load_predictor(source: str | Path | Checkpoint = BUNDLED, device: str = "cpu", **changes: Any) -> Predictor:
    """Return the predictor of a checkpoint.

    Args:
        source: a checkpoint's path, the name of a bundled network, or a checkpoint in memory.
        device: where to run, "cpu" or "cuda".
        changes: fields of the configuration that do not touch the weights, `short_side_px=240` for instance; of the
            lite network's also those of its detector.

    Raises:
        CheckpointError: the weights cannot be read, or no weights are bundled under that name.
        ValueError: there is no such device, or a changed field does not exist or has a value that is not allowed.
    """
    usable_device(device)
    checkpoint = source if isinstance(source, Checkpoint) else read_checkpoint(weights_path(source))
    if isinstance(checkpoint.config, DetectorConfig):
        raise CheckpointError("these weights find people and know no surface: pass those of a network that does")
    own = {field.name for field in fields(checkpoint.config)}
    is_lite = isinstance(checkpoint.config, LiteConfig)
    of_finder = {name: changes[name] for name in changes if is_lite and name in FINDER_FIELDS}
    if unknown := sorted(set(changes) - own - set(of_finder)):
        raise ValueError(f"this network has no {', '.join(unknown)}")
    changed = replace(checkpoint.config, **{name: value for name, value in changes.items() if name in own})
    if is_lite:
        return LitePredictor(Checkpoint(changed, checkpoint.tensors), device, bundled_finder(device, **of_finder))
    return RcnnPredictor(Checkpoint(changed, checkpoint.tensors), device)


class LitePredictor(Predictor):
    """The lite network: a crop for each box that is given, or that a detector of its own finds.

    Args:
        checkpoint: of a lite network.
        device: where to run.
        finder: the detector; without it boxes must be given.
    """

    config: LiteConfig

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu", finder: PeopleFinder | None = None) -> None:
        assert isinstance(checkpoint.config, LiteConfig)
        self.config = checkpoint.config
        self.device = torch.device(device)
        model = checkpoint.build(self.device)
        assert isinstance(model, LiteDensePose)
        model.fold()
        self.model = model.to(memory_format=torch.channels_last)
        self._finder = finder

    @property
    def detects(self) -> bool:
        return self._finder is not None

    @property
    def sure_score(self) -> float:
        return 1.0 if self._finder is None else self._finder.config.score_threshold

    @property
    def finder(self) -> str:
        """The name of the bundled detector that finds people for it; empty where there is none."""
        return "" if self._finder is None else BUNDLED_FINDER

    def find(self, image: Rgb) -> list[FoundPerson]:
        """Return the people of one photograph without looking at their surface, best first."""
        if self._finder is None:
            raise ValueError("this network detects nobody: give the boxes of the people")
        return self._finder.find(image)

    def predict_batch(
        self, images: Sequence[Rgb], boxes: Sequence[Sequence[Box]] | None = None
    ) -> list[list[PersonSurface]]:
        """Return the people of several photographs, run together; arguments as for `predict`, one for each image."""
        for image in images:
            check_rgb(image)
        if boxes is None:
            people = [self.find(image) for image in images]
        else:
            if len(boxes) != len(images):
                raise ValueError(f"boxes must have one list for each of {len(images)} images, got {len(boxes)}")
            for image, of in zip(images, boxes, strict=True):
                _clipped(of, (image.shape[1], image.shape[0]))
            people = [[FoundPerson(box, 1.0) for box in of] for of in boxes]
        return [
            [surface for start in range(0, len(of), _CROPS_AT_ONCE)
             for surface in self._predict(image, of[start : start + _CROPS_AT_ONCE])]
            for image, of in zip(images, people, strict=True)
        ]  # fmt: skip

    def _predict(self, image: Rgb, people: Sequence[FoundPerson]) -> list[PersonSurface]:
        size = (image.shape[1], image.shape[0])
        regions = [region_of(person.box, self.config.margin) for person in people]
        with torch.inference_mode():
            maps = self.model(self.crops(image, regions))
            found = surface_maps(maps, [(region.height, region.width) for region in regions])
        return [
            _in_image(person, region, surface, size)
            for person, region, surface in zip(people, regions, found, strict=True)
        ]

    def crops(self, image: Rgb, regions: Sequence[Region]) -> Tensor:
        """Return what the network is to see of regions of an image, (R, 3, S, S), normalised."""
        crops = np.stack([square(image, region, self.config.crop_px) for region in regions])
        pixels = torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2).to(torch.float32)
        mean, std = (
            torch.tensor(value, device=self.device)[:, None, None]
            for value in (self.config.pixel_mean, self.config.pixel_std)
        )
        return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def _in_image(person: FoundPerson, region: Region, surface: SurfaceMap, size: tuple[int, int]) -> PersonSurface:
    """Return what was found in a region as a person of the image; what lies beyond the border is cut off."""
    seen = region.inside(size)
    assert seen is not None  # the box was checked
    cut = Crop(seen.x - region.x, seen.y - region.y, seen.width, seen.height)
    chart, u, v = (cut.cut(of) for of in (surface.chart, surface.u, surface.v))
    return PersonSurface(person.box, person.score, seen, SurfaceMap(chart, u, v))


class RcnnPredictor(Predictor):
    """DensePose-RCNN: finds people by itself, or takes boxes."""

    config: ModelConfig
    detects = True
    sure_score = 0.5

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu") -> None:
        assert isinstance(checkpoint.config, ModelConfig)
        self.config = checkpoint.config
        self.device = torch.device(device)
        model = checkpoint.build(self.device)
        assert isinstance(model, DensePoseRCNN)
        model.prepare()
        self._model = model

    def find(self, image: Rgb) -> list[FoundPerson]:
        """Return the people of one photograph without looking at their surface, best first."""
        batch = to_batch([image], self.config, self.device)
        with torch.inference_mode():
            [found] = self._model.detect(self._model.backbone(batch.images), batch.sizes)
        [corners] = _in_image_pixels([found.corners], batch, [(image.shape[1], image.shape[0])])
        return [
            FoundPerson(Box(x0, y0, x1 - x0, y1 - y0), score)
            for (x0, y0, x1, y1), score in zip(corners.tolist(), found.scores.tolist(), strict=True)
        ]

    def predict_batch(
        self, images: Sequence[Rgb], boxes: Sequence[Sequence[Box]] | None = None
    ) -> list[list[PersonSurface]]:
        """Return the people of several photographs, run together; arguments as for `predict`, one for each image.

        Photographs of one shape give what each gives alone; a smaller one beside a larger one is padded further, which
        changes its features near the right and lower border a little.
        """
        if boxes is not None and len(boxes) != len(images):
            raise ValueError(f"boxes must have one list for each of {len(images)} images, got {len(boxes)}")
        batch = to_batch(images, self.config, self.device)
        limits = [(image.shape[1], image.shape[0]) for image in images]
        inside = None if boxes is None else [_clipped(of, limit) for of, limit in zip(boxes, limits, strict=True)]
        with torch.inference_mode():
            found = self._model(batch.images, batch.sizes, None if inside is None else self._given(inside, batch))
            people = (
                inside if inside is not None else _in_image_pixels([p.corners for p in found.people], batch, limits)
            )
            corners = np.concatenate(people)
            windows = [window_of(corner) for corner in corners]
            surfaces = surface_maps(found.maps, [window.shape for window in windows])
        scores = torch.cat([scored.scores for scored in found.people]).tolist()
        looked = [
            PersonSurface(Box(x0, y0, x1 - x0, y1 - y0), score, window, surface)
            for (x0, y0, x1, y1), score, window, surface in zip(
                corners.tolist(), scores, windows, surfaces, strict=True
            )
        ]
        ends = np.cumsum([len(of_image) for of_image in people])
        return [looked[end - len(of_image) : end] for end, of_image in zip(ends, people, strict=True)]

    def _given(self, corners: list[npt.NDArray[np.float64]], batch: Batch) -> list[Tensor]:
        """Return image-pixel boxes (N, 4) as boxes of the network's input."""
        return [
            torch.from_numpy(of * np.tile(scale, 2)).to(self.device, torch.float32)
            for of, scale in zip(corners, batch.scales, strict=True)
        ]


def weights_path(source: str | Path) -> Path:
    """Return the file that a path or the name of a bundled preset stands for.

    Raises:
        CheckpointError: a preset is named for which no weights are bundled.
    """
    if str(source) not in PRESETS and str(source) != BUNDLED:
        return Path(source)
    path = WEIGHTS_FOLDER / f"{source}.safetensors"
    if not path.exists():
        raise CheckpointError(
            f"no weights are bundled for the preset {source!r}: pass the path of a checkpoint instead"
        )
    return path


def window_of(corners: npt.NDArray[np.floating]) -> Crop:
    """Return the whole pixels of a box x0, y0, x1, y1: left, top, width and height truncated, at least one pixel."""
    x0, y0, x1, y1 = (float(value) for value in corners)
    return Crop(int(x0), int(y0), max(1, int(x1 - x0)), max(1, int(y1 - y0)))


def _clipped(boxes: Sequence[Box], limit: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the corners (N, 4) of boxes inside an image of (width, height)."""
    corners = np.array([[b.x, b.y, b.x + b.w, b.y + b.h] for b in boxes], dtype=np.float64).reshape(-1, 4)
    inside = np.clip(corners, 0, np.tile(limit, 2))
    empty = (inside[:, 2:] <= inside[:, :2]).any(axis=1)
    if empty.any():
        which = int(np.flatnonzero(empty)[0])
        raise ValueError(f"box {which} lies outside the image of {limit[0]} x {limit[1]} pixels: {boxes[which]}")
    return inside


def _in_image_pixels(
    corners: list[Tensor], batch: Batch, limits: list[tuple[int, int]]
) -> list[npt.NDArray[np.float64]]:
    """Return boxes (N, 4) of the network's input as boxes of the photographs."""
    return [
        np.clip(of.double().cpu().numpy() / np.tile(scale, 2), 0, np.tile(limit, 2))
        for of, scale, limit in zip(corners, batch.scales, limits, strict=True)
    ]
