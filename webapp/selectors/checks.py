"""Words and rows of the checks page."""

from collections.abc import Iterable
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.models import Stage
from qa.models import AutomaticAct
from qa.selectors.gold import CheckedMember


def act_rows(acts: Iterable[AutomaticAct]) -> list[dict[str, Any]]:
    """Return acts with the words that say what happened and why, with figures."""
    return [{"act": act, "title": act_title(act), "why": act_reason(act)} for act in acts]


def act_title(act: AutomaticAct) -> str:
    """Return what happened, in a few words."""
    name = str(act.subject)
    if act.kind == AutomaticAct.Kind.REQUEUED:
        n = act.figures["people"]
        words = ngettext(
            "Second answers were asked for to %(n)d person of %(name)s",
            "Second answers were asked for to %(n)d people of %(name)s",
            n,
        )
        return words % {"n": n, "name": name}
    titles = {
        AutomaticAct.Kind.PAUSED: _("%(name)s was paused"),
        AutomaticAct.Kind.QUALIFIED: _("%(name)s passed the exam"),
        AutomaticAct.Kind.EXAM_FAILED: _("%(name)s did not pass the exam"),
    }
    return titles[AutomaticAct.Kind(act.kind)] % {"name": name}


def act_reason(act: AutomaticAct) -> str:
    """Return why, with the figures that decided."""
    found = act.figures
    if act.kind in {AutomaticAct.Kind.QUALIFIED, AutomaticAct.Kind.EXAM_FAILED}:
        return _(
            "Attempt %(attempt)d: IoU of parts %(iou).2f (asked: %(iou_bar).2f), AUC@10 of points %(auc10).3f "
            "(asked: %(auc10_bar).3f), %(placed)d %% of the points placed (asked: %(placed_bar)d %%)."
        ) % {**found, "placed": round(100 * found["placed"]), "placed_bar": round(100 * found["placed_bar"])}
    figure = _("IoU of parts") if act.stage == Stage.PARTS else _("AUC@10 of points")
    words = _("%(figure)s %(value).3f over the last %(checks)d checks; the bar is %(bar).3f.") % {
        **found,
        "figure": figure,
    }
    if act.kind == AutomaticAct.Kind.REQUEUED:
        since = parse_datetime(found["since"]) if found["since"] else None
        when = date_format(localtime(since), _("j M H:i")) if since else ""
        ending = (
            _("The last good check was on %(when)s.") % {"when": when} if when else _("There was no good check before.")
        )
        return f"{words} {ending}"
    return words


def member_rows(members: Iterable[CheckedMember]) -> list[dict[str, Any]]:
    """Return annotators with their figures against known truth, and the state of their exam."""
    rows = []
    for one in members:
        data = one.sheet.data if one.sheet else {}
        ended = [attempt for attempt in one.attempts if attempt.ended_at is not None]
        rows.append(
            {
                "member": one.membership, "parts": data.get("parts"), "points": data.get("points"),
                "rolling_parts": one.rolling.get(Stage.PARTS.value),
                "rolling_points": one.rolling.get(Stage.CORRESPONDENCE.value),
                "attempts": len(ended), "is_in_exam": one.open_attempt is not None,
            }
        )  # fmt: skip
    return rows
