"""Agreement by hand: label maps of a few pixels, points in known places, and sums that grow as answers come."""

import uuid
from dataclasses import replace

import numpy as np
import pytest
from celery import current_app
from django.db import connection

from annotator.models import Membership, PointSet, Role, Submission
from annotator.services.acceptance import accept_submission
from annotator.services.projects import create_project
from body.surface import SurfacePoints, mirror, nearest_vertex, surface_of_vertex
from labels.boxes import Crop
from qa.models import ChangedTask, PartsComparison, PointsComparison, Tally
from qa.services import parts_agreement
from qa.services.opposites import Swap, find_swaps, open_to, opposite_vertices
from qa.services.refreshing import forget, is_stale, refresh_project
from qa.services.tallies import REPLICATES, View, inflated, replicate_weights
from qa.tasks import refresh_figures
from tests.distances import StraightTable
from tests.factories import answered, make_world
from tests.gold import make_gold
from tests.qa.crowds import paint_pairs, wait_for
from tests.webapp.clients import browser

HEAD, TORSO, RIGHT_HAND, LEFT_HAND, LEFT_FOOT = 14, 1, 2, 3, 4


def label_map(*rows: str) -> np.ndarray:
    """Return a map from rows of letters: h head, t torso, r and l hands, f left foot, . background."""
    numbers = {".": 0, "h": HEAD, "t": TORSO, "r": RIGHT_HAND, "l": LEFT_HAND, "f": LEFT_FOOT}
    return np.array([[numbers[letter] for letter in row] for row in rows], np.uint8)


def test_parts_of_two_answers_by_hand():
    first = label_map("hhhh....", "tttt..ll", "tttt..ll", "........")
    second = label_map("hhh.....", "httt..rr", "tttt..rr", "....ff..")
    pair = parts_agreement.compare_maps(first, second)
    assert pair.confusion.sum() == 32
    iou = parts_agreement.iou_by_part(pair.confusion)
    assert iou[HEAD] == pytest.approx(3 / 5)
    assert iou[TORSO] == pytest.approx(7 / 8)
    assert iou[LEFT_HAND] == iou[RIGHT_HAND] == iou[LEFT_FOOT] == 0
    assert np.isnan(iou[5])
    # 16 + 2 pixels were painted by either, 10 alike; the outline agrees on 15.
    assert parts_agreement.iou_of_all(pair.confusion) == pytest.approx(10 / 18)
    assert iou[0] == pytest.approx(15 / 18)
    # The hands are one hand under two names, which is a swap and no hand that one has not seen.
    assert pair.swapped == (RIGHT_HAND,)
    assert parts_agreement.iou_of_all(pair.exchanged) == pytest.approx(14 / 18)
    mine, theirs = parts_agreement.seen_by(pair.exchanged)
    assert np.flatnonzero(mine != theirs).tolist() == [LEFT_FOOT]
    # Borders: hands lie on each other; of the head, (0,3) and (1,0) are one pixel from the other's, 5 + 2 are on it.
    assert pair.boundary_px[LEFT_HAND] == 0
    assert pair.boundary_px[HEAD] == pytest.approx(2 / 8)
    assert np.isnan(pair.boundary_px[LEFT_FOOT])


def test_hands_that_lie_elsewhere_are_not_swapped():
    first, second = label_map("ll....", "ll...."), label_map("....rr", "....rr")
    assert parts_agreement.compare_maps(first, second).swapped == ()
    differ, outline = parts_agreement.disputed([label_map("lt."), label_map("rtt")])
    assert differ.tolist() == [[True, False, False]]
    assert outline.tolist() == [[False, False, True]]


def test_maps_of_two_crops_lie_where_they_were_painted():
    a, b = parts_agreement.on_one_crop(
        (label_map("ht"), Crop(10, 20, 2, 1)), (label_map("t", "t"), Crop(11, 20, 1, 2))
    )  # fmt: skip
    assert a.tolist() == [[HEAD, TORSO], [0, 0]]
    assert b.tolist() == [[0, TORSO], [0, TORSO]]


def test_opposite_places_lie_opposite():
    from body.canonical import load_canonical_body
    from rendering.views.frames import frame_of

    at = load_canonical_body().vertices
    left_right, front_back, inner_outer = opposite_vertices()
    assert np.abs(at[left_right] * [-1, 1, 1] - at).max() < 0.01
    topology_part = surface_of_vertex(np.arange(6890)).part
    thigh = np.flatnonzero(topology_part == 6)
    here, there = (frame_of(6).coordinates(at[rows]) for rows in (thigh, front_back[thigh]))
    assert np.median(np.abs(here[:, 0] + there[:, 0])) < 0.02, "front becomes back"
    assert np.median(np.abs(here[:, 1:] - there[:, 1:])) < 0.02, "and nothing else moves"
    assert (inner_outer[topology_part == HEAD] == -1).all(), "a head has no inner side"


def test_swaps_are_told_from_plain_error():
    table = StraightTable()
    is_open, opposite = open_to(table), opposite_vertices()
    for kind in (Swap.LEFT_RIGHT, Swap.FRONT_BACK, Swap.INNER_OUTER):
        vertex = np.flatnonzero(is_open[kind - 1])[::7]
        reference = surface_of_vertex(vertex)
        swapped = mirror(reference) if kind == Swap.LEFT_RIGHT else surface_of_vertex(opposite[kind - 1, vertex])
        cm = table.distance_cm(swapped, reference)
        found = find_swaps(swapped, reference, cm, is_open[:, nearest_vertex(reference)], table)
        assert (found == kind).mean() > 0.95, kind
        near = find_swaps(reference, reference, np.zeros(len(vertex)), is_open[:, vertex], table)
        assert not near.any()
    # A quarter of the way to the opposite side is plain error.
    shoulder = surface_of_vertex(np.flatnonzero(is_open[0])[:50])
    far = np.full(len(shoulder), 20.0)
    assert not find_swaps(shoulder, shoulder, far, is_open[:, nearest_vertex(shoulder)], StraightTable()).any()


def test_replicates_draw_people_about_once():
    weights = replicate_weights(np.arange(1, 4001))
    assert weights.shape == (4000, 1 + REPLICATES)
    drawn = weights[:, 1:]
    assert drawn.mean() == pytest.approx(1, abs=0.005)
    assert drawn.var() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(drawn[:, :8].T) - np.eye(8)).max() < 0.06, "replicates are independent"
    np.testing.assert_array_equal(replicate_weights(np.array([77])), weights[[76]])


@pytest.fixture
def points(world, views):
    return answered(world, "correspondence")


def sums(world, owner=None) -> View:
    return View(inflated(bytes(Tally.objects.get(project=world.project, annotator=owner).sums)))


def test_each_pair_is_kept_with_what_was_said(world, points):
    ana, ben = points.submissions.order_by("pk")
    status, triangle, weights = ben.status.copy(), ben.triangle.copy(), ben.weights.copy()
    status[:3], triangle[:3], weights[:3] = (2, 2, 3), -1, 0
    Submission.objects.filter(pk=ben.pk).update(status=status, triangle=triangle, weights=weights)
    refresh_project(world.project, StraightTable())
    row = PointsComparison.objects.get(kind=0)
    n = len(status)
    assert (row.first_id, row.second_id, row.n) == (ana.pk, ben.pk, n - 3)
    assert row.said.reshape(4, 4)[1:, 1].tolist() == [n - 3, 2, 1], (
        "status of the second by rows, of the first by columns"
    )
    cm = StraightTable().distance_cm(
        SurfacePoints(ana.triangle, ana.weights)[3 : n], SurfacePoints(triangle, weights)[3 : n]
    )  # fmt: skip
    np.testing.assert_allclose(row.points[3:, 0], 100 * cm, atol=0.51)
    assert (row.points[:3, 0] == 65535).all()
    assert row.auc10 == pytest.approx(1000 * np.clip(1 - cm / 10, 0, None).sum(), abs=n)
    assert row.gps == pytest.approx(1e6 * np.exp(-((cm / 25.5) ** 2) / 2).mean(), abs=1e3)
    between = world.project.sheets.get(annotator=world.ana).data["agreement"]["between"]
    assert between["mean_auc10"]["value"] == pytest.approx(row.auc10 / 1000 / row.n, abs=1e-6), "one person, one mean"
    assert between["gps"]["value"] == pytest.approx(row.gps / 1e6)
    told = between["said"]
    assert told["placed"] == {"placed": n - 3, "cannot_tell": 2, "not_this_part": 1}
    told = world.project.sheets.get(annotator=world.ben).data
    assert told["agreement"]["between"]["said"]["cannot_tell"] == {"placed": 2, "cannot_tell": 0, "not_this_part": 0}
    assert told["statuses"] == {"placed": n - 3, "cannot_tell": 2, "not_this_part": 1}
    # Who placed nothing is compared in what was said, and in no distance: a similarity of nothing is not zero.
    Submission.objects.filter(pk=ben.pk).update(status=np.full(n, 2, np.uint8), triangle=np.full(n, -1, np.int32))
    refresh_project(world.project, StraightTable())
    assert PointsComparison.objects.get(kind=0).n == 0
    assert world.project.sheets.get(annotator=world.ana).data["agreement"]["between"] is None


def everything(world) -> dict:
    rows = [
        list(model.objects.order_by("first_id", "second_id", "kind").values_list(*fields))
        for model, fields in (
            (PointsComparison, ("first_id", "second_id", "kind", "n", "cm", "gps", "left_right")),
            (PartsComparison, ("first_id", "second_id", "kind", "iou", "swapped")),
        )
    ]
    tallies = {tally.annotator_id: inflated(bytes(tally.sums)).tobytes() for tally in Tally.objects.all()}
    return {"rows": rows, "tallies": tallies}


def test_sums_that_grew_are_those_computed_from_the_beginning(world, points):
    table = StraightTable()
    refresh_project(world.project, table)
    parts = answered(world, "parts")
    refresh_project(world.project, table)
    first, second = points.submissions.order_by("pk")
    other = Submission.objects.create(
        client_uuid=uuid.uuid4(), task=points, annotator=world.mia, point_set=first.point_set,
        **{name: value for name, value in second.answer_columns().items() if name != "point_set_id"},
    )  # fmt: skip
    refresh_project(world.project, table)
    assert PointsComparison.objects.filter(kind=0).count() == 3
    accept_submission(user=world.rita, submission_id=first.pk)
    accept_submission(user=world.rita, submission_id=parts.submissions.first().pk)
    assert set(ChangedTask.objects.values_list("task_id", flat=True)) == {points.pk, parts.pk}
    refresh_project(world.project, table)
    assert PointsComparison.objects.filter(kind=1).count() == 2, "the accepted answer is not compared with itself"
    assert world.project.sheets.get(annotator=None).data["reference"] == "settled"
    Submission.objects.filter(pk=other.pk).delete()
    refresh_project(world.project, table)
    assert PointsComparison.objects.filter(kind=0).count() == 1
    grown = everything(world)
    assert sums(world)["points_people"].tolist() == [1, 1]
    forget(world.project)
    assert not Tally.objects.exists()
    refresh_project(world.project, table)
    again = everything(world)
    assert again["rows"] == grown["rows"]
    # Whoever no longer contributes keeps a row of zeros.
    zero = grown["tallies"].pop(world.mia.pk)
    assert not np.frombuffer(zero, "u1").any()
    assert again["tallies"] == grown["tallies"]


def test_sheets_follow_the_last_of_several_passes(world, points, monkeypatch):
    table = StraightTable()
    refresh_project(world.project, table)
    for _ in range(2):
        answered(world, "parts")
    monkeypatch.setattr("qa.services.refreshing._TASKS_AT_MOST", 1)
    before = world.project.sheets.get(annotator=world.ana).data
    while refresh_project(world.project, table).is_more:
        assert world.project.sheets.get(annotator=world.ana).data == before, "told when all is measured"
        assert world.project.sheets.get(annotator=None).data["is_behind"]
    told = world.project.sheets.get(annotator=world.ana).data
    assert told["parts_agreement"]["between"]["pairs"] == 2
    assert "is_behind" not in world.project.sheets.get(annotator=None).data
    # A worker that died between the passes: nothing is left to measure, and the sheets are written all the same.
    kept = world.project.sheets.get(annotator=None)
    kept.data["is_behind"] = True
    kept.save()
    world.project.sheets.filter(annotator=world.ana).update(data={})
    assert is_stale(world.project, table)
    refresh_project(world.project, table)
    assert world.project.sheets.get(annotator=world.ana).data == told
    assert "is_behind" not in world.project.sheets.get(annotator=None).data


def test_gold_and_answers_to_older_points_are_not_compared(world, points):
    table = StraightTable()
    first, second = points.submissions.order_by("pk")
    old = first.point_set
    PointSet.objects.filter(pk=old.pk).update(is_current=False)
    new = PointSet.objects.create(person=old.person, version=2, key=old.key, xy=old.xy, part=old.part)
    Submission.objects.filter(pk=first.pk).update(point_set=new)
    refresh_project(world.project, table)
    assert list(PointsComparison.objects.values_list("kind", "first_id")) == [(2, first.pk)]
    Submission.objects.filter(pk=second.pk).update(point_set=new)
    refresh_project(world.project, table)
    assert PointsComparison.objects.filter(kind=0).count() == 1
    points.is_gold = True
    points.save()
    refresh_project(world.project, table)
    assert not PointsComparison.objects.exists()
    assert not sums(world)["alone"].any()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_it_compares_changes_no_figure(live_app):
    live_app.kill_worker()
    world = make_world()
    paint_pairs(world, 200)
    waiting = ChangedTask.objects.count()
    live_app.start_worker()
    current_app.send_task("qa.refresh_figures")
    wait_for(lambda: is_being_measured(world))
    live_app.kill_worker()
    wait_for(lambda: not is_being_measured(world))
    assert (ChangedTask.objects.count(), Tally.objects.count(), PartsComparison.objects.count()) == (waiting, 0, 0)
    live_app.start_worker()
    current_app.send_task("qa.refresh_figures")
    wait_for(lambda: not ChangedTask.objects.exists())
    live_app.kill_worker()
    found = everything(world)
    assert found["rows"]
    # Once more from the beginning, without a break.
    forget(world.project)
    refresh_project(world.project, None)
    assert everything(world) == found


def is_being_measured(world):
    """Tell whether a worker holds the project's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [world.project.pk])
        return cursor.fetchone()[0] > 0


def test_truth_that_is_there_before_the_first_answer_hinders_no_figures(world):
    """Known truth is a change to tell of when nobody has worked yet."""
    make_gold(world.project, 1)
    assert refresh_project(world.project, StraightTable()).tasks
    page = f"/projects/{world.project.pk}"
    assert browser(world, "mia").get(page).status_code == 200
    answered(world, "parts")
    refresh_project(world.project, StraightTable())
    sheet = world.project.sheets.get(annotator=None)
    assert sheet.data["stages"]["parts"]["answers"] == 2
    assert browser(world, "mia").get(page).status_code == 200


def test_one_project_s_damage_hinders_no_other_s_figures(world):
    other = replace(world, project=create_project(name="Other", by=world.mia))
    for user in (world.ana, world.ben):
        Membership.objects.create(project=other.project, user=user, role=Role.ANNOTATOR)
    answered(world, "parts")
    refresh_figures()
    Tally.objects.filter(project=world.project).update(sums=b"damaged")
    answered(world, "parts")
    answered(other, "parts")
    refresh_figures()
    assert other.project.sheets.get(annotator=None).data["stages"]["parts"]["answers"] == 2
    assert ChangedTask.objects.filter(project_id=world.project.pk).exists(), "it is tried again"
