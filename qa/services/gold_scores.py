"""Measuring answers against known truth: parts by intersection over union, points by distance on the surface.

Definitions: docs/qa.md. A row is the same however often it is written, so that a worker may die at any moment.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import numpy as np
from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from annotator.models import Consensus, Gold, Lease, PointStatus, Stage, Submission
from body.geodesics import GeodesicTable
from body.parts import N_PARTS
from body.surface import SurfacePoints
from labels.label_maps import LabelMap
from qa.models import GoldScore
from qa.services.gold_truth import Truth, on_crop, rendered_truth, settled_truth

# Less of a part than this share of the person can be left out: a sliver that shows between two others.
SLIVER: Final = 0.002
NEAR_CM, FAR_CM = 10.0, 30.0
# Whoever keeps an answer open again and again is measured all the same.
_REOPENED_AT_MOST: Final = timedelta(days=1)


@dataclass(frozen=True)
class Measured:
    """What is measured of one answer; see GoldScore."""

    value: float | None
    n: int
    placed: int
    sums: dict[str, list[float]]


def parts_sums(answer: LabelMap, truth: LabelMap) -> dict[str, list[float]]:
    """Return {part: [intersection px, union px]} of the parts that either map has.

    A part that one map has and the other has not is there with an intersection of 0, unless it is a sliver of the truth
    that the answer leaves out.
    """
    least = SLIVER * int((truth > 0).sum())
    sums: dict[str, list[float]] = {}
    for part in range(1, N_PARTS + 1):
        mine, theirs = answer == part, truth == part
        union = int((mine | theirs).sum())
        if union and (mine.any() or union > least):
            sums[str(part)] = [int((mine & theirs).sum()), union]
    return sums


def mean_iou(sums: dict[str, list[float]]) -> float | None:
    """Return the mean over parts of intersection over union; None without parts."""
    return float(np.mean([inter / union for inter, union in sums.values()])) if sums else None


def points_sums(cm: NDArray[np.float64], part: NDArray[np.uint8]) -> dict[str, list[float]]:
    """Return {part: [points, cm, AUC@10, AUC@30]} as sums over points.

    Args:
        cm: (N,) distances to the truth.
        part: (N,) the part that each point was sampled in.
    """
    near, far = np.clip(1 - cm / NEAR_CM, 0, None), np.clip(1 - cm / FAR_CM, 0, None)
    return {
        str(number): [int(own.sum()), *(round(float(values[own].sum()), 6) for values in (cm, near, far))]
        for number in np.unique(part)
        for own in [part == number]
    }


def truth_of(submission: Submission) -> Truth | None:
    """Return the truth of a submission's person; None where it is not known."""
    task = submission.task
    if task.is_gold:
        gold = Gold.objects.filter(person=task.person_id, kind=Gold.Kind.RENDERED).first()
        return rendered_truth(gold, task.stage, submission.point_set) if gold else None
    return settled_truth(task.person_id, task.stage, submission.point_set)


def distances_cm(submission: Submission, truth: Truth, table: GeodesicTable) -> NDArray[np.float64]:
    """Return (N,) the distance of each point to its truth; NaN where it was not placed or the truth is not known."""
    assert truth.points is not None
    both = (submission.status == PointStatus.PLACED) & (truth.points.triangle >= 0)
    cm = np.full(len(both), np.nan)
    cm[both] = table.distance_cm(SurfacePoints(submission.triangle[both], submission.weights[both]), truth.points[both])
    return cm


def measure(submission: Submission, truth: Truth, table: GeodesicTable | None) -> Measured | None:
    """Return how near an answer is to the truth; None where that cannot be told, or not yet."""
    if submission.task.stage == Stage.PARTS:
        painted = submission.painted()
        if painted is None or truth.painted is None:
            return None
        label_map, crop = painted
        sums = parts_sums(label_map, on_crop(truth.painted, crop))
        return Measured(mean_iou(sums), len(sums), len(sums), sums)
    if table is None or truth.points is None or submission.point_set is None:
        return None
    cm = distances_cm(submission, truth, table)
    told = np.isfinite(cm)
    sums = points_sums(cm[told], submission.point_set.part[told])
    value = sum(row[2] for row in sums.values()) / told.sum() if told.any() else None
    return Measured(value, int((truth.points.triangle >= 0).sum()), int(told.sum()), sums)


def standing(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    """Return those of some answers that stand: of tutorial and exam all, of checks what cannot be reopened any more.

    A check is measured once, when its author's minutes are over and nobody has it open again. So what is improved in
    that time was never held against anyone, and neither a pause nor a figure follows on the heels of a check.
    """
    minutes = ExpressionWrapper(F("task__project__reopen_minutes") * timedelta(minutes=1), output_field=DurationField())
    until = ExpressionWrapper(F("created_at") + minutes, output_field=DateTimeField())
    is_open_again = Exists(Lease.objects.filter(revises=OuterRef("pk"), state=Lease.State.LIVE))
    now = timezone.now()
    is_over = Q(until__lte=now) & (~Q(is_open_again) | Q(until__lte=now - _REOPENED_AT_MOST))
    is_training = Q(lease__purpose__in=[Lease.Purpose.TUTORIAL, Lease.Purpose.EXAM])
    return submissions.annotate(until=until).filter(is_training | is_over)


def score_submission(submission: Submission, table: GeodesicTable | None) -> GoldScore | None:
    """Write the score of an answer to a gold person; None where its truth is not known, or not yet measurable.

    An answer that its author took back and gave again counts in its last form.
    """
    truth = truth_of(submission)
    found = measure(submission, truth, table) if truth is not None else None
    if truth is None or found is None or submission.annotator_id is None:
        return None
    lease = submission.lease
    purpose = lease.purpose if lease is not None and lease.purpose else Lease.Purpose.CHECK
    values: dict[str, Any] = {
        "project_id": submission.task.project_id, "annotator_id": submission.annotator_id,
        "person_id": submission.task.person_id, "stage": submission.task.stage, "purpose": purpose,
        "kind": truth.kind, "value": found.value, "n": found.n, "placed": found.placed, "sums": found.sums,
        "truth": truth.name, "submitted_at": submission.created_at,
    }  # fmt: skip
    GoldScore.objects.filter(submission__superseded_by=submission).delete()
    score, _is_new = GoldScore.objects.update_or_create(submission=submission, defaults=values)
    return score


def unscored_submissions(*, is_measurable: bool = True) -> QuerySet[Submission]:
    """Return the answers to people whose truth is known that stand and have no score yet, oldest first.

    Args:
        is_measurable: whether distances on the surface can be measured; without, answers to parts alone.
    """
    rendered = Gold.objects.filter(person=OuterRef("task__person"), kind=Gold.Kind.RENDERED)
    settled = Consensus.objects.filter(
        Q(stage=Stage.PARTS) | Q(point_set=OuterRef("point_set")), person=OuterRef("task__person"),
        stage=OuterRef("task__stage"), method=Consensus.Method.REVIEWED, accepted_by__isnull=False,
        submission__isnull=False,
    )  # fmt: skip
    found = Submission.objects.filter(
        gold_score=None, superseded_by=None, annotator__isnull=False,
        origin__in=[Submission.Origin.WORKBENCH, Submission.Origin.API],
    ).order_by()  # fmt: skip
    if not is_measurable:
        found = found.filter(task__stage=Stage.PARTS)
    # Each from its own index; either or, and whether each stands, asked at once would be asked of all answers.
    of_rendered = found.filter(Exists(rendered), task__is_gold=True).values_list("pk", flat=True)
    of_settled = found.filter(Exists(settled), lease__purpose=Lease.Purpose.CHECK).values_list("pk", flat=True)
    unscored = Submission.objects.filter(pk__in=[*of_rendered, *of_settled])
    return standing(unscored).select_related("task__project", "task__person", "point_set", "lease").order_by("pk")
