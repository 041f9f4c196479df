"""One worker process of `build_geodesics`: reads source vertices from standard input, writes rows of the matrix.

A source's byte in the rows file is set after its row was flushed, so a source that counts as finished is finished.
"""

import os
import sys
from pathlib import Path
from typing import Final

import numpy as np

from body.geodesics.build import Symmetry
from body.geodesics.table import MAX_DISTANCE_M, UNIT_M, read_skeleton

_BATCH: Final = 16
_NICENESS: Final = 10


def main(partial: Path, rows: Path) -> None:
    """Compute the rows of the sources on standard input into the partial file.

    Raises:
        RuntimeError: a distance is infinite or larger than the format can hold.
    """
    from pygeodesic import geodesic

    os.nice(_NICENESS)
    layout, _, vertices, faces = read_skeleton(partial)
    symmetry = Symmetry.of_mesh(vertices, faces)
    matrix = layout.matrix(partial, "r+")
    is_finished = np.memmap(rows, dtype=np.uint8, mode="r+", shape=(len(vertices),))
    algorithm = geodesic.PyGeodesicAlgorithmExact(vertices, faces)
    sources = [int(word) for word in sys.stdin.read().split()]
    for begin in range(0, len(sources), _BATCH):
        batch = sources[begin : begin + _BATCH]
        for source in batch:
            distance_m, _ = algorithm.geodesicDistances(np.array([source]), None)
            if not (np.isfinite(distance_m).all() and distance_m.max() <= MAX_DISTANCE_M):
                raise RuntimeError(f"vertex {source} is {distance_m.max()} m away from another, limit {MAX_DISTANCE_M}")
            row = np.rint(distance_m / UNIT_M).astype(np.uint16)
            matrix[source] = row
            if symmetry.is_exact[source]:
                matrix[symmetry.mirror[source], symmetry.mirror] = row
        matrix.flush()
        is_finished[batch] = 1
        is_finished.flush()
        os.write(sys.stdout.fileno(), f"finished {len(batch)}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
