"""The forecast of the end: from whole days that were worked, and silent while it could only guess."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qa.models import FigureSheet
from webapp.selectors.overview import StageProgress, end_of


def sheet(parts, points):
    """A sheet with answers by day, today's last; None is a day that nobody worked."""
    today = timezone.localdate()
    days = [
        {"day": (today - timedelta(days=back)).isoformat(), "stage": stage, "answers": count}
        for stage, counts in (("parts", parts), ("correspondence", points))
        for back, count in enumerate(reversed(counts))
        if count is not None
    ]
    return FigureSheet(data={"days": days})


def end(parts, points, *, parts_left=60, points_left=90):
    progress = [
        StageProgress("parts", "Parts", 40, 0, 0, 60, 0, 0, parts_left),
        StageProgress("correspondence", "Points", 10, 0, 0, 45, 50, 0, points_left),
    ]
    found = end_of(sheet(parts, points), progress)
    return found and (found.left, found.low, found.high)


@pytest.mark.parametrize(
    ("parts", "points", "told"),
    [
        pytest.param([], [], None, id="nothing"),
        pytest.param([40], [10], None, id="only today"),
        pytest.param([20, 1], [10, 1], None, id="one whole day says nothing of the next"),
        pytest.param([20, 20, 1], [10, 10, 1], (90, 9, 9), id="today is not over"),
        pytest.param([20, 20, 1], [None, 10, 1], None, id="a stage with work and no pace"),
        pytest.param([5, None, 5, 1], [10, None, 10, 1], (60, 12, 12), id="the stage that takes longest; days off"),
        pytest.param([20, 20, 1], [15, 45, 1], (90, 2, 6), id="days that differ"),
        pytest.param([20, 20] + 14 * [None], [10, 10] + 14 * [None], None, id="long ago"),
    ],
)
def test_end(parts, points, told):
    assert end(parts, points) == told


def test_a_finished_stage_needs_no_pace():
    assert end([], [30, 30, 0], parts_left=0) == (90, 3, 3)
    assert end([], [], parts_left=0, points_left=0) is None


def test_what_is_wanted_are_answers_and_not_people(world):
    from annotator.models import Lease, Task
    from webapp.selectors.overview import progress_of

    person, _other = world.person(), world.person()
    Task.objects.filter(person=person, stage="parts").update(overlap=3, places_left=3)
    assert [stage.wanted for stage in progress_of(world.project)] == [4, 2]
    world.client("ana").post(f"/api/v1/projects/{world.project.pk}/next", {"stage": "parts"})
    assert Lease.objects.get().state == "live"
    assert progress_of(world.project)[0].wanted == 4, "what someone has in hand is still to come"
