"""A stand-in for the table of geodesic distances, which takes minutes to build."""

from pathlib import Path

import numpy as np

from body.canonical import load_canonical_body
from body.geodesics.table import UNIT_M, write_skeleton
from body.surface import SurfacePoints, positions


class StraightTable:
    """Distances through the air instead of along the surface: quick, and known to the last digit."""

    def distance_cm(self, a: SurfacePoints, b: SurfacePoints) -> np.ndarray:
        body = load_canonical_body()
        return 100 * np.linalg.norm(positions(a, body.vertices) - positions(b, body.vertices), axis=1)

    def vertex_distance_cm(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        body = load_canonical_body()
        return 100 * np.linalg.norm(body.vertices[a] - body.vertices[b], axis=-1)


def write_straight_table(path: Path) -> None:
    """Write a table file of straight distances, for processes other than this one."""
    body = load_canonical_body()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    layout = write_skeleton(unfinished, body.vertices, body.faces)
    matrix = layout.matrix(unfinished, "r+")
    for begin in range(0, len(body.vertices), 500):
        apart = np.linalg.norm(body.vertices[begin : begin + 500, None] - body.vertices[None], axis=-1)
        matrix[begin : begin + 500] = np.round(apart / UNIT_M).astype(np.uint16)
    matrix.flush()
    unfinished.replace(path)
