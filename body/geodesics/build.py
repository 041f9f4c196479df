"""Builds the file of all-pairs geodesics with several processes; it can be killed at any moment and goes on later.

Work happens in `NAME.partial` beside the target, with a byte for each finished source in `NAME.rows`; the finished file
is synced and renamed, so that a file of the final name is always whole. Exact distances are those of pygeodesic
(Mitchell, Mount, Papadimitriou). Where the body is exactly symmetric, one side is computed and the other mirrored.
"""

import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from body.canonical import load_canonical_body, surface_hash_of
from body.geodesics.table import GeodesicsFileError, Layout, read_skeleton, write_skeleton
from body.topology import N_TRIANGLES, load_topology

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

_EXACTLY_SYMMETRIC_M: Final = 1e-5
_NEARLY_SYMMETRIC_M: Final = 5e-4  # paths between exact vertices may cross the others; beyond this they would differ
_BLOCK: Final = 1_024


def geodesics_path(folder: Path, surface_hash: str | None = None) -> Path:
    """Return the file in a cache folder that belongs to a mesh, by default to the canonical body."""
    return Path(folder) / f"geodesics-{surface_hash or load_canonical_body().surface_hash}.u2"


def build_geodesics(
    vertices: npt.NDArray[np.floating],
    faces: npt.NDArray[np.integer],
    path: Path,
    processes: int = 2,
    on_progress: Progress | None = None,
) -> Path:
    """Compute the exact geodesics between all vertices of a mesh into a file, unless it is there already.

    Args:
        vertices: (V, 3) metres.
        faces: (T, 3) vertex numbers; a connected manifold mesh (holes allowed) that uses every vertex.
        path: the file to make; see `geodesics_path`. Its folder is made where it is missing.
        processes: how many worker processes, at a low priority.
        on_progress: called in this process with (finished sources, all sources); what it raises stops the build, and a
            later call goes on from there.

    Returns:
        `path`.

    Raises:
        ValueError: the arrays are not a mesh.
        GeodesicsFileError: a distance cannot be computed (a mesh in several pieces, or larger than 3.27 m).
    """
    path = Path(path)
    vertices, faces = _checked_mesh(vertices, faces)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_name(path.name + ".lock")) as lock:
        if _is_finished(path, vertices, faces):
            return path
        partial, rows = path.with_name(path.name + ".partial"), path.with_name(path.name + ".rows")
        layout = _prepare(partial, rows, vertices, faces)
        symmetry = Symmetry.of_mesh(vertices, faces)
        _run_workers(partial, rows, symmetry.sources(), processes=max(1, processes), on_progress=on_progress, lock=lock)
        _symmetrise(layout.matrix(partial, "r+"), ~symmetry.is_exact)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
        _sync_folder(path.parent)
        rows.unlink(missing_ok=True)
    log.info("geodesics_built path=%s vertices=%d", path, len(vertices))
    return path


@dataclass(frozen=True, slots=True, eq=False)
class Symmetry:
    """What a mesh's mirror saves. The mirrored row of a vertex that `is_exact` need not be computed.

    Attributes:
        mirror: (V,) int32, the vertex of the other side.
        is_exact: (V,) bool, the vertex mirrors its partner to within rounding. The registered head is 0.3 mm off the
            mirror plane, so its vertices are computed on both sides.
    """

    mirror: npt.NDArray[np.int32]
    is_exact: npt.NDArray[np.bool_]

    @classmethod
    def of_mesh(cls, vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int32]) -> "Symmetry":
        """Find the symmetry of a mesh; none of its vertices `is_exact` unless it is a body close to symmetric."""
        if len(faces) != N_TRIANGLES or not np.array_equal(faces, load_topology().faces):
            return cls(np.arange(len(vertices), dtype=np.int32), np.zeros(len(vertices), dtype=bool))
        topology = load_topology()
        off_m = np.abs(vertices[topology.mirror_vertex] - vertices * [-1.0, 1.0, 1.0]).max(axis=1)
        is_close = bool(off_m.max() <= _NEARLY_SYMMETRIC_M)
        return cls(topology.mirror_vertex, (off_m <= _EXACTLY_SYMMETRIC_M) & is_close)

    def sources(self) -> npt.NDArray[np.int64]:
        """Return the vertices whose rows must be computed."""
        own = np.arange(len(self.mirror))
        return np.flatnonzero((own <= self.mirror) | ~self.is_exact)


def _checked_mesh(
    vertices: npt.NDArray[np.floating], faces: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
        raise ValueError(f"vertices must be finite (V, 3), got {vertices.shape}")
    if faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(f"faces must be (T, 3), got {faces.shape}")
    if not np.array_equal(np.unique(faces), np.arange(len(vertices))):
        raise ValueError(f"faces must use every vertex 0..{len(vertices) - 1}")
    return np.ascontiguousarray(vertices, dtype=np.float64), np.ascontiguousarray(faces, dtype=np.int32)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Let one builder at a time work on a file; the lock goes with the process, however that ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _is_finished(path: Path, vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int32]) -> bool:
    try:
        return read_skeleton(path)[1] == surface_hash_of(vertices, faces)
    except GeodesicsFileError:
        return False


def _prepare(partial: Path, rows: Path, vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int32]) -> Layout:
    """Open an earlier attempt at the same mesh, or start a new one."""
    layout = Layout(len(vertices), len(faces))
    can_resume = _is_finished(partial, vertices, faces) and rows.exists() and rows.stat().st_size == len(vertices)
    if not can_resume:
        rows.unlink(missing_ok=True)
        write_skeleton(partial, vertices, faces)
        rows.write_bytes(bytes(len(vertices)))
    return layout


def _run_workers(
    partial: Path,
    rows: Path,
    sources: npt.NDArray[np.integer],
    *,
    processes: int,
    on_progress: Progress | None,
    lock: int,
) -> None:
    """Compute the sources that are not finished; each worker takes every n-th of them."""
    finished = np.fromfile(rows, dtype=np.uint8).astype(bool)[sources]
    left, done = sources[~finished], int(finished.sum())
    report = on_progress or (lambda _done, _total: None)
    report(done, len(sources))
    shares = [share for number in range(processes) if len(share := left[number::processes])]
    read_end, write_end = os.pipe()
    workers: list[subprocess.Popen[str]] = []
    try:
        with os.fdopen(write_end, "w") as said:
            for share in shares:
                workers.append(_start_worker(partial, rows, said.fileno(), lock))
                _hand_over(workers[-1], share)
        with os.fdopen(os.dup(read_end)) as lines:
            for line in lines:  # "finished COUNT", one write each, so lines of two workers do not mix
                if line.startswith("finished "):
                    done += int(line.split()[1])
                    report(done, len(sources))
        for worker in workers:
            _, complaint = worker.communicate()
            if worker.returncode != 0:
                reason = complaint.strip().splitlines()[-1:] or [f"a worker ended with {worker.returncode}"]
                raise GeodesicsFileError(f"geodesics could not be computed: {reason[0]}")
    finally:
        os.close(read_end)
        for worker in workers:
            _end(worker)


def _start_worker(partial: Path, rows: Path, output: int, lock: int) -> subprocess.Popen[str]:
    """Start a worker: a plain child process, since a Celery worker may not have children of multiprocessing.

    It inherits the lock, so that nobody else builds while it lives, and notices our death by its broken pipe.
    """
    root = str(Path(__file__).parents[2])
    search_path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
        [sys.executable, "-m", "body.geodesics.worker", str(partial), str(rows)],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=(lock,),
        env={**os.environ, "PYTHONPATH": search_path, "OMP_NUM_THREADS": "1"},
    )


def _hand_over(worker: subprocess.Popen[str], sources: npt.NDArray[np.integer]) -> None:
    assert worker.stdin is not None
    with worker.stdin as pipe:
        pipe.write(" ".join(map(str, sources.tolist())))
    worker.stdin = None


def _end(worker: subprocess.Popen[str]) -> None:
    if worker.poll() is None:
        worker.kill()
        worker.wait()
    if worker.stderr is not None:
        worker.stderr.close()


def _symmetrise(matrix: npt.NDArray[np.uint16], is_computed: npt.NDArray[np.bool_]) -> None:
    """Make d(a, b) = d(b, a) to the last unit, in place; doing it twice changes nothing.

    Args:
        matrix: (V, V).
        is_computed: (V,) rows that were computed on both sides; they overrule what was mirrored into their columns.
    """
    matrix[np.ix_(~is_computed, is_computed)] = matrix[np.ix_(is_computed, ~is_computed)].T
    n = len(matrix)
    for top in range(0, n, _BLOCK):
        for left in range(top, n, _BLOCK):
            upper = matrix[top : top + _BLOCK, left : left + _BLOCK]
            lower = matrix[left : left + _BLOCK, top : top + _BLOCK]
            mean = ((upper.astype(np.uint32) + lower.T.astype(np.uint32) + 1) // 2).astype(np.uint16)
            upper[:] = mean
            lower[:] = mean.T


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
