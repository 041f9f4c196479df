"""The views of the few parts that the browser tests place points on, drawn once a style and kept between runs."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from annotator.models import PartViewSet
from annotator.storage import store_file
from body.canonical import load_canonical_body
from body.parts import PARTS
from rendering.views.cameras import cameras_of
from rendering.views.store import part_folder, read_part_views
from rendering.views.style import STYLE_HASH
from webapp.local.environment import ROOT

HEAD = 14
TORSO = 1
DRAWN = (HEAD, TORSO)

_DRAW = """
import sys
from pathlib import Path
from rendering.views.store import part_folder, render_part
part = int(sys.argv[1])
render_part(part, part_folder(Path(sys.argv[2]), part))
"""


def store_views(kept: Path) -> dict[int, dict[str, Any]]:
    """Store the views of DRAWN as the server's own; returns the manifests of all parts.

    The other parts have their true cameras only.

    Args:
        kept: a folder that outlives the test run.
    """
    _draw(kept)
    manifests = {part.number: {"views": [camera.manifest() for camera in cameras_of(part.number)]} for part in PARTS}
    for part in DRAWN:
        views = read_part_views(part_folder(kept, part))
        assert views is not None
        manifests[part] = views.manifest
        for path in sorted(views.folder.iterdir()):
            with path.open("rb") as source:
                store_file(f"{_folder(part)}/{path.name}", source)
    return manifests


def make_rows(manifests: dict[int, dict[str, Any]]) -> None:
    surface = load_canonical_body().surface_hash
    for part, manifest in manifests.items():
        PartViewSet.objects.create(
            surface_hash=surface, style_hash=STYLE_HASH, part=part, folder=_folder(part), manifest=manifest
        )


def _folder(part: int) -> str:
    return f"views/{load_canonical_body().surface_hash}/{STYLE_HASH}/{part}"


def _draw(kept: Path) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes side by side share the folder
        _draw_missing(kept)


def _draw_missing(kept: Path) -> None:
    missing = [part for part in DRAWN if read_part_views(part_folder(kept, part)) is None]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen([sys.executable, "-c", _DRAW, str(part), str(kept)], cwd=ROOT, env=environment)
        for part in missing
    ]
    for child in children:
        assert child.wait() == 0, "the views could not be drawn"
