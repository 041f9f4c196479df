"""What annotators are told of their own figures: how they stood when the day began.

Figures that moved after an answer would say whether it was a check: those against known truth move after checks alone,
agreement and counts of placed points after work alone. So the first figures of a day leave those of before beside them,
and who may not browse the project reads these until the day is over, where the project is.
"""

from typing import TypeVar

from django.db.models import F, QuerySet

from annotator.selectors.bundles import start_of_today
from qa.models import FigureSheet, GoldSheet

_Sheet = TypeVar("_Sheet", FigureSheet, GoldSheet)


def keep_told_figures(sheets: QuerySet[FigureSheet]) -> None:
    """Keep how sheets that are about to be written stood when the day began; the first writing of a day does."""
    _older(sheets).update(told=F("data"), told_vertex_error=F("vertex_error"))


def keep_told_gold(sheets: QuerySet[GoldSheet]) -> None:
    """Keep how sheets against known truth, which are about to be written, stood when the day began."""
    _older(sheets).update(told=F("data"))


def _older(sheets: QuerySet[_Sheet]) -> QuerySet[_Sheet]:
    return sheets.filter(computed_at__lt=start_of_today())


def as_told(sheet: _Sheet | None) -> _Sheet | None:
    """Return a sheet as annotators are told it, never to be saved; None where it had no figures when the day began.

    It is of the day's beginning, whenever it was written: the minute of the last figures would name an answer.
    """
    if sheet is None:
        return None
    midnight = start_of_today()
    if sheet.computed_at >= midnight:
        if sheet.told is None:
            return None
        sheet.data = sheet.told
        if isinstance(sheet, FigureSheet):
            sheet.vertex_error = sheet.told_vertex_error
    sheet.computed_at = midnight
    return sheet
