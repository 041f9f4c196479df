"""Which pictures of the surface are shown: the newest complete set of 14 parts."""

from collections import defaultdict
from datetime import datetime

from django.db.models import Max

from annotator.models import PartViewSet
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
