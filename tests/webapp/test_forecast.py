"""The forecast on the overview: from the days that were worked, and silent while it could only guess."""

import pytest


def left(columns):
    from webapp.selectors.overview import StageProgress, days_left

    parts = StageProgress("parts", "Parts", 40, 0, 0, 60, 0, 0, 60)
    points = StageProgress("correspondence", "Points", 10, 0, 0, 45, 50, 0, 90)
    return days_left([parts, points], {"columns": columns})


@pytest.mark.parametrize(
    ("columns", "parts", "points"),
    [
        ([("1", 0, 0), ("2", 0, 0)], None, None),
        ([("1", 0, 0), ("2", 40, 10)], None, None),
        ([("1", 0, 0), ("2", 20, 0), ("3", 20, 10)], 3, None),
        ([("1", 0, 0), ("2", 10, 5), ("3", 0, 0), ("4", 20, 5)], 6, 27),
    ],
)
def test_days_left(columns, parts, points):
    assert left(columns) == {"parts": parts, "correspondence": points}


def test_what_is_wanted_are_answers_and_not_people(world):
    from annotator.models import Lease, Task
    from webapp.selectors.overview import progress_of

    person, _other = world.person(), world.person()
    Task.objects.filter(person=person, stage="parts").update(overlap=3, places_left=3)
    assert [stage.wanted for stage in progress_of(world.project)] == [4, 2]
    world.client("ana").post(f"/api/v1/projects/{world.project.pk}/next", {"stage": "parts"})
    assert Lease.objects.get().state == "live"
    assert progress_of(world.project)[0].wanted == 4, "what someone has in hand is still to come"
