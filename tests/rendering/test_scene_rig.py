"""The rig: what ships agrees with Anny, in any shape and pose."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rendering.scenes.bake import check_registration, sample_phenotypes
from rendering.scenes.rig import N_KEYPOINTS, N_VERTICES, load_rig

BENT = ("upperarm01.L", "lowerarm01.L", "upperleg01.R", "lowerleg01.R", "spine03", "neck02", "wrist.R", "upperleg01.L")


def test_the_rig_ships_shapes_of_both_sexes_and_children():
    rig = load_rig()
    assert rig.mean.shape == (N_VERTICES + len(rig.anchor_bone) + len(rig.bone_names), 3)
    assert (rig.phenotypes["gender"] < 0.3).sum() > 50
    assert (rig.phenotypes["gender"] > 0.7).sum() > 50
    assert (rig.phenotypes["age"] < 0.56).any()
    statures = np.array([np.ptp(rig.rest(n).vertices[:, 1]) for n in range(rig.n_shapes)])
    assert 0.9 < statures.min() < 1.4, "children"
    assert statures.max() < 1.95
    assert 1.6 < np.median(statures) < 1.8


def test_skin_weights_sum_to_one_and_parents_come_first():
    rig = load_rig()
    assert np.allclose(rig.skin.sum(axis=1), 1)
    assert all(parent < bone for bone, parent in enumerate(rig.bone_parents))


def test_no_rotation_is_the_rest_body_and_a_turned_root_turns_all():
    rig = load_rig()
    rest = rig.rest(4)
    assert np.abs(rig.pose(rest, {}).vertices - rest.vertices).max() < 1e-9
    turn = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    turned = rig.pose(rest, {"root": turn})
    about = rest.heads[rig.bone("root")]
    assert np.abs(turned.vertices - ((rest.vertices - about) @ turn.T + about)).max() < 1e-9
    assert turned.keypoints.shape == (N_KEYPOINTS, 3)
    foot = rig.bone("foot.L")
    assert np.abs(rig.pose_joint(rest, {"root": turn}, "foot.L") - turned.joints[foot]).max() < 1e-12


def test_unknown_bones_and_shapes_are_refused():
    rig = load_rig()
    with pytest.raises(KeyError, match="tail"):
        rig.bone("tail")
    with pytest.raises(ValueError, match="shape must be"):
        rig.rest(rig.n_shapes)


def test_phenotypes_are_drawn_inside_annys_range():
    for name, values in sample_phenotypes(500, seed=9).items():
        assert values.min() >= 0, name
        assert values.max() <= 1, name


def test_another_body_than_the_registered_one_is_refused():
    with pytest.raises(ValueError, match="install anny"):
        check_registration(load_rig().rest(0).vertices.copy())


@pytest.mark.slow
def test_the_rig_follows_anny_within_millimetres():
    anny_models = pytest.importorskip("body.models.anny")
    pytest.importorskip("anny")
    root = Path(__file__).parents[2]
    body = anny_models.AnnyBody.load(Path(os.environ.get("ANNY_CACHE_DIR", root / "var" / "anny")))
    rig = load_rig()
    rng = np.random.default_rng(2)
    for shape in (3, 90):
        rotations = {name: Rotation.from_rotvec(rng.normal(0, 0.5, 3)).as_matrix() for name in BENT}
        batch = {name: rotation[None] for name, rotation in rotations.items()}
        phenotype = {name: float(values[shape]) for name, values in rig.phenotypes.items()}
        truth = body.pose(batch, phenotype)
        ours = rig.pose(rig.rest(shape), rotations)
        error_m = np.linalg.norm(ours.vertices - truth.vertices[0], axis=1)
        assert error_m.mean() < 0.0015
        assert error_m.max() < 0.012
        assert np.linalg.norm(ours.keypoints - truth.keypoints[0], axis=1).max() < 0.004
