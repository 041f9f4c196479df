"""From examples to batches: turned, scaled, shifted, mirrored, recoloured; labels on the grid of the network's maps.

Everything random comes from one generator a step, so that a run that was cut off goes on as if it had not been.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from body.atlas import mirror_iuv
from body.parts import MIRROR_PART
from densepose.config import LiteConfig
from densepose.models.lite import OUT_STRIDE
from densepose.training.examples import CONTEXT, STORED_PX, UNKNOWN, Example

Float64 = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]
_Points = tuple[Float64, UInt8, Float64]  # xy (K, 2) in the kept square, chart (K,), uv (K, 2)

MIRROR_LABEL: Final = np.arange(256, dtype=np.uint8)
MIRROR_LABEL[: len(MIRROR_PART)] = MIRROR_PART


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far examples are changed; the default is what the bundled network was trained with.

    Attributes:
        turn_deg, scale, shift: largest rotation, factor (1 / scale to scale) and shift (share of the crop).
        colour: largest relative change of brightness, contrast and of each channel.
        mirror, grey, blur, erase: probabilities.
        coarse, noise, compress: probabilities of a lower resolution, of a sensor's noise, and of a strong JPEG.
        scenery, cloth: probabilities of another background, and of other cloth on some parts, both from photographs
            without people; only `training.on_device` knows how.
    """

    turn_deg: float = 25.0
    scale: float = 1.22
    shift: float = 0.08
    colour: float = 0.25
    mirror: float = 0.5
    grey: float = 0.08
    blur: float = 0.2
    erase: float = 0.2
    coarse: float = 0.2
    noise: float = 0.2
    compress: float = 0.2
    scenery: float = 0.3
    cloth: float = 0.3


NO_AUGMENTATION: Final = Augmentation(0.0, 1.0, *(11 * [0.0]))
LITTLE_AUGMENTATION: Final = Augmentation(
    colour=0.1, grey=0.0, blur=0.0, erase=0.0, coarse=0.0, noise=0.0, compress=0.0
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from.

    Attributes:
        images: (B, 3, S, S), uint8 as made, float32 once `normalised`.
        label: (B, S/4, S/4) int64, as `Example.label`.
        grid: (B, K, 1, 2) float32 points for `grid_sample`, x and y in -1..1.
        chart: (B, K) int64, 0 where there is no point.
        uv: (B, 2, K) float32.
    """

    images: Tensor
    label: Tensor
    grid: Tensor
    chart: Tensor
    uv: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self._tensors()))

    def pin_memory(self) -> "Batch":
        """Return it where a GPU fetches it fast; `torch.utils.data` asks for this."""
        return Batch(*(tensor.pin_memory() for tensor in self._tensors()))

    def normalised(self, config: LiteConfig) -> "Batch":
        """Return it with images as the network takes them."""
        mean, std = (
            torch.tensor(value, device=self.images.device)[:, None, None]
            for value in (config.pixel_mean, config.pixel_std)
        )
        pixels = (self.images.to(torch.float32) - mean) / std
        return replace(self, images=pixels.contiguous(memory_format=torch.channels_last))

    def _tensors(self) -> tuple[Tensor, ...]:
        return self.images, self.label, self.grid, self.chart, self.uv


def make_batch(
    examples: Sequence[Example],
    *,
    crop_px: int,
    n_points: int,
    augmentation: Augmentation,
    is_dense: bool,
    rng: np.random.Generator,
    annotated_share: float = 0.0,
) -> Batch:
    """Return a batch of crops of `crop_px` pixels.

    Args:
        n_points: how many points of each person count; drawn from its annotated ones, or from its pixels.
        is_dense: take points from the surface of every pixel where an example has it.
        rng: decides everything random.
        annotated_share: of these points, at most, are annotated ones all the same.
    """
    made = []
    for example in examples:
        points = _chosen_points(example, n_points, is_dense, annotated_share, rng)
        made.append(_augmented(example, points, crop_px, augmentation, rng))
    images, label, grid, chart, uv, is_mirrored = (np.stack(column) for column in zip(*made, strict=True))
    chart, uv = _mirrored(chart, uv, is_mirrored)
    return Batch(
        torch.from_numpy(images).permute(0, 3, 1, 2),  # (B, S, S, 3) -> (B, 3, S, S), channels last in memory
        torch.from_numpy(label.astype(np.int64)),
        torch.from_numpy(grid.astype(np.float32))[:, :, None],
        torch.from_numpy(chart.astype(np.int64)),
        torch.from_numpy(uv.astype(np.float32).transpose(0, 2, 1).copy()),
    )


def _mirrored(chart: UInt8, uv: Float64, is_mirrored: npt.NDArray[np.bool_]) -> tuple[UInt8, Float64]:
    """Return charts (B, K) and UV (B, K, 2) with those of mirrored people exchanged: all at once, as it costs least."""
    chart, uv = chart.copy(), uv.copy()
    at = is_mirrored[:, None] & (chart > 0)
    chart[at], u, v = mirror_iuv(chart[at], uv[at][:, 0], uv[at][:, 1])
    uv[at] = np.column_stack([u, v])
    return chart, uv


def _augmented(
    example: Example, points: _Points, crop_px: int, how: Augmentation, rng: np.random.Generator
) -> tuple[UInt8, UInt8, Float64, UInt8, Float64, bool]:
    """Return picture, labels, grid, chart, UV, and whether it is mirrored: charts and UV are not yet."""
    is_mirrored = rng.random() < how.mirror
    turn, shift = _placement(crop_px, how, is_mirrored, rng)
    centre = crop_px / 2
    # A crop's point p shows the square's point turn (p - centre) + shift; OpenCV counts pixels from their centres.
    flags = cv2.WARP_INVERSE_MAP
    image = cv2.warpAffine(
        example.image, _pixel_map(turn, shift, centre, 1), (crop_px, crop_px),
        flags=flags | cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    cells = crop_px // OUT_STRIDE
    label = cv2.warpAffine(
        example.label, _pixel_map(turn, shift, centre, OUT_STRIDE), (cells, cells),
        flags=flags | cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=UNKNOWN,
    )  # fmt: skip
    xy, chart, uv = points
    if is_mirrored:
        label = MIRROR_LABEL[label]
    at = (xy - shift) @ np.linalg.inv(turn).T + centre
    grid = 2 * at / crop_px - 1
    chart = np.where((np.abs(grid) < 1).all(axis=1), chart, 0).astype(np.uint8)
    return recoloured(np.asarray(image, np.uint8), how, rng), np.asarray(label, np.uint8), grid, chart, uv, is_mirrored


def _placement(crop_px: int, how: Augmentation, is_mirrored: bool, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Return the linear part (2, 2) and the centre (2,) of the crop in the kept square."""
    unit = STORED_PX / CONTEXT / crop_px  # pixels of the square for one of the crop
    angle = np.radians(rng.uniform(-how.turn_deg, how.turn_deg))
    size = unit * np.exp(rng.uniform(-1, 1) * np.log(how.scale))
    cosine, sine = size * np.cos(angle), size * np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    if is_mirrored:
        turn = turn * (-1, 1)
    shift = STORED_PX / 2 + rng.uniform(-how.shift, how.shift, 2) * STORED_PX / CONTEXT
    return turn, shift


def _pixel_map(turn: Float64, shift: Float64, centre: float, stride: int) -> Float64:
    """Return the (2, 3) map from cell numbers of a grid of this stride to pixel numbers of the square."""
    first = np.full(2, stride / 2 - centre)  # the first cell's centre
    return np.column_stack([turn * stride, turn @ first + shift - 0.5])


def _chosen_points(
    example: Example, n_points: int, is_dense: bool, annotated_share: float, rng: np.random.Generator
) -> _Points:
    """Return n_points points; where a person has fewer, chart 0 fills up."""
    dense = example.dense if is_dense else None
    n_annotated = min(len(example.xy), n_points if dense is None else round(annotated_share * n_points))
    chosen = [] if dense is None else [_dense_points(dense, n_points - n_annotated, rng)]
    pick = rng.permutation(len(example.xy))[:n_annotated] if n_annotated else np.zeros(0, np.int64)
    chosen.append((example.xy[pick], example.chart[pick], example.uv[pick]))
    missing = n_points - sum(len(xy) for xy, _, _ in chosen)
    chosen.append((np.zeros((missing, 2)), np.zeros(missing, np.uint8), np.zeros((missing, 2))))
    xy, chart, uv = (np.concatenate(column) for column in zip(*chosen, strict=True))
    return xy, chart.astype(np.uint8), uv


def _dense_points(dense: UInt8, n_points: int, rng: np.random.Generator) -> _Points:
    """Return n_points of a person's pixels, some of them several times; none where the person has none."""
    rows, columns = np.nonzero(dense[:, :, 0])
    found = len(rows)
    pick = rng.integers(0, found, n_points) if found else np.zeros(0, np.int64)
    of_pixels = dense[rows[pick], columns[pick]]
    xy = np.column_stack([columns[pick], rows[pick]]) + 0.5
    return xy.astype(np.float64), of_pixels[:, 0], of_pixels[:, 1:] / 255.0


def recoloured(image: UInt8, how: Augmentation, rng: np.random.Generator) -> UInt8:
    """Return a square image (S, S, 3) in other light, colour and sharpness, with something before it; all by chance."""
    gain = 1 + how.colour * (rng.uniform(-1, 1, 3) * 0.4 + rng.uniform(-1, 1))
    offset = 255 * how.colour * rng.uniform(-0.5, 0.5)
    table = np.clip(np.arange(256)[:, None] * gain + offset, 0, 255).astype(np.uint8)  # (256, 3)
    image = np.asarray(cv2.LUT(image, table[None]), np.uint8)
    if rng.random() < how.grey:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    if rng.random() < how.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4)), np.uint8)
    image = _worn(image, how, rng)
    if rng.random() < how.erase:
        side = image.shape[0]
        width, height = rng.integers(side // 10, side // 3, 2)
        x, y = rng.integers(0, side - width), rng.integers(0, side - height)
        image[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    return image


def _worn(image: UInt8, how: Augmentation, rng: np.random.Generator) -> UInt8:
    """Return an image as small, noisy or strongly compressed photographs show it; by chance."""
    side = image.shape[0]
    if rng.random() < how.coarse:
        small = int(side / rng.uniform(1.3, 4.0))
        shrunk = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(shrunk, (side, side)), np.uint8)
    if rng.random() < how.noise:
        grain = rng.integers(0, 256, image.shape, dtype=np.uint8).astype(np.int16) - 128
        image = np.clip(image + grain * rng.uniform(0.02, 0.15), 0, 255).astype(np.uint8)
    if rng.random() < how.compress:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))]
        image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR), np.uint8)
    return image
