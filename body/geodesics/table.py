"""The file of all-pairs geodesics and the distance between surface points that is read from it.

File: a header of 4,096 bytes (JSON, padded with spaces), vertices (V, 3) <f8, faces (T, 3) <i4, padding to a multiple
of 4,096, then the symmetric matrix (V, V) <u2 in units of 0.05 mm. It is memory-mapped, so processes share its pages.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from body.canonical import surface_hash_of
from body.surface import SurfacePoints

UNIT_M: Final = 5e-5
UNITS_PER_CM: Final = 200.0
MAX_DISTANCE_M: Final = 65_535 * UNIT_M

_MAGIC: Final = "geodesics-1"
_PAGE: Final = 4_096
_CHUNK: Final = 1 << 16  # pairs held at once: 20 MB of temporaries


class GeodesicsFileError(ValueError):
    """The file of geodesics is missing, incomplete, or of another mesh."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the pieces of a file lie."""

    n_vertices: int
    n_triangles: int

    @property
    def faces_at(self) -> int:
        """Byte offset of the faces."""
        return _PAGE + self.n_vertices * 3 * 8

    @property
    def matrix_at(self) -> int:
        """Byte offset of the matrix."""
        end = self.faces_at + self.n_triangles * 3 * 4
        return -(-end // _PAGE) * _PAGE

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.matrix_at + self.n_vertices**2 * 2

    def matrix(self, path: Path, mode: Literal["r", "r+"]) -> "np.memmap[Any, np.dtype[np.uint16]]":
        """Return the memory-mapped matrix (V, V) in units of 0.05 mm."""
        shape = (self.n_vertices, self.n_vertices)
        return np.memmap(path, dtype=np.dtype("<u2"), mode=mode, offset=self.matrix_at, shape=shape)


def write_skeleton(path: Path, vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int32]) -> Layout:
    """Write a file whose matrix is still empty."""
    layout = Layout(len(vertices), len(faces))
    header = json.dumps(
        {
            "format": _MAGIC,
            "surface": surface_hash_of(vertices, faces),
            "vertices": layout.n_vertices,
            "triangles": layout.n_triangles,
        }
    )
    with path.open("wb") as file:
        file.write(header.encode().ljust(_PAGE))
        file.write(vertices.astype("<f8").tobytes())
        file.write(faces.astype("<i4").tobytes())
        file.truncate(layout.size)
    return layout


def read_skeleton(path: Path) -> tuple[Layout, str, npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Return layout, surface hash, vertices (V, 3) metres and faces (T, 3) of a file.

    Raises:
        GeodesicsFileError: the file is missing, is not one of ours, or its size does not fit its header.
    """
    try:
        with path.open("rb") as file:
            header: dict[str, Any] = json.loads(file.read(_PAGE))
            if header["format"] != _MAGIC:
                raise GeodesicsFileError(
                    f"{path} has the format {header['format']!r}, wanted {_MAGIC!r}; build it again"
                )
            layout = Layout(int(header["vertices"]), int(header["triangles"]))
            vertices = np.frombuffer(file.read(layout.n_vertices * 24), dtype="<f8").reshape(-1, 3)
            faces = np.frombuffer(file.read(layout.n_triangles * 12), dtype="<i4").reshape(-1, 3)
            surface = str(header["surface"])
    except FileNotFoundError:
        raise GeodesicsFileError(f"{path} does not exist; geodesics are still being prepared") from None
    except GeodesicsFileError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise GeodesicsFileError(
            f"{path} is not a file of geodesics ({error}); delete it and build it again"
        ) from error
    if path.stat().st_size != layout.size:
        raise GeodesicsFileError(
            f"{path} has {path.stat().st_size} bytes, wanted {layout.size}; delete it and build it again"
        )
    return layout, surface, vertices, faces


class GeodesicTable:
    """Exact geodesics between all vertices of a mesh, memory-mapped; open it with `GeodesicTable.open`."""

    def __init__(self, matrix: npt.NDArray[np.uint16], faces: npt.NDArray[np.int32], surface_hash: str) -> None:
        """Wrap a symmetric matrix (V, V) in units of 0.05 mm and the faces (T, 3) of its mesh."""
        self.surface_hash = surface_hash
        self.faces = faces
        self._matrix = matrix
        self._flat = np.asarray(matrix).reshape(-1)
        corner = faces.astype(np.int64)
        along = np.asarray(matrix)[corner, np.roll(corner, -1, axis=1)].astype(np.float64)
        self._side_squared = (along / UNITS_PER_CM) ** 2  # (T, 3) cm^2: sides 0-1, 1-2, 2-0

    @classmethod
    def open(cls, path: Path) -> "GeodesicTable":
        """Map a finished file.

        Raises:
            GeodesicsFileError: it is missing, incomplete or not a file of geodesics.
        """
        layout, surface, _, faces = read_skeleton(Path(path))
        return cls(layout.matrix(Path(path), "r"), faces, surface)

    @property
    def n_vertices(self) -> int:
        """How many vertices the mesh has."""
        return len(self._matrix)

    def vertex_distance_cm(self, a: npt.NDArray[np.integer], b: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """Return the geodesics between vertices; `a` and `b` are broadcast against each other, e.g. (N, 1) and (V,)."""
        units = np.asarray(self._matrix)[a, b]
        return np.asarray(units / np.float32(UNITS_PER_CM), dtype=np.float32)

    def distance_cm(self, a: SurfacePoints, b: SurfacePoints) -> npt.NDArray[np.float32]:
        """Return the geodesics between pairs of surface points, in bounded memory.

        With weights w, u and the geodesics d between corners, d^2 = sum_ij w_i u_j d_ij^2 - sum_{i<k} w_i w_k d_ik^2
        - sum_{j<l} u_j u_l d_jl^2: exact in the plane, 0 for coincident points, and biased by less than 0.01 cm on
        the body. (Plain interpolation of d reads 1.3 cm for coincident points.)

        Args:
            a, b: N points each.

        Returns:
            (N,) float32 cm; inf where either is "no point".

        Raises:
            ValueError: the lengths differ or a triangle is not one of the table's mesh.
        """
        if len(a) != len(b):
            raise ValueError(f"a and b must be of one length, got {len(a)} and {len(b)}")
        for points in (a, b):
            if len(points) and points.triangle.max() >= len(self.faces):
                raise ValueError(f"triangle must be below {len(self.faces)}, got {points.triangle.max()}")
        distance = np.empty(len(a), dtype=np.float32)
        for begin in range(0, len(a), _CHUNK):
            rows = slice(begin, begin + _CHUNK)
            distance[rows] = self._chunk_cm(a[rows], b[rows])
        return distance

    def _chunk_cm(self, a: SurfacePoints, b: SurfacePoints) -> npt.NDArray[np.float64]:
        corner_a = self.faces[a.triangle].astype(np.int64) * self.n_vertices
        corner_b = self.faces[b.triangle].astype(np.int64)
        squared = np.zeros(len(a))
        for i in range(3):
            inner = np.zeros(len(a))
            for j in range(3):
                between = self._flat[corner_a[:, i] + corner_b[:, j]].astype(np.float64)
                inner += b.weights[:, j] * (between * between)
            squared += a.weights[:, i] * inner
        squared /= UNITS_PER_CM**2
        for points in (a, b):
            w = points.weights
            products = w * np.roll(w, -1, axis=1)  # w0 w1, w1 w2, w2 w0
            squared -= np.einsum("nk,nk->n", products, self._side_squared[points.triangle])
        distance = np.sqrt(np.clip(squared, 0.0, None))
        distance[~(a.is_valid & b.is_valid)] = np.inf
        return distance
