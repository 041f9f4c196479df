"""What the pages of figures show, read from the kept sheets: nothing here grows with the number of people."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from annotator.models import Membership, Project, Stage
from annotator.permissions import may_browse
from qa.models import FigureSheet
from qa.services.told_figures import as_told

# Humans on renders of the body, Gueler et al., CVPR 2018, section 3.
PAPER_AUC10, PAPER_AUC30 = 0.563, 0.835
_PACE_DAYS = 14
_MIN_DAYS = 2


@dataclass(frozen=True)
class Forecast:
    """Working days that `left` answers of a stage take, 95 % interval, at the pace of the last days worked."""

    left: int
    low: int
    high: int


@dataclass(frozen=True)
class Effect:
    """What help does to one measure of a stage: means over tasks drawn to have it and not to, and their difference.

    `low` and `high` are the difference's 95 % interval; `corrected` is the share of answers that a reviewer bettered or
    sent back, with and without, told beside the time.
    """

    stage: Stage
    measure: str
    tasks_with: int
    tasks_without: int
    mean_with: float
    mean_without: float
    difference: float
    low: float
    high: float
    corrected: tuple[float, float] | None


def sheet_of(project: Project, annotator: int | None = None) -> FigureSheet | None:
    """Return the kept sheet of a project or of one annotator, without its picture; None where there is none yet."""
    sheets = FigureSheet.objects.filter(project=project, annotator=annotator)
    return sheets.select_related("annotator").defer("vertex_error", "told", "told_vertex_error").first()


def sheet_for(membership: Membership, annotator: int | None) -> FigureSheet | None:
    """Return a sheet of a member's project as the member is told it: who may not browse reads that of this morning."""
    sheet = sheet_of(membership.project, annotator)
    return sheet if may_browse(membership) else as_told(sheet)


def vertex_error_for(membership: Membership, annotator: int | None) -> Any:
    """Return the figures of the body's picture as a member is told them; None without any."""
    sheets = FigureSheet.objects.filter(project=membership.project, annotator=annotator)
    if may_browse(membership):
        return sheets.values_list("vertex_error", flat=True).first()
    shown = as_told(sheets.first())
    return shown.vertex_error if shown else None


def forecast(sheet: FigureSheet, stage: str, left: int) -> Forecast | None:
    """Return in how many working days `left` answers are given; None where too few whole days were worked to tell."""
    today = timezone.localdate()
    since = today - timedelta(days=_PACE_DAYS)
    worked = np.array(
        [
            day["answers"]
            for day in sheet.data.get("days", [])
            if day["stage"] == stage and since.isoformat() <= day["day"] < today.isoformat()
        ]
    )
    if len(worked) < _MIN_DAYS or not left:
        return None
    rng = np.random.default_rng(0)
    paces = rng.choice(worked, (500, len(worked))).mean(1)
    slow, fast = np.quantile(paces, [0.025, 0.975])
    return Forecast(left, math.ceil(left / fast), math.ceil(left / slow))


def effects_of_help(sheet: FigureSheet) -> list[Effect]:
    """Return what help changes, of each stage and measure ("time_s", "agreement") with two tasks on either side."""
    found = []
    for stage in Stage:
        for measure, sides in sheet.data.get("assistance", {}).get(stage.value, {}).items():
            if all(sides.get(side, {"tasks": 0})["tasks"] > 1 for side in ("with", "without")):
                found.append(_effect(stage, measure, sides["with"], sides["without"]))
    return found


def _effect(stage: Stage, measure: str, shown: dict[str, Any], bare: dict[str, Any]) -> Effect:
    error = math.sqrt(sum(side["deviation"] ** 2 / side["tasks"] for side in (shown, bare)))
    difference = shown["mean"] - bare["mean"]
    return Effect(
        stage, measure, shown["tasks"], bare["tasks"], shown["mean"], bare["mean"], difference,
        difference - 1.96 * error, difference + 1.96 * error,
        (shown["corrected"], bare["corrected"]) if "corrected" in shown else None,
    )  # fmt: skip


def seconds_a_point(sheet: FigureSheet) -> float | None:
    """Return the working time of all answers to points over the points that they answered; None without any."""
    points = sum(sheet.data["statuses"].values())
    work = sheet.data["stages"].get(Stage.CORRESPONDENCE.value)
    return 3600 * float(work["hours"]) / points if work and points else None


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


def speed_of(sheet: FigureSheet, stage: str) -> list[tuple[str, float, int]]:
    """Return (day, median seconds, answers) of the days worked, oldest first."""
    return [
        (row["day"], row["median_s"], row["answers"]) for row in sheet.data.get("days", []) if row["stage"] == stage
    ]
