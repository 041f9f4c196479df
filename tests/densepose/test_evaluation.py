"""Evaluation against cases worked out by hand, and the public evaluator's rules in its own order of steps."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from body.atlas import iuv_of, surface_of
from body.canonical import load_canonical_body
from body.cse import cse_mesh, surface_of_cse_vertex
from body.surface import SurfacePoints, positions
from densepose.evaluation.matching import AREAS_PX, RECALLS, Detections, Matches, Truths, match, precision_and_recall
from densepose.evaluation.matching import summary as summarised
from densepose.evaluation.points import closest_vertex, predicted_surface
from densepose.evaluation.run import evaluate, write
from densepose.evaluation.scoring import box_overlap
from densepose.evaluation.truth import read_truth
from densepose.predictor import PersonSurface, window_of
from densepose.surface_maps import SurfaceMap
from labels.boxes import Box, Crop, from_dp
from labels.densepose_coco import DensePoseWriter, chart_fields, vertex_fields
from labels.rle import encode_mask

ALL = AREAS_PX["all"]
SIZE = (60, 80)


class StraightLines:
    """Distances through the air on the canonical body: small, known, and made in no time."""

    def distance_cm(self, a: SurfacePoints, b: SurfacePoints) -> np.ndarray:
        vertices = load_canonical_body().vertices
        apart = np.linalg.norm(positions(a, vertices) - positions(b, vertices), axis=1) * 100
        return np.where(np.isfinite(apart), apart, np.inf).astype(np.float32)


def truths(area: list[float], ignored: list[bool] | None = None, crowd: list[bool] | None = None) -> Truths:
    none = [False] * len(area)
    return Truths(np.array(area), np.array(ignored or none, bool), np.array(crowd or none, bool))


def detections(score: list[float], overlap: list[list[float]], area: float = 10_000.0) -> Detections:
    return Detections(np.array(score), np.full(len(score), area), np.array(overlap))


def test_each_detection_takes_the_best_free_truth() -> None:
    found = detections([0.9, 0.8, 0.7], [[0, 0], [0, 0], [0, 0]])
    similarity = np.array([[0.72, 0.60], [0.80, 0.62], [0.99, 0.99]])
    matches = match(truths([10_000, 10_000]), found, similarity, ALL)
    # 0.50, 0.55, 0.60: the first takes truth 0 (0.72), the second truth 1, nothing is left for the third.
    np.testing.assert_array_equal(matches.is_matched[0], [True, True, False])
    np.testing.assert_array_equal(matches.is_matched[2], [True, True, False])
    # 0.65, 0.70: the second no longer reaches truth 1, and truth 0 is taken; the third gets truth 1.
    np.testing.assert_array_equal(matches.is_matched[3], [True, False, True])
    # 0.75: the first falls out; the second takes truth 0, the third truth 1.
    np.testing.assert_array_equal(matches.is_matched[5], [False, True, True])
    # 0.85 and above: only the third is good enough.
    np.testing.assert_array_equal(matches.is_matched[7], [False, False, True])
    assert matches.n_truths == 2
    assert not matches.is_ignored.any()


def test_a_crowd_takes_many_and_an_ignored_truth_only_what_is_left() -> None:
    # A crowd has no points, so its similarity is 0 and it matches through the box only.
    both = truths([10_000, 10_000], ignored=[True, False], crowd=[True, False])
    found = detections([0.9, 0.8, 0.7], [[0.1, 0.9], [0.95, 0.0], [0.85, 0.0]])
    matches = match(both, found, np.array([[0.0, 0.9], [0.0, 0.1], [0.0, 0.1]]), ALL)
    assert matches.n_truths == 1
    np.testing.assert_array_equal(matches.is_ignored[0], [False, True, True])
    np.testing.assert_array_equal(matches.is_ignored[-1], [False, True, True])
    np.testing.assert_array_equal(matches.is_matched[-1], [False, True, True])  # at the last threshold only
    np.testing.assert_array_equal(matches.is_matched[0], [True, False, False])


def test_an_unmatched_detection_takes_the_flag_of_the_truth_under_it_at_all_thresholds() -> None:
    # Of three people the second has no points. The detections are 0.9 similar to nobody.
    three = truths([10_000] * 3, ignored=[False, True, False])
    found = detections([0.9, 0.8, 0.7], [[0.85, 0, 0], [0, 0.8, 0], [0, 0.79, 0]])
    similarity = np.array([[0.6, 0, 0], [0, 0, 0.55], [0, 0, 0]])
    matches = match(three, found, similarity, ALL)
    # First: under it is a truth that counts, so it is a miss where it is unmatched.
    # Second: matched a counted truth at 0.50, and yet ignored there too, as 0.8 of its box lies on an ignored one.
    # Third: 0.79 is too little.
    np.testing.assert_array_equal(matches.is_ignored[0], [False, True, False])
    np.testing.assert_array_equal(matches.is_matched[0], [True, True, False])
    np.testing.assert_array_equal(matches.is_ignored[-1], [False, True, False])


def test_areas_and_images_where_nobody_counts() -> None:
    medium = AREAS_PX["medium"]
    found = detections([0.9, 0.8], [[0.0], [0.0]], area=10_000.0)  # larger than medium
    matches = match(truths([2_000]), found, np.array([[0.9], [0.1]]), medium)
    np.testing.assert_array_equal(matches.is_ignored[0], [False, True])  # matched counts, unmatched outside does not
    everything = match(truths([20_000]), found, np.array([[0.9], [0.1]]), medium)
    assert everything.n_truths == 0
    assert everything.is_ignored.all()


def test_precision_at_101_recalls() -> None:
    # Scores .9 hit, .8 miss, .7 hit; three truths. Reached: 1/3 exactly, then 2/3 at 2/3 exactness.
    hit = np.tile([True, False, True], (10, 1))
    precision, recall = precision_and_recall([Matches(np.array([0.9, 0.8, 0.7]), hit, np.zeros((10, 3), bool), 3)])
    expected = np.where(RECALLS <= 1 / 3, 1.0, np.where(RECALLS <= 2 / 3, 2 / 3, 0.0))
    np.testing.assert_allclose(precision[0], expected)
    assert precision[0].sum() == pytest.approx(34 * 1 + 33 * 2 / 3)  # recalls 0..0.33, then 0.34..0.66
    assert recall[0] == pytest.approx(2 / 3)
    figures = summarised({"all": [Matches(np.zeros(0), np.zeros((10, 0), bool), np.zeros((10, 0), bool), 0)]})
    assert math.isnan(figures["AP"])


def test_overlap_of_boxes() -> None:
    a, b = np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 10, 10], [5.0, 0, 10, 10], [20.0, 0, 1, 1]])
    np.testing.assert_allclose(box_overlap(a, b, np.array([False, True, False])), [[50 / 150, 50 / 100, 0]])


def test_closest_vertex_in_the_chart() -> None:
    """Against a search over every vertex of every triangle of the chart, one by one."""
    rng = np.random.default_rng(0)
    chart = rng.integers(0, 25, 60)
    u, v = rng.random(60), rng.random(60)
    vertex = closest_vertex(chart, u, v)
    assert (vertex[chart == 0] == -1).all()
    mesh = cse_mesh()
    for number in np.flatnonzero(chart > 0)[:12]:
        best, nearest = math.inf, -1
        for triangle in np.flatnonzero(
            SurfacePoints(np.arange(13774), np.tile([1.0, 0, 0], (13774, 1))).chart == chart[number]
        ):
            six = mesh.triangle_vertices[triangle]
            weights = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]])
            _, us, vs = iuv_of(SurfacePoints(np.full(6, triangle), weights))
            away = np.hypot(us - u[number], vs - v[number])
            if away.min() < best:
                best, nearest = float(away.min()), int(six[away.argmin()])
        assert vertex[number] == nearest
    own = rng.integers(0, 27554, 50)
    chart, u, v = iuv_of(surface_of_cse_vertex(own))
    np.testing.assert_array_equal(closest_vertex(chart, u, v), own)


def person_of(box: Box, chart: np.ndarray, u: np.ndarray, v: np.ndarray, score: float = 1.0) -> PersonSurface:
    window = window_of(np.array([box.x, box.y, box.x + box.w, box.y + box.h]))
    assert window.shape == chart.shape
    return PersonSurface(
        box, score, window, SurfaceMap(chart.astype(np.uint8), u.astype(np.float32), v.astype(np.float32))
    )


def test_where_a_point_is_looked_up() -> None:
    box = Box(10.7, 5.2, 4.9, 3.9)  # 4 x 3 whole pixels
    chart = np.arange(1, 13).reshape(3, 4)
    person = person_of(box, chart, np.full((3, 4), 0.5), np.full((3, 4), 0.5))
    xy = np.array([[10.8, 5.3], [11.8, 5.3], [15.5, 9.0], [10.6, 5.3], [9.6, 5.3], [14.75, 5.3]])
    # Public: pixel = whole part of the offset, cut towards zero: 0.1 > 0, 1.1 > 1, 4.8 is outside, -0.1 > 0, -1.1 is
    # outside, 4.05 is outside of 4 pixels.
    public = predicted_surface(person, xy, "closest-vertex")
    np.testing.assert_array_equal(public.chart, [1, 2, 0, 1, 0, 0])
    # Exact: the map is stretched over the float box: 1.1 / 4.9 * 4 = 0.9 > 0, 4.8 > 3 (row 3.8 / 3.9 * 3 > 2).
    exact = predicted_surface(person, xy, "exact")
    np.testing.assert_array_equal(exact.chart, [1, 1, 12, 0, 0, 4])


def test_a_point_on_the_border_belongs_to_the_last_cell() -> None:
    """dp_x = 255 lies on the right border itself; annotations are clamped to it."""
    box = Box(10.7, 5.2, 4.9, 3.9)
    person = person_of(box, np.arange(1, 13).reshape(3, 4), np.full((3, 4), 0.5), np.full((3, 4), 0.5))
    xy = from_dp(np.array([[255.0, 0.0], [0.0, 255.0], [255.0, 255.0], [256.0, 0.0]]), box)
    np.testing.assert_array_equal(predicted_surface(person, xy, "exact").chart, [4, 9, 12, 0])
    # The same where the maps are of a window of whole pixels that the image cuts off.
    whole = PersonSurface(Box(0, 0, 3.5, 2.5), 1.0, Crop(0, 0, 4, 3), person.surface)
    np.testing.assert_array_equal(predicted_surface(whole, np.array([[4.0, 3.0], [4.1, 3.0]]), "exact").chart, [12, 0])
    np.testing.assert_array_equal(predicted_surface(person, xy, "closest-vertex").chart, [0, 0, 0, 0])


def test_public_rule_truncates_u_and_v() -> None:
    value = np.array([[0.4999, 0.5020]])  # 127.47 and 128.01 of 255
    person = person_of(Box(0, 0, 2, 1), np.array([[2, 2]]), value, value)
    seen = predicted_surface(person, np.array([[0.5, 0.5], [1.5, 0.5]]), "closest-vertex")
    expected = closest_vertex(np.array([2, 2]), np.array([127, 128]) / 255, np.array([127, 128]) / 255)
    np.testing.assert_array_equal(seen.triangle, surface_of_cse_vertex(expected).triangle)


class Answers:
    """Says of an image what it was told to."""

    def __init__(self, people: list[PersonSurface]) -> None:
        self.people = people

    def predict(self, image: np.ndarray, boxes: list[Box] | None = None) -> list[PersonSurface]:
        return self.people if boxes is None else self.people[: len(boxes)]


@pytest.fixture
def one_person(tmp_path: Path) -> Path:
    """An image with one person of four points (two of the torso, one of a hand, one of the head) and one without."""
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "1.png")
    box = Box(10, 10, 20, 40)
    mask = np.zeros(SIZE, bool)
    mask[10:50, 10:30] = True
    common = {"image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": encode_mask(mask)}
    dp_xy = (np.array([[4.5, 2.5], [5.5, 2.5], [6.5, 2.5], [7.5, 2.5]]) / (20, 40)) * 255
    fields = chart_fields(dp_xy, np.array([1, 2, 3, 23]), np.full(4, 0.5), np.full(4, 0.5))
    with (tmp_path / "data.json").open("wb") as stream, DensePoseWriter(stream, info={}) as writer:
        writer.add_image({"id": 1, "file_name": "1.png", "width": 80, "height": 60})
        writer.add_image({"id": 2, "file_name": "nobody.png", "width": 80, "height": 60})
        writer.add_annotation({"id": 7, "bbox": box.to_xywh(), "area": 5000.0, **common, **fields})
        writer.add_annotation({"id": 8, "bbox": [40, 10, 20, 40], "area": 800.0, **common})
    return tmp_path


def maps_of(box: Box) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps that answer the four points with: exact, background, the wrong hand, the right chart elsewhere."""
    chart = np.zeros((int(box.h), int(box.w)), np.uint8)
    u = v = np.full(chart.shape, 0.5)
    v = v.copy()
    chart[2, 4:8] = [1, 0, 4, 23]
    v[2, 7] = 0.8
    return chart, u, v


def test_all_figures_of_one_person(one_person: Path) -> None:
    truth = read_truth(one_person / "data.json")
    assert [image.id for image in truth] == [1]  # the image without people is left out
    assert truth[0].people[1].points is None
    box = truth[0].people[0].box
    figures = evaluate(Answers([person_of(box, *maps_of(box))]), truth, one_person, StraightLines(), is_given=True)
    assert (figures["images"], figures["people"], figures["points"]) == (1, 1, 4)
    metric = StraightLines()
    chart, u, v = np.array([1, 2, 3, 23]), np.full(4, 0.5), np.full(4, 0.5)
    said = surface_of(np.array([1, 0, 4, 23]), u, np.array([0.5, 0.5, 0.5, np.float32(0.8)]))
    error = metric.distance_cm(surface_of(chart, u, v), said) / 100
    assert error[0] == 0
    assert np.isinf(error[1])
    exact = figures["points_by_rule"]["exact"]
    assert exact["AUC@10"] == pytest.approx(np.mean(np.clip(1 - error / 0.10, 0, None)))
    assert exact["AUC@30"] == pytest.approx(np.mean(np.clip(1 - error / 0.30, 0, None)), rel=1e-5)
    assert exact["background"] == 0.25
    assert exact["rcp"]["share"][1] == 0.25
    assert exact["by_chart"]["1 torso back"]["AUC@10"] == 1
    assert exact["by_part"]["Torso"] == {"points": 2, "AUC@10": 0.5, "AUC@30": 0.5, "background": 0.5}
    by_part = np.exp(-(error**2) / (2 * np.array([0.351, 0.351, 0.107, 0.150]) ** 2))
    paper = np.exp(-(error**2) / (2 * 0.255**2))
    for name, similarity in {"paper": paper.mean(), "coarse-parts": by_part.mean()}.items():
        reached = np.mean(similarity >= np.linspace(0.5, 0.95, 10))
        assert figures["precision"]["exact"][name]["GPS"]["AP"] == pytest.approx(reached)
        assert figures["precision"]["exact"][name]["GPSm"]["AP"] == 0  # 3 of 800 pixels are body
    public = figures["points_by_rule"]["closest-vertex"]
    assert public["AUC@30"] == pytest.approx(exact["AUC@30"], abs=0.02)
    assert figures["precision"]["exact"]["paper"]["GPS"]["AP large"] is None  # nobody is that large
    write(figures, one_person / "out", "a <title>")
    stored = json.loads((one_person / "out" / "evaluation.json").read_text())
    assert stored["points"] == 4
    assert "a &lt;title&gt;" in (one_person / "out" / "rcp.svg").read_text()


def test_a_person_that_was_not_found_is_infinitely_wrong(one_person: Path) -> None:
    truth = read_truth(one_person / "data.json")
    box = truth[0].people[0].box
    far = Box(50, 10, 20, 40)
    nobody = evaluate(Answers([]), truth, one_person, StraightLines())
    elsewhere = evaluate(Answers([person_of(far, *maps_of(far))]), truth, one_person, StraightLines())
    for figures in (nobody, elsewhere):
        assert figures["points_by_rule"]["exact"]["AUC@30"] == 0
        assert figures["precision"]["closest-vertex"]["coarse-parts"]["GPS"]["AP"] == 0
    both = [person_of(far, *maps_of(far), score=0.9), person_of(box, *maps_of(box), score=0.3)]
    found = evaluate(Answers(both), truth, one_person, StraightLines())
    assert found["points_by_rule"]["exact"]["AUC@10"] >= 0.25


def test_everybody_whose_box_was_given_counts(tmp_path: Path) -> None:
    """Precision is of the 20 best, as in the public evaluator; points are of all 23."""
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "1.png")
    boxes = [Box(3.0 * number, 5, 3, 4) for number in range(23)]
    fields = chart_fields(np.array([[100.0, 100.0]]), np.array([1]), np.full(1, 0.5), np.full(1, 0.5))
    with (tmp_path / "data.json").open("wb") as stream, DensePoseWriter(stream, info={}) as writer:
        writer.add_image({"id": 1, "file_name": "1.png", "width": 80, "height": 60})
        for number, box in enumerate(boxes, start=1):
            record = {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": 1500.0}
            writer.add_annotation({**record, "bbox": box.to_xywh(), **fields})
    halves = np.full((4, 3), 0.5)
    people = [person_of(box, np.ones((4, 3)), halves, halves, score=number / 30) for number, box in enumerate(boxes)]
    truth = read_truth(tmp_path / "data.json")
    figures = evaluate(Answers(people), truth, tmp_path, StraightLines(), is_given=True)
    exact = figures["points_by_rule"]["exact"]
    assert (figures["people"], exact["background"]) == (23, 0)
    assert exact["AUC@10"] == pytest.approx(1, abs=1e-3)
    assert figures["precision"]["exact"]["paper"]["GPS"]["AR"] == pytest.approx(20 / 23)
    found = evaluate(Answers(people), truth, tmp_path, StraightLines())
    assert found["points_by_rule"]["exact"]["background"] == pytest.approx(3 / 23)


def test_vertices_and_the_whole_body_mask(tmp_path: Path) -> None:
    """CSE truth; a prediction that is right everywhere scores 1 in everything."""
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(tmp_path / "1.png")
    box = Box(10, 10, 20, 40)
    mask = np.zeros(SIZE, bool)
    mask[10:50, 10:30] = True
    vertex = np.array([100, 6000, 20_000])
    dp_xy = (np.array([[4.5, 2.5], [5.5, 20.5], [6.5, 30.5]]) / (20, 40)) * 255
    with (tmp_path / "data.json").open("wb") as stream, DensePoseWriter(stream, info={}) as writer:
        writer.add_image({"id": 1, "file_name": "1.png", "width": 80, "height": 60})
        writer.add_annotation(
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": box.to_xywh(), "area": 800.0, "iscrowd": 0}
            | {"segmentation": encode_mask(mask), **vertex_fields(dp_xy, vertex)}
        )
    chart, u, v = (np.ones((40, 20)) * value for value in (1, 0.5, 0.5))
    for (x, y), number in zip([(4, 2), (5, 20), (6, 30)], vertex, strict=True):
        chart[y, x], u[y, x], v[y, x] = (float(value[0]) for value in iuv_of(surface_of_cse_vertex(np.array([number]))))
    figures = evaluate(
        Answers([person_of(box, chart, u, v)]), read_truth(tmp_path / "data.json"), tmp_path, StraightLines()
    )
    exact = figures["points_by_rule"]["exact"]
    assert exact["AUC@10"] == pytest.approx(1, abs=1e-3)
    for measure in ("GPS", "GPSm"):
        assert figures["precision"]["exact"]["coarse-parts"][measure]["AP"] == pytest.approx(1)
        assert figures["precision"]["closest-vertex"]["paper"][measure]["AR medium"] is None
