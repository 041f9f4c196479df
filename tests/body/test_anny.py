"""Anny on the SMPL topology. The first run on a machine builds Anny's cache: a minute and 0.8 GB."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from body.canonical import load_canonical_body
from body.models import anny as anny_module
from body.models.anny import BONE_OF_JOINT, KEYPOINT_NAMES, AnnyBody, AnnyError
from body.models.smpl import JOINT_NAMES
from body.topology import load_topology

pytestmark = pytest.mark.slow

CACHE = Path(os.environ.get("ANNY_CACHE_DIR", Path(__file__).parents[2] / "var" / "anny"))


@pytest.fixture(scope="module")
def body() -> AnnyBody:
    return AnnyBody.load(CACHE)


def joint(bodies, name: str) -> np.ndarray:
    return bodies.joints[:, JOINT_NAMES.index(name)]


def keypoint(bodies, name: str) -> np.ndarray:
    return bodies.keypoints[:, KEYPOINT_NAMES.index(name)]


def test_the_neutral_body_is_the_canonical_one(body):
    vertices = body.pose().vertices[0]
    grown = vertices * (1.70 / np.ptp(vertices[:, 1]))
    grown[:, 1] -= grown[:, 1].min()
    assert np.abs(grown - load_canonical_body().vertices).max() < 1e-5


def test_names_and_shapes(body):
    bodies = body.pose()
    assert bodies.vertices.shape == (1, 6_890, 3)
    assert bodies.joints.shape == (1, 24, 3)
    assert bodies.keypoints.shape == (1, 17, 3)
    assert len(BONE_OF_JOINT) == len(JOINT_NAMES) == 24
    assert {"gender", "age", "muscle", "weight", "height", "proportions"} <= set(body.phenotype_names)
    assert body.bone_parents[body.bone_names.index("lowerarm01.L")] == body.bone_names.index("upperarm02.L")


def test_left_is_left_in_joints_and_keypoints(body):
    bodies = body.pose()
    for name in JOINT_NAMES:
        if name.startswith("left"):
            assert joint(bodies, name)[0, 0] > 0 > joint(bodies, name.replace("left", "right"))[0, 0]
    for name in KEYPOINT_NAMES:
        if name.startswith("left"):
            assert keypoint(bodies, name)[0, 0] > 0 > keypoint(bodies, name.replace("left", "right"))[0, 0]


def test_joints_and_keypoints_lie_inside_their_parts(body):
    bodies, faces = body.pose(), load_topology().faces
    for name, part in {"left_wrist": 3, "right_ankle": 5, "head": 14, "left_knee": 9, "right_elbow": 13}.items():
        own = bodies.vertices[0, np.unique(faces[load_topology().face_part == part])]
        assert np.linalg.norm(own - joint(bodies, name)[0], axis=1).min() < 0.08
    nose = bodies.vertices[0, 331]  # the tip of the nose in SMPL's vertex order
    assert np.linalg.norm(nose - keypoint(bodies, "nose")[0]) < 0.03


def test_a_bent_elbow_moves_what_hangs_on_it_and_nothing_else(body):
    rest, bent = body.pose(), body.pose({"lowerarm01.L": np.array([0.0, -np.pi / 2, 0.0])})
    assert np.allclose(joint(bent, "left_elbow"), joint(rest, "left_elbow"))
    assert np.allclose(joint(bent, "right_wrist"), joint(rest, "right_wrist"))
    turned = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]) @ (joint(rest, "left_wrist") - joint(rest, "left_elbow"))[0]
    assert np.allclose(joint(bent, "left_wrist")[0], joint(rest, "left_elbow")[0] + turned, atol=1e-9)
    other_side = load_topology().faces[np.isin(load_topology().face_part, (2, 13, 14))]
    assert np.allclose(bent.vertices[0, other_side], rest.vertices[0, other_side])


def test_the_root_turns_the_whole_body_about_the_pelvis(body):
    half_turn = body.pose({"root": [0.0, np.pi, 0.0]}, translation=np.array([0.0, 0.0, 4.0]))
    assert np.allclose(half_turn.vertices, body.pose().vertices * [-1, 1, -1] + [0, 0, 4.0], atol=1e-9)


def test_matrices_and_axis_angles_agree(body):
    matrix = np.array([[[0.0, 0, -1], [0, 1, 0], [1, 0, 0]]])
    by_matrix = body.pose({"head": matrix})
    assert np.allclose(by_matrix.vertices, body.pose({"head": [0.0, -np.pi / 2, 0.0]}).vertices)


def test_a_batch_is_its_bodies(body):
    rng = np.random.default_rng(3)
    rotations = {name: rng.normal(0, 0.2, (5, 3)) for name in ("upperarm01.L", "upperleg01.R", "spine03", "head")}
    age = np.linspace(0.4, 0.9, 5)
    together = body.pose(rotations, {"age": age, "gender": 0.9}, np.zeros(3))
    alone = body.pose({name: value[3] for name, value in rotations.items()}, {"age": age[3], "gender": 0.9})
    assert together.vertices.shape == (5, 6_890, 3)
    assert np.allclose(together.vertices[3], alone.vertices[0], atol=1e-9)
    assert np.allclose(together.keypoints[3], alone.keypoints[0], atol=1e-9)


def test_taller_is_taller(body):
    bodies = body.pose(phenotype={"height": np.array([0.2, 0.8])})
    statures = np.ptp(bodies.vertices[:, :, 1], axis=1)
    assert statures[1] - statures[0] > 0.1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"rotations": {"elbow": [0, 0, 0]}}, "bone 'elbow' does not exist"),
        ({"phenotype": {"size": 0.5}}, "phenotype 'size' does not exist"),
        ({"phenotype": {"age": 1.5}}, r"'age' must be in \[0, 1\]"),
        ({"rotations": {"head": [0, 0, np.nan]}}, "'head' must be finite"),
        ({"rotations": {"head": np.zeros((2, 4))}}, r"\(B, 3, 3\), got \(2, 4\)"),
        ({"rotations": {"head": np.ones((1, 3, 3))}}, "orthonormal"),
        ({"rotations": {"head": np.zeros((2, 3))}, "phenotype": {"age": [0.5] * 3}}, "one size"),
    ],
)
def test_wrong_arguments_are_named(body, arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        body.pose(**arguments)


def test_another_anny_is_refused(body, monkeypatch, tmp_path):
    with np.load(anny_module.REGISTRATION_FILE) as stored:
        registration = dict(stored)
    registration["triangle"] = np.roll(registration["triangle"], 1)
    registration["anny_faces_sha256"] = np.array("of other faces")
    np.savez(tmp_path / "other.npz", **registration)
    monkeypatch.setattr(anny_module, "REGISTRATION_FILE", tmp_path / "other.npz")
    with pytest.raises(AnnyError, match=r"install anny 0\.6\.2"):
        AnnyBody(body._model)


def test_one_builder_at_a_time_and_half_written_caches_are_discarded(tmp_path):
    half_written = tmp_path / "v1" / "model.safetensors"
    half_written.parent.mkdir()
    half_written.touch()
    (tmp_path / ".building").touch()
    inside, overlaps = [], []

    def build() -> None:
        with anny_module._exclusive_cache(tmp_path):
            overlaps.append(len(inside))
            inside.append(1)
            threading.Event().wait(0.1)
            inside.pop()

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [0, 0, 0]
    assert not half_written.exists()
    assert not (tmp_path / ".building").exists()
