import numpy as np
import pytest

from body.cse import N_CSE_VERTICES, cse_mesh, cse_positions, nearest_cse_vertex, surface_of_cse_vertex
from body.surface import SurfacePoints, positions
from body.topology import edges_of


def test_sizes():
    mesh = cse_mesh()
    assert N_CSE_VERTICES == 27_554
    assert mesh.vertices.shape == (27_554, 3)
    assert mesh.faces.shape == (55_096, 3)
    assert len(edges_of(mesh.faces)) == 2 * 20_664 + 3 * 13_774


def test_midpoints_follow_the_public_order(canonical):
    mesh = cse_mesh()
    assert np.array_equal(mesh.vertices[:6_890], canonical.vertices)
    for number, (lo, hi) in enumerate([(0, 1), (0, 2), (1, 2), (0, 3), (2, 3), (1, 4)]):
        middle = (canonical.vertices[lo] + canonical.vertices[hi]) / 2
        assert np.allclose(mesh.vertices[6_890 + number], middle)


def test_split_triangles_keep_area_and_orientation(canonical):
    mesh = cse_mesh()

    def areas(faces, vertices):
        a, b, c = np.moveaxis(vertices[faces], 1, 0)
        return np.cross(b - a, c - a)

    split = areas(mesh.faces, mesh.vertices).reshape(-1, 4, 3)
    whole = areas(canonical.faces, canonical.vertices)
    assert np.allclose(split * 4, whole[:, None], atol=1e-12)


def test_every_cse_vertex_is_its_own_nearest():
    every = np.arange(N_CSE_VERTICES)
    assert np.array_equal(nearest_cse_vertex(surface_of_cse_vertex(every)), every)


def test_back_on_the_surface(canonical):
    every = np.arange(N_CSE_VERTICES)
    placed = positions(surface_of_cse_vertex(every), canonical.vertices)
    assert np.allclose(placed, cse_positions(canonical.vertices), atol=1e-12)


def test_nearest_beats_every_candidate_of_the_triangle(canonical, scattered_points):
    mesh = cse_mesh()
    here = positions(scattered_points, canonical.vertices)
    chosen = np.linalg.norm(mesh.vertices[nearest_cse_vertex(scattered_points)] - here, axis=1)
    own = mesh.vertices[mesh.triangle_vertices[scattered_points.triangle]]
    assert np.allclose(chosen, np.linalg.norm(own - here[:, None], axis=2).min(axis=1))


def test_no_point_and_wrong_numbers():
    assert nearest_cse_vertex(SurfacePoints.none(1)).tolist() == [-1]
    assert surface_of_cse_vertex(np.array([-1])).triangle.tolist() == [-1]
    with pytest.raises(ValueError, match="27553, got 27554"):
        surface_of_cse_vertex(np.array([27_554]))
