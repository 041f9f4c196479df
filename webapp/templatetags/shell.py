"""Template tags of the site shell: icons, stacked bars, durations, initials."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

# 20 px box, stroke 1.5, round; our own drawings.
ICONS = {
    "figure": '<circle cx="10" cy="4" r="2.2"/><path d="M3.5 8.2 8 9.2v3.3L6.6 18M16.5 8.2 12 9.2v3.3l1.4 5.5M8 9.2h4"/>',
    "chevron-down": '<path d="m6 8 4 4 4-4"/>',
    "chevron-right": '<path d="m8 6 4 4-4 4"/>',
    "close": '<path d="m5 5 10 10M15 5 5 15"/>',
    "search": '<circle cx="9" cy="9" r="5"/><path d="m13 13 4 4"/>',
    "warning": '<path d="M10 3.5 17.5 16h-15zM10 8.5v3.5M10 14v.2"/>',
    "flag": '<path d="M5 17V3.5h9l-2 3.2 2 3.3H5"/>',
    "skip": '<path d="M4 5v10l6-5zM10 5v10l6-5zM16.5 5v10"/>',
    "eye-off": '<path d="M3 3l14 14M8 5.3A8 8 0 0 1 18 10a9 9 0 0 1-2.2 2.8M5 6.6A9 9 0 0 0 2 10a8 8 0 0 0 10.6 4.5M8.3 8.3a2.4 2.4 0 0 0 3.4 3.4"/>',
    "check": '<path d="m4 10.5 4 4 8-9"/>',
    "upload": '<path d="M10 13V4m0 0L6.5 7.5M10 4l3.5 3.5M3.5 13v3h13v-3"/>',
    "download": '<path d="M10 4v9m0 0 3.5-3.5M10 13 6.5 9.5M3.5 13v3h13v-3"/>',
    "person": '<circle cx="10" cy="6.5" r="3"/><path d="M4 17c.6-3.6 3-5.3 6-5.3s5.4 1.7 6 5.3"/>',
    "people": '<circle cx="7.5" cy="6.8" r="2.6"/><path d="M2.5 16c.4-3 2.3-4.6 5-4.6s4.6 1.6 5 4.6M12.5 4.4a2.6 2.6 0 0 1 0 4.8M14 11.8c2 .5 3.2 2 3.5 4.2"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "pause": '<path d="M7.5 5v10M12.5 5v10"/>',
    "trash": '<path d="M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.6 9v4.5M11.4 9v4.5"/>',
    "refresh": '<path d="M16 6.5A7 7 0 1 0 17 10M16.5 3v3.7h-3.7"/>',
    "key": '<circle cx="6.5" cy="12" r="3"/><path d="m9 10 7-6M13 6.7l2 2.2"/>',
    "link": '<path d="M8.5 11.5a3 3 0 0 0 4.2.2l3-3a3 3 0 0 0-4.2-4.2l-1 1M11.5 8.5a3 3 0 0 0-4.2-.2l-3 3a3 3 0 0 0 4.2 4.2l1-1"/>',
    "image": '<rect x="3" y="4" width="14" height="12" rx="1.5"/><circle cx="7.2" cy="8" r="1.3"/><path d="m3.5 14.5 4-3.7 3 2.4 3-3.2 3.2 3.4"/>',
    "box": '<path d="M4 7V4h3M13 4h3v3M16 13v3h-3M7 16H4v-3"/>',
    "gear": '<circle cx="10" cy="10" r="2.4"/><path d="M10 3v2M10 15v2M3 10h2M15 10h2M5 5l1.5 1.5M13.5 13.5 15 15M15 5l-1.5 1.5M6.5 13.5 5 15"/>',
    "enter": '<path d="M15.5 5v5h-10m0 0L9 6.5M5.5 10 9 13.5"/>',
}  # fmt: skip


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
