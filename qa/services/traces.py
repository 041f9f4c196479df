"""Reads the latest answers of an annotator in the few numbers from which habits are told (qa.services.flags)."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from annotator.models import PointStatus, Project, Stage, Submission
from body.canonical import load_canonical_body
from body.surface import SurfacePoints, positions
from qa.models import Comparison, FigureSheet, PointsComparison
from qa.services.drift import Compared
from qa.services.flags import ALIKE_CM, ALIKE_SHARE, HEAP_CM, Alike, Flag, Traces, flags_of
from qa.services.point_pairs import CM, NOT_MEASURED, UNITS_PER_CM

# Habits are told from so many of the latest answers: old ones neither excuse nor accuse.
WINDOW: Final = 60
_HEAP_POINTS: Final = 4
_MIN_MEASURED: Final = 10
_OWN: Final = (Submission.Origin.WORKBENCH, Submission.Origin.API)


def flags_of_project(
    project: Project, rows: Collection[Mapping[str, Any]], fresh: Mapping[int, Traces]
) -> list[dict[str, Any]]:
    """Return the flags of a project's annotators, ready for JSON.

    Args:
        rows: the list of annotators of the project's sheet, with `id` and `stages`.
        fresh: traces that were just read; those of the others are taken from their sheets.
    """
    kept = FigureSheet.objects.filter(
        project=project, annotator__in=[row["id"] for row in rows if row["id"] not in fresh]
    )
    known = kept.filter(data__has_key="traces").values_list("annotator_id", "data__traces")
    traces = {pk: Traces.of_json(found) for pk, found in known} | dict(fresh)
    times = {
        row["id"]: {name: (stage["answers"], stage["median_s"]) for name, stage in row.get("stages", {}).items()}
        for row in rows
    }
    found: list[Flag] = flags_of(traces, times)
    return [flag.as_json() for flag in found]


def traces_of(project: Project, annotator: int) -> Traces:
    """Return the traces of an annotator's latest answers to points."""
    answers: list[tuple[Any, ...]] = list(
        Submission.objects.filter(
            Q(superseded_by=None) | Q(superseded_by__origin=Submission.Origin.REVIEW),
            task__project=project, task__stage=Stage.CORRESPONDENCE, annotator=annotator, origin__in=_OWN,
        )
        .order_by("-pk")
        .values_list("pk", "point_set__part", "status", "triangle", "weights")[:WINDOW]
    )  # fmt: skip
    found = Traces()
    for _pk, part, status, triangle, weights in answers:
        heaps, groups = _heaps(part, status, SurfacePoints(triangle, weights))
        found.heaps += heaps
        found.groups += groups
    if answers:
        _compare(found, project, annotator, first=answers[-1][0])
    return found


def _heaps(part: NDArray[np.uint8], status: NDArray[np.uint8], points: SurfacePoints) -> tuple[int, int]:
    """Return how many parts have their points on a heap, of how many parts with enough points."""
    placed = np.flatnonzero(status == PointStatus.PLACED)
    own = part[placed].astype(np.intp)
    at = 100 * positions(points[placed], load_canonical_body().vertices)
    n = np.bincount(own, minlength=16)
    some = np.maximum(n, 1)
    middle = np.column_stack([np.bincount(own, at[:, axis], minlength=16) for axis in range(3)]) / some[:, None]
    spread = np.sqrt(np.bincount(own, ((at - middle[own]) ** 2).sum(1), minlength=16) / some)
    groups = n >= _HEAP_POINTS
    return int((groups & (spread < HEAP_CM)).sum()), int(groups.sum())


def _compare(found: Traces, project: Project, annotator: int, first: int) -> None:
    """Add the comparisons of all answers from `first` on."""
    own = Q(first_annotator=annotator, first__gte=first) | Q(second_annotator=annotator, second__gte=first)
    kinds = (Comparison.Kind.BETWEEN, Comparison.Kind.SETTLED)
    rows = list(
        PointsComparison.objects.filter(own, project=project, kind__in=kinds)
        .order_by("first_id", "second_id")
        .values_list("kind", "first_id", "first_annotator_id", "second_id", "second_annotator_id", "points")
    )
    aided = _kept_proposals({pk for _kind, one, _a, other, _b, _points in rows for pk in (one, other)})
    for kind, one, author, other, other_author, points in rows:
        is_first = author == annotator
        mine, theirs, peer = (one, other, other_author) if is_first else (other, one, author)
        is_truth = kind == Comparison.Kind.SETTLED
        cm = _own_cm(np.asarray(points), aided, () if is_truth else (mine, theirs))
        if len(cm) < _MIN_MEASURED:
            continue
        close = int((cm < ALIKE_CM).sum())
        if mine > theirs and not is_truth:
            found.alike.append(Alike(peer, close, len(cm)))
        # Copies, and answers that a reviewer kept but for some points, say nothing of how steady a hand was.
        if close < ALIKE_SHARE * len(cm):
            median_cm = round(float(np.median(cm)), 2)
            found.compared.append(Compared(mine, 0 if is_truth else peer, 0 if is_truth else theirs, median_cm))


def _kept_proposals(answers: Collection[int]) -> dict[int, NDArray[np.bool_]]:
    """Return which points (N,) of an answer are a model's proposal that was kept, of answers that have any.

    Two who keep the same proposal agree to the last digit, and have not copied from each other.
    """
    rows = Submission.objects.filter(pk__in=answers, provenance__proposal__kept_points__0__isnull=False)
    return {
        pk: np.isin(np.asarray(keys).astype(str), kept)
        for pk, keys, kept in rows.values_list("pk", "point_set__key", "provenance__proposal__kept_points")
    }


def _own_cm(
    points: NDArray[np.uint16], kept: Mapping[int, NDArray[np.bool_]], answers: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return the distances in cm of points that both placed, without those where one of `answers` kept a model's."""
    measured = points[:, CM] != NOT_MEASURED
    for pk in answers:
        if pk in kept and len(kept[pk]) == len(points):
            measured &= ~kept[pk]
    return np.asarray(points[measured, CM] / UNITS_PER_CM)
