"""What a person detector is worth: COCO's average precision of boxes, and how often it is right at its threshold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from densepose.evaluation.matching import AREAS_PX, Detections, Matches, Truths, match, summary
from densepose.evaluation.scoring import box_overlap

if TYPE_CHECKING:
    from densepose.images import Rgb
    from densepose.people_finder import FoundPerson
    from densepose.training.pictures import Picture

MAX_BOXES: Final = 100  # of a picture, as COCO counts boxes; of surfaces it is `matching.MAX_DETECTIONS`
SMALLEST_PX: Final = 16.0  # people whose longest side is below are ignored: nobody can annotate them


class Finds(Protocol):
    """What is measured: `densepose.people_finder.PeopleFinder`, `densepose.predictor.Predictor` or their like."""

    def find(self, image: "Rgb") -> "list[FoundPerson]":
        """Return the people of a photograph, best first."""


def box_figures(finder: Finds, pictures: "Sequence[Picture]") -> dict[str, float]:
    """Return AP and AR of boxes, and the precision and recall at an overlap of 0.5 for the threshold of best F1.

    Args:
        finder: the detector; its own threshold should be low.
        pictures: annotated.
    """
    by_area: dict[str, list[Matches]] = {area: [] for area in AREAS_PX}
    for picture in pictures:
        people = finder.find(picture.pixels())[:MAX_BOXES]
        found = np.array([person.box.to_xywh() for person in people]).reshape(-1, 4)
        size = picture.boxes[:, 2:] - picture.boxes[:, :2]
        truth = np.concatenate([picture.boxes[:, :2], size], axis=1)
        is_ignored = picture.is_crowd | (size.max(axis=1, initial=0) < SMALLEST_PX)
        truths = Truths(size.prod(axis=1), is_ignored, picture.is_crowd)
        overlap = box_overlap(found, truth, picture.is_crowd)
        scores = np.array([person.score for person in people])
        detections = Detections(scores, found[:, 2:].prod(axis=1), np.zeros_like(overlap))
        for name, limits in AREAS_PX.items():
            by_area[name].append(match(truths, detections, overlap, limits))
    return {**summary(by_area), **best_f1(by_area["all"])}


def best_f1(images: Sequence[Matches]) -> dict[str, float]:
    """Return precision, recall and threshold where their harmonic mean at an overlap of 0.5 is largest."""
    score = np.concatenate([image.score for image in images])
    order = np.argsort(-score, kind="stable")
    is_right, counts = (
        np.concatenate(column)[order]
        for column in ([image.is_matched[0] for image in images], [~image.is_ignored[0] for image in images])
    )
    hits, misses = (is_right & counts).cumsum(), (~is_right & counts).cumsum()
    n_truths = max(sum(image.n_truths for image in images), 1)
    if len(order) == 0:
        return {"precision": 0.0, "recall": 0.0, "threshold": 1.0}
    precision, recall = hits / np.maximum(hits + misses, 1), hits / n_truths
    at = int(np.argmax(2 * precision * recall / np.maximum(precision + recall, 1e-9)))
    return {"precision": float(precision[at]), "recall": float(recall[at]), "threshold": float(score[order][at])}
