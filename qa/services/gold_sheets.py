"""Keeps the figures against known truth, of each annotator and of all together, so that pages only read them."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from django.utils import timezone

from annotator.models import Lease, Project, Stage
from body.intervals import mean_interval
from body.parts import PARTS
from qa.models import GoldScore, GoldSheet
from qa.services.told_figures import keep_told_gold

# The tutorial is for learning: what is tried there counts in no figure.
COUNTED: Final = (Lease.Purpose.CHECK, Lease.Purpose.EXAM)

_Row = dict[str, Any]


def write_gold_sheet(project: Project | int, annotator: int | None) -> GoldSheet:
    """Compute and keep the figures of one annotator, or of all together where `annotator` is None."""
    project_id = project.pk if isinstance(project, Project) else project
    scores = GoldScore.objects.filter(project=project_id, purpose__in=COUNTED)
    if annotator is not None:
        scores = scores.filter(annotator=annotator)
    rows: list[_Row] = [
        dict(row)
        for row in scores.order_by("submitted_at").values(
            "stage", "person_id", "value", "n", "placed", "sums", "submitted_at"
        )
    ]
    # An answer that placed nothing has no distance; it counts in how many points were placed.
    known = sum(row["n"] for row in rows if row["stage"] == Stage.CORRESPONDENCE)
    placed = sum(row["placed"] for row in rows if row["stage"] == Stage.CORRESPONDENCE)
    rows = [row for row in rows if row["value"] is not None]
    by_stage = {stage: [row for row in rows if row["stage"] == stage] for stage in Stage.values}
    data = {
        "parts": _parts(by_stage[Stage.PARTS]),
        "points": _points(by_stage[Stage.CORRESPONDENCE], placed / known if known else None),
        "weeks": _weeks(rows),
    }
    keep_told_gold(GoldSheet.objects.filter(project=project_id, annotator=annotator))
    values = {"data": data, "computed_at": timezone.now()}
    sheet, _is_new = GoldSheet.objects.update_or_create(project_id=project_id, annotator_id=annotator, defaults=values)
    return sheet


def _parts(rows: list[_Row]) -> dict[str, Any] | None:
    """Return the mean over people of the IoU of their parts, and the pooled IoU of each part."""
    if not rows:
        return None
    person, value = np.array([row["person_id"] for row in rows]), np.array([row["value"] for row in rows])
    interval = mean_interval(person, value, np.ones(len(rows), np.int64))
    by_part = _sums_by_part(rows, 2)
    return {
        "answers": len(rows),
        "iou": interval.as_json() if interval else None,
        "by_part": [{"part": part, "iou": round(inter / union, 4)} for part, (inter, union) in by_part.items()],
    }


def _points(rows: list[_Row], placed_share: float | None) -> dict[str, Any] | None:
    """Return mean distance and AUC, all points pooled, with intervals over people, and by part."""
    if not rows:
        return None
    person = np.array([row["person_id"] for row in rows])
    totals = np.array([_total(row["sums"]) for row in rows])  # (R, 4): points, cm, AUC@10, AUC@30
    found: dict[str, Any] = {"answers": len(rows), "points": int(totals[:, 0].sum())}
    for column, name in enumerate(("cm", "auc10", "auc30"), start=1):
        interval = mean_interval(person, totals[:, column], totals[:, 0].astype(np.int64))
        found[name] = interval.as_json() if interval else None
    found["placed_share"] = None if placed_share is None else round(placed_share, 4)
    found["by_part"] = [
        {"part": part, "n": int(n), "cm": round(cm / n, 3), "auc10": round(near / n, 4), "auc30": round(far / n, 4)}
        for part, (n, cm, near, far) in _sums_by_part(rows, 4).items()
    ]
    return found


def _weeks(rows: list[_Row]) -> list[dict[str, Any]]:
    """Return both figures of each week with checks, and how many answers told them, oldest first."""
    weeks: dict[str, dict[str, list[_Row]]] = {}
    for row in rows:
        day = timezone.localtime(row["submitted_at"]).date()
        monday = day.fromordinal(day.toordinal() - day.weekday()).isoformat()
        weeks.setdefault(monday, {stage: [] for stage in Stage.values})[row["stage"]].append(row)
    told = []
    for monday, found in sorted(weeks.items()):
        points = np.sum([_total(row["sums"]) for row in found[Stage.CORRESPONDENCE]] or [np.zeros(4)], axis=0)
        ious = [row["value"] for row in found[Stage.PARTS]]
        told.append(
            {
                "week": monday,
                "parts_answers": len(ious),
                "points_answers": len(found[Stage.CORRESPONDENCE]),
                "iou": round(float(np.mean(ious)), 4) if ious else None,
                "auc10": round(float(points[2] / points[0]), 4) if points[0] else None,
                "auc30": round(float(points[3] / points[0]), 4) if points[0] else None,
            }
        )
    return told


def _total(sums: dict[str, list[float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.sum([np.array(row, np.float64) for row in sums.values()], axis=0) if sums else np.zeros(4)


def _sums_by_part(rows: Iterable[_Row], width: int) -> dict[int, list[float]]:
    """Return the sums of each part over all rows, in the order of part numbers."""
    found: dict[int, list[float]] = {}
    for row in rows:
        for part, sums in row["sums"].items():
            have = found.setdefault(int(part), [0.0] * width)
            found[int(part)] = [a + b for a, b in zip(have, sums, strict=True)]
    return {part.number: found[part.number] for part in PARTS if part.number in found}
