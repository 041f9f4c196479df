"""What the pages of figures show, read from the kept sheets: nothing here grows with the number of people."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from annotator.models import Project, Stage
from qa.models import FigureSheet

# Humans on renders of the body, Gueler et al., CVPR 2018, section 3.
PAPER_AUC10, PAPER_AUC30 = 0.563, 0.835
_PACE_DAYS = 14
_MIN_DAYS = 3


@dataclass(frozen=True)
class Forecast:
    """Working days that `left` answers of a stage take, 95 % interval, at the pace of the last days worked."""

    left: int
    a_day: float
    low: int
    high: int


@dataclass(frozen=True)
class Comparison:
    """With suggestions less without: a difference of means with its 95 % interval."""

    n_with: int
    n_without: int
    mean_with_s: float
    mean_without_s: float
    difference_s: float
    low_s: float
    high_s: float
    corrected_with: float
    corrected_without: float


def sheet_of(project: Project, annotator: int | None = None) -> FigureSheet | None:
    """Return the kept sheet of a project or of one annotator, without its picture; None where there is none yet."""
    sheets = FigureSheet.objects.filter(project=project, annotator=annotator)
    return sheets.select_related("annotator").defer("vertex_error").first()


def vertex_error_of(project: Project, annotator: int | None) -> tuple[Any, Any] | None:
    """Return the picture's figures and when they were computed."""
    row = FigureSheet.objects.filter(project=project, annotator=annotator)
    return row.values_list("vertex_error", "computed_at").first()


def forecast(sheet: FigureSheet, stage: str, left: int, seed: int = 0) -> Forecast | None:
    """Return in how many working days `left` answers are given; None where too few days were worked to tell."""
    since = (timezone.localdate() - timedelta(days=_PACE_DAYS)).isoformat()
    worked = np.array(
        [day["answers"] for day in sheet.data.get("days", []) if day["stage"] == stage and day["day"] >= since]
    )
    if len(worked) < _MIN_DAYS or not left:
        return None
    rng = np.random.default_rng(seed)
    paces = rng.choice(worked, (500, len(worked))).mean(1)
    slow, fast = np.quantile(paces, [0.025, 0.975])
    return Forecast(left, round(float(worked.mean()), 1), math.ceil(left / fast), math.ceil(left / slow))


def comparison(sheet: FigureSheet) -> Comparison | None:
    """Return time with and without suggestions on tasks drawn at random; None where one side has under two answers."""
    sides = {side["assisted"]: side for side in sheet.data.get("assistance", [])}
    if not all(key in sides and sides[key]["n"] > 1 for key in (True, False)):
        return None
    shown, bare = sides[True], sides[False]
    error = math.sqrt(shown["deviation_s"] ** 2 / shown["n"] + bare["deviation_s"] ** 2 / bare["n"])
    difference = shown["mean_s"] - bare["mean_s"]
    return Comparison(
        shown["n"], bare["n"], shown["mean_s"], bare["mean_s"], difference, difference - 1.96 * error,
        difference + 1.96 * error, shown["corrected"] / shown["n"], bare["corrected"] / bare["n"],
    )  # fmt: skip


def days_of(sheet: FigureSheet, days: int = _PACE_DAYS) -> list[tuple[date, int, int]]:
    """Return (day, parts, points) of the last days; days without work are zeros."""
    found = {(row["day"], row["stage"]): row["answers"] for row in sheet.data.get("days", [])}
    today = timezone.localdate()
    return [
        (
            day,
            found.get((day.isoformat(), Stage.PARTS.value), 0),
            found.get((day.isoformat(), Stage.CORRESPONDENCE.value), 0),
        )
        for day in (today - timedelta(days=back) for back in reversed(range(days)))
    ]


def speed_of(sheet: FigureSheet, stage: str) -> list[tuple[str, float]]:
    """Return (day, median seconds) of the days worked, oldest first."""
    return [(row["day"], row["median_s"]) for row in sheet.data.get("days", []) if row["stage"] == stage]
