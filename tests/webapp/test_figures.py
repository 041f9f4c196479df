"""Figures: measured once, kept, and told to those who may see them: annotators see their own and no one else's."""

import json

import numpy as np
import pytest

from annotator.models import Consensus, Lease, Submission, User
from annotator.services.acceptance import accept_submission
from body.surface import SurfacePoints
from qa.models import FigureSheet
from qa.selectors.figures import effects_of_help
from qa.services.refreshing import refresh_project
from tests.distances import StraightTable
from tests.factories import answered
from tests.gold import let_a_day_pass
from tests.webapp.clients import browser, shown


@pytest.fixture
def task(world, views):
    return answered(world, "correspondence")


def url(world, page):
    return f"/projects/{world.project.pk}{page}"


def refreshed(world) -> FigureSheet:
    refresh_project(world.project, StraightTable())
    return FigureSheet.objects.get(project=world.project, annotator=None)


def test_figures_are_those_of_the_answers(world, task):
    ana, ben = task.submissions.order_by("pk")
    apart = StraightTable().distance_cm(
        SurfacePoints(ana.triangle, ana.weights), SurfacePoints(ben.triangle, ben.weights)
    )
    sheet = refreshed(world)
    between = sheet.data["agreement"]["between"]
    assert between["cm"]["value"] == pytest.approx(apart.mean(), abs=6e-3)
    assert between["auc10"]["value"] == pytest.approx(np.clip(1 - apart / 10, 0, None).mean(), abs=6e-3)
    assert between["auc10"]["people"] == 1
    assert between["auc10"]["low"] is None, "no interval over one person"
    assert sheet.data["agreement"]["settled"] is None
    assert sum(row["n"] for row in sheet.data["parts"]) == len(apart), "a pair counts once"
    assert sheet.data["reference"] == "between"
    assert {row["id"] for row in sheet.data["annotators"]} == {world.ana.pk, world.ben.pk}
    painted = FigureSheet.objects.get(annotator=world.ana).vertex_error
    near = painted[painted < 255]
    assert 0 < len(near) < 6890
    assert near.max() <= apart.max() * 25 + 1

    accept_submission(user=world.rita, submission_id=ana.pk)
    sheet = refreshed(world)
    assert sheet.data["reference"] == "settled", "where a reviewer settled anything, sums are against that alone"
    assert sum(row["n"] for row in sheet.data["parts"]) == len(apart)
    settled = sheet.data["agreement"]["settled"]
    assert (settled["points"], settled["cm"]["value"]) == (len(apart), pytest.approx(apart.mean(), abs=6e-3))
    assert FigureSheet.objects.get(annotator=world.ana).data["agreement"]["settled"] is None, "not against itself"
    assert FigureSheet.objects.count() == 3


def test_only_annotators_answers_count(world, task):
    first = task.submissions.first()
    columns = {name: value for name, value in first.answer_columns().items() if name != "point_set_id"}
    Submission.objects.create(
        client_uuid="00000000-0000-0000-0000-000000000001", task=task, annotator=world.rita, origin="review",
        supersedes=first, point_set=first.point_set, **columns,
    )  # fmt: skip
    sheet = refreshed(world)
    assert {row["id"] for row in sheet.data["annotators"]} == {world.ana.pk, world.ben.pk}
    assert sheet.data["stages"]["correspondence"]["corrected"] == 1
    assert sheet.data["agreement"]["between"]["points"] == len(first.status), "what was corrected counts as it was"


def test_who_sees_whose_figures(world, task):
    refreshed(world)
    api = f"/api/v1/projects/{world.project.pk}"
    told = world.client("ana").get(f"{api}/annotators/{world.ana.pk}/figures").json()
    assert told == {"computed_at": None, "figures": None, "gold": None}, "today's are told tomorrow"
    assert "on the day after the first answer" in browser(world, "ana").get(url(world, "/my-figures")).content.decode()
    let_a_day_pass()
    ana, ben = (f"/annotators/{user.pk}" for user in (world.ana, world.ben))
    pages = {
        "/figures": {"mia", "rita", "ed"}, "/figures/body-light.png": {"mia", "rita", "ed"},
        "/figures/annotators.csv": {"mia", "rita", "ed"}, ana: {"mia", "rita", "ed", "ana"},
        f"{ana}/body-dark.png": {"mia", "rita", "ed", "ana"}, ben: {"mia", "rita", "ed", "ben"},
        f"{ben}/body-dark.png": {"mia", "rita", "ed", "ben"}, "/figures/detail": {"mia", "rita", "ed"},
        f"{ana}/detail": {"mia", "rita", "ed", "ana"}, "/my-figures": {"mia", "rita", "ed", "ana", "ben"},
    }  # fmt: skip
    for page, allowed in pages.items():
        found = {
            name: browser(world, name).get(url(world, page)).status_code for name in ("mia", "rita", "ed", "ana", "ben")
        }
        assert found == {name: 200 if name in allowed else 403 for name in found}, page
        assert browser(world, "eve").get(url(world, page)).status_code == 404
        assert browser(world, None).get(url(world, page)).status_code == 302
    mine = shown(browser(world, "ana"), url(world, "/my-figures"))
    assert "My figures" in mine
    assert "Ben" not in mine
    assert browser(world, "mia").get(url(world, "/annotators/999999")).status_code == 404
    told = world.client("ana").get(f"{api}/annotators/{world.ana.pk}/figures").json()
    kept = FigureSheet.objects.get(annotator=world.ana).data
    assert kept.pop("traces"), "whom she was compared with is kept, and not told"
    assert told["figures"] == kept
    assert told["gold"] is None
    assert world.client("ana").get(f"{api}/annotators/{world.ben.pk}/figures").status_code == 403
    assert world.client("ana").get(f"{api}/figures").status_code == 403
    assert world.client("ed").get(f"{api}/figures").json()["figures"]["agreement"]["between"]["points"] > 0
    assert world.client("ed").get(f"{api}/annotators/999999/figures").status_code == 404
    assert world.client("eve").get(f"{api}/figures").status_code == 404


def test_pages_read_what_is_kept(world, task, django_assert_max_num_queries):
    client = browser(world, "mia")
    assert "soon after the first answer" in client.get(url(world, "/figures")).content.decode()
    refresh_project(world.project, None)
    assert "The surface is being measured" in client.get(url(world, "/figures")).content.decode()
    assert "No points were compared yet" in client.get(url(world, "/figures/detail")).content.decode()
    answered(world, "parts")
    refreshed(world)
    with django_assert_max_num_queries(14):
        page = client.get(url(world, "/figures")).content.decode()
    for words in ("0.563", "0.835", "between annotators", "of all error", "Ana", "working days left"):
        assert words in page, words
    assert client.get(url(world, "/figures?rate=12")).status_code == 200
    picture = client.get(url(world, "/figures/body-light.png"))
    assert picture.content.startswith(b"\x89PNG")
    for table, columns in (
        ("annotators", 11), ("parts", 4), ("weeks", 4), ("days", 4), ("charts", 8), ("label-maps", 8), ("confusion", 17)
    ):  # fmt: skip
        lines = client.get(url(world, f"/figures/{table}.csv")).content.decode().splitlines()
        assert len(lines) > 1, table
        assert {line.count(",") for line in lines} == {columns - 1}, table
    with django_assert_max_num_queries(10):
        page = client.get(url(world, "/figures/detail")).content.decode()
    for words in ("left and right", "Share of points within a distance", "GPS, k by part", "pooled IoU", "By chart"):
        assert words in page, words
    assert client.get(url(world, "/figures/other.csv")).status_code == 404
    assert client.get(url(world, "/figures/body-other.png")).status_code == 404


def test_sheets_are_written_when_there_is_something_new(world, task):
    from qa.services.refreshing import is_stale
    from qa.tasks import refresh_figures

    assert refresh_figures() == 1
    assert not is_stale(world.project, None)
    assert refresh_figures() == 0
    submission = task.submissions.last()
    submission.pk, submission.client_uuid, submission._state.adding = None, "00000000-0000-0000-0000-000000000002", True
    submission.save()
    assert is_stale(world.project, StraightTable())
    assert json.dumps(FigureSheet.objects.get(annotator=None).data)
    assert Consensus.objects.filter(stage="correspondence").count() == 0
    assert User.objects.count() == 6


def test_what_help_changes_is_told_by_task_with_its_interval(world, views):
    tasks = [answered(world, "parts") for _ in range(5)]
    for number, task in enumerate(tasks):
        Lease.objects.filter(task=task).update(is_assisted=number < 2)
        for submission, ms in zip(task.submissions.order_by("pk"), (1000 + 400 * number, 3000), strict=True):
            Submission.objects.filter(pk=submission.pk).update(active_ms=ms)
    accept_submission(user=world.rita, submission_id=tasks[0].submissions.first().pk)
    sheet = refreshed(world)
    time, agreement = effects_of_help(sheet)
    assert (time.stage, time.measure, time.tasks_with, time.tasks_without) == ("parts", "time_s", 2, 3)
    # Means of tasks: 2.0 and 2.2 s with, 2.4, 2.6 and 2.8 s without.
    assert (time.mean_with, time.mean_without) == (pytest.approx(2.1), pytest.approx(2.6))
    half = 1.96 * (0.02 / 2 + 0.04 / 3) ** 0.5
    assert (time.low, time.high) == (pytest.approx(-0.5 - half, abs=1e-3), pytest.approx(-0.5 + half, abs=1e-3))
    assert (agreement.measure, agreement.difference) == ("agreement", pytest.approx(0, abs=1e-6)), "all differ alike"
    page = browser(world, "mia").get(url(world, "/figures")).content.decode()
    assert "seconds a person" in page
    assert "<strong>-0.5</strong>" in page, "its interval leaves out zero"
    assert sheet.data["pairs"] == []


def test_pairs_of_annotators_who_met_often_are_told_apart(world, views):
    for _ in range(3):
        answered(world, "correspondence")
    (pair,) = refreshed(world).data["pairs"]
    assert (sorted(pair["annotators"]), pair["people"]) == (sorted([world.ana.pk, world.ben.pk]), 3)
    page = browser(world, "mia").get(url(world, "/figures/detail")).content.decode()
    assert "Ana · Ben" in page or "Ben · Ana" in page
