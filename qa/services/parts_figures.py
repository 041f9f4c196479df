"""Figures of part segmentation, read off the sums: IoU with intervals, by part, swapped limbs, confusion."""

from datetime import timedelta
from typing import Any

import numpy as np

from body.parts import N_PARTS
from qa.services.comparing import FIRST_WEEK
from qa.services.parts_agreement import LIMBS
from qa.services.point_pairs import MILLION
from qa.services.points_figures import KINDS
from qa.services.tallies import PART_COLUMNS, PARTS_COLUMNS, View


def parts_figures(view: View) -> dict[str, Any]:
    """Return one owner's figures of label maps as JSON, by kind of reference; None where nothing was compared."""
    return {name: _agreement(view, kind) for name, kind in KINDS.items()}


def _agreement(view: View, kind: int) -> dict[str, Any] | None:
    scores = {name: view.interval("parts", kind, name, "pairs", MILLION) for name in PARTS_COLUMNS[1:]}
    if scores["iou"] is None:
        return None
    weeks = view["parts_week"][kind]
    return {
        "pairs": int(view["parts"][kind, 0, 0]),
        **{name: interval.as_json() if interval else None for name, interval in scores.items()},
        "parts": [row for part in range(1, N_PARTS + 1) if (row := _part(view, kind, part))],
        "limbs": [
            {"right": right, "left": left, "pairs": int(n), "swapped": int(swapped)}
            for (right, left), (n, swapped) in zip(LIMBS, view["limb"][kind], strict=True)
        ],
        "confusion": view["confusion"][kind].tolist(),
        "weeks": [
            {
                "week": (FIRST_WEEK + timedelta(weeks=int(week))).isoformat(), "answers": int(weeks[week, 0]),
                "iou": round(float(weeks[week, 1] / weeks[week, 0] / MILLION), 4),
            }
            for week in np.flatnonzero(weeks[:, 0])
        ],
    }  # fmt: skip


def _part(view: View, kind: int, part: int) -> dict[str, Any] | None:
    """Return how well a part agrees: IoU counts 0 where only one has it; borders are told where both have it."""
    totals = dict(zip(PART_COLUMNS, view["part"][kind, part].tolist(), strict=True))
    if not totals["either"]:
        return None
    pixels = view["confusion"][kind]
    same, union = pixels[part, part], pixels[part].sum() + pixels[:, part].sum() - pixels[part, part]
    return {
        "part": part, "pairs": totals["either"], "iou": round(totals["iou"] / totals["either"] / MILLION, 4),
        "pooled_iou": round(float(same / union), 4) if union else None,
        "boundary_px": round(totals["boundary"] / totals["both"] / 1000, 2) if totals["both"] else None,
        "own_only": totals["own_only"], "other_only": totals["other_only"],
    }  # fmt: skip
