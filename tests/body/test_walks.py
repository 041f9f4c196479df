"""Walks on the surface go as far as they are told, in every direction alike."""

import numpy as np
import pytest

from body.canonical import load_canonical_body
from body.surface import SurfacePoints, positions
from body.topology import load_topology
from body.walks import walk


@pytest.fixture(scope="module")
def on_torso() -> SurfacePoints:
    """20,000 points on the torso, whose surface bends little."""
    rng = np.random.default_rng(5)
    triangle = rng.choice(np.flatnonzero(load_topology().face_part == 1), 20_000)
    return SurfacePoints(triangle, rng.dirichlet((1, 1, 1), len(triangle)))


def test_a_walk_is_as_long_as_it_was_told(on_torso):
    vertices = load_canonical_body().vertices
    start = positions(on_torso, vertices)
    heading = np.random.default_rng(0).uniform(0, 2 * np.pi, len(start))
    for length_m in (0.002, 0.01, 0.03):
        end = walk(on_torso, heading, np.full(len(start), length_m))
        apart = np.linalg.norm(positions(end, vertices) - start, axis=1)
        # Never longer than the walk; shorter only by the bend of the surface.
        assert apart.max() <= length_m + 1e-9
        assert np.median(apart) > 0.985 * length_m
        np.testing.assert_allclose(end.weights.sum(1), 1)


def test_all_directions_are_alike(on_torso):
    vertices = load_canonical_body().vertices
    n = len(on_torso)
    heading = np.random.default_rng(1).uniform(0, 2 * np.pi, n)
    moved = positions(walk(on_torso, heading, np.full(n, 0.02)), vertices) - positions(on_torso, vertices)
    assert np.linalg.norm(moved.mean(0)) < 0.02 * 4 / np.sqrt(n) + 0.001


def test_walking_nowhere_and_from_nowhere(on_torso):
    here = on_torso[:50]
    still = walk(here, np.zeros(50), np.zeros(50))
    np.testing.assert_array_equal(still.triangle, here.triangle)
    np.testing.assert_allclose(still.weights, here.weights)
    with pytest.raises(ValueError, match="absent"):
        walk(SurfacePoints.none(1), np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match="one heading"):
        walk(here, np.zeros(3), np.ones(50))


def test_a_walk_around_a_limb_ends_on_it():
    """Long walks cross many triangles and seams of the atlas; none is lost but into the two holes at the toes."""
    topology = load_topology()
    rng = np.random.default_rng(2)
    triangle = rng.choice(np.flatnonzero(np.isin(topology.face_part, (8, 9, 12, 13))), 5000)
    points = SurfacePoints(triangle, rng.dirichlet((1, 1, 1), 5000))
    end = walk(points, rng.uniform(0, 2 * np.pi, 5000), np.full(5000, 0.25))
    assert end.is_valid.mean() > 0.99
    assert len(np.unique(end.chart)) > 8
