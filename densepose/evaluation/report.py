"""From the scores of all images to figures: a JSON document and the few lines that people read."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from body.intervals import mean_interval
from body.parts import CHARTS, PART_OF_CHART, PARTS
from body.similarity import AUC_LIMITS_M, auc, auc_by_person, point_similarity, rcp_curve
from densepose.evaluation.matching import AREAS_PX, match, summary
from densepose.evaluation.points import RULES
from densepose.evaluation.scoring import FOUND_OVERLAP, KINDS, ImageScore

CURVE_CM: Final = np.arange(0.0, 30.5, 0.5)

RULES_IN_WORDS: Final[dict[str, str]] = {
    "exact": "geodesic between the predicted and the annotated surface point",
    "closest-vertex": "the public evaluator's: U and V truncated to 1/255, then the vertex of the 27,554-vertex mesh"
    " that is closest in (U, V) within the chart, on both sides",
    "paper": "k = 0.255 m for every point",
    "coarse-parts": "the public evaluator's k of each coarse part",
    "GPS": "mean of exp(-g^2 / (2 k^2)) over a person's points",
    "GPSm": "sqrt(GPS x intersection over union of the masks)",
    "AUC": "mean of max(0, 1 - g / a) over all points; a point on background or of a person not found scores 0",
    "found": f"one detection a person, largest box overlap first, {FOUND_OVERLAP} at least",
}

_DIGITS: Final = 6
_PART_OF_CHART: Final = np.array(PART_OF_CHART)

Float64 = npt.NDArray[np.float64]


def report(scores: Sequence[ImageScore]) -> dict[str, Any]:
    """Return all figures of a run, ready for JSON (a figure that does not exist is None)."""
    chart = np.concatenate([np.zeros(0, np.uint8), *(score.chart for score in scores)])
    person = np.concatenate([np.zeros(0, np.int64), *(score.person for score in scores)])
    figures: dict[str, Any] = {
        "images": len(scores),
        "people": len(np.unique(person)),
        "points": len(person),
        "definitions": RULES_IN_WORDS,
        "points_by_rule": {},
        "precision": {},
    }
    for rule in RULES:
        errors = np.concatenate([np.zeros(0), *(score.error_m[rule] for score in scores)])
        figures["points_by_rule"][rule] = _points(errors, chart, person)
    for rule, definition, measure in KINDS:
        by_area = {
            area: [match(s.truths, s.found, s.similarity[rule, definition, measure], limits) for s in scores]
            for area, limits in AREAS_PX.items()
        }
        figures["precision"].setdefault(rule, {}).setdefault(definition, {})[measure] = summary(by_area)
    without_nan: dict[str, Any] = _sound(figures)
    return without_nan


def _points(errors: Float64, chart: npt.NDArray[np.uint8], person: npt.NDArray[np.int64]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    who, place, count = np.unique(person, return_inverse=True, return_counts=True)
    by_person: dict[str, Any] = {"person": who.tolist(), "points": count.tolist()}
    for limit_m in AUC_LIMITS_M:
        name = f"AUC@{round(100 * limit_m)}"
        figures[name] = auc(errors, limit_m)
        _, of_people = auc_by_person(errors, person, limit_m)
        figures[f"{name} mean over people"] = float(of_people.mean()) if len(of_people) else math.nan
        spread = mean_interval(who, of_people * count, count)
        figures[f"{name} 95% over people"] = [spread.low, spread.high] if spread else [math.nan, math.nan]
        by_person[name] = of_people.round(_DIGITS).tolist()
    similarity = np.bincount(place, weights=point_similarity(errors), minlength=len(who)) / count
    figures["by_person"] = by_person | {"GPS": similarity.round(_DIGITS).tolist()}
    is_placed = np.isfinite(errors)
    figures["median_cm"] = float(100 * np.median(errors)) if len(errors) else math.nan
    figures["background"] = float(np.mean(~is_placed)) if len(errors) else math.nan
    figures["rcp"] = {"cm": CURVE_CM.tolist(), "share": rcp_curve(errors, CURVE_CM / 100).tolist()}
    figures["by_chart"] = {
        f"{c.number} {c.name}": _short(errors[chart == c.number]) for c in CHARTS if (chart == c.number).any()
    }
    part = _PART_OF_CHART[chart]
    figures["by_part"] = {p.name: _short(errors[part == p.number]) for p in PARTS if (part == p.number).any()}
    return figures


def _short(errors: Float64) -> dict[str, float]:
    return {
        "points": len(errors),
        "AUC@10": auc(errors, AUC_LIMITS_M[0]),
        "AUC@30": auc(errors, AUC_LIMITS_M[1]),
        "background": float(np.mean(~np.isfinite(errors))),
    }


def _sound(value: Any) -> Any:
    """Return the same tree with None for what is not a number: JSON has no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: _sound(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sound(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def lines_of(figures: dict[str, Any]) -> list[str]:
    """Return what the command prints."""
    lines = [f"{figures['images']} images, {figures['people']} people, {figures['points']} points"]
    for rule, points in figures["points_by_rule"].items():
        areas = ", ".join(
            f"AUC@{limit} {_figure(points[f'AUC@{limit}'])} (people {_figure(points[f'AUC@{limit} mean over people'])})"
            for limit in (10, 30)
        )
        lines.append(f"{rule}: {areas}, background {_figure(points['background'])}")
    for rule, definitions in figures["precision"].items():
        for definition, measures in definitions.items():
            for measure, values in measures.items():
                shown = ", ".join(f"{name} {_figure(value)}" for name, value in values.items())
                lines.append(f"{measure}, {rule}, k of {definition}: {shown}")
    return lines


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
