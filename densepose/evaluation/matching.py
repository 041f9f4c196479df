"""Average precision and recall over thresholds of similarity, equal to the public evaluator's.

COCO's matching (Lin et al., 2014) with one rule more: a detection that stays unmatched at the last threshold, and whose
box overlaps a truth by 0.8 or more, takes that truth's ignore flag at all thresholds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)
RECALLS: Final = np.linspace(0.0, 1.0, 101)
MAX_DETECTIONS: Final = 20  # of an image
AREAS_PX: Final[dict[str, tuple[float, float]]] = {
    "all": (0.0, 1e10),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}

_BOX_OVERLAP: Final = 0.8
_ALMOST_ONE: Final = 1 - 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The G annotations of an image.

    Attributes:
        area: (G,) pixels.
        is_ignored: (G,) they have no points.
        is_crowd: (G,).
    """

    area: Float64
    is_ignored: Bool
    is_crowd: Bool


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The D detections of an image, best first, at most `MAX_DETECTIONS`.

    Attributes:
        score: (D,) descending.
        area: (D,) of their boxes, pixels.
        overlap: (D, G) of their boxes with the truths'.
    """

    score: Float64
    area: Float64
    overlap: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """One image's outcome at T thresholds.

    Attributes:
        score: (D,).
        is_matched, is_ignored: (T, D).
        n_truths: how many count.
    """

    score: Float64
    is_matched: Bool
    is_ignored: Bool
    n_truths: int


def match(truths: Truths, found: Detections, similarity: Float64, area_px: tuple[float, float]) -> Matches:
    """Assign detections to truths at every threshold, best detection first.

    Args:
        truths, found: of one image.
        similarity: (D, G) in [0, 1].
        area_px: truths outside of it are ignored, and so are unmatched detections.
    """
    is_ignored = truths.is_ignored | (truths.area < area_px[0]) | (truths.area > area_px[1])
    order = np.argsort(is_ignored, kind="stable")  # truths that count come first
    ignored, crowd = is_ignored[order], truths.is_crowd[order]
    shape = (len(THRESHOLDS), len(found.score))
    dt_matched = np.zeros(shape, dtype=bool)
    dt_ignored = np.full(shape, bool(ignored.all()))
    taken = np.zeros((len(THRESHOLDS), len(order)), dtype=bool)
    for at, threshold in enumerate(THRESHOLDS):
        for row, of_row in enumerate(similarity[:, order]):
            best = _best_truth(of_row, float(threshold), taken[at], ignored, crowd)
            if best >= 0:
                dt_ignored[at, row] = ignored[best]
                dt_matched[at, row] = taken[at, best] = True
    overlap = found.overlap[:, order]
    for row in np.flatnonzero(~dt_matched[-1]).tolist():
        under = _truth_under(overlap[row], taken[-1], crowd)
        if under >= 0:
            dt_ignored[:, row] = ignored[under]
            if ignored[under]:
                dt_matched[-1, row] = taken[-1, under] = True
    is_outside = (found.area < area_px[0]) | (found.area > area_px[1])
    return Matches(found.score, dt_matched, dt_ignored | (~dt_matched & is_outside), int((~ignored).sum()))


def _best_truth(similarity: Float64, threshold: float, taken: Bool, ignored: Bool, crowd: Bool) -> int:
    """Return the most similar truth that is free, -1 without one; an ignored one only where no other will do."""
    best, least = -1, min(threshold, _ALMOST_ONE)
    for truth, value in enumerate(similarity.tolist()):
        if taken[truth] and not crowd[truth]:
            continue
        if best >= 0 and not ignored[best] and ignored[truth]:
            break
        if value >= least and value > 0:
            best, least = truth, value
    return best


def _truth_under(overlap: Float64, taken: Bool, crowd: Bool) -> int:
    """Return the free truth whose box lies under a detection's, the last of equals, -1 without one."""
    best, least = -1, _BOX_OVERLAP
    for truth, value in enumerate(overlap.tolist()):
        if (crowd[truth] or not taken[truth]) and value >= least:
            best, least = truth, value
    return best


def precision_and_recall(images: Sequence[Matches]) -> tuple[Float64, Float64]:
    """Return precision (T, 101) at the recall points and the reached recall (T,); NaN where no truth counts."""
    n_truths = sum(image.n_truths for image in images)
    precision = np.full((len(THRESHOLDS), len(RECALLS)), np.nan)
    recall = np.full(len(THRESHOLDS), np.nan)
    if n_truths == 0:
        return precision, recall
    order = np.argsort(-np.concatenate([image.score for image in images]), kind="stable")
    matched = np.concatenate([image.is_matched for image in images], axis=1)[:, order]
    counts = ~np.concatenate([image.is_ignored for image in images], axis=1)[:, order]
    hits, misses = (matched & counts).cumsum(axis=1), (~matched & counts).cumsum(axis=1)
    for at in range(len(THRESHOLDS)):
        reached = hits[at] / n_truths
        exactness = hits[at] / (hits[at] + misses[at] + np.spacing(1))
        envelope = np.maximum.accumulate(exactness[::-1])[::-1]
        place = np.searchsorted(reached, RECALLS, side="left")
        precision[at] = np.append(envelope, 0.0)[np.minimum(place, len(envelope))]
        recall[at] = reached[-1] if len(reached) else 0.0
    return precision, recall


def summary(by_area: Mapping[str, Sequence[Matches]]) -> dict[str, float]:
    """Return AP and AR over all thresholds, at 0.50 and 0.75, and over all thresholds by area."""
    figures: dict[str, float] = {}
    for area, images in by_area.items():
        precision, recall = precision_and_recall(images)
        suffix = "" if area == "all" else f" {area}"
        figures |= {f"AP{suffix}": float(precision.mean()), f"AR{suffix}": float(recall.mean())}
        if area == "all":
            for threshold in (0.5, 0.75):
                at = int(np.argmin(np.abs(THRESHOLDS - threshold)))
                name = f" {threshold:.2f}"
                figures |= {f"AP{name}": float(precision[at].mean()), f"AR{name}": float(recall[at])}
    return figures
