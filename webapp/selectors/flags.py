"""Words for the habits of annotators that ask for a decision, read from the project's kept sheet."""

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import Stage, User
from annotator.natural_order import natural_key
from qa.models import FigureSheet

NAMES: Final = {
    "lazy": gettext_lazy("points on heaps"),
    "copying": gettext_lazy("answers like another's"),
    "drifting": gettext_lazy("error grows"),
    "swapping": gettext_lazy("swapped sides"),
    "hasty": gettext_lazy("very fast"),
}
_TEXTS: Final = {
    "lazy": gettext_lazy("In %(share)s %% of %(n)s parts all points lie on one spot; the bound is %(limit)s %%."),
    "copying": gettext_lazy(
        "%(count)s of %(n)s answers are nearer to an earlier one than chance allows: of %(others)s."
    ),
    "drifting": gettext_lazy("%(ratio)s times the error at first, over %(n)s answers; 95 %% interval %(ends)s."),
    "swapping": gettext_lazy(
        "%(stage)s: %(sides)s swapped in %(share)s %% of %(n)s places that could show it; the bound is %(limit)s %%."
    ),
    "hasty": gettext_lazy("%(stage)s: %(share)s %% of the usual time, over %(n)s answers; the bound is %(limit)s %%."),
}
_SIDES: Final = {
    "left_right": gettext_lazy("left and right"),
    "front_back": gettext_lazy("front and back"),
    "inner_outer": gettext_lazy("inner and outer"),
    "limbs": gettext_lazy("left and right limbs"),
}
_NAMED: Final = 4


def flag_rows(sheet: FigureSheet | None, annotator: int | None = None) -> list[dict[str, Any]]:
    """Return the flags of a project's sheet, or of one annotator in it, by name: who, which, and what was counted.

    Args:
        sheet: the project's own.
    """
    flags = [flag for flag in (sheet.data.get("flags", []) if sheet else []) if annotator in {None, flag["annotator"]}]
    wanted = {pk for flag in flags for pk in (flag["annotator"], *flag["others"])}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=wanted)}
    told = [
        {
            "id": flag["annotator"],
            "who": names.get(flag["annotator"], "–"),
            "kind": flag["kind"],
            "name": str(NAMES[flag["kind"]]),
            "text": str(_TEXTS[flag["kind"]]) % _told(flag, names),
        }
        for flag in flags
    ]
    return sorted(told, key=lambda row: (natural_key(row["who"]), row["id"]))


def some_of(names: Iterable[str]) -> str:
    """Return the first names of a list in words; that there are others is said, and not who."""
    known = sorted(names, key=natural_key)
    return _(", ").join([*known[:_NAMED], *([_("others")] if len(known) > _NAMED else [])])


def _told(flag: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    return {
        "n": flag["n"],
        "share": round(100 * flag["value"]),
        "limit": round(100 * flag["bound"]),
        "count": round(flag["value"]),
        "ratio": f"{flag['value']:.1f}",
        "ends": f"{flag['low']:.1f} – {flag['high']:.1f}" if flag["high"] is not None else "",
        "sides": str(_SIDES.get(flag.get("sides", ""), "")),
        "stage": Stage(flag["stage"]).label,
        "others": some_of(names.get(pk, "–") for pk in flag["others"]),
    }
