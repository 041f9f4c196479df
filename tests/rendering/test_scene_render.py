"""Drawn scenes: truth that agrees with the camera, the masks, the atlas and itself."""

import numpy as np
import pytest

from body.topology import load_topology
from rendering.scenes import render_scene, sample_scene
from rendering.scenes.camera import Framing, frame_people
from rendering.scenes.visibility import HIDDEN, OUTSIDE, VISIBLE

WIDTH, HEIGHT = 200, 160


@pytest.fixture(scope="module")
def pair():
    return render_scene(sample_scene(8, n_people=2), WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def standing():
    return render_scene(sample_scene(3, n_people=1, poses=["stand"], headings_deg=[0]), WIDTH, HEIGHT)


def _points_of(picture, person):
    rows, columns = np.nonzero(person.mask)
    corners = person.vertices[load_topology().faces[picture.triangle[rows, columns]]]
    return rows, columns, np.einsum("nk,nkd->nd", picture.weights[rows, columns], corners)


def test_surface_points_project_onto_their_own_pixel(pair):
    assert len(pair.people) == 2
    for person in pair.people:
        rows, columns, points = _points_of(pair, person)
        xy, depth = pair.camera.project(points)
        away = np.abs(xy - np.column_stack([columns, rows]) - 0.5).max(axis=1)
        assert len(away) > 500
        assert away.max() < 0.05, "within a twentieth of a pixel of the centre"
        assert (depth > 0).all()


def test_chart_part_and_uv_agree_with_the_atlas(pair):
    topology = load_topology()
    rows, columns = np.nonzero(pair.triangle >= 0)
    triangle = pair.triangle[rows, columns]
    assert (pair.chart[rows, columns] == topology.face_chart[triangle]).all()
    assert (pair.part[rows, columns] == topology.face_part[triangle]).all()
    uv = np.einsum("nk,nkd->nd", pair.weights[rows, columns], topology.face_uv[triangle])
    assert np.abs(pair.u[rows, columns] - uv[:, 0]).max() < 1e-5
    assert np.abs(pair.v[rows, columns] - uv[:, 1]).max() < 1e-5
    assert pair.weights[rows, columns].min() > -1e-4


def test_masks_boxes_and_instances_agree(pair):
    for person in pair.people:
        assert (person.mask == (pair.instance == person.instance)).all()
        x, y, w, h = person.box.astype(int)
        assert person.mask[y : y + h, x : x + w].sum() == person.mask.sum()
        assert person.mask[y].any()
        assert person.mask[y + h - 1].any()
        assert person.mask[:, x].any()
        assert person.mask[:, x + w - 1].any()
    background = pair.instance == 0
    for truth, empty in ((pair.triangle, -1), (pair.chart, 0), (pair.part, 0), (pair.u, 0), (pair.v, 0)):
        assert (truth[background] == empty).all()
    assert (pair.part[~background] > 0).all()


def test_types_and_shapes_are_as_promised(standing):
    assert standing.image.shape == (HEIGHT, WIDTH, 3)
    assert standing.weights.shape == (HEIGHT, WIDTH, 3)
    dtypes = (standing.image.dtype, standing.instance.dtype, standing.triangle.dtype, standing.weights.dtype)
    assert dtypes == (np.uint8, np.int16, np.int32, np.float32)


def test_keypoints_of_someone_facing_us_lie_on_the_right_parts(standing):
    (person,) = standing.people
    keypoints = person.keypoints
    assert (keypoints[:, 2] == VISIBLE).sum() >= 14
    assert (keypoints[:, :2] > 0).all()
    assert (keypoints[:, :2] < [WIDTH, HEIGHT]).all()
    nose, left_wrist, right_wrist, left_knee, left_ankle = keypoints[[0, 9, 10, 13, 15], :2]
    assert standing.part[int(nose[1]), int(nose[0])] == 14
    assert left_wrist[0] > right_wrist[0], "their left is our right"
    assert nose[1] < left_wrist[1] < left_knee[1] < left_ankle[1]
    for point, parts in ((left_wrist, (3, 12)), (left_knee, (7, 9)), (left_ankle, (4, 9))):
        near = standing.part[int(point[1]) - 2 : int(point[1]) + 3, int(point[0]) - 2 : int(point[0]) + 3]
        assert np.isin(near, parts).any()


def test_the_face_of_someone_turned_away_is_hidden():
    picture = render_scene(sample_scene(3, n_people=1, poses=["hold_front"], headings_deg=[180]), 120, 120)
    (person,) = picture.people
    assert (person.keypoints[:3, 2] == HIDDEN).all(), "nose and eyes"


def test_keypoints_outside_the_picture_are_zero():
    scene = sample_scene(3, n_people=1, poses=["stand"], headings_deg=[0])
    near = Framing(pitch_deg=0, roll_deg=0, fov_deg=40, fill=2.2)
    picture = render_scene(type(scene)(**{**vars(scene), "framing": near}), 120, 120)
    outside = picture.people[0].keypoints[:, 2] == OUTSIDE
    assert outside.any()
    assert (picture.people[0].keypoints[outside] == 0).all()


def test_the_same_seed_gives_the_same_scene_and_another_does_not():
    one, again, other = (render_scene(seed, 64, 64) for seed in (5, 5, 6))
    for name in ("image", "instance", "triangle", "weights", "chart", "u", "v"):
        assert np.array_equal(getattr(one, name), getattr(again, name)), name
    assert not np.array_equal(one.image, other.image)


def test_the_truth_does_not_depend_on_light_or_backdrop(standing):
    scene = sample_scene(3, n_people=1, poses=["stand"], headings_deg=[0], place="studio")
    assert np.array_equal(render_scene(scene, WIDTH, HEIGHT).triangle, standing.triangle)


def test_people_stand_out_from_what_is_behind_them(standing):
    inside = standing.image[standing.instance == 1].astype(float)
    around = standing.image[standing.instance == 0].astype(float)
    assert np.abs(inside.mean(axis=0) - around.mean(axis=0)).sum() > 10
    assert inside.std() > 10


def test_a_seat_hides_the_body_but_is_no_person():
    picture = render_scene(sample_scene(11, n_people=1, poses=["sit"], headings_deg=[180], place="studio"), 120, 120)
    assert set(np.unique(picture.instance)) == {0, 1}
    assert np.array_equal(picture.triangle >= 0, picture.instance == 1)


def test_people_fill_their_share_of_the_picture():
    points = np.array([[-0.3, 0.0, 0.1], [0.3, 1.8, -0.1], [0.0, 0.9, 0.2]])
    camera = frame_people(points, Framing(8, 0, 40, 0.8), 300, 400)
    xy, _ = camera.project(points)
    assert np.ptp(xy[:, 1]) == pytest.approx(320, abs=1)
    assert (xy > 0).all()
    assert (xy < [300, 400]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_people": 0}, "n_people must be 1..4"),
        ({"n_people": 2, "poses": ["stand"]}, "poses must have one entry"),
        ({"n_people": 1, "poses": ["levitate"]}, "levitate"),
    ],
)
def test_impossible_scenes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        sample_scene(0, **arguments)


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="width and height"):
        render_scene(0, 8, 8)
