"""Rows of the page that shows one sheet in full: the curve of points, swaps, charts, label maps."""

from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import User
from body.parts import N_PARTS, PART_OF_CHART, PARTS, part_by_number
from labels.label_maps import BACKGROUND
from qa.models import FigureSheet

KIND_LABELS: Final = {
    "between": ("dot", gettext_lazy("between annotators")),
    "settled": ("square", gettext_lazy("against settled by reviewers")),
}
SWAP_LABELS: Final = {
    "left_right": gettext_lazy("left and right"),
    "front_back": gettext_lazy("front and back"),
    "inner_outer": gettext_lazy("inner and outer"),
}
SAID_LABELS: Final = {
    "placed": gettext_lazy("placed"),
    "cannot_tell": gettext_lazy("cannot tell"),
    "not_this_part": gettext_lazy("not this part"),
}
SHOWN_CM: Final = (1, 2, 5, 10, 20, 30)
_MOST_CONFUSED: Final = 10


class Curve(NamedTuple):
    """The share of points nearer than 0, 1 ... 30 cm, of one kind of comparison."""

    mark: str
    label: str
    shares: list[float]
    shown: list[float]


def swap_rows(sheet: FigureSheet) -> list[tuple[Any, dict[str, Any]]]:
    """Return each kind of swap with how many points were swapped, of how many that could show it."""
    points = sheet.data["agreement"].get(sheet.data["reference"])
    return [(label, points["swaps_by_kind"][name]) for name, label in SWAP_LABELS.items()] if points else []


def detail_of(sheet: FigureSheet) -> dict[str, Any]:
    """Return everything that the page shows, by name; what was not measured is empty."""
    data = sheet.data
    points = data["agreement"].get(data["reference"])
    parts = data.get("parts_agreement") or {}
    maps = parts.get(data["reference"]) or parts.get("between")
    return {
        "curves": _curves(data["agreement"]),
        "shown_cm": SHOWN_CM,
        "gps": [
            (label, found["points"], found["gps"], found["gps_parts"], found["median_cm"])
            for name, (_mark, label) in KIND_LABELS.items()
            if (found := data["agreement"].get(name))
        ],
        "swaps": swap_rows(sheet),
        "said": _said(points["said"]) if points else [],
        "said_labels": SAID_LABELS.values(),
        "charts": chart_rows(sheet),
        "maps": map_agreement(sheet),
        "map_parts": _map_parts(maps) if maps else [],
        "limbs": [row | {"name": limb_name(row["right"])} for row in maps["limbs"] if row["pairs"]] if maps else [],
        "confused": confused_rows(maps["confusion"]) if maps else [],
        "pairs": pair_rows(sheet),
        "map_weeks": [(row["week"], row["iou"], row["answers"]) for row in maps["weeks"]] if maps else [],
    }


def map_agreement(sheet: FigureSheet) -> list[tuple[Any, dict[str, Any]]]:
    """Return what is compared with what, and how well the label maps agree; kinds without pairs are left out."""
    parts = sheet.data.get("parts_agreement") or {}
    return [(label, found) for name, (_mark, label) in KIND_LABELS.items() if (found := parts.get(name))]


def _curves(agreement: dict[str, Any]) -> list[Curve]:
    found = []
    for name, (mark, label) in KIND_LABELS.items():
        shares = (agreement.get(name) or {}).get("curve")
        if shares:
            found.append(Curve(mark, str(label), shares, [shares[cm] for cm in SHOWN_CM]))
    return found


def _said(table: dict[str, dict[str, int]]) -> list[tuple[Any, list[int]]]:
    return [(label, [table[own][other] for other in SAID_LABELS]) for own, label in SAID_LABELS.items()]


def chart_rows(sheet: FigureSheet) -> list[dict[str, Any]]:
    """Return the figures of each chart with the name of its part, the worst first."""
    rows = [
        row | {"name": _(part_by_number(PART_OF_CHART[row["chart"]]).name), "left_right": row["swaps"]["left_right"]}
        for row in sheet.data.get("charts", [])
    ]
    return sorted(rows, key=lambda row: -row["cm"])


def _map_parts(maps: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the agreement of each part in the order of the work."""
    found = {row["part"]: row for row in maps["parts"]}
    ordered = sorted(PARTS, key=lambda part: (part.digit, part.side == "left"))
    return [found[part.number] | {"name": _(part.name)} for part in ordered if part.number in found]


def limb_name(part: int) -> str:
    """Return the name of a part without its side."""
    return _(part_by_number(part).limb.replace("_", " ").capitalize())


def pair_rows(sheet: FigureSheet) -> list[dict[str, Any]]:
    """Return the pairs of annotators who differ most on points, with names."""
    rows = sheet.data.get("pairs", [])
    names = User.objects.in_bulk({pk for row in rows for pk in row["annotators"]})
    return [row | {"names": [str(names.get(pk, "–")) for pk in row["annotators"]]} for row in rows]


def label_name(label: int) -> str:
    """Return the name of a label of a label map."""
    return _("background") if label == BACKGROUND else _(part_by_number(label).name)


def confused_rows(confusion: list[list[int]]) -> list[dict[str, Any]]:
    """Return the labels that were most taken for another, by pixels: (15, 15) counts, own first."""
    pairs = [
        (confusion[own][other], own, other)
        for own in range(N_PARTS + 1)
        for other in range(N_PARTS + 1)
        if own != other and confusion[own][other]
    ]
    return [
        {"own": label_name(own), "other": label_name(other), "pixels": pixels, "share": pixels / sum(confusion[own])}
        for pixels, own, other in sorted(pairs, reverse=True)[:_MOST_CONFUSED]
    ]
