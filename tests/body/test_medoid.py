"""The medoid of answers: least weighted distance, missing places, ties, and strays."""

import numpy as np

from body.medoid import medoids
from body.surface import SurfacePoints


class Line:
    """Distances as if triangle numbers were centimetres along a line."""

    def distance_cm(self, a: SurfacePoints, b: SurfacePoints) -> np.ndarray:
        return np.abs(a.triangle - b.triangle).astype(np.float32)


def at(*places: int) -> SurfacePoints:
    triangle = np.array(places, np.int32)
    return SurfacePoints(triangle, np.where(triangle[:, None] >= 0, [1.0, 0.0, 0.0], 0.0))


def test_the_answer_with_the_least_weighted_distance_stands():
    answers = [at(10, 10, -1, -1), at(12, 40, 7, -1), at(90, 41, 7, -1)]
    found = medoids(answers, [1.0, 1.0, 1.0], Line())
    # 12 lies between; 40 has its neighbour with it; a stray at 90 moves nothing; nobody placed the last one.
    assert found.source.tolist() == [1, 1, 1, -1]
    np.testing.assert_array_equal(found.from_medoid_cm[:, 0], [2, 0, 78])
    np.testing.assert_array_equal(found.from_medoid_cm[:, 2], [np.nan, 0, 0])
    assert np.isnan(found.from_medoid_cm[:, 3]).all()
    assert found.pair_cm[0, 2, 0] == found.pair_cm[2, 0, 0] == 80


def test_weight_moves_the_medoid_and_breaks_ties():
    answers = [at(0, 0), at(10, 10)]
    assert medoids(answers, [1.0, 1.0], Line()).source.tolist() == [0, 0]
    assert medoids(answers, [1.0, 2.0], Line()).source.tolist() == [1, 1]
    three = [at(0), at(10), at(11)]
    assert medoids(three, [1.0, 1.0, 1.0], Line()).source.tolist() == [1]
    assert medoids(three, [5.0, 1.0, 1.0], Line()).source.tolist() == [0]
