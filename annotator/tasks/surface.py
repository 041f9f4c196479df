"""Preparing the surface: the 84 views, and the table of geodesic distances. Both are done once and kept."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction

from annotator.models import PartViewSet
from annotator.services.jobs import JobFailedError, JobRun, job_kind
from annotator.storage import store_file

if TYPE_CHECKING:
    from rendering.views.store import PartViews

# Parts drawn side by side.
RENDERERS: Final = min(4, os.cpu_count() or 1)
# A local cache, as the table is memory-mapped: never in an object store.
GEODESICS_DIR: Final = Path(settings.VAR_DIR) / "geodesics"


@job_kind("render_views")
def render_views(run: JobRun) -> dict[str, Any]:
    """Draw the views of all parts that today's surface and style lack; each part is stored when it is done."""
    from body.canonical import load_canonical_body
    from body.parts import WORK_ORDER, part_by_number
    from rendering.views.store import part_folder, read_part_views
    from rendering.views.style import STYLE_HASH

    surface = load_canonical_body().surface_hash
    known = set(PartViewSet.objects.filter(surface_hash=surface, style_hash=STYLE_HASH).values_list("part", flat=True))
    missing = [part for part in WORK_ORDER if part not in known]
    done = len(WORK_ORDER) - len(missing)
    run.progress(done, len(WORK_ORDER), "Drawing")
    with TemporaryDirectory(prefix="views-") as temporary, ThreadPoolExecutor(RENDERERS) as pool:
        root = Path(temporary)
        try:
            for part in pool.map(lambda part: _draw(run, part, root), missing):
                if (views := read_part_views(part_folder(root, part))) is None:
                    raise JobFailedError(f"The views of part {part} were drawn but cannot be read.")
                _store_views(run, part, views, f"views/{surface}/{STYLE_HASH}/{part}")
                done += 1
                run.progress(done, len(WORK_ORDER), f"Drew the {part_by_number(part).name.lower()}")
        finally:
            pool.shutdown(cancel_futures=True)
    return {"surface": surface, "style": STYLE_HASH, "drawn": len(missing)}


def _draw(run: JobRun, part: int, root: Path) -> int:
    """Draw a part in a plain child process: a Celery worker may not have children of multiprocessing.

    A child whose parent is killed finishes its part, seconds later, and ends.
    """
    run.stop_if_cancelled()
    words = [sys.executable, "-m", "rendering.views", "--out", str(root), "--parts", str(part), "--processes", "1"]
    environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR), "OMP_NUM_THREADS": "1"}
    drawn = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if drawn.returncode:
        raise JobFailedError(f"The views of part {part} could not be drawn: {drawn.stderr[-2000:]}")
    return part


def _store_views(run: JobRun, part: int, views: "PartViews", folder: str) -> None:
    """Store a part's files, then the row that tells of them."""
    for path in sorted(views.folder.iterdir()):
        with path.open("rb") as source:
            store_file(f"{folder}/{path.name}", source)
    with transaction.atomic():
        PartViewSet.objects.get_or_create(
            surface_hash=views.manifest["surface"],
            style_hash=views.manifest["style"],
            part=part,
            defaults={"folder": folder, "manifest": views.manifest},
        )
        run.checkpoint({"part": part})


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
