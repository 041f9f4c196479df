"""Many answers at once, for workers that are killed among them."""

import time
import uuid
from collections.abc import Callable

import numpy as np

from annotator.models import Submission, Task
from labels.label_maps import pack
from tests.factories import World, make_people

PATIENCE_S = 90.0


def paint_pairs(world: World, n: int) -> None:
    """Give n people two answers to parts that differ by a shift, larger or smaller; all wait in review."""
    people = make_people(world.project, n)
    tasks = Task.objects.filter(stage="parts", person__in=people)
    tasks.update(overlap=2, places_left=0, state="review")
    crop = people[0].crop()
    rng = np.random.default_rng(5)
    answers = []
    for task in tasks.order_by("pk"):
        for user, shift in ((world.ana, 0), (world.ben, int(rng.integers(0, 30)))):
            label_map = np.zeros(crop.shape, np.uint8)
            label_map[10:50, 10 + shift : 50 + shift] = 1
            answers.append(
                Submission(
                    client_uuid=uuid.uuid4(), task=task, annotator=user, label_map=pack(label_map), crop_x=crop.x,
                    crop_y=crop.y, crop_width=crop.width, crop_height=crop.height, parts_not_visible=[],
                )
            )  # fmt: skip
    Submission.objects.bulk_create(answers)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, looking often: something short may be about to happen."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError(f"did not happen within {PATIENCE_S:.0f} s")
