"""What an annotator starts from, guessed from keypoints alone, stays inside the person's box."""

import numpy as np

from annotator.services.suggestions import best_proposal, completed_by_limbs, fitted
from labels.rle import encode_mask
from tests.factories import World

# Shoulders, elbows and wrists run down both edges of the box; the arms' capsules would reach over them.
_SPOTS = {
    5: (118, 70),
    6: (42, 70),
    7: (119, 105),
    8: (41, 105),
    9: (119, 140),
    10: (41, 140),
    11: (95, 150),
    12: (65, 150),
}
KEYPOINTS = [float(value) for joint in range(17) for value in (*_SPOTS.get(joint, (0, 0)), 2 * (joint in _SPOTS))]


def test_a_guess_without_an_outline_stays_in_the_box(world: World) -> None:
    person = world.person(keypoints=KEYPOINTS)
    crop = person.crop()
    proposal = best_proposal(person=person, crop=crop, stage="parts")
    assert proposal is not None
    label_map = fitted(proposal, crop)
    assert label_map is not None
    rows, columns = np.nonzero(label_map)
    assert proposal.source == "keypoints"
    assert len(rows) > 2000
    box = person.box
    assert (columns + crop.x + 0.5 >= box.x).all()
    assert (columns + crop.x + 0.5 <= box.x + box.w).all()
    assert (rows + crop.y + 0.5 <= box.y + box.h).all()


def test_no_keypoints_no_guess(world: World) -> None:
    person = world.person()
    assert best_proposal(person=person, crop=person.crop(), stage="parts") is None


def test_a_model_is_completed_by_limbs_inside_a_known_outline(world: World) -> None:
    outline = np.zeros((240, 200), bool)
    outline[40:180, 50:110] = True
    person = world.person(keypoints=KEYPOINTS, mask=encode_mask(outline))
    crop = person.crop()
    outline = crop.cut(outline)
    seen = np.zeros(crop.shape, np.uint8)
    seen[: crop.height // 2] = 14
    assert (completed_by_limbs(seen, world.person(), crop) == seen).all(), "nothing is known to complete it by"
    whole = completed_by_limbs(seen, person, crop)
    assert ((whole > 0) == outline).all()
    assert (whole[: crop.height // 2][outline[: crop.height // 2]] == 14).all()
    assert set(np.unique(whole[crop.height // 2 :])) - {0, 14}
