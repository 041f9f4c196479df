"""Template tags that draw: bars, columns, the strip of parts.

All is SVG with attributes, as the content security policy forbids style attributes.
"""

import math
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from body.parts import N_PARTS, WORK_ORDER

register = template.Library()


@register.simple_tag
def stacked_bar(label: str, *named: object) -> SafeString:
    """Return a bar of coloured shares: names and counts in turn, e.g. "accepted" 12 "review" 3."""
    counts = [(str(name), int(str(count or 0))) for name, count in zip(named[::2], named[1::2], strict=True)]
    total = sum(count for _name, count in counts)
    shares: list[tuple[str, str, str]] = []
    start = 0.0
    for name, count in counts:
        width = 100 * count / total if total else 0.0
        if width:
            shares.append((name, f"{start:.2f}%", f"{max(width - 0.5, 0.3):.2f}%"))
        start += width
    rects = format_html_join("", '<rect class="bar-{}" x="{}" width="{}" height="12" rx="2"/>', shares)
    return format_html('<svg class="stacked-bar" height="12" role="img" aria-label="{}">{}</svg>', label, rects)


@register.simple_tag
def day_columns(label: str, days: Iterable[tuple[str, int, int]]) -> SafeString:
    """Return a column chart of (day, parts, points), newest last."""
    rows = list(days)
    top = max((max(parts, points) for _day, parts, points in rows), default=0) or 1
    step = 466 / max(len(rows), 1)
    bars: list[tuple[str, str, str, str, str, str, int]] = []
    for number, (day, parts, points) in enumerate(rows):
        for offset, name, count in ((0.14, "parts", parts), (0.5, "points", points)):
            height = 124 * count / top
            x, y = number * step + offset * step, 140 - height
            bars.append((name, f"{x:.1f}", f"{y:.1f}", f"{step * 0.32:.1f}", f"{height:.1f}", day, count))
    rects = format_html_join(
        "", '<rect class="column-{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"><title>{}: {}</title></rect>', bars
    )
    words = format_html_join(
        "",
        '<text x="{}" y="156" text-anchor="middle">{}</text>',
        ((f"{(number + 0.5) * step:.1f}", row[0]) for number, row in enumerate(rows) if number % 4 == len(rows) % 4),
    )
    return format_html(
        '<svg class="columns" viewBox="0 0 466 160" role="img" aria-label="{}"><path class="axis" d="M0 140.5h466"/>'
        '<text x="0" y="9">{}</text>{}{}</svg>',
        label,
        top,
        rects,
        words,
    )


@register.simple_tag
def dot(name: str) -> SafeString:
    """Return a small square in the colour of a bar's share."""
    return format_html(
        '<svg class="dot" width="8" height="8" aria-hidden="true">'
        '<rect class="bar-{}" width="8" height="8" rx="2"/></svg>',
        name,
    )


@register.simple_tag
def hour_columns(label: str, hours: Iterable[tuple[str, int]]) -> SafeString:
    """Return a column for each hour with its number above it."""
    rows = list(hours)
    top = max((n for _hour, n in rows), default=0) or 1
    step = 344 / max(len(rows), 1)
    thin = 1 + len(rows) // 10
    drawn = []
    for number, (hour, n) in enumerate(rows):
        height, middle, shown = 44 * n / top, (number + 0.5) * step, "" if number % thin else hour
        drawn.append((f"{middle - 0.42 * step:.1f}", f"{62 - height:.1f}", f"{0.84 * step:.1f}", f"{height:.1f}",
                      f"{middle:.1f}", f"{57 - height:.1f}", n or "", f"{middle:.1f}", shown))  # fmt: skip
    columns = format_html_join(
        "",
        '<rect class="column-parts" x="{}" y="{}" width="{}" height="{}" rx="2"/>'
        '<text x="{}" y="{}" text-anchor="middle">{}</text><text x="{}" y="78" text-anchor="middle">{}</text>',
        drawn,
    )
    return format_html(
        '<svg class="columns" viewBox="0 0 344 84" role="img" aria-label="{}">'
        '<path class="axis" d="M0 62.5h344"/>{}</svg>',
        label,
        columns,
    )


@register.simple_tag
def part_strip() -> SafeString:
    """Return the 14 parts as a strip of their colours, head to feet."""
    width = 342 / N_PARTS
    rects = format_html_join(
        "",
        '<rect class="part-{}" x="{}" width="{}" height="8" rx="2"/>',
        ((part, f"{number * width:.1f}", f"{width - 2:.1f}") for number, part in enumerate(WORK_ORDER)),
    )
    return format_html(
        '<svg class="part-strip" viewBox="0 0 342 8" width="342" height="8" aria-hidden="true">{}</svg>', rects
    )


_PLOT_WIDTH, _ROW, _MOST_STEPS = 220, 20, 7


@register.simple_tag
def interval_plot(label: str, rows: Iterable[Any], name: str) -> SafeString:
    """Return means with their intervals on one axis: rows with `mark` (dot, square, line) and `name` of the figure.

    The axis is cut to what is shown, in steps of a tenth.
    """
    shown = [(row.mark, getattr(row, name)) for row in rows]
    known = [found[end] for _mark, found in shown for end in ("value", "low", "high")]
    ends = [value for value in known if value is not None]
    low = max(0.0, math.floor(min(ends, default=0.0) * 10 - 0.5) / 10)
    high = min(1.0, math.ceil(max(ends, default=1.0) * 10 + 0.5) / 10)

    def at(value: float) -> str:
        return f"{10 + (_PLOT_WIDTH - 20) * (value - low) / (high - low or 1):.1f}"

    bottom = 8 + _ROW * sum(mark != "line" for mark, _found in shown)
    count = round((high - low) * 10) + 1
    steps = [low + step / 10 for step in range(0, count, 2 if count > _MOST_STEPS else 1)]
    grid = format_html_join(
        "",
        '<path class="axis" d="M{0} 4V{1}"/><text x="{0}" y="{2}" text-anchor="middle">{3}</text>',
        ((at(step), bottom, bottom + 14, f"{step:.1f}") for step in steps),
    )
    drawn = []
    row = 0
    for mark, found in shown:
        if mark == "line":
            drawn.append(format_html('<path class="plot-line" d="M{} 2V{}"/>', at(found["value"]), bottom))
            continue
        y = 8 + _ROW * (row + 0.5)
        row += 1
        if found["low"] is not None:
            ends_drawn = (mark, at(found["low"]), y, at(found["high"]), y - 4, y + 4)
            drawn.append(format_html('<path class="plot-{0}" d="M{1} {2}H{3}M{1} {4}V{5}M{3} {4}V{5}"/>', *ends_drawn))
        drawn.append(format_html('<circle class="plot-{}" cx="{}" cy="{}" r="4.5"/>', mark, at(found["value"]), y))
    return format_html(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        _PLOT_WIDTH, bottom + 18, label, grid, format_html_join("", "{}", ((one,) for one in drawn)),
    )  # fmt: skip


@register.simple_tag
def plot_mark(mark: str) -> SafeString:
    """Return the mark of a row of an interval plot, for the table beside it."""
    drawing = (
        '<path class="plot-{}" d="M5 1v8"/>' if mark == "line" else '<circle class="plot-{}" cx="5" cy="5" r="4"/>'
    )
    shape = format_html(drawing, mark)
    return format_html('<svg class="plot-mark" width="10" height="10" aria-hidden="true">{}</svg>', shape)


@register.simple_tag
def share_curves(label: str, curves: Iterable[Any]) -> SafeString:
    """Return lines of shares 0..1 over 0, 1, 2 ... cm: curves with `mark` (dot, square), `label` and `shares`."""
    rows = list(curves)
    end = max(len(curve.shares) for curve in rows) - 1

    def across(cm: float) -> float:
        return 30 + 420 * cm / end

    grid = format_html_join(
        "",
        '<path class="axis" d="M30 {0}H450"/><text x="24" y="{1}" text-anchor="end">{2}</text>',
        ((f"{150 - 1.4 * percent:.1f}", f"{153 - 1.4 * percent:.1f}", percent) for percent in (0, 25, 50, 75, 100)),
    )
    words = format_html_join(
        "",
        '<text x="{}" y="165" text-anchor="middle">{}</text>',
        ((f"{across(cm):.1f}", cm if cm < end else f"{cm} cm") for cm in range(0, end + 1, 5)),
    )
    lines = format_html_join(
        "",
        '<path class="plot-{}" d="M{}"><title>{}</title></path>',
        (
            (curve.mark, "L".join(f"{across(cm):.1f} {150 - 140 * s:.1f}" for cm, s in enumerate(curve.shares)),
             curve.label)
            for curve in rows
        ),
    )  # fmt: skip
    return format_html(
        '<svg class="plot plot-wide" viewBox="0 0 476 170" role="img" aria-label="{}">{}{}{}</svg>',
        label, grid, words, lines,
    )  # fmt: skip


@register.filter
def share(value: float | None) -> str:
    """Return a share 0..1 in percent with one digit; a dash of nothing."""
    return "–" if value is None else f"{100 * value:.1f} %"


@register.simple_tag
def error_swatch(cm: float | None) -> SafeString:
    """Return a square in the colour of a mean error, from 0 to 8 cm in nine steps."""
    step = "none" if cm is None else min(8, round(cm))
    return format_html(
        '<svg class="dot" width="10" height="10" aria-hidden="true">'
        '<rect class="error-{}" width="10" height="10" rx="2"/></svg>',
        step,
    )
