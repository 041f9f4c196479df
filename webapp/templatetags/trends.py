"""A figure over weeks or days: a line, and behind it a table that says how many answers told each value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from webapp.templatetags.shell import seconds
from webapp.words import day_words

register = template.Library()

# Under so many people there is no interval either.
FEW: Final = 5


@dataclass(frozen=True)
class Told:
    """One week or day: its value, also in words, and how many answers told it; None where that was not kept."""

    day: date
    value: float
    words: str
    answers: int | None

    @property
    def when(self) -> str:
        return day_words(self.day)

    @property
    def is_few(self) -> bool:
        return self.answers is not None and self.answers < FEW

    @property
    def title(self) -> str:
        if self.answers is None:
            return f"{self.when}: {self.words}"
        told = {"when": self.when, "value": self.words, "n": self.answers}
        return ngettext("%(when)s: %(value)s, %(n)d answer", "%(when)s: %(value)s, %(n)d answers", self.answers) % told


@register.inclusion_tag("webapp/trend.html")
def trend(
    label: str, points: Iterable[tuple[Any, ...]], measure: str, unit: str = "", *, width: int = 460, by: str = ""
) -> dict[str, Any]:
    """Draw a line of (ISO day, value, answers) from zero, with the table behind it; what few told is hollow.

    Args:
        measure: the heading of the values in the table.
        unit: "s", "cm", or nothing for a share 0..1.
        width: of the drawing; what is drawn beside another is narrower, so that its words are as large.
        by: "day" where each value is of one day, else they are of weeks, told by their first days.
    """
    rows = [
        Told(date.fromisoformat(day), float(value), _in_words(float(value), unit), answers)
        for day, value, answers in points
    ]
    return {
        "label": label, "measure": measure, "rows": rows, "by": by, "few": FEW,
        "has_few": any(row.is_few for row in rows),
        "drawing": _drawn(label, rows, unit, width) if len(rows) > 1 else "",
    }  # fmt: skip


def _in_words(value: float, unit: str) -> str:
    return seconds(value) if unit == "s" else f"{value:.1f} {unit}" if unit else f"{value:.3f}"


def _drawn(label: str, rows: Sequence[Told], unit: str, width: int) -> SafeString:
    """Return the line: along the days as they lie, so that a week without answers is a gap; ends and top in words."""
    top = max(row.value for row in rows) or 1
    first, days = rows[0].day, (rows[-1].day - rows[0].day).days or 1
    spots = [
        (f"{10 + (width - 20) * (row.day - first).days / days:.1f}", f"{96 - 76 * row.value / top:.1f}") for row in rows
    ]
    dots = format_html_join(
        "",
        '<circle class="{}" cx="{}" cy="{}" r="3"><title>{}</title></circle>',
        (("plot-few" if row.is_few else "plot-dot", x, y, row.title) for row, (x, y) in zip(rows, spots, strict=True)),
    )
    words = format_html_join(
        "",
        '<text x="{}" y="112" text-anchor="{}">{}: {}</text>',
        ((spots[end][0], anchor, rows[end].when, rows[end].words) for end, anchor in ((0, "start"), (-1, "end"))),
    )
    return format_html(
        '<svg class="plot {}" viewBox="0 0 {} 116" role="img" aria-label="{}">'
        '<path class="axis" d="M0 96.5h{}M0 20.5h{}"/><text x="0" y="11">{}</text>'
        '<path class="plot-trend" d="M{}"/>{}{}</svg>',
        "plot-wide" if width > 400 else "plot-half", width, label, width, width, _in_words(top, unit),
        "L".join(f"{x} {y}" for x, y in spots), dots, words,
    )  # fmt: skip
