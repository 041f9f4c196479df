"""Template tags of the site shell: icons, words, times, addresses."""

import json
from collections.abc import Iterable
from pathlib import Path

from django import template
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from annotator.models import Job
from webapp.words import JOB_NAMES, OVERLAY_NAMES, SKIP_WORDS

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


@register.filter
def job_name(kind: str) -> str:
    """Return what a job does, in words."""
    return str(JOB_NAMES.get(kind, kind.replace("_", " ")))


@register.filter
def overlay_name(name: str) -> str:
    """Return the word for an overlay."""
    return str(OVERLAY_NAMES[name])


@register.filter
def skip_word(reason: str) -> str:
    """Return the words for a reason to skip."""
    return str(SKIP_WORDS.get(reason, reason))


@register.filter
def overlay_of(stage: str) -> str:
    """Return the overlay that shows a stage's answer."""
    return "parts" if stage == "parts" else "points"


@register.filter
def any_running(jobs: Iterable[Job]) -> bool:
    """Tell whether a list of jobs is still going to change."""
    return any(job.state in {"queued", "running"} for job in jobs)


@register.filter
def seconds(value: float | None) -> str:
    """Return a time given in seconds, as `duration` writes it."""
    return duration(None if value is None else value * 1000)


@register.filter
def share_done(counts: dict[str, int]) -> str:
    """Return the done share of task counts by state."""
    return percent(counts["done"], counts["done"] + counts["review"] + still_open(counts))


@register.filter
def still_open(counts: dict[str, int]) -> int:
    """Return how many tasks are neither done, in review, nor closed for good."""
    return sum(n for state, n in counts.items() if state not in {"done", "review", "closed"})


@register.simple_tag
def with_query(query: QueryDict, **changes: object) -> str:
    """Return the address's query with changes; an empty value takes a name out."""
    changed = query.copy()
    for name, value in changes.items():
        if value in {"", None}:
            changed.pop(name, None)
        else:
            changed[name] = str(value)
    return f"?{changed.urlencode()}"
