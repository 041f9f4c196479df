"""How long a million surface points take to (I, U, V), back, to positions and to nearest vertices.

Run: python -m benchmarks.surface_points [--points 1000000]
"""

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from body.atlas import iuv_of, surface_of
from body.canonical import load_canonical_body
from body.cse import nearest_cse_vertex
from body.surface import SurfacePoints, mirror, nearest_vertex, positions
from body.topology import N_TRIANGLES

T = TypeVar("T")


def timed(what: str, run: Callable[[], T]) -> T:
    """Run, print the time, return the result."""
    start = time.perf_counter()
    result = run()
    print(f"{what:<42} {time.perf_counter() - start:6.2f} s")
    return result


def main() -> None:
    """Time each way once, after the caches are warm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--points", type=int, default=1_000_000)
    count = parser.parse_args().points
    rng = np.random.default_rng(0)
    triangle = rng.integers(0, N_TRIANGLES, count).astype(np.int32)
    points = SurfacePoints(triangle, rng.dirichlet([1, 1, 1], count))
    vertices = timed("load topology, atlas, canonical body", load_canonical_body).vertices
    timed("build the search grids", lambda: surface_of(np.arange(1, 25), np.full(24, 0.5), np.full(24, 0.5)))
    print(f"{count:,} points:")
    chart, u, v = timed("surface -> (I, U, V)", lambda: iuv_of(points))
    back = timed("(I, U, V) -> surface", lambda: surface_of(chart, u, v))
    timed("any pair of the unit square -> surface", lambda: surface_of(chart, rng.random(count), rng.random(count)))
    here = timed("position on a body", lambda: positions(points, vertices))
    timed("nearest vertex", lambda: nearest_vertex(points))
    timed("nearest CSE vertex", lambda: nearest_cse_vertex(points))
    timed("mirror", lambda: mirror(points))
    off_mm = np.linalg.norm(positions(back, vertices) - here, axis=1) * 1000
    print(f"round trip: {off_mm.max():.2e} mm at most")


if __name__ == "__main__":
    main()
