import numpy as np
import pytest

from body.canonical import load_canonical_body, surface_hash_of
from body.surface import SurfacePoints, mirror, nearest_vertex, positions, surface_of_vertex


def test_positions_are_weighted_corners(topology, canonical):
    points = SurfacePoints(np.array([0, 5]), np.array([[1, 0, 0], [0.5, 0.25, 0.25]]))
    a, b, c = canonical.vertices[topology.faces[5]]
    expected = [canonical.vertices[topology.faces[0, 0]], a / 2 + b / 4 + c / 4]
    assert np.allclose(positions(points, canonical.vertices), expected)


def test_no_point_is_nowhere(canonical):
    nothing = SurfacePoints.none(3)
    assert not nothing.is_valid.any()
    assert np.isnan(positions(nothing, canonical.vertices)).all()
    assert nearest_vertex(nothing).tolist() == [-1, -1, -1]
    assert mirror(nothing).triangle.tolist() == [-1, -1, -1]
    assert nothing.chart.tolist() == nothing.part.tolist() == [0, 0, 0]


def test_indexing_and_joining(scattered_points):
    first, last = scattered_points[0], scattered_points[-1]
    both = SurfacePoints.concatenate([first, last])
    assert len(first) == len(last) == 1
    assert both.triangle.tolist() == [scattered_points.triangle[0], scattered_points.triangle[-1]]
    assert len(SurfacePoints.concatenate([])) == 0
    chosen = scattered_points[scattered_points.part == 14]
    assert len(chosen) > 0
    assert set(chosen.part) == {14}


@pytest.mark.parametrize(
    ("triangle", "weights", "complaint"),
    [
        ([13_774], [[1, 0, 0]], r"-1\.\.13773, got 13774"),
        ([-2], [[1, 0, 0]], "got -2"),
        ([0], [[0.5, 0.4, 0.2]], "sum 1"),
        ([0], [[1.2, -0.2, 0]], "non-negative"),
        ([0], [[np.nan, 0.5, 0.5]], "non-negative"),
        ([0, 1], [[1, 0, 0]], r"\(N, 3\)"),
        ([0], [[1, 0]], r"\(N, 3\)"),
    ],
)
def test_unsound_points_are_refused(triangle, weights, complaint):
    with pytest.raises(ValueError, match=complaint):
        SurfacePoints(np.array(triangle), np.array(weights, dtype=float))


def test_rounded_weights_are_accepted_and_normalised():
    points = SurfacePoints(np.array([3]), np.float32([[0.33333, 0.33333, 0.33333]]))
    assert points.weights.sum() == pytest.approx(1.0, abs=1e-15)


def test_nearest_vertex_is_the_nearest_corner(canonical, topology, scattered_points):
    nearest = nearest_vertex(scattered_points)
    here = positions(scattered_points, canonical.vertices)
    corners = topology.faces[scattered_points.triangle]
    reach = np.linalg.norm(canonical.vertices[corners] - here[:, None], axis=2)
    chosen = np.linalg.norm(canonical.vertices[nearest] - here, axis=1)
    assert np.allclose(chosen, reach.min(axis=1))


def test_every_vertex_is_its_own_nearest():
    every = np.arange(6_890)
    assert np.array_equal(nearest_vertex(surface_of_vertex(every)), every)
    assert surface_of_vertex(np.array([-1])).triangle.tolist() == [-1]
    with pytest.raises(ValueError, match="6890"):
        surface_of_vertex(np.array([6_890]))


def test_mirrored_points_lie_across(canonical, scattered_points):
    there = positions(mirror(scattered_points), canonical.vertices)
    here = positions(scattered_points, canonical.vertices)
    assert np.abs(there - here * [-1, 1, 1]).max() < 0.0005
    twice = mirror(mirror(scattered_points))
    assert np.array_equal(twice.triangle, scattered_points.triangle)
    assert np.array_equal(twice.weights, scattered_points.weights)


def test_positions_follow_the_body(stand_in_body, canonical, scattered_points):
    step = np.array([1.0, 0.0, 0.0])
    moved = positions(scattered_points, stand_in_body + step)
    assert np.allclose(moved, positions(scattered_points, stand_in_body) + step)
    with pytest.raises(ValueError, match="6890"):
        positions(scattered_points, canonical.vertices[:-1])


def test_canonical_body_stands_in_its_frame(canonical):
    low, high = canonical.vertices.min(axis=0), canonical.vertices.max(axis=0)
    assert low[1] == pytest.approx(0, abs=1e-6)
    assert high[1] == pytest.approx(1.70, abs=1e-6)
    assert len(canonical.surface_hash) == 16


def test_left_parts_are_at_positive_x_and_toes_point_forward(canonical, centroids):
    here = positions(centroids, canonical.vertices)
    assert here[centroids.part == 3, 0].min() > 0.3  # the left hand
    assert here[centroids.part == 2, 0].max() < -0.3
    assert here[centroids.part == 4, 2].max() > 0.1  # toes of the left foot, z forward


def test_the_hash_tells_surfaces_apart(canonical):
    moved = canonical.vertices.copy()
    moved[17, 1] += 1e-6
    assert surface_hash_of(canonical.vertices, canonical.faces) == load_canonical_body().surface_hash
    assert surface_hash_of(moved, canonical.faces) != canonical.surface_hash
    assert surface_hash_of(canonical.vertices, canonical.faces[::-1]) != canonical.surface_hash
