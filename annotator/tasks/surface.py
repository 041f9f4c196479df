"""Preparing the surface: the 84 views, and the table of geodesic distances. Both are done once and kept."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from annotator.models import PartViewSet
from annotator.services.jobs import JobRun, job_kind
from annotator.storage import store_file

# A local cache, as the table is memory-mapped: never in an object store.
GEODESICS_DIR: Final = Path(settings.VAR_DIR) / "geodesics"


@job_kind("render_views")
def render_views(run: JobRun) -> dict[str, Any]:
    """Draw the views of all parts that today's surface and style lack; each part is stored when it is done."""
    from body.canonical import load_canonical_body
    from body.parts import WORK_ORDER, part_by_number
    from rendering.views.store import render_part
    from rendering.views.style import STYLE_HASH

    surface = load_canonical_body().surface_hash
    drawn = 0
    for done, part in enumerate(WORK_ORDER):
        run.stop_if_cancelled()
        run.progress(done, len(WORK_ORDER), f"Drawing the {part_by_number(part).name.lower()}")
        if PartViewSet.objects.filter(surface_hash=surface, style_hash=STYLE_HASH, part=part).exists():
            continue
        folder = f"views/{surface}/{STYLE_HASH}/{part}"
        with TemporaryDirectory(prefix="views-") as temporary:
            views = render_part(part, Path(temporary) / "part")
            for path in sorted(views.folder.iterdir()):
                with path.open("rb") as source:
                    store_file(f"{folder}/{path.name}", source)
        with transaction.atomic():
            PartViewSet.objects.get_or_create(
                surface_hash=surface,
                style_hash=STYLE_HASH,
                part=part,
                defaults={"folder": folder, "manifest": views.manifest},
            )
            run.checkpoint({"part": part})
        drawn += 1
    run.progress(len(WORK_ORDER), len(WORK_ORDER), "All parts are drawn")
    return {"surface": surface, "style": STYLE_HASH, "drawn": drawn}


@job_kind("build_geodesics")
def build_geodesics_table(run: JobRun) -> dict[str, Any]:
    """Build the all-pairs table of the canonical body, once; labelling never waits for it. Goes on where it stopped."""
    from body.canonical import load_canonical_body
    from body.geodesics import build_geodesics, geodesics_path

    def tell(done: int, total: int) -> None:
        run.stop_if_cancelled()
        run.progress(done, total, "Measuring distances on the surface")

    body = load_canonical_body()
    path = build_geodesics(body.vertices, body.faces, geodesics_path(GEODESICS_DIR), on_progress=tell)
    return {"path": str(path)}
