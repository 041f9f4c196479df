"""Steps' lessons made on the training device itself, from people who are kept there.

A GPU takes crops faster than processors turn, colour and wear them. Here all people of a set lie on the device as
tensors, 0.7 MB each, and a whole step's crops are changed at once: as in `training.batches`, and in two ways that
would cost a processor too much. Both put pieces of photographs without people into rendered pictures: behind a person,
and as cloth onto parts of it. What decides (who, how far turned, which way) comes from one generator a step.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from body.atlas import mirror_iuv
from densepose.models.lite import OUT_STRIDE
from densepose.photographs import read_photograph
from densepose.training.batches import MIRROR_LABEL, Augmentation, Batch
from densepose.training.examples import CONTEXT, STORED_PX, UNKNOWN, Examples

Float64 = npt.NDArray[np.float64]

_N_CHARTS: Final = 24
_N_PARTS: Final = 14
_BLUR_REACH: Final = 4  # pixels to each side
_SHRINKS: Final = (2, 3, 4)  # by which a crop is made coarse
_GREY: Final = (0.299, 0.587, 0.114)  # a colour's brightness, ITU-R BT.601
_SMALLEST_CUTTING: Final = 0.15  # side of a piece of scenery, as a share of its photograph's shorter side
_PICTURES: Final = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class _Draw:
    """What is drawn for each of B people of a step.

    Attributes:
        turn: (B, 2, 2) and shift: (B, 2), from a crop's point p to the kept square's: turn (p - centre) + shift.
        is_mirrored: (B,).
    """

    turn: Tensor
    shift: Tensor
    is_mirrored: Tensor


class PeopleOnDevice:
    """People of a set as tensors on a device, and batches of them.

    Args:
        people: the set; it is read once.
        device: where the tensors lie and batches are made.
        scenery: (M, 3, S, S) uint8 pieces of photographs without people, see `cuttings`; without it nothing is put in.
    """

    def __init__(self, people: Examples, device: torch.device, scenery: Tensor | None = None) -> None:
        count = len(people)
        self._device = device
        self._scenery = None if scenery is None or len(scenery) == 0 else scenery.to(device)
        side = STORED_PX
        self._image = torch.empty((count, 3, side, side), dtype=torch.uint8, device=device)
        self._label = torch.empty((count, side, side), dtype=torch.uint8, device=device)
        self._dense = torch.zeros((count, 3, side, side), dtype=torch.uint8, device=device)
        self._pixels = torch.zeros((count, side * side), dtype=torch.int32, device=device)  # a person's own come first
        self._n_pixels = torch.zeros(count, dtype=torch.int64, device=device)
        points: list[npt.NDArray[np.float32]] = []
        for row in range(count):
            example = people[row]
            self._image[row] = torch.from_numpy(example.image).to(device).permute(2, 0, 1)
            self._label[row] = torch.from_numpy(example.label).to(device)
            points.append(_with_mirrored(example.xy, example.chart, example.uv))
            if example.dense is not None:
                self._dense[row] = torch.from_numpy(example.dense).to(device).permute(2, 0, 1)
                own = torch.nonzero(self._dense[row, 0].flatten()).squeeze(1)
                self._pixels[row, : len(own)] = own.to(torch.int32)
                self._n_pixels[row] = len(own)
        most = max((len(of) for of in points), default=0)
        self._points = torch.zeros((count, max(most, 1), 8), device=device)  # x, y, chart, u, v, mirrored chart, u, v
        self._n_points = torch.tensor([len(of) for of in points], device=device)
        for row, of in enumerate(points):
            self._points[row, : len(of)] = torch.from_numpy(of).to(device)
        self._mirror_label = torch.from_numpy(MIRROR_LABEL).to(device)
        self._mirror_iuv = torch.from_numpy(_mirror_table()).to(device)

    def __len__(self) -> int:
        return len(self._image)

    def batch(
        self,
        rows: Sequence[int],
        *,
        crop_px: int,
        n_points: int,
        augmentation: Augmentation,
        is_dense: bool,
        rng: np.random.Generator,
        annotated_share: float = 0.0,
    ) -> Batch:
        """Return a batch of people as `batches.make_batch` does, images as float32 in 0..255.

        Args:
            rows: which people.
            rng: decides everything random.
        """
        with torch.autocast(self._device.type, enabled=False):  # the loop's half precision is for networks
            at = torch.tensor(rows, device=self._device)
            chance = torch.Generator(self._device).manual_seed(int(rng.integers(1 << 62)))
            draw = self._drawn(len(rows), crop_px, augmentation, rng)
            label = self._labels(at, draw, crop_px, OUT_STRIDE)
            pixels = F.grid_sample(
                self._image[at].float(), _grid(draw, crop_px, 1), padding_mode="border", align_corners=False
            )
            if self._scenery is not None and (augmentation.scenery or augmentation.cloth):
                pixels = self._dressed(pixels, self._labels(at, draw, crop_px, 1), augmentation, rng, chance)
            pixels = recoloured(pixels, augmentation, rng, chance)
            xy, iuv = self._chosen(at, draw, n_points, 1 - annotated_share if is_dense else 0.0, chance)
            from_centre = (xy - draw.shift[:, None]) @ torch.linalg.inv(draw.turn).transpose(1, 2)
            grid = 2 * from_centre / crop_px
            chart = torch.where((grid.abs() < 1).all(dim=2), iuv[..., 0].round().long(), 0)
            uv = iuv[..., 1:].transpose(1, 2).float().contiguous()
            return Batch(pixels, label.long(), grid[:, :, None].float(), chart, uv)

    def _drawn(self, count: int, crop_px: int, how: Augmentation, rng: np.random.Generator) -> _Draw:
        unit = STORED_PX / CONTEXT / crop_px  # pixels of the square for one of the crop
        is_mirrored = rng.random(count) < how.mirror
        angle = np.radians(rng.uniform(-how.turn_deg, how.turn_deg, count))
        size = unit * np.exp(rng.uniform(-1, 1, count) * np.log(how.scale))
        cosine, sine = size * np.cos(angle), size * np.sin(angle)
        turn = np.stack([np.stack([cosine, -sine], axis=1), np.stack([sine, cosine], axis=1)], axis=1)
        turn[is_mirrored] *= (-1, 1)
        shift = STORED_PX / 2 + rng.uniform(-how.shift, how.shift, (count, 2)) * STORED_PX / CONTEXT
        return _Draw(*(torch.from_numpy(of).to(self._device) for of in (turn, shift, is_mirrored)))

    def _labels(self, at: Tensor, draw: _Draw, crop_px: int, stride: int) -> Tensor:
        """Return labels (B, G, G) uint8 of cells of a stride, mirrored ones exchanged."""
        known = self._label[at][:, None].float() + 1  # 0 is what lies outside
        cells = F.grid_sample(known, _grid(draw, crop_px, stride), mode="nearest", align_corners=False)[:, 0]
        label = torch.where(cells == 0, float(UNKNOWN), cells - 1).to(torch.uint8)
        return torch.where(draw.is_mirrored[:, None, None], self._mirror_label[label.long()], label)

    def _chosen(
        self, at: Tensor, draw: _Draw, n_points: int, pixels_share: float, chance: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return points (B, K, 2) in the kept square, and their chart, u, v (B, K, 3); chart 0 fills up.

        Annotated points come first; where a person has truth at pixels, this share of the points at least are pixels.
        """
        number = torch.arange(n_points, device=self._device)
        has_pixels = (self._n_pixels[at] > 0) & (pixels_share > 0)
        wanted = torch.where(has_pixels, round((1 - pixels_share) * n_points), n_points)
        is_annotated = number < torch.minimum(wanted, self._n_points[at])[:, None]
        xy, iuv = self._annotated(at, n_points, draw.is_mirrored, chance)
        iuv = torch.where(is_annotated[..., None], iuv, 0.0)
        if pixels_share > 0:
            is_pixel = (~is_annotated & has_pixels[:, None])[..., None]
            of_pixels = self._of_pixels(at, n_points, draw.is_mirrored, chance)
            xy, iuv = (torch.where(is_pixel, there, here) for here, there in zip((xy, iuv), of_pixels, strict=True))
        return xy, iuv

    def _annotated(
        self, at: Tensor, n_points: int, is_mirrored: Tensor, chance: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return K of each person's annotated points in random order; where there are fewer, what follows is empty."""
        most = self._points.shape[1]
        key = torch.rand((len(at), most), generator=chance, device=self._device)
        is_there = torch.arange(most, device=self._device) < self._n_points[at][:, None]
        order = torch.where(is_there, key, 2.0).argsort(dim=1)
        pick = order[:, torch.arange(n_points, device=self._device).clamp(max=most - 1)]
        found = self._points[at].gather(1, pick[..., None].expand(-1, -1, 8)).double()
        return found[..., :2], torch.where(is_mirrored[:, None, None], found[..., 5:], found[..., 2:5])

    def _of_pixels(
        self, at: Tensor, n_points: int, is_mirrored: Tensor, chance: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return K pixels of each person, some of them several times; of who has none, anything."""
        drawn = torch.rand((len(at), n_points), generator=chance, device=self._device)
        number = (drawn * self._n_pixels[at][:, None]).long()
        place = self._pixels[at].gather(1, number).long()
        chart, u, v = self._dense[at].flatten(2).gather(2, place[:, None].expand(-1, 3, -1)).long().unbind(1)
        mirrored = self._mirror_iuv[chart, u, v].double()
        own = torch.stack([chart.double(), u / 255.0, v / 255.0], dim=-1)
        xy = torch.stack([place % STORED_PX, place // STORED_PX], dim=-1) + 0.5
        return xy.double(), torch.where(is_mirrored[:, None, None], mirrored, own)

    def _dressed(
        self, pixels: Tensor, label: Tensor, how: Augmentation, rng: np.random.Generator, chance: torch.Generator
    ) -> Tensor:
        """Return crops (B, 3, S, S), some before other scenery, some with some parts in cloth of photographs."""
        assert self._scenery is not None
        scenery, count, side = self._scenery, len(pixels), pixels.shape[-1]
        is_body = (label > 0) & (label < UNKNOWN)

        def pieces() -> Tensor:
            of = scenery[torch.from_numpy(rng.integers(0, len(scenery), count)).to(pixels.device)]
            return F.interpolate(of.float(), size=(side, side), mode="bilinear", align_corners=False)

        worn = torch.rand((count, 256), generator=chance, device=pixels.device) < 0.5  # which parts of a person
        worn[:, 0] = worn[:, _N_PARTS + 1 :] = False
        in_cloth = worn.gather(1, label.flatten(1).long()).view_as(label)[:, None]
        brightness = (pixels * pixels.new_tensor(_GREY)[:, None, None]).sum(dim=1, keepdim=True)
        cloth, strength = pieces(), torch.from_numpy(rng.uniform(0.5, 1.0, count)).to(pixels)[:, None, None, None]
        mean = (brightness * in_cloth).sum(dim=(2, 3), keepdim=True) / in_cloth.sum(dim=(2, 3), keepdim=True).clamp(1)
        shaded = (cloth * brightness / mean.clamp(min=8)).clamp(0, 255)
        takes = torch.from_numpy(rng.random(count) < how.cloth).to(pixels.device)[:, None, None, None]
        pixels = torch.where(takes & in_cloth, strength * shaded + (1 - strength) * pixels, pixels)
        alpha = F.avg_pool2d(is_body[:, None].float(), 3, stride=1, padding=1, count_include_pad=False)
        takes = torch.from_numpy(rng.random(count) < how.scenery).to(pixels.device)[:, None, None, None]
        takes &= is_body.any(dim=(1, 2))[:, None, None, None]  # who is nowhere known would be covered
        return torch.where(takes, alpha * pixels + (1 - alpha) * pieces(), pixels)


def cuttings(folder: Path, count: int, seed: int = 0) -> Tensor:
    """Return pieces of a folder's photographs at random places and of random sizes, (count, 3, S, S) uint8.

    Raises:
        OSError: there is none, or one cannot be read.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
    if not files:
        raise FileNotFoundError(f"{folder} holds no .jpg or .png file")
    rng = np.random.default_rng(seed)
    found = []
    for path, n_here in zip(files, _shared_out(count, len(files)), strict=True):
        pixels = read_photograph(path)
        height, width = pixels.shape[:2]
        for _ in range(n_here):
            side = int(min(height, width) * rng.uniform(_SMALLEST_CUTTING, 1.0))
            x, y = rng.integers(0, width - side + 1), rng.integers(0, height - side + 1)
            piece = np.ascontiguousarray(pixels[y : y + side, x : x + side][:, :: rng.choice((-1, 1))])
            found.append(cv2.resize(piece, (STORED_PX, STORED_PX), interpolation=cv2.INTER_AREA))
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).contiguous()


def _shared_out(count: int, among: int) -> Iterator[int]:
    return (count // among + (row < count % among) for row in range(among))


def recoloured(pixels: Tensor, how: Augmentation, rng: np.random.Generator, chance: torch.Generator) -> Tensor:
    """Return crops (B, 3, S, S) in other light, colour and sharpness, with something before them; all by chance.

    What `batches.recoloured` does to one picture, but that strong compression is of one kind only: every block of 8 x 8
    pixels loses its finest waves.
    """
    count = len(pixels)

    def of(values: Float64 | npt.NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(values).to(pixels.device, torch.float32)

    gain = 1 + how.colour * (rng.uniform(-1, 1, (count, 3)) * 0.4 + rng.uniform(-1, 1, (count, 1)))
    offset = 255 * how.colour * rng.uniform(-0.5, 0.5, (count, 3))
    pixels = (pixels * of(gain)[..., None, None] + of(offset)[..., None, None]).clamp(0, 255)
    for rows in _taken(rng, count, how.grey, pixels.device):
        pixels[rows] = pixels[rows].mean(dim=1, keepdim=True)
    for rows in _taken(rng, count, how.blur, pixels.device):
        pixels[rows] = _blurred(pixels[rows], of(rng.uniform(0.4, 1.4, len(rows))))
    for factor in _SHRINKS:
        for rows in _taken(rng, count, how.coarse / len(_SHRINKS), pixels.device):
            small = F.interpolate(pixels[rows], scale_factor=1 / factor, mode="area")
            pixels[rows] = F.interpolate(small, size=pixels.shape[-2:], mode="bilinear", align_corners=False)
    amount = of(rng.uniform(0.02, 0.15, count) * (rng.random(count) < how.noise))[:, None, None, None]
    grain = torch.randint(-128, 128, pixels.shape, generator=chance, device=pixels.device, dtype=torch.int16)
    pixels = (pixels + amount * grain).clamp(0, 255)
    for rows in _taken(rng, count, how.compress, pixels.device):
        pixels[rows] = _compressed(pixels[rows], of(rng.uniform(8, 60, len(rows))))
    return _erased(pixels, how.erase, rng)


def _taken(rng: np.random.Generator, count: int, share: float, device: torch.device) -> Iterator[Tensor]:
    """Give the rows that something happens to, where there are any."""
    rows = np.flatnonzero(rng.random(count) < share)
    if len(rows):
        yield torch.from_numpy(rows).to(device)


def _blurred(pixels: Tensor, sigma: Tensor) -> Tensor:
    """Return pictures (B, 3, S, S), each blurred by its own sigma (B,) in pixels."""
    offset = torch.arange(-_BLUR_REACH, _BLUR_REACH + 1, device=pixels.device)
    kernel = torch.exp(-0.5 * (offset / sigma[:, None]).square())
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(3, dim=0)[:, None]  # (3 B, 1, W)
    planes = F.pad(pixels, (_BLUR_REACH,) * 4, mode="replicate").flatten(0, 1)[None]
    planes = F.conv2d(planes, kernel[:, :, None], groups=len(kernel))
    return F.conv2d(planes, kernel[..., None], groups=len(kernel))[0].view_as(pixels)


def _compressed(pixels: Tensor, step: Tensor) -> Tensor:
    """Return pictures (B, 3, S, S), S a multiple of 8, whose blocks keep waves in multiples of a step (B,).

    The step grows with the wave's number, 1 to 3 times, as tables of JPEG do.
    """
    count, _, side, _ = pixels.shape
    number = torch.arange(8, device=pixels.device, dtype=torch.float32)
    waves = torch.cos(math.pi * (number + 0.5) * number[:, None] / 8) * 0.5  # DCT-II
    waves[0] /= math.sqrt(2)
    blocks = pixels.reshape(count, 3, side // 8, 8, side // 8, 8).transpose(3, 4)
    table = (1 + (number + number[:, None]) / 7) * step[:, None, None]  # (B, 8, 8)
    table = table[:, None, None, None]
    kept = (waves @ blocks @ waves.T / table).round() * table
    return (waves.T @ kept @ waves).transpose(3, 4).reshape(pixels.shape).clamp(0, 255)


def _erased(pixels: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Return pictures with a rectangle of one colour before some of them."""
    count, side = len(pixels), pixels.shape[-1]
    size = rng.integers(side // 10, side // 3, (count, 2))
    low = (rng.random((count, 2)) * (side - size)).astype(np.int64)
    colour = rng.integers(0, 256, (count, 3))
    takes = rng.random(count) < share
    first, last, fill = (torch.from_numpy(of).to(pixels.device) for of in (low, low + size * takes[:, None], colour))
    cell = torch.arange(side, device=pixels.device)
    across = (cell >= first[:, :1]) & (cell < last[:, :1])
    down = (cell >= first[:, 1:]) & (cell < last[:, 1:])
    return torch.where((down[:, :, None] & across[:, None])[:, None], fill[..., None, None].to(pixels), pixels)


def _grid(draw: _Draw, crop_px: int, stride: int) -> Tensor:
    """Return where cells of a stride lie in the kept square, (B, G, G, 2), as `grid_sample` counts."""
    place = (torch.arange(crop_px // stride, device=draw.turn.device, dtype=torch.float64) + 0.5) * stride - crop_px / 2
    cells = torch.stack(torch.meshgrid(place, place, indexing="xy"), dim=-1)  # (G, G, 2)
    at = torch.einsum("bij,yxj->byxi", draw.turn, cells) + draw.shift[:, None, None]
    return (2 * at / STORED_PX - 1).float()


def _with_mirrored(xy: Float64, chart: npt.NDArray[np.uint8], uv: Float64) -> npt.NDArray[np.float32]:
    """Return points (N, 8): x, y, chart, u, v, and chart, u, v of the place on the body's other side."""
    if len(xy) == 0:
        return np.zeros((0, 8), np.float32)
    other = np.column_stack(mirror_iuv(chart, uv[:, 0], uv[:, 1]))
    return np.column_stack([xy, chart, uv, other]).astype(np.float32)


@cache
def _mirror_table() -> npt.NDArray[np.float32]:
    """Return chart, u, v of the other side for each chart and 255 u, 255 v: (25, 256, 256, 3)."""
    chart, u, v = (of.ravel() for of in np.indices((_N_CHARTS, 256, 256)))
    table = np.zeros((_N_CHARTS + 1, 256, 256, 3), np.float32)
    table[1:] = np.column_stack(mirror_iuv(chart + 1, u / 255.0, v / 255.0)).reshape(_N_CHARTS, 256, 256, 3)
    return table
