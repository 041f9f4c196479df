"""What is known of each person of a whole picture, in coordinates of its box, ready to be laid over any region.

A box's coordinates run from 0 to 1, so that an annotation stays as it is when its picture is resized.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from body.atlas import iuv_of, mirror_iuv, surface_of
from body.cse import nearest_cse_vertex, surface_of_cse_vertex
from body.surface import mirror
from densepose.models.branches import N_KEYPOINTS
from densepose.training.batches import MIRROR_LABEL, Batch
from densepose.training.examples import SOME_PART, UNKNOWN
from labels.boxes import Box
from labels.densepose_coco import Record, points_of
from labels.dp_masks import MASK_SIDE, cells_of
from labels.rle import decode_mask
from labels.skeleton import KEYPOINTS

Float64 = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]

_SWAPPED: Final = {"left": "right", "right": "left"}
_MIRROR_KEYPOINT: Final = [
    KEYPOINTS.index("_".join([_SWAPPED.get(word, word) for word in name.split("_")])) for name in KEYPOINTS
]


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """One person's annotation.

    Attributes:
        label: (256, 256) uint8 cells of the box: 0 background, 1..14 parts, SOME_PART, UNKNOWN.
        xy: (N, 2) points, 0..1 in the box; chart: (N,) 1..24; uv: (N, 2); vertex: (N,) of the CSE mesh.
        keypoints: (17, 2) in the box; is_seen: (17,) which of them are annotated.
    """

    label: UInt8
    xy: Float64
    chart: UInt8
    uv: Float64
    vertex: npt.NDArray[np.int32]
    keypoints: Float64
    is_seen: npt.NDArray[np.bool_]

    @property
    def n_bytes(self) -> int:
        return sum(int(getattr(self, field.name).nbytes) for field in fields(self))

    def mirrored(self) -> "Surface":
        """Return the person as a flipped picture shows it: left and right exchanged."""
        chart, u, v = mirror_iuv(self.chart, self.uv[:, 0], self.uv[:, 1])
        flip = np.array([-1.0, 1.0]), np.array([1.0, 0.0])
        return Surface(
            MIRROR_LABEL[self.label[:, ::-1]],
            self.xy * flip[0] + flip[1],
            chart,
            np.column_stack([u, v]),
            nearest_cse_vertex(mirror(surface_of_cse_vertex(self.vertex))),
            (self.keypoints * flip[0] + flip[1])[_MIRROR_KEYPOINT],
            self.is_seen[_MIRROR_KEYPOINT],
        )


def surface_of_record(record: Record, size: tuple[int, int]) -> Surface:
    """Return what an annotation says.

    Args:
        record: of a person with a box.
        size: height and width of its picture.

    Raises:
        LabelError: it is damaged.
    """
    box = Box.from_xywh(record["bbox"])
    points = points_of(record)
    empty = np.zeros(0)
    xy, chart, uv, vertex = np.zeros((0, 2)), empty.astype(np.uint8), np.zeros((0, 2)), empty.astype(np.int32)
    if points is not None:
        if points.chart is not None and points.u is not None and points.v is not None:
            surface = surface_of(points.chart, points.u, points.v)
            chart, uv = points.chart, np.column_stack([points.u, points.v])
        else:
            surface = surface_of_cse_vertex(np.asarray(points.vertex))
            chart, u, v = iuv_of(surface)
            uv = np.column_stack([u, v])
        keep = surface.is_valid & (chart > 0)
        vertex = nearest_cse_vertex(surface) if points.vertex is None else points.vertex
        xy, chart, uv, vertex = (points.dp_xy / 255)[keep], chart[keep], uv[keep], vertex[keep]
    triples = np.asarray(record.get("keypoints") or np.zeros(3 * N_KEYPOINTS), dtype=np.float64).reshape(N_KEYPOINTS, 3)
    return Surface(
        _cells(record, box, size), xy, chart, uv, vertex,
        (triples[:, :2] - (box.x, box.y)) / (box.w, box.h), triples[:, 2] > 0,
    )  # fmt: skip


def _cells(record: Record, box: Box, size: tuple[int, int]) -> UInt8:
    if record.get("dp_masks"):
        return cells_of(record["dp_masks"])
    if not record.get("segmentation"):
        return np.full((MASK_SIDE, MASK_SIDE), UNKNOWN, np.uint8)
    mask = decode_mask(record["segmentation"], size)
    middle = (np.arange(MASK_SIDE) + 0.5) / MASK_SIDE
    column = np.clip(box.x + middle * box.w, 0, size[1] - 1).astype(np.intp)
    row = np.clip(box.y + middle * box.h, 0, size[0] - 1).astype(np.intp)
    return np.where(mask[np.ix_(row, column)], SOME_PART, 0).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Surfaces:
    """The people of a batch as tensors, N in all; points are filled up to the largest number by chart 0.

    Attributes:
        corners: (N, 4) of their boxes in input pixels.
        label: (N, 256, 256); xy: (N, K, 2); chart, vertex: (N, K); uv: (N, 2, K).
        keypoints: (N, 17, 2); is_seen: (N, 17).
    """

    corners: Tensor
    label: Tensor
    xy: Tensor
    chart: Tensor
    vertex: Tensor
    uv: Tensor
    keypoints: Tensor
    is_seen: Tensor

    @classmethod
    def of(cls, people: Sequence[Surface], corners: Tensor) -> "Surfaces":
        """Return people with boxes (N, 4), on the boxes' device."""
        most = max((len(person.chart) for person in people), default=0)

        def column(name: str) -> Tensor:
            rows = [getattr(person, name) for person in people]
            full = np.zeros((len(rows), most, *rows[0].shape[1:]), rows[0].dtype)
            for place, row in zip(full, rows, strict=True):
                place[: len(row)] = row
            return torch.from_numpy(full)

        stacked = {
            name: torch.from_numpy(np.stack([getattr(person, name) for person in people]))
            for name in ("label", "keypoints", "is_seen")
        }
        device = corners.device
        return cls(
            corners, stacked["label"].to(device), column("xy").float().to(device), column("chart").long().to(device),
            column("vertex").long().to(device), column("uv").float().transpose(1, 2).to(device),
            stacked["keypoints"].float().to(device), stacked["is_seen"].to(device),
        )  # fmt: skip

    @property
    def has_surface(self) -> Tensor:
        """Which people teach the dense head, (N,)."""
        return (self.chart > 0).any(dim=1) | (self.label != UNKNOWN).flatten(1).any(dim=1)

    def chosen(self, owner: Tensor) -> "Surfaces":
        """Return the people of some regions (R,)."""
        return Surfaces(*(getattr(self, field.name)[owner] for field in fields(self)))

    def labels(self, regions: Tensor, side: int) -> Tensor:
        """Return (R, side, side) int64 labels of regions (R, 4), each of its own person: call it after `chosen`."""
        start, size = self.corners[:, None, :2], (self.corners[:, 2:] - self.corners[:, :2])[:, None]
        middle = (torch.arange(side, device=regions.device) + 0.5) / side
        low, high = regions[:, None, :2], regions[:, None, 2:]
        at = (low + middle[None, :, None] * (high - low) - start) / size * 2 - 1  # (R, side, 2) in the box
        grid = torch.stack(
            [at[:, None, :, 0].expand(-1, side, -1), at[:, :, None, 1].expand(-1, -1, side)], dim=-1
        )  # (R, side, side, 2)
        cells = (
            F.grid_sample(self.label[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].round().long()
        )
        is_unknown = (self.label == UNKNOWN).flatten(1).all(dim=1)
        return torch.where(is_unknown[:, None, None], UNKNOWN, cells)

    def inside(self, regions: Tensor, xy: Tensor) -> Tensor:
        """Return points (R, K, 2) of the people's boxes as points of regions (R, 4), -1..1 inside."""
        start, size = self.corners[:, None, :2], (self.corners[:, 2:] - self.corners[:, :2])[:, None]
        low, high = regions[:, None, :2], regions[:, None, 2:]
        return (xy * size + start - low) / (high - low) * 2 - 1

    def batch(self, regions: Tensor, side: int) -> Batch:
        """Return what regions (R, 4) teach on maps of this side; it holds no images."""
        grid = self.inside(regions, self.xy)
        chart = torch.where((grid.abs() < 1).all(dim=2), self.chart, 0)
        return Batch(regions.new_zeros(0), self.labels(regions, side), grid[:, :, None], chart, self.uv)
