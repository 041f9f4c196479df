"""Sums and rows as they are kept, against the same told one by one: counted by hand, stored and taken back."""

from dataclasses import replace

import numpy as np
import pytest
from django.db import transaction

from annotator.models import Submission
from annotator.services.acceptance import accept_submission
from qa.models import PartsComparison, PointsComparison, Tally
from qa.services import tallies
from qa.services.refreshing import refresh_project
from qa.services.rows import KEYS, PART_FIGURES, POINT_SUMS, Rows, store_rows, take_rows
from qa.services.tallies import CHART_COLUMNS, POINTS_COLUMNS, Sums, View, inflated, replicate_weights
from tests.distances import StraightTable
from tests.factories import answered


@pytest.mark.parametrize("sparse", [0, 10**9], ids=["all cells at once", "each by itself"])
@pytest.mark.parametrize("sign", [1, -1])
def test_values_are_added_to_cells(monkeypatch, sparse, sign):
    monkeypatch.setattr(tallies, "_SPARSE", 1 / sparse if sparse else 10**9)
    rng = np.random.default_rng(1)
    row, kind, bin_, value = (rng.integers(0, high, 500) for high in (3, 2, 401, 10**9))
    sums = Sums(np.array([0, 7, 9, 12]))
    sums.add_at("mm", row + 1, (kind, bin_), value, sign)
    sums.add_at("mm", row + 1, (kind, 400), sign=sign)
    wanted = np.zeros((4, 2, 401), np.int64)
    np.add.at(wanted, (row + 1, kind, bin_), sign * value)
    np.add.at(wanted, (row + 1, kind, 400), sign)
    np.testing.assert_array_equal(sums.field("mm"), wanted)
    assert sums.cells.sum() == wanted.sum(), "and to no others"


def test_owners_who_come_later_change_nobody_s_sums():
    sums = Sums(np.array([0, 9]))
    sums.field("alone")[:] = [[1], [2]]
    sums.make_room_for(np.array([5, 9]))
    assert sums.owners.tolist() == [0, 5, 9]
    assert sums.field("alone")[:, 0].tolist() == [1, 0, 2]


def rows_of(names, n=7):
    rng = np.random.default_rng(2)
    columns = {name: rng.integers(1, 1000, n) for name in (*KEYS, *names)}
    columns["kind"] = rng.integers(0, 3, n)
    columns["task_id"] = np.arange(1, n + 1) + 2**33
    # An answer alone, against a settled one that is nobody's, and against another's.
    columns["second_id"][[0, 4]] = 0
    columns["second_annotator_id"][[0, 1, 4]] = 0
    return columns, rng


def same(a: Rows, b: Rows) -> None:
    """Compare rows in the order of their tasks, of which each has one here."""
    order = np.argsort(b.columns["task_id"])
    assert list(a.columns) == list(b.columns)
    for name, column in a.columns.items():
        np.testing.assert_array_equal(column, b.columns[name][order], name)
    for name, array in a.arrays.items():
        np.testing.assert_array_equal(array, b.arrays[name][order], name)
    points = np.split(b.points, b.ends[:-1]) if len(b.ends) else []
    np.testing.assert_array_equal(a.points, np.concatenate([points[row] for row in order]) if points else b.points)


@pytest.mark.django_db
def test_rows_are_taken_as_they_were_stored():
    columns, rng = rows_of(POINT_SUMS)
    lengths = np.array([0, 3, 5, 1, 0, 2, 9])
    points = rng.integers(0, 65536, (lengths.sum(), 6)).astype(np.uint16)
    said = rng.integers(0, 99, (7, 16)).astype(np.int32)
    kept = Rows(columns, {"said": said}, points, np.cumsum(lengths))
    tasks = columns["task_id"].tolist()
    with transaction.atomic():
        store_rows(PointsComparison, kept)
        assert PointsComparison.objects.filter(second=None).count() == 2
        assert PointsComparison.objects.filter(second_annotator=None).count() == 3
        same(kept, take_rows(PointsComparison, tasks))
        assert not len(take_rows(PointsComparison, tasks)), "they are taken, not copied"

    columns, rng = rows_of(PART_FIGURES)
    arrays = {"confusion": rng.integers(0, 9999, (7, 225)), "boundary": rng.integers(0, 99, (7, 15))}
    kept = Rows(columns, {name: array.astype(np.int32) for name, array in arrays.items()})
    with transaction.atomic():
        store_rows(PartsComparison, kept)
        same(replace(kept), take_rows(PartsComparison, tasks))


def by_hand(owner: int | None) -> dict[str, np.ndarray]:
    """Return the sums of points of one owner, counted point by point from the rows that are kept."""
    names = ("vertex", "chart", "chart_half_cm", "mm", "said", "points_people", "points_week")
    found = {name: np.zeros(tallies.SHAPES[name], np.int64) for name in names}
    replicates = np.zeros((2, 201, len(POINTS_COLUMNS)))
    tasks: set[tuple[int, int]] = set()
    for row in PointsComparison.objects.exclude(kind=2):
        turned = row.second_annotator_id == owner is not None
        if owner not in {None, row.first_annotator_id, row.second_annotator_id}:
            continue
        week = row.second_week if turned else row.first_week
        week = max(row.first_week, row.second_week) if owner is None else week
        tasks.add((row.kind, row.task_id))
        found["points_week"][row.kind, week] += [1, row.n, row.cm, row.auc10]
        for cm, first, second, _part, chart, what in row.points.tolist():
            own, other, place = what % 4, what // 4 % 4, second
            if turned:
                own, other, place = other, own, first
            found["said"][row.kind, own + 4 * other] += 1
            if cm == 65535:
                continue
            found["vertex"][row.kind, :, place] += [1, cm]
            found["mm"][row.kind, min(cm // 10, 400)] += 1
            found["chart_half_cm"][row.kind, chart, min(cm // 50, 80)] += 1
            swap, is_open = what // 16 % 4, what // 64
            told = [1, cm, max(0, 1000 - cm), max(0, 3000 - cm), cm > 1000, swap == 1, swap == 2, swap == 3]
            found["chart"][row.kind, chart] += [*map(int, told), is_open % 2, is_open // 2 % 2, is_open // 4]
        columns = [1, row.n, row.cm, row.auc10, row.auc30, row.gps, row.gps_parts, row.left_right]
        means = [round(1e6 * row.auc10 / 1000 / row.n), round(1e6 * row.auc30 / 3000 / row.n)]
        weights = replicate_weights(np.array([row.person_id]))[0]
        replicates[row.kind] += weights[:, None] * np.array([*columns, *means])
    for kind, _task in tasks:
        found["points_people"][kind] += 1
    assert CHART_COLUMNS[:8] == ("n", "cm", "auc10", "auc30", "far", "left_right", "front_back", "inner_outer")
    return found | {"points": replicates.astype(np.int64)}


def test_sums_are_those_counted_by_hand(world, views):
    tasks = [answered(world, "correspondence") for _ in range(3)]
    rng = np.random.default_rng(4)
    for task in tasks:
        _, ben = task.submissions.order_by("pk")
        status, triangle, weights = ben.status.copy(), ben.triangle.copy(), ben.weights.copy()
        # Some far off, some swapped by chance, some not told.
        triangle[::3] = rng.integers(0, 13774, len(triangle[::3]))
        status[1::7], triangle[1::7], weights[1::7] = 2, -1, 0
        Submission.objects.filter(pk=ben.pk).update(status=status, triangle=triangle, weights=weights)
    accept_submission(user=world.rita, submission_id=tasks[0].submissions.order_by("pk")[0].pk)
    while refresh_project(world.project, StraightTable()).is_more:
        pass
    assert PointsComparison.objects.filter(kind=0).count() == 3
    assert PointsComparison.objects.filter(kind=1).count() == 1
    for owner in (None, world.ana.pk, world.ben.pk):
        kept = View(inflated(bytes(Tally.objects.get(project=world.project, annotator=owner).sums)))
        for name, wanted in by_hand(owner).items():
            np.testing.assert_array_equal(kept[name], wanted, f"{name} of {owner}")
