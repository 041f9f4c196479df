"""Figures of correspondence, read off the sums: agreement with intervals, by part, by chart, by week, swaps, curves."""

from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from body.parts import N_CHARTS, N_PARTS, PART_OF_CHART, part_by_number
from qa.models import Comparison
from qa.services.comparing import FIRST_WEEK
from qa.services.point_pairs import MILLION, UNITS_PER_CM
from qa.services.tallies import CHART_COLUMNS, View

KINDS: Final = {"between": int(Comparison.Kind.BETWEEN), "settled": int(Comparison.Kind.SETTLED)}
SWAPS: Final = ("left_right", "front_back", "inner_outer")
STATUSES: Final = {"placed": 1, "cannot_tell": 2, "not_this_part": 3}
_PART_OF_CHART: Final = np.array(PART_OF_CHART)
# Charts of parts whose two sides lie on one set of views: only there can an annotator mix up left and right.
_MIDDLE: Final = [chart for chart, part in enumerate(PART_OF_CHART) if part and part_by_number(part).side is None]


def reference_of(everyone: View) -> str:
    """Return what a project's sums are told against: what reviewers settled, where they settled any."""
    return "settled" if everyone["points_people"][KINDS["settled"]] else "between"


def points_figures(view: View, reference: str) -> dict[str, Any]:
    """Return one owner's figures of points as JSON: by kind of reference, and in detail against one."""
    kind = KINDS[reference]
    charts = view["chart"][kind]
    parts = np.zeros((N_PARTS + 1, len(CHART_COLUMNS)), np.int64)
    halves = np.zeros((N_PARTS + 1, view["chart_half_cm"].shape[-1]), np.int64)
    np.add.at(parts, _PART_OF_CHART, charts)
    np.add.at(halves, _PART_OF_CHART, view["chart_half_cm"][kind])
    main = _detail(view, kind)
    return {
        "reference": reference,
        "agreement": {name: _agreement(view, number) for name, number in KINDS.items()},
        "parts": [{"part": n} | row for n, row in _rows(parts, halves, range(1, N_PARTS + 1))],
        "charts": [
            {"chart": n, "part": PART_OF_CHART[n]} | row
            for n, row in _rows(charts, view["chart_half_cm"][kind], range(1, N_CHARTS + 1))
        ],
        "statuses": {name: int(view["alone"][status]) for name, status in STATUSES.items()},
        "weeks": weeks_of(view["points_week"][kind]),
        **main,
    }


def _agreement(view: View, kind: int) -> dict[str, Any] | None:
    """Return the scores of one kind of comparison with their intervals; None where nothing was compared."""
    over_pairs = ("mean_auc10", "mean_auc30", "gps", "gps_parts")
    units = {"auc10": ("n", 1000.0), "auc30": ("n", 3000.0), "cm": ("n", float(UNITS_PER_CM))}
    units |= dict.fromkeys(over_pairs, ("pairs", float(MILLION)))
    found = {name: view.interval("points", kind, name, over, unit) for name, (over, unit) in units.items()}
    if found["cm"] is None:
        return None
    scores = {name: interval.as_json() if interval else None for name, interval in found.items()}
    return {"points": int(view["mm"][kind].sum())} | _detail(view, kind) | scores


def _detail(view: View, kind: int) -> dict[str, Any]:
    mm = view["mm"][kind]
    totals, middle = (
        dict(zip(CHART_COLUMNS, charts.sum(0).tolist(), strict=True))
        for charts in (view["chart"][kind], view["chart"][kind][_MIDDLE])
    )
    n = totals["n"]
    return {
        "cm": round(totals["cm"] / n / UNITS_PER_CM, 3) if n else None,
        "median_cm": _median(mm, 0.1),
        "far": round(totals["far"] / n, 4) if n else None,
        "swaps": _share(middle["left_right"], middle["left_right_open"]),
        "swaps_by_kind": swaps_of(totals),
        "curve": _curve(mm),
        "said": _said(view["said"][kind]),
    }


def swaps_of(totals: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Return each kind of swap with the points that could show it; the share is of those."""
    return {
        name: {
            "n": totals[name], "open": totals[f"{name}_open"], "share": _share(totals[name], totals[f"{name}_open"])
        }
        for name in SWAPS
    }  # fmt: skip


def _share(n: int, total: int) -> float | None:
    return round(n / total, 5) if total else None


def _rows(
    sums: NDArray[np.int64], halves: NDArray[np.int64], numbers: range
) -> list[tuple[int, dict[str, Any]]]:  # fmt: skip
    found = []
    for number in numbers:
        totals = dict(zip(CHART_COLUMNS, sums[number].tolist(), strict=True))
        n = totals["n"]
        if n:
            row = {
                "n": n, "cm": round(totals["cm"] / n / UNITS_PER_CM, 3), "median_cm": _median(halves[number], 0.5),
                "far": round(totals["far"] / n, 4), "auc10": round(totals["auc10"] / n / 1000, 4),
                "auc30": round(totals["auc30"] / n / 3000, 4), "swaps": swaps_of(totals),
            }  # fmt: skip
            found.append((number, row))
    return found


def _median(histogram: NDArray[np.int64], step_cm: float) -> float | None:
    """Return the median, read between the borders of its bin."""
    total = int(histogram.sum())
    if not total:
        return None
    below = np.concatenate([[0], histogram.cumsum()])
    place = int(np.searchsorted(below, total / 2, side="left"))
    inside = (total / 2 - below[place - 1]) / histogram[place - 1]
    return round(float((place - 1 + inside) * step_cm), 2)


def _curve(mm: NDArray[np.int64]) -> list[float]:
    """Return the share of points nearer than 0, 1, 2 ... 30 cm."""
    total = int(mm.sum())
    below = np.concatenate([[0], mm.cumsum()])
    return [round(float(below[10 * cm] / total), 4) for cm in range(31)] if total else []


def _said(table: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    """Return how many points have each pair of answers, own first."""
    return {
        own: {other: int(table[status + 4 * theirs]) for other, theirs in STATUSES.items()}
        for own, status in STATUSES.items()
    }


def weeks_of(table: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return the mean distance of each week with answers, oldest first."""
    return [
        {
            "week": (FIRST_WEEK + timedelta(weeks=int(week))).isoformat(), "answers": int(pairs),
            "cm": round(cm / n / UNITS_PER_CM, 3), "auc10": round(auc10 / n / 1000, 4),
        }
        for week in np.flatnonzero(table[:, 1])
        for pairs, n, cm, auc10 in [table[week]]
    ]  # fmt: skip
