"""Evaluations of model versions as they are kept, made up."""

import numpy as np

from annotator.models import ModelVersion, Project
from export.models import Evaluation

PEOPLE = 40


def measured(project: Project, version: ModelVersion, auc10: np.ndarray, held_out: str = "a" * 64) -> Evaluation:
    """Keep an evaluation on 40 people, of whom each has a different number of points."""
    points = np.arange(20, 20 + PEOPLE)
    figures = {
        "people": PEOPLE, "points": int(points.sum()), "auc10": float(auc10 @ points / points.sum()), "auc30": 0.6,
        "median_cm": 4.0, "background": 0.1, "ap": 0.4, "ap50": 0.7, "ap75": 0.5, "ar": 0.5,
    }  # fmt: skip
    columns = {
        "person": list(range(PEOPLE)), "points": points.tolist(), "auc10": auc10.tolist(), "auc30": [0.6] * PEOPLE,
        "gps": [0.5] * PEOPLE,
    }  # fmt: skip
    return Evaluation.objects.create(
        version=version, project=project, release_number=3, held_out=held_out, figures=figures, by_person=columns
    )
