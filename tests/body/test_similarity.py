import math

import numpy as np
import pytest

from body.similarity import (
    auc,
    auc_by_person,
    geodesic_point_similarity,
    point_similarity,
    rcp_curve,
)

INF = np.inf


def test_rcp_counts_strictly_below():
    errors = np.array([0.0, 0.05, 0.10, INF])
    assert rcp_curve(errors, np.array([0.0, 0.05, 0.0500001, 0.10, 1.0])).tolist() == [0.0, 0.25, 0.5, 0.5, 0.75]


def test_auc_of_a_hand_computed_case():
    # 0 cm counts 1, 5 cm counts 1/2, 10 cm and background count 0: the mean of four.
    assert auc(np.array([0.0, 0.05, 0.10, INF]), 0.10) == pytest.approx(0.375)
    # with 30 cm: 1, 5/6, 2/3, 0
    assert auc(np.array([0.0, 0.05, 0.10, INF]), 0.30) == pytest.approx(0.625)


def test_auc_is_the_integral_of_the_curve():
    errors = np.random.default_rng(0).exponential(0.06, 2_000)
    thresholds = np.linspace(0, 0.10, 20_001)
    integral = np.trapezoid(rcp_curve(errors, thresholds), thresholds) / 0.10
    assert auc(errors, 0.10) == pytest.approx(integral, abs=1e-4)


def test_auc_by_person_weighs_people_alike():
    who, value = auc_by_person(np.array([0.0, 0.0, 0.0, 0.05]), np.array([4, 4, 4, 9]), 0.10)
    assert who.tolist() == [4, 9]
    assert value.tolist() == [1.0, 0.5]
    assert auc(np.array([0.0, 0.0, 0.0, 0.05]), 0.10) == pytest.approx(0.875)


def test_paper_similarity_of_thirty_centimetres_is_a_half():
    assert geodesic_point_similarity(np.array([0.30])) == pytest.approx(0.5, abs=0.001)
    assert geodesic_point_similarity(np.array([0.255])) == pytest.approx(math.exp(-0.5))


def test_background_scores_nothing():
    assert geodesic_point_similarity(np.array([0.0, INF])) == pytest.approx(0.5)
    assert point_similarity(np.array([INF]), np.array([14]), "coarse-parts").tolist() == [0.0]


@pytest.mark.parametrize(
    ("parts", "k_m"),
    [((1,), 0.351), ((2, 3), 0.107), ((4, 5), 0.126), ((6, 7), 0.237), ((8, 9), 0.173), ((10, 11), 0.142),
     ((12, 13), 0.128), ((14,), 0.150)],
)  # fmt: skip
def test_each_coarse_part_has_its_own_k(parts, k_m):
    for part in parts:
        similarity = geodesic_point_similarity(np.array([k_m]), np.array([part]), "coarse-parts")
        assert similarity == pytest.approx(math.exp(-0.5))


def test_a_person_is_the_mean_over_its_points():
    errors, parts = np.array([0.0, 0.107, 0.351, INF]), np.array([14, 2, 1, 9])
    expected = (1 + 2 * math.exp(-0.5) + 0) / 4
    assert geodesic_point_similarity(errors, parts, "coarse-parts") == pytest.approx(expected)


def test_without_points_there_is_no_figure():
    assert math.isnan(auc(np.zeros(0), 0.1))
    assert math.isnan(geodesic_point_similarity(np.zeros(0)))
    assert np.isnan(rcp_curve(np.zeros(0), np.array([0.1]))).all()


@pytest.mark.parametrize("bad", [[-0.1], [np.nan]])
def test_impossible_distances_are_refused(bad):
    with pytest.raises(ValueError, match="non-negative"):
        auc(np.array(bad), 0.1)


def test_wrong_arguments_are_refused():
    one = np.array([0.1])
    with pytest.raises(ValueError, match="needs parts"):
        geodesic_point_similarity(one, None, "coarse-parts")
    with pytest.raises(ValueError, match=r"1\.\.14, got 0"):
        geodesic_point_similarity(one, np.array([0]), "coarse-parts")
    with pytest.raises(ValueError, match="'paper' or 'coarse-parts'"):
        geodesic_point_similarity(one, None, "other")
    with pytest.raises(ValueError, match="positive"):
        auc(one, 0)
