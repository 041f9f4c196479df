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
from threading import Lock
from typing import Final

import numpy as np
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from annotator.models import Project, Stage, Submission, Task
from qa.models import ChangedTask, FigureSheet, PartsComparison, PointsComparison, Tally
from qa.services.comparing import Answers, compare_parts, compare_points, read_answers
from qa.services.contributions import add_parts, add_points, owners_of
from qa.services.opposites import Distances
from qa.services.rows import Rows, as_array, store_rows, take_rows
from qa.services.sheets import REST, write_sheets
from qa.services.tallies import EVERYONE, LAYOUT, Sums, deflated, inflated

_AT_ONCE: Final = 2000
_COMPARED_AT_ONCE: Final = 2
# One transaction ends after so many tasks or seconds, so that a kill costs little work.
_TASKS_AT_MOST: Final = 50_000
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
    for batch in _measured(project, timely, table, known):
        done |= set(batch)
    known.store()
    people = known.touched - {EVERYONE} | _strike_off([pk for pk, task in listed if task in done], sorted(done))
    is_more = len(listed) == rows_at_most or len(done) < len({task for _pk, task in listed})
    return Change(len(done), frozenset(people), is_more)


def _strike_off(changes: list[int], tasks: list[int]) -> set[int]:
    """Take changes off the list; returns who answered their tasks."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM qa_changedtask WHERE id = ANY(%s::bigint[])", [as_array(changes)])
        cursor.execute(
            "SELECT DISTINCT annotator_id FROM annotator_submission"
            " WHERE task_id = ANY(%s::bigint[]) AND annotator_id IS NOT NULL AND origin = ANY(%s)",
            [as_array(tasks), [origin.value for origin in OWN]],
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
    """The sums of a project during one pass: read when first needed, written once at its end."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._sums = Sums(np.zeros(0, np.int64))
        # Batches are compared in threads, and add to the same sums.
        self._lock = Lock()
        self.touched: set[int] = set()

    def read(self, owners: set[int]) -> None:
        """Read what is kept of some owners, before anything is added to it."""
        missing = owners - set(self._sums.owners.tolist())
        if not missing:
            return
        whose = Q(annotator__in=missing - {EVERYONE}) | (Q(annotator=None) if EVERYONE in missing else Q())
        kept = Tally.objects.filter(whose, project=self._project).values_list("annotator_id", "sums")
        with self._lock:
            self._sums.make_room_for(np.array(sorted(missing), np.int64))
            for annotator, stored in kept.iterator(chunk_size=20):
                row = self._sums.rows_of(np.array([annotator or EVERYONE]))[0]
                self._sums.cells[row] = inflated(bytes(stored))

    def change(self, stage: Stage, before: Rows, after: Rows) -> None:
        """Take back what some tasks had contributed and add what they contribute now."""
        add = add_points if stage == Stage.CORRESPONDENCE else add_parts
        with self._lock:
            for rows, sign in ((before, -1), (after, 1)):
                if len(rows):
                    add(self._sums, rows, sign)
                    self.touched |= set(owners_of(rows).tolist())

    def store(self) -> None:
        touched = sorted(self.touched)
        rows = self._sums.rows_of(np.array(touched, np.int64))
        Tally.objects.bulk_create(
            (
                Tally(
                    project=self._project, annotator_id=owner or None, layout=LAYOUT,
                    sums=deflated(self._sums.cells[row]),
                )
                for owner, row in zip(touched, rows, strict=True)
            ),
            batch_size=50, update_conflicts=True, unique_fields=["project", "annotator"],
            update_fields=["layout", "sums"],
        )  # fmt: skip


@dataclass(frozen=True)
class _Taken:
    """What some tasks had contributed, taken back, and their answers; without a table of distances only of parts."""

    tasks: list[int]
    before: dict[Stage, Rows]
    answers: dict[Stage, Answers]

    @property
    def owners(self) -> set[int]:
        """Whose sums may be touched."""
        found = {EVERYONE}
        for rows, answers in zip(self.before.values(), self.answers.values(), strict=True):
            found |= set(owners_of(rows).tolist()) | set(answers.annotator.tolist())
        return found


@dataclass(frozen=True)
class _Measured:
    """What some tasks contribute now."""

    tasks: list[int]
    rows: dict[Stage, Rows]


def _measured(
    project: Project, batches: Iterable[list[int]], table: Distances | None, known: _Known
) -> Iterator[list[int]]:
    """Measure batch after batch, and store its rows: two are compared while others are read and stored."""
    under_way: deque[Future[_Measured]] = deque()
    with ThreadPoolExecutor(_COMPARED_AT_ONCE) as pool:
        for batch in batches:
            if len(under_way) == _COMPARED_AT_ONCE:
                yield _stored(under_way.popleft().result())
            taken = _take(batch, table)
            known.read(taken.owners)
            under_way.append(pool.submit(_compare, project, taken, table, known))
        while under_way:
            yield _stored(under_way.popleft().result())


def _take(tasks: list[int], table: Distances | None) -> _Taken:
    stages = [stage for stage in Stage if stage == Stage.PARTS or table is not None]
    before = {stage: take_rows(_MODELS[stage], tasks) for stage in stages}
    return _Taken(tasks, before, {stage: read_answers(tasks, stage) for stage in stages})


def _compare(project: Project, taken: _Taken, table: Distances | None, known: _Known) -> _Measured:
    """Compare answers and change the sums, without the database: in a thread of its own."""
    rows: dict[Stage, Rows] = {}
    for stage, answers in taken.answers.items():
        if stage == Stage.CORRESPONDENCE and table is not None:
            rows[stage] = compare_points(project, answers, table)
        else:
            rows[stage] = compare_parts(project, answers)
        known.change(stage, taken.before[stage], rows[stage])
    return _Measured(taken.tasks, rows)


def _stored(measured: _Measured) -> list[int]:
    """Store the rows of a batch; returns its tasks."""
    for stage, rows in measured.rows.items():
        store_rows(_MODELS[stage], rows)
    return measured.tasks


def _is_locked(project: Project) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, project.pk])
        return bool(cursor.fetchone()[0])
