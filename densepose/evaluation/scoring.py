"""One image's people against its truth: similarities of all pairs, and the errors of every annotated point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from body.parts import PART_OF_CHART
from body.similarity import Definition, point_similarity
from densepose.evaluation.matching import MAX_DETECTIONS, Detections, Truths
from densepose.evaluation.points import RULES, Metric, Rule, distances_m, predicted_surface, true_surface
from densepose.evaluation.truth import TrueImage, TruePerson, TruePoints, placed

if TYPE_CHECKING:
    from densepose.predictor import PersonSurface

Float64 = npt.NDArray[np.float64]
Measure = Literal["GPS", "GPSm"]
Kind = tuple[Rule, Definition, Measure]

DEFINITIONS: Final[tuple[Definition, ...]] = ("paper", "coarse-parts")
KINDS: Final[tuple[Kind, ...]] = tuple(
    (rule, definition, measure) for rule in RULES for definition in DEFINITIONS for measure in ("GPS", "GPSm")
)
FOUND_OVERLAP: Final = 0.5  # boxes of a person and its detection; below it the person was not found

_PART_OF_CHART: Final = np.array(PART_OF_CHART, dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class ImageScore:
    """What one image contributes.

    Attributes:
        truths, found: of the image.
        similarity: (D, G) for each kind; 0 for truths without points.
        chart: (N,) annotated chart of the points of all its people.
        person: (N,) their annotation's id.
        error_m: (N,) for each rule; inf on background, outside the box, or where the person was not found.
    """

    truths: Truths
    found: Detections
    similarity: dict[Kind, Float64]
    chart: npt.NDArray[np.uint8]
    person: npt.NDArray[np.int64]
    error_m: dict[Rule, Float64]


def score_image(truth: TrueImage, people: "Sequence[PersonSurface]", metric: Metric, is_given: bool) -> ImageScore:
    """Compare the people of one image.

    Args:
        truth: of the image.
        people: what a network says of it; with boxes given, one for each person with points, in their order.
        metric: geodesics.
        is_given: each person is compared with its own box; else with the detection whose box overlaps it most.

    Precision and recall are of the MAX_DETECTIONS best; points count for everybody whose box was given.
    """
    order = np.argsort([-person.score for person in people], kind="stable")[:MAX_DETECTIONS].tolist()
    best = [people[number] for number in order]
    boxes = np.array([person.box.to_xywh() for person in best], dtype=np.float64).reshape(-1, 4)
    is_crowd = np.array([person.is_crowd for person in truth.people], dtype=bool)
    true_boxes = np.array([person.box.to_xywh() for person in truth.people], dtype=np.float64).reshape(-1, 4)
    overlap = box_overlap(boxes, true_boxes, is_crowd)
    with_points = [(column, p, p.points) for column, p in enumerate(truth.people) if p.points is not None]
    errors = {column: _errors(points, best, metric) for column, _, points in with_points}
    columns = [column for column, _, _ in with_points]
    own = _given(errors, with_points, people, order, metric) if is_given else _found(errors, overlap)
    return ImageScore(
        Truths(
            np.array([person.area for person in truth.people], dtype=np.float64),
            np.array([person.points is None for person in truth.people], dtype=bool),
            is_crowd,
        ),
        Detections(np.array([p.score for p in best], dtype=np.float64), boxes[:, 2] * boxes[:, 3], overlap),
        _similarities(errors, truth, best, is_crowd),
        np.concatenate([np.zeros(0, np.uint8), *(points.chart for _, _, points in with_points)]),
        np.concatenate([np.zeros(0, np.int64), *(np.full(len(points), p.id) for _, p, points in with_points)]),
        {rule: np.concatenate([np.zeros(0), *(own[column][rule] for column in columns)]) for rule in RULES},
    )


def _errors(points: TruePoints, people: "Sequence[PersonSurface]", metric: Metric) -> dict[Rule, Float64]:
    """Return for each rule the errors (D, N) in metres of a person's points under every detection."""
    errors: dict[Rule, Float64] = {}
    for rule in RULES:
        truth = true_surface(points, rule)
        rows = [distances_m(metric, truth, predicted_surface(person, points.xy, rule)) for person in people]
        errors[rule] = np.array(rows, dtype=np.float64).reshape(len(people), len(points))
    return errors


def _similarities(
    errors: dict[int, dict[Rule, Float64]],
    truth: TrueImage,
    people: "Sequence[PersonSurface]",
    is_crowd: npt.NDArray[np.bool_],
) -> dict[Kind, Float64]:
    shape = (len(people), len(truth.people))
    mask_overlap = _mask_overlap(truth, people, is_crowd)
    similarity: dict[Kind, Float64] = {}
    for rule in RULES:
        for definition in DEFINITIONS:
            gps = np.zeros(shape)
            for column, of_rule in errors.items():
                gps[:, column] = _gps(of_rule[rule], truth.people[column], definition)
            similarity[rule, definition, "GPS"] = gps
            similarity[rule, definition, "GPSm"] = np.sqrt(gps * mask_overlap)
    return similarity


def _gps(errors: Float64, person: TruePerson, definition: Definition) -> Float64:
    """Return the mean similarity (D,) of a person's points from errors (D, N); 0 where it has no points."""
    if person.points is None or errors.size == 0:
        return np.zeros(len(errors))
    parts = np.tile(_PART_OF_CHART[person.points.chart], len(errors))
    return np.asarray(point_similarity(errors.ravel(), parts, definition).reshape(errors.shape).mean(axis=1))


def _given(
    errors: dict[int, dict[Rule, Float64]],
    with_points: Sequence[tuple[int, TruePerson, TruePoints]],
    people: "Sequence[PersonSurface]",
    order: list[int],
    metric: Metric,
) -> dict[int, dict[Rule, Float64]]:
    """Return each person's errors (N,) under the result that was asked for it, whether among the best or not."""
    own = {}
    for number, (column, _, points) in enumerate(with_points):
        is_best = number in order
        rows = errors[column] if is_best else _errors(points, [people[number]], metric)
        own[column] = {rule: of_rule[order.index(number) if is_best else 0] for rule, of_rule in rows.items()}
    return own


def _found(errors: dict[int, dict[Rule, Float64]], overlap: Float64) -> dict[int, dict[Rule, Float64]]:
    """Return each person's errors (N,) under the detection that found it, inf where none did."""
    owner = _owners(overlap, list(errors))
    return {
        column: {
            rule: of_rule[owner[column]] if column in owner else np.full(of_rule.shape[1], np.inf)
            for rule, of_rule in of_person.items()
        }
        for column, of_person in errors.items()
    }


def _owners(overlap: Float64, columns: list[int]) -> dict[int, int]:
    """Return the row of the detection that found each truth, one for one, the largest overlap first."""
    pairs = sorted(
        ((overlap[row, column], -row, column) for row in range(len(overlap)) for column in columns), reverse=True
    )
    owner: dict[int, int] = {}
    for value, minus_row, column in pairs:
        if value >= FOUND_OVERLAP and column not in owner and -minus_row not in owner.values():
            owner[column] = -minus_row
    return owner


def box_overlap(found: Float64, truth: Float64, is_crowd: npt.NDArray[np.bool_]) -> Float64:
    """Return intersection over union (D, G) of boxes XYWH; over the detection alone where the truth is a crowd."""
    low = np.maximum(found[:, None, :2], truth[None, :, :2])
    high = np.minimum(found[:, None, :2] + found[:, None, 2:], truth[None, :, :2] + truth[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    own, other = found[:, 2:].prod(axis=1)[:, None], truth[:, 2:].prod(axis=1)
    return np.asarray(shared / np.where(is_crowd, own, own + other - shared))


def _mask_overlap(truth: TrueImage, people: "Sequence[PersonSurface]", is_crowd: npt.NDArray[np.bool_]) -> Float64:
    """Return intersection over union (D, G) of masks, as `box_overlap`; 0 where both are empty."""
    shape = (-1, truth.size[0] * truth.size[1])
    true_masks = np.array([person.mask(truth.size) for person in truth.people], dtype=np.float32).reshape(shape)
    masks = [placed(p.surface.chart > 0, p.window.x, p.window.y, p.box, truth.size) for p in people]
    found = np.array(masks, dtype=np.float32).reshape(shape)
    shared = (found @ true_masks.T).astype(np.float64)
    own, other = found.sum(axis=1, dtype=np.float64)[:, None], true_masks.sum(axis=1, dtype=np.float64)
    union = np.where(is_crowd, own, own + other - shared)
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
