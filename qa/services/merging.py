"""Several answers to a person become one: label maps by vote or reliability, points by their medoid.

Nothing here touches the database; qa.services.consensus decides what comes of it.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotator.models import Merging, PointStatus, Submission
from body.geodesics import GeodesicTable
from body.medoid import medoids
from body.parts import N_PARTS
from body.surface import SurfacePoints, nearest_vertex
from labels.boxes import Crop
from labels.label_maps import BACKGROUND, LabelMap, pack, recrop
from labels.voting import MergedMap, staple, vote
from qa.services.opposites import Swap, find_swaps, open_to

Float64 = NDArray[np.float64]

_COLUMNS: Final = ("status", "view", "click", "triangle", "weights")
_STATUSES: Final = tuple(PointStatus)


@dataclass(frozen=True)
class Merged:
    """One answer made of several.

    `columns` are those of `Answer`; `disagreement` 0..1; `at_stake`, how many pixels or points are; `is_empty`: nothing
    was painted anywhere by enough of them. `figures` is JSON-ready: what is exported of the agreement, and by
    submission what reviewers are told.
    """

    columns: dict[str, Any]
    disagreement: float
    at_stake: float
    figures: dict[str, Any]
    is_empty: bool = False


def maps_on(answers: Sequence[Submission], crop: Crop) -> list[LabelMap]:
    """Return the label maps of answers on one crop; all background where an answer holds none."""
    maps = []
    for answer in answers:
        painted = answer.painted()
        if painted is None:
            maps.append(np.zeros(crop.shape, np.uint8))
        else:
            label_map, own = painted
            maps.append(label_map if own == crop else recrop(label_map, own, crop))
    return maps


def merged_map(maps: Sequence[LabelMap], weights: Float64, merges_by: str) -> MergedMap:
    """Merge label maps as the project wants it; two answers cannot tell who is right, so they are put to the vote."""
    return staple(maps) if merges_by == Merging.STAPLE and len(maps) > 2 else vote(maps, weights)


def merge_parts(answers: Sequence[Submission], weights: Float64, crop: Crop, merges_by: str) -> Merged:
    """Merge answers to the parts of a person on its crop of today."""
    maps = maps_on(answers, crop)
    merged = merged_map(maps, weights, merges_by)
    unseen = np.zeros(N_PARTS + 1)
    for answer, weight in zip(answers, weights / weights.sum(), strict=True):
        unseen[answer.parts_not_visible] += weight
    unseen[np.unique(merged.label_map)] = 0
    overlaps = [_overlap(a, b) for a, b in itertools.combinations(maps, 2)]
    by_answer = {
        str(answer.pk): {
            "overlap": round(_overlap(label_map, merged.label_map), 4),
            "reliability": None if np.isnan(reliability) else round(float(reliability), 4),
        }
        for answer, label_map, reliability in zip(answers, maps, merged.reliability, strict=True)
    }
    agreement = {"overlap": _mean(overlaps), "disputed": round(merged.disagreement, 4)}
    return Merged(
        columns={
            "crop_x": crop.x, "crop_y": crop.y, "crop_width": crop.width, "crop_height": crop.height,
            "label_map": pack(merged.label_map),
            "parts_not_visible": np.flatnonzero(unseen > 0.5).astype(np.uint8),
        },
        disagreement=merged.disagreement,
        at_stake=float(merged.disputed.sum()),
        figures={"agreement": agreement, "answers": by_answer},
        is_empty=not merged.label_map.any(),
    )  # fmt: skip


@dataclass(frozen=True)
class MergedPoints:
    """What the answers to N points come to.

    `source` (N,) is the answer that stands at each point; `disputed` (N,) where no more than half of the answers are
    with it, whatever they weigh; `outlier` and `swapped` (A, N) are places beyond the bar from the one that stands, and
    those of them that are a swap of left and right; `pair_cm` (A, A, N).
    """

    source: NDArray[np.int64]
    disputed: NDArray[np.bool_]
    outlier: NDArray[np.bool_]
    swapped: NDArray[np.bool_]
    pair_cm: Float64


def compare_points(
    answers: Sequence[Submission], weights: Float64, table: GeodesicTable, bar_cm: float
) -> MergedPoints:
    """Find at each point the answer that stands: of what most say of it, and of places their medoid.

    Args:
        answers: A answers to the same point set.
        bar_cm: two places within it agree.
    """
    share = weights / weights.sum()
    status = np.stack([answer.status for answer in answers])
    support = np.stack([((status == kind) * share[:, None]).sum(0) for kind in _STATUSES])
    # Of equal weights the first wins: a place says more than "cannot tell".
    said = np.array(_STATUSES)[(support - 1e-9 * np.arange(len(_STATUSES))[:, None]).argmax(0)]
    places = [SurfacePoints(answer.triangle, answer.weights) for answer in answers]
    found = medoids(places, share, table)
    is_placed = said == PointStatus.PLACED
    first_to_say = (status == said).argmax(0)
    source = np.where(is_placed, found.source, first_to_say)
    near = found.from_medoid_cm <= bar_cm
    with_it = np.where(is_placed, near.sum(0), (status == said).sum(0))
    outlier = is_placed & (found.from_medoid_cm > bar_cm)
    swapped = np.zeros_like(outlier)
    for index, place in enumerate(places):
        far = np.flatnonzero(outlier[index])
        if far.size:
            standing = _standing(places, source[far], far)
            is_open = open_to(table)[:, nearest_vertex(standing)]
            kind = find_swaps(place[far], standing, found.from_medoid_cm[index, far], is_open, table)
            swapped[index, far] = kind == Swap.LEFT_RIGHT
    return MergedPoints(source, 2 * with_it <= len(answers), outlier, swapped, found.pair_cm)


def merge_points(answers: Sequence[Submission], weights: Float64, table: GeodesicTable, bar_cm: float) -> Merged:
    """Merge answers to the same points of a person."""
    found = compare_points(answers, weights, table, bar_cm)
    rows = np.arange(len(found.source))
    columns = {name: np.stack([getattr(answer, name) for answer in answers])[found.source, rows] for name in _COLUMNS}
    upper = found.pair_cm[np.triu_indices(len(answers), 1)]
    between = upper[np.isfinite(upper)]
    by_answer = {
        str(answer.pk): {
            "standing": int((found.source == index).sum()),
            "outliers": int(found.outlier[index].sum()),
            "swaps": int(found.swapped[index].sum()),
        }
        for index, answer in enumerate(answers)
    }
    disagreement = float(found.disputed.mean()) if len(rows) else 0.0
    agreement = {
        "mean_cm": _mean(between.tolist()),
        "auc10": _mean((1 - between / 10).clip(0).tolist()),
        "auc30": _mean((1 - between / 30).clip(0).tolist()),
        "disputed": round(disagreement, 4),
    }
    first = answers[0]
    return Merged(
        columns={
            **columns, "point_set": first.point_set, "surface_hash": first.surface_hash, "style_hash": first.style_hash,
        },
        disagreement=disagreement,
        at_stake=float(found.disputed.sum()),
        figures={"agreement": agreement, "answers": by_answer},
    )  # fmt: skip


def _standing(places: Sequence[SurfacePoints], source: NDArray[np.int64], rows: NDArray[np.int64]) -> SurfacePoints:
    return SurfacePoints(
        np.array([places[s].triangle[row] for s, row in zip(source, rows, strict=True)]),
        np.array([places[s].weights[row] for s, row in zip(source, rows, strict=True)]),
    )


def _overlap(a: LabelMap, b: LabelMap) -> float:
    """Return the share of the pixels that either painted on which both say the same part; 1 where neither painted."""
    either = (a != BACKGROUND) | (b != BACKGROUND)
    return float((a == b)[either].mean()) if either.any() else 1.0


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
