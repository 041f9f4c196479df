"""The name of the present style: it changes when anything changes that decides how views look or what is picked."""

import hashlib
from pathlib import Path
from typing import Final

_SOURCES: Final = (
    "part_mesh",
    "frames",
    "cameras",
    "rays",
    "picking",
    "surface_fields",
    "smooth_surface",
    "samples",
    "light",
    "grid_lines",
    "picture",
    "store",
)


def _style_hash() -> str:
    digest = hashlib.sha256()
    for name in _SOURCES:
        source = (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
        digest.update(f"{name}\n{source}\n".encode())
    return digest.hexdigest()[:16]


STYLE_HASH: Final = _style_hash()
