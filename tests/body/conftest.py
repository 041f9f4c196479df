"""Points, meshes and bodies that the tests of the surface share."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from body.canonical import CanonicalBody, load_canonical_body
from body.surface import SurfacePoints
from body.topology import N_TRIANGLES, Topology, load_topology

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def topology() -> Topology:
    return load_topology()


@pytest.fixture(scope="session")
def canonical() -> CanonicalBody:
    return load_canonical_body()


@pytest.fixture(scope="session")
def scattered_points() -> SurfacePoints:
    """50,000 points over all triangles."""
    rng = np.random.default_rng(7)
    triangle = rng.integers(0, N_TRIANGLES, 50_000).astype(np.int32)
    return SurfacePoints(triangle, rng.dirichlet([1, 1, 1], 50_000))


@pytest.fixture(scope="session")
def centroids() -> SurfacePoints:
    return SurfacePoints(np.arange(N_TRIANGLES, dtype=np.int32), np.full((N_TRIANGLES, 3), 1 / 3))


@pytest.fixture(scope="session")
def stand_in_body() -> npt.NDArray[np.float64]:
    """Another person on the SMPL topology, (6890, 3) metres."""
    path = SHARED_DATA / "smpl_topology_body.npz"
    if not path.exists():
        pytest.skip(f"needs {path}, which is not part of the project")
    return np.load(path)["vertices"].astype(np.float64)
