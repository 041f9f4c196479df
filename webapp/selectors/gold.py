"""Words and rows for the figures against known truth; nothing in them tells which people were checks."""

from typing import Any

from django.utils.translation import gettext as _

from body.parts import PARTS
from qa.models import GoldSheet
from qa.selectors.figures import PAPER_AUC10, PAPER_AUC30
from webapp.selectors.figures import AgreementRow


def gold_card(sheet: GoldSheet) -> dict[str, Any]:
    """Return what the card of one annotator, or of all together, shows."""
    data = sheet.data
    points, parts = data.get("points"), data.get("parts")
    rows = []
    if points:
        auc10, auc30 = points["auc10"], points["auc30"]
        rows.append(AgreementRow("dot", _("against known truth"), auc10["people"], auc10, auc30, points["cm"]))
        paper = {"low": None, "high": None}
        rows.append(
            AgreementRow(
                "line",
                _("published, human"),
                None,
                paper | {"value": PAPER_AUC10},
                paper | {"value": PAPER_AUC30},
                None,
            )
        )
    return {
        "rows": rows, "parts": parts, "points": points, "by_part": _by_part(data),
        "placed_percent": round(100 * points["placed_share"]) if points and points["placed_share"] else None,
        "weeks_iou": _weeks(data, "iou", "parts"),
        "weeks_auc10": _weeks(data, "auc10", "points"),
        "computed_at": sheet.computed_at,
    }  # fmt: skip


def _weeks(data: dict[str, Any], figure: str, answers: str) -> list[tuple[str, float, int | None]]:
    """Return (week, figure, answers) of the weeks that have the figure; how many answers was not always kept."""
    found = [(week["week"], week[figure], week.get(f"{answers}_answers")) for week in data["weeks"]]
    return [row for row in found if row[1] is not None]


def _by_part(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row a part, in the order of the work: IoU, distance, AUC."""
    iou = {row["part"]: row["iou"] for row in (data.get("parts") or {}).get("by_part", [])}
    points = {row["part"]: row for row in (data.get("points") or {}).get("by_part", [])}
    return [
        {"part": part.number, "name": _(part.name), "iou": iou.get(part.number),
         "points": points.get(part.number)}
        for part in sorted(PARTS, key=lambda part: (part.digit, part.side or ""))
        if part.number in iou or part.number in points
    ]  # fmt: skip
