"""How much each answer counts where answers are merged: by its annotator's accuracy against known truth."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotator.models import Stage, Submission, Task
from qa.models import GoldSheet

# A few checks say little: so many answers at everyone's accuracy are added to an annotator's own.
_ADDED_ANSWERS: Final = 5
# Nobody is so exact that others count for nothing.
_LEAST_ERROR: Final = 0.05


def answer_weights(task: Task, answers: Sequence[Submission]) -> NDArray[np.float64]:
    """Return the weight of each answer, (A,) positive: one over the error that its annotator makes at this stage.

    The error is 1 - IoU of parts, and 1 - AUC@10 of points, which is the mean distance in units of 10 cm. Where nobody
    was checked, and for answers that nobody here gave, it is everyone's, so all count alike.
    """
    annotators = {answer.annotator_id for answer in answers if answer.annotator_id is not None}
    kept = GoldSheet.objects.filter(project=task.project_id)
    figures = {
        sheet.annotator_id: _accuracy(sheet.data, task.stage)
        for sheet in kept.filter(annotator__in=annotators) | kept.filter(annotator=None)
    }
    everyone, _checks = figures.get(None) or (0.5, 0)
    errors = []
    for answer in answers:
        own, checks = (figures.get(answer.annotator_id) if answer.annotator_id else None) or (everyone, 0)
        accuracy = (checks * own + _ADDED_ANSWERS * everyone) / (checks + _ADDED_ANSWERS)
        errors.append(max(_LEAST_ERROR, 1 - accuracy))
    weights: NDArray[np.float64] = np.reciprocal(errors) / np.reciprocal(errors).mean()
    return weights


def _accuracy(sheet: dict[str, Any], stage: str) -> tuple[float, int] | None:
    """Return accuracy 0..1 and from how many answers; None where none was measured."""
    told, name = (sheet.get("parts"), "iou") if stage == Stage.PARTS else (sheet.get("points"), "auc10")
    return (float(told[name]["value"]), int(told["answers"])) if told and told[name] else None
