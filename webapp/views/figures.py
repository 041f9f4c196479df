"""Pages of figures: the project, one annotator, the body coloured by error, and the same as CSV."""

import csv
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotator.models import Membership, Stage
from annotator.permissions import is_member, may_browse
from body.parts import PARTS, part_by_number
from qa.body_picture import RAMPS, paint_body
from qa.models import FigureSheet
from qa.selectors import figures as selectors
from qa.selectors.gold import gold_sheet_for, gold_sheet_of
from webapp.selectors import annotator_list
from webapp.selectors import figures as rows
from webapp.selectors.figures_detail import detail_of, swap_rows
from webapp.selectors.flags import flag_rows
from webapp.selectors.gold import gold_card
from webapp.selectors.overview import progress_of
from webapp.views.common import PageRequest, project_page, render_project
from webapp.words import day_words

# Annotators with flags beyond these are folded away.
_SHOWN_FLAGGED: Final = 8


@require_safe
@project_page(may_browse)
def project_figures(request: PageRequest, membership: Membership) -> HttpResponse:
    """Agreement, error on the body, throughput, time, assistance: of the whole project."""
    project = membership.project
    sheet = selectors.sheet_of(project)
    context: dict[str, Any] = {"sheet": sheet, "annotator": None}
    if sheet is not None:
        rate = _rate(request.GET.get("rate", ""))
        hours = sum(stage["hours"] for stage in sheet.data["stages"].values())
        context |= {
            **_shared(sheet),
            **_annotator_list(request, sheet, flags := flag_rows(sheet)),
            "flags": flags,
            "shown_flagged": _SHOWN_FLAGGED,
            "stage_rows": [
                (
                    stage,
                    sheet.data["stages"].get(stage.stage, {}).get("median_s"),
                    selectors.forecast(sheet, stage.stage, stage.wanted),
                )
                for stage in progress_of(project)
            ],
            "effects": rows.effect_rows(sheet),
            "seconds_a_point": selectors.seconds_a_point(sheet),
            "hours": hours,
            "rate": rate,
            "cost": hours * rate if rate else None,
        }
    gold = gold_sheet_of(project, None)
    context["gold"] = gold_card(gold) if gold else None
    return render_project(request, membership, "webapp/figures.html", "figures", **context)


@require_safe
@project_page(is_member)
def annotator_figures(request: PageRequest, membership: Membership, user_id: int) -> HttpResponse:
    """One annotator: accuracy, speed, drift, error on the body, latest work. Annotators see themselves alone."""
    return _annotator_page(request, membership, user_id)


@require_safe
@project_page(is_member)
def my_figures(request: PageRequest, membership: Membership) -> HttpResponse:
    """One's own figures."""
    return _annotator_page(request, membership, membership.user_id)


def _annotator_page(request: PageRequest, membership: Membership, user_id: int) -> HttpResponse:
    _check_own(membership, user_id)
    project = membership.project
    member = project.memberships.select_related("user").filter(user=user_id).first()
    sheet = selectors.sheet_for(membership, user_id)
    if member is None and sheet is None:
        raise Http404
    user = member.user if member else sheet.annotator if sheet else None
    context: dict[str, Any] = {
        "sheet": sheet,
        "annotator": user,
        "member": member,
        "is_own": user_id == membership.user_id,
        "latest": rows.latest_work(project, user_id),
    }
    if sheet is not None:
        context |= _shared(sheet) | {
            "speed": [
                (stage.label, selectors.speed_of(sheet, stage.value))
                for stage in Stage
                if sheet.data["stages"].get(stage.value)
            ],
            "swaps": swap_rows(sheet),
            "everyone": (everyone := selectors.sheet_for(membership, None)),
            "flags": flag_rows(everyone, user_id) if everyone and may_browse(membership) else [],
        }
    gold = gold_sheet_for(membership, user_id)
    context["gold"] = gold_card(gold) if gold else None
    active = "figures" if may_browse(membership) else "mine"
    return render_project(request, membership, "webapp/annotator.html", active, **context)


@require_safe
@project_page(is_member)
def figures_detail(request: PageRequest, membership: Membership, user_id: int | None = None) -> HttpResponse:
    """One sheet in full: of the project, or of one annotator."""
    _check_own(membership, user_id)
    sheet = selectors.sheet_for(membership, user_id)
    if sheet is None:
        raise Http404
    active = "figures" if may_browse(membership) else "mine"
    context = {"sheet": sheet, "annotator": sheet.annotator, **detail_of(sheet)}
    return render_project(request, membership, "webapp/figures_detail.html", active, **context)


@require_safe
@project_page(is_member)
def body(request: PageRequest, membership: Membership, ramp: str, user_id: int | None = None) -> HttpResponse:
    """The body in six views, coloured by mean error, as a PNG for a light or a dark ground."""
    if ramp not in RAMPS:
        raise Http404
    _check_own(membership, user_id)
    found = selectors.vertex_error_for(membership, user_id)
    response = HttpResponse(paint_body(found, ramp), content_type="image/png")
    # The address carries when the figures were computed.
    patch_cache_control(response, private=True, max_age=86400)
    return response


@require_safe
@project_page(may_browse)
def figures_csv(request: PageRequest, membership: Membership, table: str) -> HttpResponse:
    """One table of the project's figures as CSV."""
    sheet = selectors.sheet_of(membership.project)
    tables = {
        "annotators": _annotators, "parts": _parts, "weeks": _weeks, "days": _days, "charts": _charts,
        "label-maps": _label_maps, "confusion": _confusion,
    }  # fmt: skip
    if sheet is None or table not in tables:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{table}-{membership.project_id}.csv"'
    csv.writer(response).writerows(tables[table](sheet))
    return response


def _check_own(membership: Membership, user_id: int | None) -> None:
    if user_id != membership.user_id and not may_browse(membership):
        raise PermissionDenied(_("You see your own figures; those of others are for who manages and reviews."))


def _annotator_list(request: PageRequest, sheet: FigureSheet, flags: list[dict[str, Any]]) -> dict[str, Any]:
    wanted = annotator_list.Wanted.of_query(request.GET)
    everyone = rows.annotator_rows(sheet, flags)
    return {
        "annotators": annotator_list.narrowed(everyone, wanted),
        "everyone": len(everyone),
        "wanted": wanted,
        "headings": annotator_list.headings(wanted),
        "flag_choices": annotator_list.flag_choices(everyone),
        "query": request.GET,
    }


def _shared(sheet: FigureSheet) -> dict[str, Any]:
    columns = [(day_words(day), parts, points) for day, parts, points in selectors.days_of(sheet)]
    return rows.agreement_card(sheet) | {
        "part_rows": rows.part_rows(sheet),
        "worst": rows.worst_words(sheet),
        "columns": columns,
        "has_days": any(parts or points for _day, parts, points in columns),
    }


def _rate(text: str) -> float:
    try:
        return max(0.0, min(float(text), 10_000.0))
    except ValueError:
        return 0.0


def _annotators(sheet: FigureSheet) -> list[list[Any]]:
    head = ["annotator", "parts", "parts median s", "IoU", "points", "points median s", "AUC@10", "low", "high",
            "mean cm", "swaps"]  # fmt: skip
    found: list[list[Any]] = [head]
    for row in rows.annotator_rows(sheet):
        auc = row["auc10"] or {}
        name = row["name"]
        found.append(
            [
                f"'{name}" if name[:1] in "=+-@" else name, row["parts"].get("answers", 0),
                row["parts"].get("median_s"), (row["iou"] or {}).get("value"), row["points"].get("answers", 0),
                row["points"].get("median_s"),
                auc.get("value"), auc.get("low"), auc.get("high"), row["cm"], row["swaps"],
            ]
        )  # fmt: skip
    return found


def _parts(sheet: FigureSheet) -> list[list[Any]]:
    told = [[part_by_number(row["part"]).key, row["n"], row["cm"], row["far"]] for row in sheet.data["parts"]]
    return [["part", "points", "mean cm", "share above 10 cm"], *told]


def _weeks(sheet: FigureSheet) -> list[list[Any]]:
    told = [[row["week"], row["answers"], row["cm"], row["auc10"]] for row in sheet.data["weeks"]]
    return [["week", "answers", "mean cm", "AUC@10"], *told]


def _days(sheet: FigureSheet) -> list[list[Any]]:
    told = [[row["day"], row["stage"], row["answers"], row["median_s"]] for row in sheet.data["days"]]
    return [["day", "stage", "answers", "median s"], *told]


def _charts(sheet: FigureSheet) -> list[list[Any]]:
    names = ("chart", "part", "n", "cm", "median_cm", "auc10", "auc30", "far")
    told = [[row[name] for name in names] for row in sheet.data["charts"]]
    return [["chart", "part", "points", "mean cm", "median cm", "AUC@10", "AUC@30", "share above 10 cm"], *told]


def _label_maps(sheet: FigureSheet) -> list[list[Any]]:
    names = ("pairs", "iou", "pooled_iou", "boundary_px", "own_only", "other_only")
    told = [
        [kind, part_by_number(row["part"]).key, *(row[name] for name in names)]
        for kind, found in sheet.data["parts_agreement"].items()
        for row in (found["parts"] if found else [])
    ]
    head = ["compared", "part", "pairs", "IoU", "pooled IoU", "border px", "one alone", "other alone"]
    return [head, *told]


def _confusion(sheet: FigureSheet) -> list[list[Any]]:
    keys = ["background", *(part.key for part in PARTS)]
    told = [
        [kind, keys[own], *counts]
        for kind, found in sheet.data["parts_agreement"].items()
        for own, counts in enumerate(found["confusion"] if found else [])
    ]
    return [["compared", "one painted; pixels of the other", *keys], *told]
