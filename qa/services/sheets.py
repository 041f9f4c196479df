"""Writes the figure sheets of a project and of its annotators; the pages only read them."""

import time
from datetime import date
from typing import Any, Final

import numpy as np
from django.db import transaction
from django.utils import timezone

from annotator.models import Project, Submission
from body.geodesics import GeodesicTable
from body.parts import PARTS
from qa.models import FigureSheet
from qa.services.intervals import mean_interval
from qa.services.measured import BETWEEN, N_VERTICES, SETTLED, AnswerRow, Measured, Side, Sums, measure_project
from qa.services.work_figures import work_figures

UNITS_PER_CM: Final = 25
NOT_MEASURED: Final = 255
# What one answer tells of the surface around it: a bell of this width, as annotators' errors vary slowly over the body.
_SPREAD_CM: Final = 2.5
_KINDS: Final = {"between": BETWEEN, "settled": SETTLED}


def write_sheets(project: Project, table: GeodesicTable | None) -> FigureSheet:
    """Compute and keep all figures of a project; without a table of distances, those of work and time alone.

    Returns:
        The project's own sheet.
    """
    started = time.monotonic()
    measured = measure_project(project, table) if table is not None else Measured()
    work, by_annotator = work_figures(project)
    now = timezone.now()
    newest = Submission.objects.filter(task__project=project).order_by("-pk").values_list("pk", flat=True).first()
    rows_of: dict[int, list[AnswerRow]] = {}
    for row in measured.rows:
        rows_of.setdefault(row.annotator, []).append(row)
    people = set(by_annotator) | set(measured.annotators)
    kind = measured.kind
    of_everyone = [row for row in measured.rows if row.is_first]
    everyone = work | _agreement(measured.everyone, of_everyone, kind) | {
        "is_measured": table is not None, "newest": newest, "seconds": round(time.monotonic() - started, 2),
        "annotators": [
            {"id": pk, **by_annotator.get(pk, {}), **_short(measured.annotators.get(pk), rows_of.get(pk, []), kind)}
            for pk in sorted(people)
        ],
    }  # fmt: skip
    with transaction.atomic():
        for pk in people:
            side, rows = measured.annotators.get(pk, Side()), rows_of.get(pk, [])
            data = by_annotator.get(pk, {}) | _agreement(side, rows, kind)
            _keep(project, pk, data, _painted(side.by_kind[kind], table), now)
        FigureSheet.objects.filter(project=project, annotator__isnull=False).exclude(annotator__in=people).delete()
        return _keep(project, None, everyone, _painted(measured.everyone.by_kind[kind], table), now)


def _keep(project: Project, annotator: int | None, data: dict[str, Any], vertex_error: Any, now: Any) -> FigureSheet:
    values = {"data": data, "vertex_error": vertex_error, "computed_at": now}
    sheet, _is_new = FigureSheet.objects.update_or_create(project=project, annotator_id=annotator, defaults=values)
    return sheet


def _agreement(side: Side, rows: list[AnswerRow], kind: int) -> dict[str, Any]:
    """Return agreement by kind of reference, and against one kind by part and over time, as JSON."""
    sums = side.by_kind[kind]
    n = float(sums.by_part[:, 0].sum())
    kinds = {name: _scores([row for row in rows if row.kind == number]) for name, number in _KINDS.items()}
    return {
        "reference": next(name for name, number in _KINDS.items() if number == kind),
        "agreement": kinds,
        "parts": [
            {"part": part.number, "n": int(count), "cm": round(cm / count, 3), "far": round(far / count, 4)}
            for part in PARTS
            for count, cm, far in [sums.by_part[part.number]]
            if count
        ],
        "cm": round(float(sums.by_part[:, 1].sum()) / n, 3) if n else None,
        "median_cm": sums.median_cm,
        "swaps": round(sums.swaps / n, 5) if n else None,
        "statuses": {"placed": int(side.statuses[1]), "cannot_tell": int(side.statuses[2]),
                     "not_this_part": int(side.statuses[3])},
        "curve": _curve(sums),
        "weeks": _weeks([row for row in rows if row.kind == kind]),
    }  # fmt: skip


def _scores(rows: list[AnswerRow]) -> dict[str, Any] | None:
    if not rows:
        return None
    person, n = np.array([row.person for row in rows]), np.array([row.n for row in rows])
    found: dict[str, Any] = {"points": int(n.sum())}
    for name in ("auc10", "auc30", "cm"):
        interval = mean_interval(person, np.array([getattr(row, name) for row in rows]), n)
        found[name] = interval.as_json() if interval else None
    return found


def _short(side: Side | None, rows: list[AnswerRow], kind: int) -> dict[str, Any]:
    """Return what the list of annotators tells of one."""
    scores = _scores([row for row in rows if row.kind == kind])
    if side is None or scores is None:
        return {"auc10": None, "cm": None, "swaps": None}
    sums = side.by_kind[kind]
    points = sums.by_part[:, 0].sum()
    return {"auc10": scores["auc10"], "cm": scores["cm"]["value"], "swaps": round(sums.swaps / points, 5)}


def _curve(sums: Sums) -> list[float]:
    """Return the share of points nearer than 0, 1, 2 ... 30 cm."""
    total = sums.histogram.sum()
    below = np.concatenate([[0], sums.histogram.cumsum()])
    return [round(float(below[2 * cm] / total), 4) for cm in range(31)] if total else []


def _weeks(rows: list[AnswerRow]) -> list[dict[str, Any]]:
    """Return the mean distance of each week with answers, oldest first."""
    weeks: dict[int, list[AnswerRow]] = {}
    for row in rows:
        weeks.setdefault((row.day - 1) // 7, []).append(row)
    return [
        {
            "week": date.fromordinal(week * 7 + 1).isoformat(),
            "answers": len(own),
            "cm": round(sum(row.cm for row in own) / sum(row.n for row in own), 3),
            "auc10": round(sum(row.auc10 for row in own) / sum(row.n for row in own), 4),
        }
        for week, own in sorted(weeks.items())
    ]


def _painted(sums: Sums, table: GeodesicTable | None) -> Any:
    """Return the mean distance around each vertex, as FigureSheet keeps it; None where nothing was measured."""
    n, cm = sums.by_vertex
    seen = np.flatnonzero(n)
    if table is None or not len(seen):
        return None
    weight, total = np.zeros(N_VERTICES), np.zeros(N_VERTICES)
    for begin in range(0, len(seen), 512):
        chosen = seen[begin : begin + 512]
        apart = table.vertex_distance_cm(chosen[:, None], np.arange(N_VERTICES)[None])
        bell = np.exp(-0.5 * (apart / _SPREAD_CM) ** 2)
        bell[apart > 4 * _SPREAD_CM] = 0
        weight += n[chosen] @ bell
        total += cm[chosen] @ bell
    units = np.full(N_VERTICES, NOT_MEASURED, np.uint8)
    told = weight > 1e-3
    units[told] = np.clip(total[told] / weight[told] * UNITS_PER_CM, 0, NOT_MEASURED - 1).astype(np.uint8)
    return units
