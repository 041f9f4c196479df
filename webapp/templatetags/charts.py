"""Template tags that draw: bars, columns, the strip of parts.

All is SVG with attributes, as the content security policy forbids style attributes.
"""

from collections.abc import Iterable

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
            height = 130 * count / top
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
