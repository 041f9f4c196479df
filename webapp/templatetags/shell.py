"""Template tags of the site shell: icons, stacked bars, durations, initials."""

import json
from collections.abc import Iterable
from pathlib import Path

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

# Our own drawings: 20 px box, stroke 1.5, round.
ICONS: dict[str, str] = json.loads((Path(__file__).parent.parent / "icons.json").read_text())


@register.simple_tag
def icon(name: str, size: int = 20) -> SafeString:
    """Return an inline icon in the colour of the text; hidden from screen readers, as words stand beside it."""
    drawing = mark_safe(ICONS[name])  # noqa: S308 - our own constant
    return format_html(
        '<svg class="icon" width="{}" height="{}" viewBox="0 0 20 20" fill="none" stroke="currentColor" '
        'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        size,
        size,
        drawing,
    )


@register.simple_tag
def stacked_bar(label: str, *named: object) -> SafeString:
    """Return a bar of coloured shares: names and counts in turn, e.g. "accepted" 12 "review" 3.

    Drawn as SVG, as the content security policy forbids style attributes.
    """
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


@register.filter
def initials(user: object) -> str:
    """Return one or two letters that stand for an account."""
    words = str(user).split() or ["?"]
    return "".join(word[0] for word in (words if len(words) == 1 else (words[0], words[-1]))).upper()


@register.filter
def duration(milliseconds: float | None) -> str:
    """Return a span of working time in the largest two units."""
    if milliseconds is None:
        return "–"
    seconds = round(milliseconds / 1000)
    if seconds < 120:
        return _("%(seconds)d s") % {"seconds": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(hours)d h %(minutes)02d min") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.filter
def percent(part: int, whole: int) -> str:
    """Return a share in whole percent; a dash of nothing."""
    return f"{100 * part // whole} %" if whole else "–"
