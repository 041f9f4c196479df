"""Words and rows for the pages of figures."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from annotator.models import Project, Submission, User
from annotator.natural_order import natural_key
from body.parts import PARTS, part_by_number
from qa.models import FigureSheet
from qa.selectors.figures import PAPER_AUC10, PAPER_AUC30, effects_of_help
from webapp.selectors.figures_detail import limb_name, map_agreement

LATEST = 8


@dataclass(frozen=True)
class AgreementRow:
    """One kind of agreement: what is compared with what, over how many people, and the two areas with intervals."""

    mark: str
    label: str
    people: int | None
    auc10: dict[str, Any]
    auc30: dict[str, Any]
    cm: dict[str, Any] | None


def agreement_rows(sheet: FigureSheet) -> list[AgreementRow]:
    """Return the rows of the table beside the interval plots; the paper's humans last."""
    labels = (("between", "dot", _("between annotators")), ("settled", "square", _("against settled by reviewers")))
    rows = []
    for key, mark, label in labels:
        found = sheet.data.get("agreement", {}).get(key)
        if found:
            auc10, auc30 = found["auc10"], found["auc30"]
            rows.append(AgreementRow(mark, label, auc10["people"], auc10, auc30, found["cm"]))
    paper = {"low": None, "high": None}
    rows.append(
        AgreementRow(
            "line", _("published, human"), None, paper | {"value": PAPER_AUC10}, paper | {"value": PAPER_AUC30}, None
        )
    )
    return rows


def agreement_card(sheet: FigureSheet) -> dict[str, Any]:
    """Return what the card of agreement shows: points, label maps, the mean distance by week."""
    return {
        "agreement": agreement_rows(sheet),
        "map_agreement": map_agreement(sheet),
        "weeks": [(row["week"], row["cm"], row["answers"]) for row in sheet.data["weeks"]],
    }


def part_rows(sheet: FigureSheet) -> list[dict[str, Any]]:
    """Return the mean error of each limb, right and left, in the order of the work."""
    found = {row["part"]: row for row in sheet.data.get("parts", [])}
    rows = []
    for part in sorted(PARTS, key=lambda part: part.digit):
        if part.side == "left":
            continue
        row: dict[str, Any] = {"name": limb_name(part.number)}
        if part.side is None:
            row["both"] = found.get(part.number)
        else:
            row["right"], row["left"] = found.get(part.number), found.get(part.mirror)
        rows.append(row)
    return rows


def worst_words(sheet: FigureSheet) -> str:
    """Return a sentence about the parts that carry most of the error."""
    rows = sheet.data.get("parts", [])
    total = sum(row["n"] * row["cm"] for row in rows)
    if not total:
        return ""
    first, *rest = sorted(rows, key=lambda row: -row["n"] * row["cm"])
    # "Torso and right upper leg": only the first begins the sentence.
    names = [_(part_by_number(row["part"]).name) for row in (first, *rest[:1])]
    names[1:] = [name[:1].lower() + name[1:] for name in names[1:]]
    share = 100 * sum(row["n"] * row["cm"] for row in (first, *rest[:1])) / total
    both = _(" and ").join(names)
    return _("%(parts)s carry %(share)d %% of all error.") % {"parts": both, "share": share}


def annotator_rows(sheet: FigureSheet, flags: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """Return the annotators of a project's sheet with names and kinds of flags, most answers first, then by name.

    Args:
        flags: as flag_rows tells them; each annotator gets its own, once a name, with all that was counted.
    """
    habits: dict[int, dict[str, str]] = {}
    kinds: dict[int, set[str]] = {}
    for flag in flags or []:
        kinds.setdefault(flag["id"], set()).add(flag["kind"])
        named = habits.setdefault(flag["id"], {})
        named[flag["name"]] = " ".join(filter(None, [named.get(flag["name"]), flag["text"]]))
    rows = sheet.data.get("annotators", [])
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=[row["id"] for row in rows])}
    told = [
        {
            **row,
            "name": names.get(row["id"], "–"),
            "habits": habits.get(row["id"], {}),
            "kinds": kinds.get(row["id"], set()),
            "parts": row.get("stages", {}).get("parts", {}),
            "points": row.get("stages", {}).get("correspondence", {}),
        }
        for row in rows
    ]
    return sorted(told, key=lambda row: (-_answers(row), natural_key(row["name"])))


def _answers(row: dict[str, Any]) -> int:
    return int(row["parts"].get("answers", 0) + row["points"].get("answers", 0))


def effect_rows(sheet: FigureSheet) -> list[dict[str, Any]]:
    """Return what help does to time and agreement, in words and with the digits that each is told with."""
    names = {"time_s": _("seconds a person"), "agreement": _("agreement, IoU or AUC@10")}
    return [
        {"stage": effect.stage.label, "name": names[effect.measure], "effect": effect,
         "digits": 1 if effect.measure == "time_s" else 3,
         "is_certain": effect.low > 0 or effect.high < 0}
        for effect in effects_of_help(sheet)
    ]  # fmt: skip


def latest_work(project: Project, annotator: int) -> list[Submission]:
    """Return someone's newest answers with their people."""
    return list(
        Submission.objects.filter(task__project=project, annotator=annotator)
        .select_related("task__person__image", "sent_back")
        .defer("label_map", "triangle", "weights", "click", "task__person__mask", "task__person__source")
        .order_by("-pk")[:LATEST]
    )
