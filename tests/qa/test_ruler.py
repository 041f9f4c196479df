"""Simulated errors are as long along the surface as they are said, by exact geodesics of a mesh with both ends."""

import numpy as np
import pytest
from pygeodesic import geodesic
from scipy.stats import kstest, rayleigh

from annotator.models import PointStatus
from body.canonical import load_canonical_body
from body.surface import SurfacePoints
from body.topology import load_topology
from body.walks import walk
from qa.simulation.answers import truthful
from qa.simulation.habits import Habits
from qa.simulation.players import Player
from qa.simulation.ruler import around

TORSO, HAND, FOOT, HEAD = 1, 2, 4, 14


def points_on(part: int, n: int, seed: int = 0) -> SurfacePoints:
    rng = np.random.default_rng(seed)
    triangle = rng.choice(np.flatnonzero(load_topology().face_part == part), n)
    return SurfacePoints(triangle, rng.dirichlet((1, 1, 1), n))


def exact_cm(one: SurfacePoints, other: SurfacePoints) -> float:
    """Return the distance on the whole body with both points made corners of it; they must lie in two triangles."""
    vertices, faces = load_canonical_body().vertices, load_topology().faces
    kept = np.ones(len(faces), bool)
    corners, at = [], [vertices]
    for number, point in enumerate((one, other)):
        (triangle,) = point.triangle
        kept[triangle] = False
        own = faces[triangle]
        at.append(point.weights @ vertices[own])
        corners.append(np.column_stack([own, np.roll(own, -1), np.full(3, len(vertices) + number)]))
    mesh = np.concatenate([faces[kept], *corners]).astype(np.int32)
    algorithm = geodesic.PyGeodesicAlgorithmExact(np.concatenate(at), mesh)
    return 100 * float(algorithm.geodesicDistance(len(vertices), len(vertices) + 1)[0])


@pytest.mark.parametrize("part", [TORSO, HAND, FOOT, HEAD])
def test_distances_are_those_of_a_mesh_with_both_points(part):
    n = 6
    aims, rng = points_on(part, n), np.random.default_rng(1)
    # Walks of up to 9 cm end anywhere up to that far off: around a finger they come back.
    ends = walk(aims, rng.uniform(0, 2 * np.pi, n), np.linspace(0.02, 0.09, n))
    assert (aims.triangle != ends.triangle).all()
    found = around(aims, np.full(n, 9.0)).distance_cm(np.arange(n), ends)
    exact = np.array([exact_cm(aims[row], ends[row]) for row in range(n)])
    # Exact save inside a triangle where two shortest ways meet, as behind a toe.
    assert np.median(np.abs(found - exact)) < 0.01
    assert np.abs(found - exact).max() < 0.15


def test_what_is_near_and_what_is_not_there():
    aims = points_on(HEAD, 3)
    surface = around(aims, np.array([1.0, 3.0, 30.0]))
    which = np.arange(3)
    np.testing.assert_allclose(surface.distance_cm(which, aims), 0, atol=1e-3)
    vertices = load_canonical_body().vertices
    first = aims[np.zeros(1, int)]
    corner = SurfacePoints(first.triangle, np.array([[1.0, 0.0, 0.0]]))
    apart = np.linalg.norm((first.weights - corner.weights) @ vertices[load_topology().faces[first.triangle[0]]])
    assert surface.distance_cm(np.zeros(1, int), corner)[0] == pytest.approx(100 * apart, abs=1e-3), "in one triangle"
    assert np.isinf(surface.distance_cm(which, points_on(FOOT, 3))).all(), "too far to be measured"
    assert np.isinf(surface.distance_cm(which, SurfacePoints.none(3))).all()
    assert not len(around(SurfacePoints.none(0), np.zeros(0)).distance_cm(np.zeros(0, int), SurfacePoints.none(0)))


@pytest.mark.parametrize("part", [HAND, FOOT])
def test_errors_follow_their_law_where_the_straight_way_is_not_the_shortest(part):
    truth = points_on(part, 50, seed=2)
    of_part = np.full(50, part, np.uint8)
    truth = truth[np.flatnonzero(truthful(of_part, truth).status == PointStatus.PLACED)]
    of_part, sigma_cm = np.full(len(truth), part, np.uint8), 3.0
    player = Player(Habits(sigma_cm=sigma_cm, cannot_tell=0), np.random.default_rng(3))
    answers = [player.answer(of_part, truth) for _ in range(12)]
    for answer in answers:
        assert (answer.status == PointStatus.PLACED).all()
        assert (answer.surface.part == part).all()
    cm = np.concatenate([answer.error_cm for answer in answers])
    assert kstest(cm, rayleigh(scale=sigma_cm).cdf).pvalue > 0.01
    length_cm = np.max([answer.error_cm for answer in answers], axis=0)
    away = around(truth, length_cm)
    for answer in answers[:3]:
        np.testing.assert_allclose(away.distance_cm(np.arange(len(truth)), answer.surface), answer.error_cm, atol=0.02)
