import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from body.atlas import iuv_of, mirror_iuv, surface_of
from body.canonical import load_canonical_body
from body.parts import MIRROR_CHART, N_CHARTS
from body.surface import SurfacePoints, positions
from body.topology import N_TRIANGLES

TENTH_OF_A_MM = 1e-4


def off_m(a: SurfacePoints, b: SurfacePoints) -> np.ndarray:
    vertices = load_canonical_body().vertices
    return np.linalg.norm(positions(a, vertices) - positions(b, vertices), axis=1)


def test_round_trip_of_every_centroid(centroids):
    back = surface_of(*iuv_of(centroids))
    assert np.array_equal(back.triangle, centroids.triangle)
    assert off_m(back, centroids).max() < TENTH_OF_A_MM


def test_round_trip_of_every_corner_of_every_triangle(topology):
    for corner in np.eye(3):
        points = SurfacePoints(np.arange(N_TRIANGLES), np.tile(corner, (N_TRIANGLES, 1)))
        back = surface_of(*iuv_of(points))
        assert off_m(back, points).max() < TENTH_OF_A_MM
        assert np.array_equal(back.chart, points.chart)


@settings(max_examples=200, deadline=None)
@given(
    triangle=st.integers(0, N_TRIANGLES - 1),
    raw=st.tuples(*[st.floats(0, 1)] * 3).filter(lambda w: sum(w) > 1e-3),
)
def test_round_trip_of_any_point(triangle, raw):
    points = SurfacePoints(np.array([triangle]), np.array([raw]) / sum(raw))
    back = surface_of(*iuv_of(points))
    assert off_m(back, points)[0] < TENTH_OF_A_MM
    assert back.chart[0] == points.chart[0]


def test_round_trip_through_float32_and_six_decimals(scattered_points):
    chart, u, v = iuv_of(scattered_points)
    for rounded in (surface_of(chart, np.float32(u), np.float32(v)), surface_of(chart, np.round(u, 6), np.round(v, 6))):
        assert off_m(rounded, scattered_points).max() < TENTH_OF_A_MM


def test_triangles_of_a_chart_do_not_overlap(topology):
    """One orientation in each chart and no interior point inside two triangles."""
    side = topology.face_uv[:, 1:] - topology.face_uv[:, :1]
    doubled_area = side[:, 0, 0] * side[:, 1, 1] - side[:, 0, 1] * side[:, 1, 0]
    rng = np.random.default_rng(3)
    for chart in range(1, N_CHARTS + 1):
        own = np.flatnonzero(topology.face_chart == chart)
        assert len(set(np.sign(doubled_area[own]))) == 1
        inner = rng.dirichlet([2, 2, 2], len(own))
        uv = np.einsum("nk,nkd->nd", inner, topology.face_uv[own])
        away = uv[:, None] - topology.face_uv[own][None, :, 0]
        inverse = np.linalg.inv(np.swapaxes(side[own], 1, 2))
        weight = np.einsum("tij,ntj->nti", inverse, away)
        is_inside = (weight.min(axis=2) > 1e-9) & (weight.sum(axis=2) < 1 - 1e-9)
        assert np.array_equal(np.argwhere(is_inside), np.stack([np.arange(len(own))] * 2, axis=1))


def test_a_pair_outside_goes_to_the_nearest_border(topology):
    rng = np.random.default_rng(5)
    for chart in (2, 3, 7, 24):
        uv = rng.uniform(-0.2, 1.2, (300, 2))
        points = surface_of(np.full(300, chart), uv[:, 0], uv[:, 1])
        _, u, v = iuv_of(points)
        moved = np.hypot(u - uv[:, 0], v - uv[:, 1])
        own = topology.face_uv[topology.face_chart == chart]
        assert np.allclose(moved, brute_force_distance(uv, own), atol=1e-9)
        assert (points.chart == chart).all()
        assert (moved > 0.01).any()


def brute_force_distance(uv: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Distance of pairs (N, 2) from the union of UV triangles (T, 3, 2): 0 inside, else to the nearest side."""
    nearest = np.full(len(uv), np.inf)
    for k in range(3):
        start, along = triangles[:, k], triangles[:, (k + 1) % 3] - triangles[:, k]
        share = np.einsum("ntd,td->nt", uv[:, None] - start, along) / np.einsum("td,td->t", along, along)
        foot = start + np.clip(share, 0, 1)[..., None] * along
        nearest = np.minimum(nearest, np.linalg.norm(uv[:, None] - foot, axis=2).min(axis=1))
    inverse = np.linalg.inv(np.swapaxes(triangles[:, 1:] - triangles[:, :1], 1, 2))
    weight = np.einsum("tij,ntj->nti", inverse, uv[:, None] - triangles[:, 0])
    is_inside = ((weight.min(axis=2) >= 0) & (weight.sum(axis=2) <= 1)).any(axis=1)
    return np.where(is_inside, 0.0, nearest)


def test_background_is_no_point():
    points = surface_of(np.array([0, 1]), np.array([np.nan, 0.5]), np.array([0.0, 0.5]))
    assert points.is_valid.tolist() == [False, True]
    chart, u, v = iuv_of(points)
    assert chart[0] == u[0] == v[0] == 0


def test_charts_may_come_as_floats_as_the_format_writes_them():
    assert surface_of(np.array([2.0]), np.array([0.5]), np.array([0.5])).chart.tolist() == [2]


@pytest.mark.parametrize(
    ("chart", "u", "complaint"),
    [
        (25, 0.5, "0..24, got 25"),
        (-1, 0.5, "got -1"),
        (2.5, 0.5, "got 2.5"),
        (1, np.nan, "finite"),
        (1, np.inf, "finite"),
    ],
)
def test_wrong_coordinates_are_refused(chart, u, complaint):
    with pytest.raises(ValueError, match=complaint):
        surface_of(np.array([chart]), np.array([u]), np.array([0.5]))


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="one length"):
        surface_of(np.array([1, 2]), np.array([0.5]), np.array([0.5]))


def test_mirrored_coordinates_are_the_other_side(scattered_points):
    chart, u, v = iuv_of(scattered_points)
    mirrored = mirror_iuv(chart, u, v)
    assert np.array_equal(mirrored[0], np.array(MIRROR_CHART)[chart])
    back = surface_of(*mirror_iuv(*mirrored))
    assert off_m(back, scattered_points).max() < TENTH_OF_A_MM


def test_empty_input():
    empty = np.zeros(0)
    assert len(surface_of(empty, empty, empty)) == 0
    assert [len(column) for column in iuv_of(SurfacePoints.none(0))] == [0, 0, 0]
