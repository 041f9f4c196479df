"""What an annotator starts from, guessed from keypoints alone, stays inside the person's box."""

import numpy as np

from annotator.services.suggestions import best_proposal, fitted
from tests.factories import World


def test_a_guess_without_an_outline_stays_in_the_box(world: World) -> None:
    # Shoulders, elbows and wrists run down both edges of the box; the arms' capsules would reach over them.
    spots = {
        5: (118, 70),
        6: (42, 70),
        7: (119, 105),
        8: (41, 105),
        9: (119, 140),
        10: (41, 140),
        11: (95, 150),
        12: (65, 150),
    }
    keypoints = [float(value) for joint in range(17) for value in (*spots.get(joint, (0, 0)), 2 * (joint in spots))]
    person = world.person(keypoints=keypoints)
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
