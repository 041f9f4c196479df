"""Keeps comparisons, sums and sheets in step with the answers: what changed is measured, and nothing else.

One transaction takes changed tasks off the list, takes back what they contributed, compares their answers anew and
adds that. A worker that dies in the middle leaves everything as it was, the list of changes included.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

import numpy as np
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from annotator.models import Project, Stage, Submission, Task
from qa.models import ChangedTask, FigureSheet, PartsComparison, PointsComparison, Tally
from qa.services.comparing import Answers, compare_parts, compare_points, read_answers
from qa.services.contributions import add_parts, add_points, owners_of
from qa.services.opposites import Distances
from qa.services.rows import Rows, store_rows, take_rows
from qa.services.sheets import REST, write_sheets
from qa.services.tallies import EVERYONE, LAYOUT, SIZE, Sums, deflated, inflated

_AT_ONCE: Final = 1000
_COMPARED_AT_ONCE: Final = 2
# One transaction ends after so many tasks or seconds, so that a kill costs little work.
_TASKS_AT_MOST: Final = 20_000
_SECONDS_AT_MOST: Final = 60.0
_LOCK: Final = 7_203_412
_MODELS: Final[dict[Stage, type[PointsComparison | PartsComparison]]] = {
    Stage.PARTS: PartsComparison,
    Stage.CORRESPONDENCE: PointsComparison,
}
OWN: Final = (Submission.Origin.WORKBENCH, Submission.Origin.API)


@dataclass(frozen=True)
class Change:
    """What one pass did: how many tasks were measured, whose figures changed, and whether more wait."""

    tasks: int
    people: frozenset[int]
    is_more: bool


def refresh_project(project: Project, table: Distances | None) -> Change | None:
    """Measure what changed in a project and write the sheets that it touches; None where another worker is at it.

    Sheets are written in the transaction that measures the last of the changes; one that leaves more marks the
    project's sheet as behind. So a worker that dies leaves them as they were, and whoever comes next knows that they
    are to be written. Without a table of distances, points wait and parts are compared.
    """
    with transaction.atomic():
        if not _is_locked(project):
            return None
        change = _measure_changes(project, table)
        sheet = _sheet_of(project)
        is_due, is_new, is_behind = _is_work_due(project, sheet), _is_new(sheet, table), _is_behind(sheet)
        if change.is_more:
            _leave_behind(sheet)
        elif change.tasks or is_due or is_behind:
            people = None if is_new or is_behind or table is None else change.people
            write_sheets(project, table, people, with_work=is_due)
        return change


def is_stale(project: Project, table: Distances | None) -> bool:
    """Return whether answers wait to be measured, or sheets or the project's work to be told anew."""
    sheet = _sheet_of(project)
    return _is_behind(sheet) or _changes(project, table).exists() or _is_work_due(project, sheet)


def _sheet_of(project: Project) -> FigureSheet | None:
    return FigureSheet.objects.filter(project=project, annotator=None).only("data").first()


def _is_new(sheet: FigureSheet | None, table: Distances | None) -> bool:
    return sheet is None or bool(sheet.data.get("is_measured")) != (table is not None)


def _is_behind(sheet: FigureSheet | None) -> bool:
    return sheet is not None and bool(sheet.data.get("is_behind"))


def _leave_behind(sheet: FigureSheet | None) -> None:
    """Mark a project's sheets as older than its sums; without a sheet all are written anyway."""
    if sheet is not None and not _is_behind(sheet):
        sheet.data["is_behind"] = True
        sheet.save(update_fields=["data"])


def _is_work_due(project: Project, sheet: FigureSheet | None) -> bool:
    """Return whether there are answers that the project's work or its flags do not tell of, and it rested enough."""
    newest = Submission.objects.filter(task__project=project).order_by("-pk").values_list("pk", flat=True).first()
    if sheet is None or newest is None:
        return sheet is None and newest is not None
    if "work_at" not in sheet.data:
        return True
    if sheet.data.get("newest") == newest and not sheet.data.get("flags_wait"):
        return False
    rest = timedelta(seconds=REST * float(sheet.data["seconds"]))
    return timezone.now() > datetime.fromisoformat(sheet.data["work_at"]) + rest


def _changes(project: Project, table: Distances | None) -> QuerySet[ChangedTask]:
    changes = ChangedTask.objects.filter(project_id=project.pk).order_by("id")
    if table is not None:
        return changes
    points = Task.objects.filter(project=project, stage=Stage.CORRESPONDENCE).values("pk")
    return changes.exclude(task_id__in=points)


def _measure_changes(project: Project, table: Distances | None) -> Change:
    started = time.monotonic()
    if Tally.objects.filter(project=project).exclude(layout=LAYOUT).exists():
        forget(project)
    rows_at_most = 2 * _TASKS_AT_MOST
    listed = list(_changes(project, table).values_list("id", "task_id")[:rows_at_most])
    tasks = sorted({task for _pk, task in listed})[:_TASKS_AT_MOST]
    done: set[int] = set()
    known = _Known(project)
    batches = (tasks[begin : begin + _AT_ONCE] for begin in range(0, len(tasks), _AT_ONCE))
    timely = takewhile(lambda _batch: time.monotonic() - started < _SECONDS_AT_MOST, batches)
    for measured in _measured(project, timely, table):
        known.add(measured)
        done |= set(measured.tasks)
    known.store()
    people = known.touched - {EVERYONE} | _strike_off([pk for pk, task in listed if task in done], sorted(done))
    is_more = len(listed) == rows_at_most or len(done) < len({task for _pk, task in listed})
    return Change(len(done), frozenset(people), is_more)


def _strike_off(changes: list[int], tasks: list[int]) -> set[int]:
    """Take changes off the list; returns who answered their tasks. Arrays: lists of 40,000 values take seconds."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM qa_changedtask WHERE id = ANY(%s)", [changes])
        cursor.execute(
            "SELECT DISTINCT annotator_id FROM annotator_submission"
            " WHERE task_id = ANY(%s) AND annotator_id IS NOT NULL AND origin = ANY(%s)",
            [tasks, [origin.value for origin in OWN]],
        )
        return {annotator for (annotator,) in cursor}


def forget(project: Project) -> None:
    """Drop all comparisons and sums of a project and list all its answered tasks as changed."""
    PointsComparison.objects.filter(project=project)._raw_delete("default")
    PartsComparison.objects.filter(project=project)._raw_delete("default")
    Tally.objects.filter(project=project)._raw_delete("default")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM qa_changedtask WHERE project_id = %s", [project.pk])
        cursor.execute(
            "INSERT INTO qa_changedtask (task_id, project_id) SELECT t.id, t.project_id FROM annotator_task t"
            " WHERE t.project_id = %s AND EXISTS (SELECT 1 FROM annotator_submission s WHERE s.task_id = t.id)",
            [project.pk],
        )


class _Known:
    """The sums of a project during one pass: read when first touched, written once at its end."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._cells: dict[int, NDArray[np.int64]] = {}
        self.touched: set[int] = set()

    def add(self, measured: "_Measured") -> None:
        for sums in measured.sums:
            owners = sums.owners.tolist()
            self._read(set(owners) - set(self._cells))
            for owner, cells in zip(owners, sums.cells, strict=True):
                self._cells[owner] += cells
                self.touched.add(owner)

    def store(self) -> None:
        Tally.objects.bulk_create(
            (
                Tally(
                    project=self._project, annotator_id=owner or None, layout=LAYOUT, sums=deflated(self._cells[owner])
                )
                for owner in sorted(self.touched)
            ),
            batch_size=50, update_conflicts=True, unique_fields=["project", "annotator"],
            update_fields=["layout", "sums"],
        )  # fmt: skip

    def _read(self, owners: set[int]) -> None:
        if not owners:
            return
        whose = Q(annotator__in=owners - {EVERYONE}) | (Q(annotator=None) if EVERYONE in owners else Q())
        kept = Tally.objects.filter(whose, project=self._project).values_list("annotator_id", "sums")
        for annotator, stored in kept.iterator(chunk_size=20):
            self._cells[annotator or EVERYONE] = inflated(bytes(stored))
        for owner in owners - set(self._cells):
            self._cells[owner] = np.zeros(SIZE, np.int64)


@dataclass(frozen=True)
class _Taken:
    """What some tasks had contributed, taken back, and their answers; without a table of distances only of parts."""

    tasks: list[int]
    before: dict[Stage, Rows]
    answers: dict[Stage, Answers]


@dataclass(frozen=True)
class _Measured:
    """What some tasks contribute now, and by how much that changes the sums."""

    tasks: list[int]
    rows: dict[Stage, Rows]
    sums: list[Sums]


def _measured(project: Project, batches: Iterable[list[int]], table: Distances | None) -> Iterator[_Measured]:
    """Measure batch after batch, and store its rows: two are compared while others are read and stored."""
    under_way: deque[Future[_Measured]] = deque()
    with ThreadPoolExecutor(_COMPARED_AT_ONCE) as pool:
        for batch in batches:
            if len(under_way) == _COMPARED_AT_ONCE:
                yield _stored(under_way.popleft().result())
            under_way.append(pool.submit(_compare, project, _take(batch, table), table))
        while under_way:
            yield _stored(under_way.popleft().result())


def _take(tasks: list[int], table: Distances | None) -> _Taken:
    stages = [stage for stage in Stage if stage == Stage.PARTS or table is not None]
    before = {stage: take_rows(_MODELS[stage], tasks) for stage in stages}
    return _Taken(tasks, before, {stage: read_answers(tasks, stage) for stage in stages})


def _compare(project: Project, taken: _Taken, table: Distances | None) -> _Measured:
    """Compare answers, without the database: in a thread of its own."""
    rows: dict[Stage, Rows] = {}
    sums = []
    for stage, answers in taken.answers.items():
        if stage == Stage.CORRESPONDENCE and table is not None:
            rows[stage], add = compare_points(project, answers, table), add_points
        else:
            rows[stage], add = compare_parts(project, answers), add_parts
        before, after = taken.before[stage], rows[stage]
        if len(before) or len(after):
            change = Sums(np.union1d(owners_of(before), owners_of(after)))
            add(change, before, -1)
            add(change, after)
            sums.append(change)
    return _Measured(taken.tasks, rows, sums)


def _stored(measured: _Measured) -> _Measured:
    for stage, rows in measured.rows.items():
        store_rows(_MODELS[stage], rows)
    return measured


def _is_locked(project: Project) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, project.pk])
        return bool(cursor.fetchone()[0])
