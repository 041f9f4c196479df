"""The truth of gold people: a surface point for each pixel of a rendered picture, or what a reviewer settled."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotator.models import Consensus, Gold, PointSet, PointStatus, Stage
from annotator.storage import open_stored
from body.surface import SurfacePoints
from body.topology import load_topology
from labels.boxes import Crop
from labels.label_maps import LabelMap, recrop


@dataclass(frozen=True)
class RenderedTruth:
    """The surface under each pixel of a picture: triangle (H, W) int32, -1 where no one is; weights (H, W, 3)."""

    triangle: NDArray[np.int32]
    weights: NDArray[np.float64]

    @property
    def part(self) -> LabelMap:
        """The true part of each pixel, (H, W) uint8, 0 where no one is."""
        return np.where(self.triangle >= 0, load_topology().face_part[self.triangle], 0).astype(np.uint8)


def pack_truth(triangle: NDArray[np.int32], weights: NDArray[np.float32]) -> bytes:
    """Return rendered truth as a file; weights keep a thousandth, which is 0.02 mm on the body."""
    sink = io.BytesIO()
    np.savez_compressed(sink, triangle=triangle.astype(np.int16), weights=weights[..., :2].astype(np.float16))
    return sink.getvalue()


def read_truth(gold: Gold) -> RenderedTruth:
    """Return the truth of a rendered person."""
    with open_stored(str(gold.truth_file.name)) as stored, np.load(stored, allow_pickle=False) as found:
        triangle, two = found["triangle"].astype(np.int32), found["weights"].astype(np.float64)
    weights = np.clip(np.concatenate([two, 1 - two.sum(-1, keepdims=True)], -1), 0, None)
    return RenderedTruth(triangle, weights / weights.sum(-1, keepdims=True))


@dataclass(frozen=True)
class Truth:
    """What an answer is measured by, and a name for it that changes when it does."""

    name: str
    kind: Gold.Kind
    painted: tuple[LabelMap, Crop] | None = None
    # One for each point of the set; triangle -1 where the truth is not known.
    points: SurfacePoints | None = None


def rendered_truth(gold: Gold, stage: str, points: PointSet | None) -> Truth:
    """Return the truth of a rendered person at a stage."""
    truth = read_truth(gold)
    if stage == Stage.PARTS:
        height, width = truth.triangle.shape
        return Truth(f"rendered:{gold.seed}", Gold.Kind.RENDERED, (truth.part, Crop(0, 0, width, height)))
    if points is None:
        raise ValueError(f"points of person {gold.person_id} have no point set")
    column, row = np.floor(points.xy).astype(int).T
    height, width = truth.triangle.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = np.where(inside, column, 0), np.where(inside, row, 0)
    triangle = np.where(inside, truth.triangle[row, column], -1).astype(np.int32)
    found = SurfacePoints(triangle, truth.weights[row, column])
    return Truth(f"rendered:{gold.seed}:{points.version}", Gold.Kind.RENDERED, points=found)


def settled_truth(person_id: int, stage: str, points: PointSet | None) -> Truth | None:
    """Return what a reviewer settled of a person; None where that is no longer so, or of other points."""
    consensus = Consensus.objects.filter(
        person=person_id,
        stage=stage,
        method=Consensus.Method.REVIEWED,
        accepted_by__isnull=False,
        submission__isnull=False,
    ).first()
    if consensus is None:
        return None
    name = f"settled:{consensus.submission_id}"
    if stage == Stage.PARTS:
        return Truth(name, Gold.Kind.REVIEWED, consensus.painted())
    if points is None or consensus.point_set_id != points.pk:
        return None
    placed = consensus.status == PointStatus.PLACED
    triangle = np.where(placed, consensus.triangle, -1).astype(np.int32)
    found = SurfacePoints(triangle, np.array(consensus.weights))
    return Truth(name, Gold.Kind.REVIEWED, points=found)


def on_crop(painted: tuple[LabelMap, Crop], crop: Crop) -> LabelMap:
    """Return a map as it is seen on another crop."""
    label_map, own = painted
    return label_map if own == crop else recrop(label_map, own, crop)
