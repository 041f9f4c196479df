"""What the reviewer's bench shows: the cases in order, and one case with all its answers and their distances."""

import base64
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, Q
from django.urls import reverse

from annotator.models import Consensus, Person, PointSet, PointStatus, Project, SentBack, Stage, Submission, Task
from annotator.selectors.part_views import style_for_surface
from body.parts import N_PARTS
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import pack, recrop
from qa.geodesics import geodesic_table

MAX_CASES = 200


@dataclass(frozen=True)
class CaseRow:
    """One case of the list: a task that waits for a reviewer."""

    task: Task
    answers: int


def cases_for_project(project: Project, stage: Stage, limit: int = MAX_CASES) -> list[CaseRow]:
    """Return what waits for a reviewer at a stage, the most urgent first."""
    rows = (
        Task.objects.filter(project=project, stage=stage, state=Task.State.REVIEW, is_gold=False)
        .select_related("person")
        .annotate(n=Count("submissions", filter=Q(submissions__superseded_by=None, submissions__sent_back=None)))
        .order_by("-priority", "updated_at")[:limit]
    )
    return [CaseRow(task, task.n) for task in rows]


def cases_by_stage(project: Project) -> dict[str, int]:
    """Return how many cases wait at each stage."""
    rows = (
        Task.objects.filter(project=project, state=Task.State.REVIEW, is_gold=False)
        .order_by()
        .values_list("stage")
        .annotate(n=Count("pk"))
    )
    return {stage.value: 0 for stage in Stage} | dict(rows)


def case_of_task(task: Task) -> dict[str, Any]:
    """Return a case for the browser: picture, answers in the order of their coming, distances, comments.

    Args:
        task: with project, person and image selected.
    """
    person, crop = task.person, task.person.crop()
    answers = list(standing_answers(task))
    accepted = Consensus.objects.filter(person=person, stage=task.stage).only("submission_id").first()
    case: dict[str, Any] = {
        "task": task.pk,
        "stage": task.stage,
        "state": task.state,
        "person": person.pk,
        "name": str(person.source_id or person.pk),
        "picture": reverse("api-review-picture", args=[task.pk]),
        "crop": {"x": crop.x, "y": crop.y, "width": crop.width, "height": crop.height},
        "accepted": accepted.submission_id if accepted else None,
        "overlap": task.overlap,
        "comments": [
            {"author": str(comment.author), "text": comment.text, "at": comment.created_at}
            for comment in task.comments.select_related("author")
        ],
    }
    if task.stage == Stage.PARTS:
        return case | {"answers": [_told(answer) | _parts(answer, crop) for answer in answers]}
    return case | _points_case(task, person, answers)


def standing_answers(task: Task) -> Any:
    """Return a task's answers that nothing supersedes, also those sent back, in the order of their coming."""
    return (
        Submission.objects.filter(task=task, superseded_by=None)
        .select_related("annotator", "point_set", "sent_back")
        .order_by("pk")
    )


def _told(answer: Submission) -> dict[str, Any]:
    sent_back: SentBack | None = getattr(answer, "sent_back", None)
    return {
        "id": answer.pk,
        "author": str(answer.annotator) if answer.annotator else "",
        "has_author": answer.annotator_id is not None,
        "at": answer.created_at,
        "active_ms": answer.active_ms,
        "origin": answer.origin,
        "note": sent_back.note if sent_back else None,
    }


def _parts(answer: Submission, crop: Crop) -> dict[str, Any]:
    painted = answer.painted()
    if painted is None:
        return {"label_map": None, "not_visible": []}
    label_map, own = painted
    if own != crop:
        label_map = recrop(label_map, own, crop)
    return {
        "label_map": base64.b64encode(pack(label_map)).decode(),
        "not_visible": [int(part) for part in answer.parts_not_visible],
    }


def _points_case(task: Task, person: Person, answers: list[Submission]) -> dict[str, Any]:
    points = PointSet.objects.filter(person=person, is_current=True).first()
    current = [answer for answer in answers if points is not None and answer.point_set_id == points.pk]
    surface = task.project.surface_hash
    style = style_for_surface(surface)
    told = {
        "answers": [_told(answer) | _placed(answer) for answer in current],
        "points": {
            "key": points.key.tolist() if points else [],
            "x": points.xy[:, 0].tolist() if points else [],
            "y": points.xy[:, 1].tolist() if points else [],
            "part": points.part.tolist() if points else [],
        },
        "pairs": _pairs(current),
        "is_measured": geodesic_table() is not None,
        "views": {},
    }
    if style:
        told["views"] = {
            str(part): {
                "base": reverse(
                    "api-view-file", kwargs={"surface": surface, "style": style, "part": part, "file": "-"}
                )[:-1]
            }
            for part in range(1, N_PARTS + 1)
        }
    return told


def _placed(answer: Submission) -> dict[str, Any]:
    return {
        "status": answer.status.tolist(),
        "triangle": answer.triangle.tolist(),
        "weights": np.round(answer.weights, 6).tolist(),
    }


def _pairs(answers: list[Submission]) -> list[dict[str, Any]]:
    """Return for each pair of answers the distance of each point in cm, null where one of the two placed none."""
    table = geodesic_table()
    if table is None:
        return []
    pairs = []
    for (i, first), (j, second) in itertools.combinations(enumerate(answers), 2):
        both = (first.status == PointStatus.PLACED) & (second.status == PointStatus.PLACED)
        a, b = (SurfacePoints(answer.triangle[both], answer.weights[both]) for answer in (first, second))
        cm: list[float | None] = [None] * len(both)
        for row, distance in zip(np.flatnonzero(both), table.distance_cm(a, b), strict=True):
            cm[row] = round(float(distance), 2)
        pairs.append({"a": i, "b": j, "cm": cm})
    return pairs
