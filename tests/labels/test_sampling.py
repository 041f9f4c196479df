"""Point sampling: inside the part, well spread, repeatable, in walking order, and carried over when parts change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from body.parts import WORK_ORDER
from labels.errors import LabelError
from labels.label_maps import parts_present
from labels.sampling import MAX_POINTS_PER_PART, SampledPoints, point_count, resample, sample_points

TORSO, RIGHT_HAND, RIGHT_UPPER_ARM, RIGHT_LOWER_ARM, HEAD = 1, 2, 11, 13, 14


def figure(scale: int = 1) -> np.ndarray:
    """A crude person, 200 x 120 pixels at scale 1: every part a rectangle; its right is on the picture's left."""
    label_map = np.zeros((200, 120), dtype=np.uint8)
    label_map[5:35, 48:72] = HEAD
    label_map[35:100, 40:80] = TORSO
    for part, rows, columns in [
        (RIGHT_UPPER_ARM, (38, 70), (28, 40)),
        (RIGHT_LOWER_ARM, (70, 98), (29, 39)),
        (RIGHT_HAND, (98, 112), (29, 39)),
        (10, (38, 70), (80, 92)),
        (12, (70, 98), (81, 91)),
        (3, (98, 112), (81, 91)),
        (6, (100, 145), (42, 58)),
        (8, (145, 187), (43, 57)),
        (5, (187, 197), (38, 57)),
        (7, (100, 145), (62, 78)),
        (9, (145, 187), (63, 77)),
        (4, (187, 197), (63, 82)),
    ]:
        label_map[slice(*rows), slice(*columns)] = part
    return label_map.repeat(scale, 0).repeat(scale, 1)


def labels_at(points: SampledPoints, label_map: np.ndarray) -> np.ndarray:
    return label_map[np.floor(points.y).astype(int), np.floor(points.x).astype(int)]


def test_a_whole_person_gets_about_a_hundred_points_14_a_part_at_most() -> None:
    points = sample_points(figure(), seed=3)
    assert 85 <= len(points) <= 115
    counts = np.bincount(points.part, minlength=15)
    assert counts.max() <= MAX_POINTS_PER_PART
    assert counts[TORSO] == 14
    assert 2 <= counts[RIGHT_HAND] < counts[RIGHT_LOWER_ARM] < counts[6]


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30)), elements=st.integers(0, 14)),
    st.integers(0, 2**31),
)
def test_every_point_is_a_pixel_centre_of_its_part_and_every_part_has_one(label_map: np.ndarray, seed: int) -> None:
    points = sample_points(label_map, seed)
    np.testing.assert_array_equal(labels_at(points, label_map), points.part)
    np.testing.assert_array_equal(points.xy % 1, 0.5)
    assert set(points.part.tolist()) == set(parts_present(label_map))
    assert len({tuple(place) for place in points.xy.tolist()}) == len(points)
    assert points.key.tolist() == list(range(1, len(points) + 1))


def test_the_same_seed_gives_the_same_points_and_another_seed_others() -> None:
    first, again, other = (sample_points(figure(), seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.xy, again.xy)
    assert not np.array_equal(first.xy, other.xy)


@pytest.mark.parametrize("scale", [1, 4])
def test_points_are_roughly_equidistant(scale: int) -> None:
    points = sample_points(figure(scale), seed=1)
    torso = points.xy[points.part == TORSO] / scale
    distances = np.hypot(*(torso[:, None] - torso[None]).transpose(2, 0, 1)) + np.eye(len(torso)) * 1e9
    nearest = distances.min(axis=1)
    spacing = np.sqrt(40 * 65 / len(torso))
    assert nearest.min() > 0.6 * spacing
    assert nearest.max() < 1.5 * spacing


def test_points_keep_away_from_the_edge_of_their_part() -> None:
    points = sample_points(figure(4), seed=1)
    arm = points.xy[points.part == RIGHT_LOWER_ARM] / 4
    assert arm[:, 0].min() > 29 + 1
    assert arm[:, 0].max() < 39 - 1


def test_a_ring_gets_points_on_the_ring() -> None:
    y, x = np.mgrid[:200, :200]
    radius = np.hypot(x - 99.5, y - 99.5)
    ring = ((radius > 80) & (radius < 90)).astype(np.uint8)
    points = sample_points(ring, seed=0)
    assert len(points) == 14
    assert (labels_at(points, ring) == 1).all()


def test_parts_come_in_working_order() -> None:
    points = sample_points(figure(), seed=0)
    order = list(dict.fromkeys(points.part.tolist()))
    assert order == [part for part in WORK_ORDER if part in order]


def test_an_arm_is_walked_from_the_shoulder_to_the_fingers_and_neighbours_follow_each_other() -> None:
    points = sample_points(figure(3), seed=0)
    for part in (RIGHT_UPPER_ARM, RIGHT_LOWER_ARM, RIGHT_HAND, 6, 8):
        y = points.y[points.part == part]
        assert y.argmin() == 0 or y[0] - y.min() < 20, part
        assert y[-1] > np.quantile(y, 0.6), part
    torso = points.xy[points.part == TORSO]
    steps = np.hypot(*np.diff(torso, axis=0).T)
    assert steps.max() < 2.2 * np.median(steps)
    head = points.y[points.part == HEAD]
    assert head[0] > np.median(head)  # from the neck up


def test_a_part_that_touches_nothing_starts_at_the_end_nearest_the_body() -> None:
    label_map = np.zeros((60, 200), dtype=np.uint8)
    label_map[10:50, 150:190] = TORSO
    label_map[25:35, 10:90] = RIGHT_LOWER_ARM
    points = sample_points(label_map, seed=0)
    x = points.x[points.part == RIGHT_LOWER_ARM]
    assert x[0] == x.max()
    assert x[-1] < np.median(x)


def test_counts_grow_with_the_area() -> None:
    counts = [point_count(area, 40_000) for area in (0, 1, 15, 100, 400, 1600, 6400, 40_000)]
    assert counts == sorted(counts)
    assert counts[:3] == [0, 1, 1]
    assert counts[-1] == 14


def test_resampling_unchanged_parts_changes_nothing() -> None:
    before = sample_points(figure(), seed=2)
    after = resample(before, figure(), figure(), seed=9)
    np.testing.assert_array_equal(after.xy, before.xy)
    np.testing.assert_array_equal(after.key, before.key)


def test_points_that_still_lie_in_their_part_stay_with_their_keys_and_the_others_are_replaced() -> None:
    old, new = figure(2), figure(2)
    new[70:130, 80:160] = 0  # the torso's upper part is erased
    before = sample_points(old, seed=2)
    after = resample(before, old, new)
    stayed = np.isin(after.key, before.key)
    place_of = dict(zip(before.key.tolist(), before.xy.tolist(), strict=True))
    for key, place in zip(after.key[stayed].tolist(), after.xy[stayed].tolist(), strict=True):
        assert place_of[key] == place
    lost = ~np.isin(before.key, after.key)
    assert set(before.part[lost].tolist()) == {TORSO}
    assert (labels_at(before, new)[lost] != TORSO).all()
    assert (labels_at(after, new) == after.part).all()
    assert after.key[~stayed].min() > before.key.max()
    assert len(set(after.key.tolist())) == len(after)


def test_a_part_that_grew_gets_more_points_around_those_that_stay() -> None:
    old = np.zeros((100, 300), dtype=np.uint8)
    old[:, :100] = HEAD
    old[:, 250:] = TORSO
    new = old.copy()
    new[:, 100:150] = HEAD
    before = sample_points(old, seed=0)
    after = resample(before, old, new)
    assert set(before.key.tolist()) <= set(after.key.tolist())
    added = after.xy[~np.isin(after.key, before.key)]
    assert len(added) == 0 or (added[:, 0] > 90).all()


def test_a_part_that_is_gone_loses_its_points_and_a_new_one_gets_some() -> None:
    old, new = figure(), figure()
    new[new == RIGHT_HAND] = 0
    new[0:10, 0:10] = RIGHT_HAND
    before = sample_points(old, seed=0)
    after = resample(before, old, new, next_key=5000)
    hand = after.key[after.part == RIGHT_HAND]
    assert len(hand)
    assert hand.min() == 5000


def test_points_can_follow_a_moved_crop() -> None:
    points = sample_points(figure(), seed=0)
    wider = np.pad(figure(), ((10, 0), (4, 0)))
    after = resample(points.moved(4, 10), wider, wider)
    np.testing.assert_array_equal(after.xy, np.add(points.xy, (4, 10)))


def test_wrong_input_is_refused() -> None:
    points = sample_points(figure(), seed=0)
    with pytest.raises(LabelError, match="one shape"):
        resample(points, figure(), figure(2))
    with pytest.raises(LabelError, match="next_key"):
        resample(points, figure(), figure(), next_key=3)
    with pytest.raises(LabelError, match=r"1\.\.14"):
        sample_points(np.full((4, 4), 99, dtype=np.uint8), seed=0)


def test_an_empty_map_has_no_points() -> None:
    assert len(sample_points(np.zeros((5, 5), dtype=np.uint8), seed=0)) == 0
