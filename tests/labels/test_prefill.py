"""Prefill: keypoints and a mask become parts; left and right are the person's."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels.boxes import Box, Crop, crop_around
from labels.errors import LabelError
from labels.label_maps import areas, swap_sides
from labels.prefill import prefill_parts
from labels.rle import decode_mask
from labels.skeleton import KEYPOINTS, skeleton_of

PEOPLE = Path(__file__).parents[3] / "shared" / "data" / "coco-keypoints" / "annotations.json"

# A person seen from the front, arms a little away from the body: its right is on the picture's left.
STANDING = {
    "nose": (100, 40), "left_eye": (104, 36), "right_eye": (96, 36), "left_ear": (109, 39), "right_ear": (91, 39),
    "left_shoulder": (122, 75), "right_shoulder": (78, 75), "left_elbow": (136, 110), "right_elbow": (64, 110),
    "left_wrist": (146, 142), "right_wrist": (54, 142), "left_hip": (114, 140), "right_hip": (86, 140),
    "left_knee": (116, 195), "right_knee": (84, 195), "left_ankle": (118, 248), "right_ankle": (82, 248),
}  # fmt: skip
CROP = Crop(0, 0, 200, 290)
# Where each part must be found on the standing person: (x, y).
EXPECTED = {
    14: (100, 30), 1: (100, 100), 11: (71, 92), 10: (129, 92), 13: (60, 124), 12: (140, 124),
    2: (50, 154), 3: (150, 154), 6: (85, 170), 7: (115, 170), 8: (83, 222), 9: (117, 222), 5: (81, 262), 4: (119, 262),
}  # fmt: skip


def keypoints(without: tuple[str, ...] = (), hidden: tuple[str, ...] = ()) -> np.ndarray:
    """The standing person as (17, 3); some joints missing (v = 0), some hidden (v = 1)."""
    visibility = {name: 0 if name in without else 1 if name in hidden else 2 for name in KEYPOINTS}
    return np.array([(*STANDING[name], v) if v else (0, 0, 0) for name, v in visibility.items()], dtype=float)


@pytest.fixture
def silhouette() -> np.ndarray:
    """The mask of the standing person: all its capsules."""
    return prefill_parts(keypoints(), None, CROP) > 0


def test_without_a_mask_every_part_is_a_capsule_in_its_place() -> None:
    label_map = prefill_parts(keypoints(), None, CROP)
    assert {part: label_map[y, x] for part, (x, y) in EXPECTED.items()} == {part: part for part in EXPECTED}
    assert 0.1 < (label_map > 0).mean() < 0.5
    assert label_map[5, 5] == 0


def test_every_pixel_of_a_mask_gets_a_part_and_no_other_pixel() -> None:
    y, x = np.mgrid[:290, :200]
    mask = np.hypot((x - 100) / 70, (y - 145) / 140) < 1
    label_map = prefill_parts(keypoints(), mask, CROP)
    np.testing.assert_array_equal(label_map > 0, mask)
    found = {part: label_map[y, x] for part, (x, y) in EXPECTED.items() if mask[y, x]}
    assert found == {part: part for part in found}


def test_a_mirrored_person_has_mirrored_parts(silhouette: np.ndarray) -> None:
    mirrored = keypoints()
    mirrored[:, 0] = 200 - mirrored[:, 0]
    label_map = prefill_parts(keypoints(), silhouette, CROP)
    other = prefill_parts(mirrored, silhouette[:, ::-1], CROP)
    assert (other[:, ::-1] == label_map).mean() > 0.995
    back = keypoints()
    pairs = [KEYPOINTS.index(n.replace("left", "x").replace("right", "left").replace("x", "right")) for n in KEYPOINTS]
    seen_from_behind = prefill_parts(back[pairs], silhouette, CROP)
    assert (swap_sides(seen_from_behind) == label_map)[silhouette].mean() > 0.99


def test_the_crop_only_moves_the_result(silhouette: np.ndarray) -> None:
    whole = prefill_parts(keypoints(), silhouette, CROP)
    crop = Crop(40, 60, 100, 150)
    part = prefill_parts(keypoints(), crop.cut(silhouette), crop)
    assert (part == crop.cut(whole)).mean() > 0.98


@pytest.mark.parametrize(
    ("without", "lost"),
    [
        (("left_wrist",), {3}),
        (("left_elbow", "left_wrist"), {12, 3}),
        (("right_knee", "right_ankle"), {8, 5}),
        (("nose", "left_eye", "right_eye"), set()),
        (("left_ear", "right_ear", "left_eye", "right_eye"), set()),
    ],
)
def test_missing_joints_leave_the_other_parts_in_place(
    without: tuple[str, ...], lost: set[int], silhouette: np.ndarray
) -> None:
    label_map = prefill_parts(keypoints(without), silhouette, CROP)
    np.testing.assert_array_equal(label_map > 0, silhouette)
    touched = lost | {10, 12, 6}  # their neighbours may take over some of it
    for part, (x, y) in EXPECTED.items():
        if part not in touched:
            assert label_map[y, x] == part, part


def test_without_a_mask_nothing_is_drawn_that_was_not_annotated_or_is_hidden() -> None:
    drawn = areas(prefill_parts(keypoints(without=("left_elbow", "left_wrist")), None, CROP))
    assert drawn[[10, 12, 3]].tolist() == [0, 0, 0]
    assert drawn[11] > 0
    drawn = areas(prefill_parts(keypoints(hidden=("right_knee", "right_ankle")), None, CROP))
    assert drawn[[8, 5]].tolist() == [0, 0]
    assert drawn[9] > 0


def test_only_a_face_still_gives_a_head_above_a_torso() -> None:
    names = tuple(name for name in KEYPOINTS if name not in KEYPOINTS[:5])
    mask = np.zeros(CROP.shape, dtype=bool)
    mask[10:140, 60:140] = True
    label_map = prefill_parts(keypoints(without=names), mask, CROP)
    assert label_map[35, 100] == 14
    assert label_map[120, 100] == 1


def test_an_arm_before_the_torso_wins_and_a_hidden_one_yields() -> None:
    rows = keypoints()
    rows[KEYPOINTS.index("left_elbow"), :2] = (118, 115)
    rows[KEYPOINTS.index("left_wrist"), :2] = (85, 110)
    mask = np.ones(CROP.shape, dtype=bool)
    before = areas(prefill_parts(rows, mask, CROP))[12]
    rows[[KEYPOINTS.index("left_elbow"), KEYPOINTS.index("left_wrist")], 2] = 1
    assert areas(prefill_parts(rows, mask, CROP))[12] < 0.8 * before


def test_no_keypoint_is_no_suggestion() -> None:
    assert not prefill_parts(np.zeros((17, 3)), np.ones((5, 5), bool), Crop(0, 0, 5, 5)).any()
    assert skeleton_of(np.zeros(51)) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-50, 150), st.floats(-50, 150), st.sampled_from([0, 1, 2])), min_size=17, max_size=17)
)
def test_any_keypoints_fill_the_mask(rows: list[tuple[float, float, int]]) -> None:
    mask = np.zeros((40, 50), dtype=bool)
    mask[5:35, 10:40] = True
    label_map = prefill_parts(rows, mask, Crop(20, 30, 50, 40))
    assert label_map.max() <= 14
    has_head_or_joint = any(v for *_, v in rows)
    assert not label_map[~mask].any()
    if not has_head_or_joint:
        assert not label_map.any()


@pytest.mark.parametrize("wrong", [np.zeros((16, 3)), np.full((17, 3), np.nan), np.zeros(50)])
def test_wrong_keypoints_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(LabelError, match="keypoints"):
        prefill_parts(wrong, None, CROP)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(LabelError, match="mask"):
        prefill_parts(keypoints(), np.ones((3, 3), bool), CROP)


def test_real_people_get_parts_around_their_joints() -> None:
    if not PEOPLE.is_file():
        pytest.skip(f"no COCO keypoints at {PEOPLE}")
    content = json.loads(PEOPLE.read_text())
    sizes = {image["id"]: (image["width"], image["height"]) for image in content["images"]}
    middle_of = {("left_shoulder", "left_elbow"): 10, ("right_hip", "right_knee"): 6, ("left_knee", "left_ankle"): 9}
    n_hits = n_seen = 0
    for person in content["annotations"]:
        if not person["num_keypoints"]:
            continue
        width, height = sizes[person["image_id"]]
        crop = crop_around(Box.from_xywh(person["bbox"]), (width, height))
        mask = crop.cut(decode_mask(person["segmentation"], (height, width)))
        label_map = prefill_parts(person["keypoints"], mask, crop)
        np.testing.assert_array_equal(label_map > 0, mask)
        rows = np.array(person["keypoints"]).reshape(-1, 3)
        for ends, part in middle_of.items():
            a, b = (rows[KEYPOINTS.index(name)] for name in ends)
            x, y = np.floor((a + b)[:2] / 2 - (crop.x, crop.y)).astype(int)
            if a[2] == b[2] == 2 and 0 <= x < crop.width and 0 <= y < crop.height and mask[y, x]:
                n_seen += 1
                n_hits += int(label_map[y, x] == part)
    assert n_seen > 12
    assert n_hits >= 0.85 * n_seen
