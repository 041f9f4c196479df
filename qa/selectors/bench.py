"""What the reviewer's bench shows: the cases in order, and one case with all its answers and their distances."""

import base64
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, F, QuerySet
from django.urls import reverse
from numpy.typing import NDArray

from annotator.models import (
    Consensus,
    Membership,
    PointSet,
    PointStatus,
    Project,
    SentBack,
    Stage,
    Submission,
    Task,
)
from annotator.selectors.part_views import style_for_surface
from annotator.services.task_states import IS_WORK
from body.parts import N_PARTS
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import pack, recrop
from qa.geodesics import geodesic_table
from qa.models import FigureSheet
from qa.services.answer_weights import answer_weights
from qa.services.merging import compare_points, merge_parts

_MAX_CASES = 200


@dataclass(frozen=True)
class CaseRow:
    """One case of the list: a task that waits for a reviewer; `disagreement` 0..1, None where it is not known yet."""

    task: Task
    answers: int
    disagreement: float | None


def cases_for_project(project: Project, stage: Stage) -> list[CaseRow]:
    """Return what waits for a reviewer at a stage: by priority, then those with most at stake, then the oldest."""
    tasks = list(
        Task.objects.filter(project=project, stage=stage, state=Task.State.REVIEW, is_gold=False)
        .annotate(disagreement=F("merge_decision__disagreement"))
        .order_by("-priority", F("merge_decision__at_stake").desc(nulls_last=True), "updated_at")[:_MAX_CASES]
    )
    standing = Submission.objects.filter(task__in=tasks, superseded_by=None, sent_back=None).order_by()
    answers = dict(standing.values_list("task_id").annotate(n=Count("pk")))
    return [CaseRow(task, answers.get(task.pk, 0), task.disagreement) for task in tasks]


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
    points = PointSet.objects.filter(person=person, is_current=True).first()
    answers = list(_shown_answers(task))
    if task.stage != Stage.PARTS:
        # Answers to points of an earlier crop have nothing in common with those of today.
        answers = [answer for answer in answers if points is not None and answer.point_set_id == points.pk]
    weights = answer_weights(task, answers) if answers else np.zeros(0)
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
        "begin": _likeliest(task, answers, weights, accepted.submission_id if accepted else None),
        "overlap": task.overlap,
        "comments": [
            {"author": str(comment.author), "text": comment.text, "at": comment.created_at}
            for comment in task.comments.select_related("author")
        ],
    }
    if task.stage == Stage.PARTS:
        told = [_told(answer) | _parts(answer, crop) for answer in answers]
        return case | {"answers": told, "merged": _merged_parts(task, answers, weights, crop)}
    return case | _points_case(task, points, answers, weights)


def _likeliest(task: Task, answers: list[Submission], weights: NDArray[np.float64], accepted: int | None) -> int | None:
    """Return the answer that a reviewer probably takes: the accepted one, else whose annotator is surest against truth.

    Answers that were sent back come last, before them those of annotators who are paused or flagged for a habit at this
    stage. Of equals the first.
    """
    if not answers:
        return None
    authors = [answer.annotator_id for answer in answers]
    paused = set(
        Membership.objects.filter(project=task.project_id, user__in=authors, is_paused=True).values_list(
            "user", flat=True
        )
    )
    sheet = FigureSheet.objects.filter(project=task.project_id, annotator=None).values_list("data__flags", flat=True)
    flagged = {flag["annotator"] for flag in sheet.first() or [] if flag["stage"] == task.stage}

    def trust(index: int) -> tuple[bool, bool, bool, float]:
        answer = answers[index]
        is_doubtful = answer.annotator_id in paused | flagged
        return answer.pk == accepted, not hasattr(answer, "sent_back"), not is_doubtful, float(weights[index])

    return answers[max(range(len(answers)), key=trust)].pk


def _shown_answers(task: Task) -> QuerySet[Submission]:
    """Return a task's answers that nothing supersedes, also those sent back, in the order of their coming."""
    return (
        Submission.objects.filter(IS_WORK, task=task, superseded_by=None)
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


def _standing(answers: list[Submission]) -> list[int]:
    """Return which answers were not sent back."""
    return [index for index, answer in enumerate(answers) if not hasattr(answer, "sent_back")]


def _merged_parts(
    task: Task, answers: list[Submission], weights: NDArray[np.float64], crop: Crop
) -> dict[str, Any] | None:
    """Return what the standing answers come to together, None where there are not two."""
    standing = _standing(answers)
    if len(standing) < 2:
        return None
    merged = merge_parts([answers[index] for index in standing], weights[standing], crop, task.project.merges_by)
    return {
        "label_map": base64.b64encode(merged.columns["label_map"]).decode(),
        "disagreement": merged.disagreement,
    }


def _merged_points(task: Task, answers: list[Submission], weights: NDArray[np.float64]) -> dict[str, Any] | None:
    """Return the index of the answer that stands at each point, and which points are disputed."""
    standing = _standing(answers)
    table = geodesic_table()
    if len(standing) < 2 or table is None:
        return None
    chosen = [answers[index] for index in standing]
    found = compare_points(chosen, weights[standing], table, task.project.agreement_bar_cm)
    return {
        "source": [standing[source] for source in found.source],
        "disputed": found.disputed.tolist(),
        "swapped": np.flatnonzero(found.swapped.any(0)).tolist(),
        "disagreement": float(found.disputed.mean()),
    }


def _points_case(
    task: Task, points: PointSet | None, answers: list[Submission], weights: NDArray[np.float64]
) -> dict[str, Any]:
    surface = task.project.surface_hash
    style = style_for_surface(surface)
    told = {
        "answers": [_told(answer) | _placed(answer) for answer in answers],
        "points": {
            "key": points.key.tolist() if points else [],
            "x": points.xy[:, 0].tolist() if points else [],
            "y": points.xy[:, 1].tolist() if points else [],
            "part": points.part.tolist() if points else [],
        },
        "pairs": _pairs(answers),
        "merged": _merged_points(task, answers, weights),
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
