"""Where the answers to the parts of a person disagree, as a picture: what a reviewer wants to see before any figure."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from annotator.models import Person, Stage, Submission, Task
from annotator.services.task_states import standing_answers
from labels.label_maps import LabelMap
from labels.voting import vote
from qa.services.parts_agreement import disputed

# Told apart by whoever tells colours apart: vermilion where parts differ, blue where some see the background.
DIFFERENT_PARTS: Final = (213, 94, 0)
OUTLINE: Final = (86, 180, 233)
_MAX_ANSWERS: Final = 20
_NO_MAJORITY, _MINORITY = 0.85, 0.4
_AGREED: Final = 0.2


def disputing_answers(person: Person) -> list[Submission]:
    """Return the answers to a person's parts that stand, oldest first; empty where there are not two."""
    task = Task.objects.filter(person=person, stage=Stage.PARTS).first()
    found = list(standing_answers(task).filter(label_map__isnull=False)[:_MAX_ANSWERS]) if task else []
    return found if len(found) > 1 else []


def paint_disputed(picture: Pillow.Image, maps: Sequence[LabelMap]) -> Pillow.Image:
    """Return a picture in grey with the disputed pixels coloured: strong without a majority, faint where one is alone.

    Heads are counted and not weights, as weights change with every check.

    Args:
        picture: of the person.
        maps: label maps of its size (height, width).
    """
    merged = vote(maps)
    differ, outline = disputed(list(maps))
    grey = np.asarray(picture.convert("L"), np.float64)[..., None].repeat(3, -1)
    colour = np.where(differ[..., None], DIFFERENT_PARTS, OUTLINE)
    share = np.where(merged.disputed, _NO_MAJORITY, _MINORITY) * (differ | outline)
    pixels = _mixed(grey, colour, share)
    pixels = _mixed(pixels, np.full(3, 255), _AGREED * ((merged.label_map > 0) & ~differ & ~outline))
    return Pillow.fromarray(pixels.astype(np.uint8))


def _mixed(
    pixels: NDArray[np.float64], colour: NDArray[np.integer], share: NDArray[np.floating]
) -> NDArray[np.float64]:
    return np.asarray((1 - share[..., None]) * pixels + share[..., None] * colour)
