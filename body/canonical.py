"""The canonical body: the neutral registered Anny at a stature of 1.70 m, to which all views and centimetres refer."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from body.topology import N_TRIANGLES, N_VERTICES, load_topology

CANONICAL_BODY_FILE: Final = Path(__file__).parent / "data" / "canonical_body.npz"


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalBody:
    """The reference surface; arrays are read-only.

    Attributes:
        vertices: (6890, 3) float64 metres, y up, z forward, x = the body's left.
        faces: (13774, 3) int32, those of the topology.
        surface_hash: 16 hexadecimal digits that change whenever vertices or faces change.
    """

    vertices: npt.NDArray[np.float64]
    faces: npt.NDArray[np.int32]
    surface_hash: str


@cache
def load_canonical_body() -> CanonicalBody:
    """Return the canonical body, read once a process.

    Raises:
        RuntimeError: the file in `body/data` does not belong to the atlas.
    """
    with np.load(CANONICAL_BODY_FILE, allow_pickle=False) as stored:
        vertices = stored["vertices"].astype(np.float64)
        faces = stored["faces"].astype(np.int32)
    if vertices.shape != (N_VERTICES, 3) or faces.shape != (N_TRIANGLES, 3):
        raise RuntimeError(f"{CANONICAL_BODY_FILE.name} holds {vertices.shape} vertices and {faces.shape} faces")
    if not np.array_equal(faces, load_topology().faces):
        raise RuntimeError(f"the faces of {CANONICAL_BODY_FILE.name} are not those of the atlas")
    vertices.flags.writeable = False
    faces.flags.writeable = False
    return CanonicalBody(vertices, faces, surface_hash_of(vertices, faces))


def surface_hash_of(vertices: npt.NDArray[np.floating], faces: npt.NDArray[np.integer]) -> str:
    """Return the name of a mesh in caches: 16 hexadecimal digits of the SHA-256 of its shape, positions and triangles.

    Args:
        vertices: (V, 3) metres.
        faces: (T, 3) vertex numbers.
    """
    digest = hashlib.sha256(f"mesh {len(vertices)} {len(faces)}".encode())
    digest.update(np.ascontiguousarray(vertices, dtype="<f8").tobytes())
    digest.update(np.ascontiguousarray(faces, dtype="<i4").tobytes())
    return digest.hexdigest()[:16]
