"""Which pictures of the surface are shown: the newest complete set of 14 parts."""

from collections import defaultdict
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from annotator.errors import ConflictError
from annotator.models import PartViewSet, Project, Stage
from body.parts import N_PARTS


def style_for_surface(surface_hash: str) -> str | None:
    """Return the style hash of the newest complete set of views of a surface, None while none is complete."""
    rows = (
        PartViewSet.objects.filter(surface_hash=surface_hash)
        .values_list("style_hash", "part")
        .annotate(made_at=Max("created_at"))
        .order_by()
    )
    parts: dict[str, set[int]] = defaultdict(set)
    newest: dict[str, datetime] = {}
    for style, part, made_at in rows:
        parts[style].add(part)
        newest[style] = max(made_at, newest.get(style, made_at))
    complete = [style for style, seen in parts.items() if len(seen) == N_PARTS]
    return max(complete, key=newest.__getitem__, default=None)


def style_for_work(project: Project, stage: str) -> str:
    """Return the style that a lease of this stage pins; "" for parts, which are painted without views.

    Raises:
        ConflictError: `views_preparing`, no set is complete yet.
    """
    if stage != Stage.CORRESPONDENCE:
        return ""
    style = style_for_surface(project.surface_hash)
    if style is None:
        raise ConflictError(_("The pictures of the body are being drawn. Try again soon."), code="views_preparing")
    return style
