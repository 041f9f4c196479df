"""Reads the latest answers of annotators in the few numbers from which habits are told (qa.services.flags)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotator.models import PointStatus, Project, Submission
from body.canonical import load_canonical_body
from body.parts import PARTS
from body.surface import SurfacePoints, positions
from qa.models import Comparison, FigureSheet
from qa.services.drift import Compared
from qa.services.flags import ALIKE_CM, ALIKE_SHARE, HEAP_CM, Alike, Flag, Traces, flags_of
from qa.services.parts_agreement import LIMBS, N_LABELS
from qa.services.point_pairs import CM, NOT_MEASURED, PART, UNITS_PER_CM, WHAT
from qa.services.rows import binary_cursor
from qa.services.swapping import KINDS, Swapped

# Habits are told from so many of the latest answers: old ones neither excuse nor accuse.
WINDOW: Final = 60
_HEAP_POINTS: Final = 4
# By number of a part: whether it has no side, so that both sides of the body lie on its views.
_IS_MIDDLE: Final = np.isin(np.arange(len(PARTS) + 1), [part.number for part in PARTS if part.side is None])
_MIN_MEASURED: Final = 10
# So many annotators at once: their latest answers, some 20 MB, are in memory together.
_AT_ONCE: Final = 40
_LATEST: Final = """
SELECT annotator_id, id FROM (
    SELECT s.annotator_id, s.id, row_number() OVER (PARTITION BY s.annotator_id ORDER BY s.id DESC) AS place
    FROM annotator_submission s JOIN annotator_task t ON t.id = s.task_id
    LEFT JOIN annotator_submission r ON r.supersedes_id = s.id
    WHERE s.annotator_id = ANY(%(annotators)s) AND t.project_id = %(project)s AND t.stage = %(stage)s
      AND s.origin IN ('workbench', 'api') AND ({is_counted})
) latest WHERE place <= %(window)s
"""
# Answers to points that their author gave anew count in their last form.
_IS_COUNTED: Final = {"correspondence": "r.id IS NULL OR r.origin = 'review'", "parts": "true"}
_POINTS: Final = """
SELECT s.annotator_id, s.id, p.part, s.status, s.triangle, s.weights
FROM annotator_submission s JOIN annotator_pointset p ON p.id = s.point_set_id WHERE s.id = ANY(%(answers)s)
"""
# One after the other: a join on either is one of all rows with all annotators.
_COMPARED: Final = """
SELECT * FROM (
    SELECT w.id, {columns}
    FROM unnest(%(annotators)s::bigint[], %(since)s::bigint[]) AS w (id, since)
    JOIN {table} c ON c.first_annotator_id = w.id AND c.first_id >= w.since
    WHERE c.project_id = %(project)s AND c.kind = ANY(%(kinds)s)
    UNION ALL
    SELECT w.id, {columns}
    FROM unnest(%(annotators)s::bigint[], %(since)s::bigint[]) AS w (id, since)
    JOIN {table} c ON c.second_annotator_id = w.id AND c.second_id >= w.since
    WHERE c.project_id = %(project)s AND c.kind = ANY(%(kinds)s)
) compared ORDER BY first_id, second_id
"""
_WHO: Final = "c.kind, c.first_id, c.first_annotator_id, c.second_id, c.second_annotator_id"
_COMPARED_POINTS: Final = _COMPARED.format(table="qa_pointscomparison", columns=f"{_WHO}, c.points")
_COMPARED_PARTS: Final = _COMPARED.format(table="qa_partscomparison", columns=f"{_WHO}, c.swapped, c.confusion")


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


def traces_of(project: Project, annotators: Collection[int]) -> dict[int, Traces]:
    """Return the traces of the latest answers of some annotators."""
    found = {pk: Traces() for pk in annotators}
    kinds = [int(Comparison.Kind.BETWEEN), int(Comparison.Kind.SETTLED)]
    latest = {stage: _latest(project, list(found), stage) for stage in _IS_COUNTED}
    wanted = list(found)
    for begin in range(0, len(wanted), _AT_ONCE):
        some = wanted[begin : begin + _AT_ONCE]
        points, parts = ({pk: of_all[pk] for pk in some if pk in of_all} for of_all in latest.values())
        _read_heaps(found, _rows(_POINTS, project, answers=[pk for answers in points.values() for pk in answers]))
        compared = _rows(_COMPARED_POINTS, project, kinds=kinds, **_since(points))
        _read_compared(found, compared)
        _keep_swaps(found, "correspondence", compared, _swaps_of_points([row[6] for row in compared]))
        compared = _rows(_COMPARED_PARTS, project, kinds=kinds, **_since(parts))
        _keep_swaps(found, "parts", compared, _swaps_of_parts(compared))
    return found


def _latest(project: Project, annotators: list[int], stage: str) -> dict[int, list[int]]:
    """Return the latest answers of each annotator who has any."""
    statement = _LATEST.format(is_counted=_IS_COUNTED[stage])
    found: dict[int, list[int]] = defaultdict(list)
    for annotator, pk in _rows(statement, project, annotators=annotators, stage=stage, window=WINDOW):
        found[annotator].append(pk)
    return found


def _since(latest: Mapping[int, list[int]]) -> dict[str, list[int]]:
    return {"annotators": list(latest), "since": [min(answers) for answers in latest.values()]}


def _rows(statement: str, project: Project, **wanted: Any) -> list[tuple[Any, ...]]:
    with binary_cursor() as cursor:
        cursor.execute(statement, {"project": project.pk, **wanted})
        return list(cursor.fetchall())


def _read_heaps(found: Mapping[int, Traces], rows: list[tuple[Any, ...]]) -> None:
    """Count the parts that have their points on a heap, of those with enough points.

    Args:
        rows: as _POINTS gives them.
    """
    if not rows:
        return
    part, status, triangle, weights = (b"".join(row[column] for row in rows) for column in (2, 3, 4, 5))
    points = SurfacePoints(np.frombuffer(triangle, "<i4"), np.frombuffer(weights, "<f8").reshape(-1, 3))
    answer = np.repeat(np.arange(len(rows)), [len(row[3]) for row in rows])
    placed = np.flatnonzero(np.frombuffer(status, np.uint8) == PointStatus.PLACED)
    group = answer[placed] * 16 + np.frombuffer(part, np.uint8)[placed]
    at = 100 * positions(points[placed], load_canonical_body().vertices)
    size = 16 * len(rows)
    n = np.bincount(group, minlength=size)
    some = np.maximum(n, 1)
    middle = np.column_stack([np.bincount(group, at[:, axis], minlength=size) for axis in range(3)]) / some[:, None]
    spread = np.sqrt(np.bincount(group, ((at - middle[group]) ** 2).sum(1), minlength=size) / some)
    is_group = (n >= _HEAP_POINTS).reshape(-1, 16)
    is_heap = is_group & (spread < HEAP_CM).reshape(-1, 16)
    for (annotator, *_points), heaps, groups in zip(rows, is_heap.sum(1), is_group.sum(1), strict=True):
        found[annotator].heaps += int(heaps)
        found[annotator].groups += int(groups)


def _read_compared(found: Mapping[int, Traces], rows: list[tuple[Any, ...]]) -> None:
    """Add how near the answers came to others.

    Args:
        rows: as _COMPARED_POINTS gives them.
    """
    aided = _kept_proposals({pk for row in rows for pk in (row[2], row[4])})
    for row in rows:
        (mine, theirs, peer), (annotator, points) = _sides(row), (row[0], row[6])
        is_truth = peer == 0
        cm = _own_cm(np.frombuffer(points, "<u2").reshape(-1, 6), aided, () if is_truth else (mine, theirs))
        if len(cm) < _MIN_MEASURED:
            continue
        close = int(np.count_nonzero(cm < ALIKE_CM))
        if mine > theirs and not is_truth:
            found[annotator].alike.append(Alike(peer, close, len(cm)))
        # Copies, and answers that a reviewer kept but for some points, say nothing of how steady a hand was.
        if close < ALIKE_SHARE * len(cm):
            compared = Compared(mine, peer, theirs, round(_median(cm), 2))
            found[annotator].compared.append(compared)


def _sides(row: tuple[Any, ...]) -> tuple[int, int, int]:
    """Return the annotator's own answer, the reference and whose that is; 0 and 0 for what a reviewer settled."""
    annotator, kind, one, author, other, other_author, *_rest = row
    mine, theirs, peer = (one, other, other_author) if author == annotator else (other, one, author)
    return (mine, 0, 0) if kind == Comparison.Kind.SETTLED else (mine, theirs, peer)


def _keep_swaps(
    found: Mapping[int, Traces], stage: str, rows: list[tuple[Any, ...]], counts: NDArray[np.int64]
) -> None:
    """Keep of each comparison what was swapped, `counts` (R, 2 K) as Swapped has them, where it could be."""
    for row in np.flatnonzero(counts[:, 1::2].any(1)):
        mine, _theirs, peer = _sides(rows[row])
        found[rows[row][0]].swapped[stage].append(Swapped(mine, peer, tuple(counts[row].tolist())))


def _swaps_of_points(pairs: list[bytes]) -> NDArray[np.int64]:
    points = np.frombuffer(b"".join(pairs), "<u2").reshape(-1, 6)
    pair = np.repeat(np.arange(len(pairs)), [len(one) // 12 for one in pairs])
    what = points[:, WHAT]
    is_seen = points[:, CM] != NOT_MEASURED
    columns = []
    for bit, name in enumerate(KINDS["correspondence"]):
        is_open = is_seen & (what // 64 >> bit & 1 > 0)
        if name == "left_right":
            is_open &= _IS_MIDDLE[points[:, PART]]
        columns += [is_open & ((what // 16) % 4 == bit + 1), is_open]
    return np.column_stack([np.bincount(pair[column], minlength=len(pairs)) for column in columns])


def _swaps_of_parts(rows: list[tuple[Any, ...]]) -> NDArray[np.int64]:
    confusion = np.frombuffer(b"".join(row[7] for row in rows), "<i4").reshape(-1, N_LABELS, N_LABELS)
    limbs = np.array(LIMBS)
    both = confusion[:, limbs].any((2, 3)) & confusion[:, :, limbs].any((1, 3))
    swapped = np.array([row[6] for row in rows], np.int64)
    return np.column_stack([[value.bit_count() for value in swapped.tolist()], both.sum(1)]).astype(np.int64)


def _median(values: NDArray[np.float64]) -> float:
    """Return the median; ten times as quick as numpy's of a hundred values, and there are thousands of such."""
    upper = len(values) // 2
    ordered = np.sort(values)
    return float(ordered[upper] if len(values) % 2 else (ordered[upper - 1] + ordered[upper]) / 2)


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
