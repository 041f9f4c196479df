"""Poses: inside the joints' limits, on the ground, not through the body."""

import numpy as np
import pytest

from body.topology import load_topology
from rendering.scenes.pose_library import LIBRARY, POSE_NAMES, sample_pose
from rendering.scenes.poses import LIMITS, Pose, clamped, mirrored
from rendering.scenes.posing import buried_fraction, pose_body
from rendering.scenes.rig import load_rig
from rendering.scenes.scene import sample_scene


@pytest.mark.parametrize("name", POSE_NAMES)
def test_sampled_angles_stay_inside_the_limits(name):
    for seed in range(20):
        pose = sample_pose(np.random.default_rng(seed), name)
        assert pose.name == name
        for joint, angle in pose.angles.items():
            low, high = LIMITS[joint]
            assert low <= angle <= high, joint


@pytest.mark.parametrize("name", POSE_NAMES)
def test_base_poses_name_known_joints_within_their_limits(name):
    for joint, angle in LIBRARY[name].angles.items():
        low, high = LIMITS[joint]
        assert low <= angle <= high


@pytest.mark.parametrize("name", POSE_NAMES)
def test_posed_bodies_rest_on_the_ground_and_are_finite(name):
    rig = load_rig()
    pose = sample_pose(np.random.default_rng(5), name)
    body = pose_body(rig, rig.rest(17), pose)
    assert np.isfinite(body.vertices).all()
    assert body.vertices[:, 1].min() == pytest.approx(pose.lift_m, abs=1e-9)


def test_two_planted_feet_both_reach_the_ground():
    rig, topology = load_rig(), load_topology()
    feet = [np.unique(topology.faces[topology.face_part == part]) for part in (4, 5)]
    for seed in range(8):
        pose = sample_pose(np.random.default_rng(seed), "contrapposto")
        body = pose_body(rig, rig.rest(seed), pose)
        assert max(body.vertices[foot, 1].min() for foot in feet) < 0.05


def test_knees_and_elbows_bend_the_human_way():
    rig = load_rig()
    straight = pose_body(rig, rig.rest(0), Pose("straight", {}, planted=()))
    bent = pose_body(
        rig, rig.rest(0), Pose("bent", {"left_knee_flexion": 90.0, "left_elbow_flexion": 90.0}, planted=())
    )
    ankle, wrist, elbow = 15, 9, 7
    assert bent.keypoints[ankle, 2] < straight.keypoints[ankle, 2] - 0.2, "the shin folds back"
    assert bent.keypoints[wrist, 2] > bent.keypoints[elbow, 2] + 0.1, "the forearm folds forward"


def test_hip_flexion_of_sitting_brings_the_knee_to_the_height_of_the_hip():
    rig = load_rig()
    body = pose_body(rig, rig.rest(0), Pose("chair", {"left_hip_flexion": 90.0, "left_knee_flexion": 90.0}, ()))
    hip, knee = body.joints[rig.bone("upperleg01.L")], body.joints[rig.bone("lowerleg01.L")]
    assert abs(knee[1] - hip[1]) < 0.06
    assert knee[2] - hip[2] > 0.3


def test_mirroring_twice_changes_nothing_and_once_swaps_the_sides():
    pose = sample_pose(np.random.default_rng(3), "walk")
    assert mirrored(mirrored(pose)) == pose
    assert mirrored(pose).angle("left_hip_flexion") == pose.angle("right_hip_flexion")
    assert mirrored(pose).angle("spine_twist") == -pose.angle("spine_twist")


def test_a_mirrored_pose_gives_the_mirrored_body():
    rig = load_rig()
    pose = sample_pose(np.random.default_rng(4), "throw")
    one, other = (pose_body(rig, rig.rest(2), p).vertices for p in (pose, mirrored(pose)))
    across = one[load_topology().mirror_vertex] * [-1, 1, 1]
    assert np.abs(across - other).max() < 0.01


def test_unknown_joints_and_poses_are_refused():
    with pytest.raises(ValueError, match="tail_wag"):
        clamped(Pose("odd", {"tail_wag": 10.0}))
    with pytest.raises(ValueError, match="levitate"):
        sample_pose(np.random.default_rng(0), "levitate")


def test_a_hand_inside_the_chest_is_noticed_and_a_free_one_is_not():
    rig = load_rig()
    free = pose_body(
        rig, rig.rest(0), Pose("free", {"left_shoulder_elevation": 80.0, "right_shoulder_elevation": 25.0})
    )
    inside = pose_body(
        rig,
        rig.rest(0),
        Pose(
            "inside",
            {
                "left_shoulder_elevation": 20.0,
                "left_shoulder_swing": 60.0,
                "left_shoulder_twist": 80.0,
                "left_elbow_flexion": 110.0,
            },
        ),
    )
    assert buried_fraction(free) == 0
    assert buried_fraction(inside) > 0.2


def test_sampled_people_do_not_run_through_themselves():
    rig = load_rig()
    for seed in range(12):
        (person,) = sample_scene(seed, n_people=1).people
        assert buried_fraction(pose_body(rig, rig.rest(person.shape), person.pose)) < 0.15
