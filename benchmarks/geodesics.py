"""How long the exact geodesics take to build, and how many distances a second are read from them.

Run: python -m benchmarks.geodesics [--table FILE] [--pairs 5000000] [--processes 2]
Without a table that exists, it is built first (minutes) into the folder of temporary files, or at --table.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from body.canonical import load_canonical_body
from body.geodesics import GeodesicTable, build_geodesics, geodesics_path
from body.surface import SurfacePoints
from body.topology import N_TRIANGLES


def random_points(count: int, seed: int) -> SurfacePoints:
    """Return points spread over all triangles."""
    rng = np.random.default_rng(seed)
    triangle = rng.integers(0, N_TRIANGLES, count).astype(np.int32)
    return SurfacePoints(triangle, rng.dirichlet([1, 1, 1], count))


def main() -> None:
    """Build where needed, then time the distances."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--table", type=Path, default=geodesics_path(Path(tempfile.gettempdir())))
    parser.add_argument("--pairs", type=int, default=5_000_000)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()

    body = load_canonical_body()
    if not arguments.table.exists():
        last_shown = -1

        def show(done: int, total: int) -> None:
            nonlocal last_shown
            tenth = 10 * done // total
            if tenth > last_shown:
                last_shown = tenth
                print(f"  {done} of {total} sources, {time.perf_counter() - start:.0f} s", flush=True)

        start = time.perf_counter()
        build_geodesics(body.vertices, body.faces, arguments.table, arguments.processes, show)
        print(f"built {arguments.table} in {time.perf_counter() - start:.0f} s")

    start = time.perf_counter()
    table = GeodesicTable.open(arguments.table)
    print(f"opened in {time.perf_counter() - start:.3f} s, {arguments.table.stat().st_size / 1e6:.0f} MB")

    a, b = random_points(arguments.pairs, 1), random_points(arguments.pairs, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    distance = table.distance_cm(a, b)
    spent = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{arguments.pairs:,} pairs in {spent:.2f} s {grown:.0f} MB more memory")
    print(
        f"distances {distance.min():.2f} .. {distance.max():.1f} cm; coincident: {table.distance_cm(a, a).max():.1e} cm"
    )


if __name__ == "__main__":
    main()
