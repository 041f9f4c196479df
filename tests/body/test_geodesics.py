"""Tiny meshes with known answers, and patches of the real body against pygeodesic; never the whole table."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pygeodesic import geodesic

from body.canonical import load_canonical_body, surface_hash_of
from body.geodesics import GeodesicsFileError, GeodesicTable, build_geodesics, geodesics_path
from body.geodesics.build import Symmetry, _symmetrise
from body.surface import SurfacePoints
from body.topology import load_topology

ROOT = Path(__file__).parents[2]


def grid(n: int, size_m: float) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of n x n cells: geodesics are straight lines."""
    x, y = np.meshgrid(np.linspace(0, size_m, n + 1), np.linspace(0, size_m, n + 1))
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    corner = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    lower = np.stack([corner, corner + 1, corner + n + 2], axis=1)
    upper = np.stack([corner, corner + n + 2, corner + n + 1], axis=1)
    return vertices, np.concatenate([lower, upper]).astype(np.int32)


def box(size_m: float) -> tuple[np.ndarray, np.ndarray]:
    """A cube of 12 triangles."""
    vertices = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float) * size_m
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    return vertices, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))], dtype=np.int32)


def split_sides(vertices: np.ndarray, faces: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split every triangle into n^2 of the same surface.

    Returns vertices, faces, and for each triangle (T, (n+1)(n+2)/2) the vertices at the weights (n-i-j, i, j) / n.
    """
    weights = np.array([(n - i - j, i, j) for i in range(n + 1) for j in range(n + 1 - i)]) / n
    placed = np.einsum("wk,tkd->twd", weights, vertices[faces])
    merged, inverse = np.unique(np.round(placed.reshape(-1, 3), 9), axis=0, return_inverse=True)
    at = inverse.reshape(len(faces), -1)
    number = {tuple(np.rint(w * n).astype(int)): k for k, w in enumerate(weights)}
    small = []
    for i in range(n):
        for j in range(n - i):
            here = (n - i - j, i, j)
            a, b, c = number[here], number[here[0] - 1, i + 1, j], number[here[0] - 1, i, j + 1]
            small.append((a, b, c))
            if i + j < n - 1:
                small.append((b, number[here[0] - 2, i + 1, j + 1], c))
    return merged, at[:, np.array(small)].reshape(-1, 3), at


def points_of(triangle: np.ndarray, weights: np.ndarray) -> SurfacePoints:
    return SurfacePoints(np.asarray(triangle, dtype=np.int32), np.asarray(weights, dtype=float))


def random_points(rng: np.random.Generator, n_triangles: int, count: int) -> SurfacePoints:
    return points_of(rng.integers(0, n_triangles, count), rng.dirichlet([1, 1, 1], count))


@pytest.fixture(scope="module")
def flat_table(tmp_path_factory) -> tuple[GeodesicTable, np.ndarray, np.ndarray]:
    vertices, faces = grid(6, 0.12)
    path = build_geodesics(vertices, faces, tmp_path_factory.mktemp("flat") / "flat.u2")
    return GeodesicTable.open(path), vertices, faces


def part_mesh(part: int) -> tuple[np.ndarray, np.ndarray]:
    """One part of the canonical body as a mesh of its own."""
    used, faces = np.unique(load_topology().faces[load_topology().face_part == part], return_inverse=True)
    return load_canonical_body().vertices[used], faces.reshape(-1, 3).astype(np.int32)


def test_distances_on_a_plane_are_straight(flat_table):
    table, vertices, faces = flat_table
    rng = np.random.default_rng(0)
    a, b = random_points(rng, len(faces), 5_000), random_points(rng, len(faces), 5_000)
    place = [np.einsum("nk,nkd->nd", p.weights, vertices[faces[p.triangle]]) for p in (a, b)]
    straight_cm = 100 * np.linalg.norm(place[0] - place[1], axis=1)
    off_cm = table.distance_cm(a, b) - straight_cm
    is_apart = straight_cm > 0.5
    assert np.abs(off_cm[is_apart]).max() < 0.01  # rounding to 0.05 mm weighs more when points nearly coincide
    assert abs(off_cm.mean()) < 0.001


def test_coincident_points_are_at_zero(flat_table):
    table, _, faces = flat_table
    points = random_points(np.random.default_rng(1), len(faces), 2_000)
    assert table.distance_cm(points, points).max() < 1e-5


def test_a_shared_corner_is_at_zero_from_any_of_its_triangles(flat_table):
    table, _, faces = flat_table
    vertex = 24  # in the middle: six triangles
    triangle, corner = np.nonzero(faces == vertex)
    points = points_of(triangle, np.eye(3)[corner])
    first = points[np.zeros(len(points), dtype=int)]
    assert len(points) == 6
    assert table.distance_cm(first, points).tolist() == [0.0] * 6


def test_distance_is_symmetric(flat_table):
    table, _, faces = flat_table
    rng = np.random.default_rng(2)
    a, b = random_points(rng, len(faces), 1_000), random_points(rng, len(faces), 1_000)
    assert np.allclose(table.distance_cm(a, b), table.distance_cm(b, a), atol=1e-4)


def test_absent_points_are_infinitely_far(flat_table):
    table, _, _ = flat_table
    there = points_of([0], [[1, 0, 0]])
    assert table.distance_cm(SurfacePoints.none(1), there)[0] == np.inf
    assert table.distance_cm(there, SurfacePoints.none(1))[0] == np.inf
    assert len(table.distance_cm(SurfacePoints.none(0), SurfacePoints.none(0))) == 0


def test_lengths_and_triangles_are_checked(flat_table):
    table, _, faces = flat_table
    one = points_of([0], [[1, 0, 0]])
    with pytest.raises(ValueError, match="one length"):
        table.distance_cm(one, SurfacePoints.none(2))
    with pytest.raises(ValueError, match=f"below {len(faces)}"):
        table.distance_cm(one, points_of([len(faces)], [[1, 0, 0]]))


def test_distances_around_a_box_unfold_its_sides(tmp_path):
    vertices, faces = box(0.1)
    table = GeodesicTable.open(build_geodesics(vertices, faces, tmp_path / "box.u2"))
    assert table.vertex_distance_cm(np.array([0]), np.array([1]))[0] == pytest.approx(10.0, abs=0.005)
    # opposite corners: over two sides unfolded to 10 x 20 cm
    assert table.vertex_distance_cm(np.array([0]), np.array([7]))[0] == pytest.approx(np.sqrt(500), abs=0.005)


def test_bias_on_the_body_against_a_split_mesh(tmp_path):
    """Surface points at quarters of the sides, whose exact geodesics pygeodesic gives on the mesh split in four."""
    vertices, faces = part_mesh(5)  # a foot: strongly curved, and 25 cm long
    table = GeodesicTable.open(build_geodesics(vertices, faces, tmp_path / "foot.u2"))
    fine_vertices, fine_faces, at = split_sides(vertices, faces, 4)
    weights = np.array([(4 - i - j, i, j) for i in range(5) for j in range(5 - i)]) / 4
    exact = geodesic.PyGeodesicAlgorithmExact(fine_vertices, fine_faces)
    rng = np.random.default_rng(11)
    errors, lengths = [], []
    for _ in range(12):
        triangle, which = rng.integers(len(faces)), rng.integers(len(weights))
        there, _ = exact.geodesicDistances(np.array([at[triangle, which]]), None)
        other, other_which = rng.integers(0, len(faces), 4_000), rng.integers(0, len(weights), 4_000)
        a = points_of(np.full(4_000, triangle), np.tile(weights[which], (4_000, 1)))
        lengths.append(100 * there[at[other, other_which]])
        errors.append(table.distance_cm(a, points_of(other, weights[other_which])) - lengths[-1])
    error, length = np.concatenate(errors), np.concatenate(lengths)
    for low, high in ((0.5, 2), (2, 5), (5, 10)):
        chosen = error[(length >= low) & (length < high)]
        assert len(chosen) > 200
        assert abs(chosen.mean()) < 0.01


def test_two_processes_report_progress_and_leave_only_the_file(tmp_path):
    vertices, faces = grid(7, 0.1)
    seen: list[tuple[int, int]] = []
    path = build_geodesics(vertices, faces, tmp_path / "deep" / "flat.u2", 2, lambda *counts: seen.append(counts))
    assert seen[0] == (0, 64)
    assert seen[-1] == (64, 64)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {file.name for file in path.parent.iterdir()} == {"flat.u2", "flat.u2.lock"}


def test_a_finished_file_is_not_built_again(tmp_path):
    vertices, faces = grid(2, 0.1)
    path = build_geodesics(vertices, faces, tmp_path / "flat.u2")
    made = path.stat().st_mtime_ns
    build_geodesics(vertices, faces, path, on_progress=lambda *_: pytest.fail("built again"))
    assert path.stat().st_mtime_ns == made


def test_another_mesh_replaces_the_file(tmp_path):
    path = build_geodesics(*grid(2, 0.1), tmp_path / "mesh.u2")
    vertices, faces = grid(3, 0.1)
    build_geodesics(vertices, faces, path)
    assert GeodesicTable.open(path).surface_hash == surface_hash_of(vertices, faces)


def test_a_stopped_build_goes_on_where_it_stopped(tmp_path):
    vertices, faces = grid(9, 0.1)
    path = tmp_path / "flat.u2"

    class StopError(Exception):
        pass

    def stop_at_half(done: int, total: int) -> None:
        if done >= total // 2:
            raise StopError

    with pytest.raises(StopError):
        build_geodesics(vertices, faces, path, 1, stop_at_half)
    assert not path.exists()
    with pytest.raises(GeodesicsFileError, match="being prepared"):
        GeodesicTable.open(path)
    seen: list[int] = []
    build_geodesics(vertices, faces, path, 1, lambda done, _: seen.append(done))
    assert seen[0] >= 50
    away = GeodesicTable.open(path).vertex_distance_cm(np.arange(100)[:, None], np.arange(100))
    assert np.allclose(away, 100 * np.linalg.norm(vertices[:, None] - vertices, axis=2), atol=0.006)


def test_a_killed_build_leaves_no_final_file_and_no_workers(tmp_path):
    vertices, faces = part_mesh(2)
    np.savez(tmp_path / "mesh.npz", vertices=vertices, faces=faces)
    script = (
        "import sys, numpy as np; from pathlib import Path; from body.geodesics import build_geodesics\n"
        f"mesh = np.load({str(tmp_path / 'mesh.npz')!r})\n"
        f"build_geodesics(mesh['vertices'], mesh['faces'], Path({str(tmp_path / 'hand.u2')!r}), 2, "
        "lambda done, total: print(done, flush=True))\n"
    )
    builder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with builder.stdout as lines:
        while int(lines.readline()) < 32:
            pass
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    assert not (tmp_path / "hand.u2").exists()
    deadline = time.monotonic() + 20
    while workers_on(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers_on(tmp_path) == []
    finished = np.fromfile(tmp_path / "hand.u2.rows", dtype=np.uint8)
    seen: list[int] = []
    build_geodesics(vertices, faces, tmp_path / "hand.u2", 2, lambda done, _: seen.append(done))
    assert seen[0] == finished.sum() >= 32


def workers_on(folder: Path) -> list[str]:
    """Command lines of living processes that mention a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and "body.geodesics.worker" in line:
            found.append(line)
    return found


def test_a_mesh_in_two_pieces_is_refused(tmp_path):
    vertices, faces = grid(1, 0.1)
    apart = np.concatenate([vertices, vertices + 1.0])
    with pytest.raises(GeodesicsFileError, match="could not be computed"):
        build_geodesics(apart, np.concatenate([faces, faces + 4]), tmp_path / "two.u2", 1)
    assert not (tmp_path / "two.u2").exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda v, f: (v[:, :2], f), r"\(V, 3\)"),
        (lambda v, f: (np.where(v == 0, np.nan, v), f), "finite"),
        (lambda v, f: (v, f[:, :2]), r"\(T, 3\)"),
        (lambda v, f: (np.concatenate([v, v]), f), "every vertex"),
    ],
)
def test_what_is_no_mesh_is_refused(tmp_path, change, complaint):
    with pytest.raises(ValueError, match=complaint):
        build_geodesics(*change(*grid(2, 0.1)), tmp_path / "bad.u2")


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 5_000, b"[1, 2]".ljust(4_096)])
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "bad.u2"
    path.write_bytes(content)
    with pytest.raises(GeodesicsFileError, match="build it again"):
        GeodesicTable.open(path)


def test_a_cut_file_is_refused(tmp_path):
    path = build_geodesics(*grid(2, 0.1), tmp_path / "flat.u2")
    os.truncate(path, path.stat().st_size - 2)
    with pytest.raises(GeodesicsFileError, match="bytes, wanted"):
        GeodesicTable.open(path)


def test_only_one_side_of_the_body_is_computed(canonical, topology):
    symmetry = Symmetry.of_mesh(canonical.vertices, canonical.faces)
    sources = symmetry.sources()
    assert 3_512 <= len(sources) < 4_500
    filled = np.union1d(sources, symmetry.mirror[sources[symmetry.is_exact[sources]]])
    assert len(filled) == 6_890
    posed = canonical.vertices.copy()
    posed[topology.face_part.size % 100 :: 7] += 0.01
    assert not Symmetry.of_mesh(posed, canonical.faces).is_exact.any()


def test_symmetrising_prefers_computed_rows_and_is_idempotent():
    matrix = np.array([[0, 10, 7], [12, 0, 9], [5, 4, 0]], dtype=np.uint16)
    is_computed = np.array([False, False, True])
    _symmetrise(matrix, is_computed)
    assert matrix.tolist() == [[0, 11, 5], [11, 0, 4], [5, 4, 0]]
    again = matrix.copy()
    _symmetrise(again, is_computed)
    assert np.array_equal(again, matrix)


def test_the_file_name_tells_the_surface(canonical, tmp_path):
    assert geodesics_path(tmp_path).name == f"geodesics-{canonical.surface_hash}.u2"
    assert geodesics_path(tmp_path, "0123").name == "geodesics-0123.u2"
