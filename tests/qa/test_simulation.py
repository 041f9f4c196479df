"""Simulated annotators: what is put into their answers is what lies in the database, by the API and by bulk load."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotator.models import Consensus, PointStatus, Submission
from body.canonical import load_canonical_body
from body.surface import SurfacePoints, positions
from qa.services.refreshing import refresh_project
from tests.distances import StraightTable
from tests.factories import make_views, make_world
from tests.live import LiveApp


@pytest.fixture
def web(transactional_db, services):
    """A real web server on the test database, without a worker."""
    app = LiveApp(services.folder)
    app.start_web()
    yield app
    app.stop()


def apart_cm(a, b):
    vertices = load_canonical_body().vertices
    return 100 * np.linalg.norm(positions(a, vertices) - positions(b, vertices), axis=1)


def test_annotators_play_over_the_real_api(web, tmp_path):
    world = make_world(correspondence_overlap=2, assistance_share=0)
    make_views()
    put_in = tmp_path / "put-in.json"
    call_command(
        "simulate_annotators", str(world.project.pk), people=3, scenes=1, mix="careful=2,copying=1", settled=1.0,
        url=web.url, put_in=put_in, seed=3, verbosity=0,
    )  # fmt: skip
    answers = Submission.objects.filter(task__stage="correspondence")
    assert answers.filter(origin="api").count() == 6
    rows = json.loads(put_in.read_text())
    assert sum(row["tasks"] for row in rows) == 6
    settled = {row.person_id: row for row in Consensus.objects.filter(stage="correspondence", method="reviewed")}
    assert len(settled) == 3
    careful = [row["id"] for row in rows if row["habits"] == "careful"]
    errors = []
    for answer in answers.filter(origin="api", annotator__in=careful).select_related("task"):
        truth = settled[answer.task.person_id]
        both = (answer.status == PointStatus.PLACED) & (truth.status == PointStatus.PLACED)
        mine, true = (SurfacePoints(row.triangle[both], row.weights[both]) for row in (answer, truth))
        assert (mine.part == true.part).all()
        errors.append(apart_cm(mine, true))
    put = sum(row["error_cm"] for row in rows) / sum(row["errors"] for row in rows)
    assert put == pytest.approx(1.5 * np.sqrt(np.pi / 2), rel=0.1)
    assert np.concatenate(errors).mean() == pytest.approx(put, rel=0.06), "the clicks say what was put in"
    copies = 0
    for copy in answers.filter(origin="api", annotator__in=[row["id"] for row in rows if row["habits"] == "copying"]):
        others = answers.filter(origin="api", task=copy.task).exclude(pk=copy.pk)
        copies += any(np.nanmedian(np.hypot(*(copy.click - other.click).T)) < 3 for other in others)
    assert copies


def test_real_work_is_left_alone(world):
    world.person()
    with pytest.raises(CommandError, match="1 people that are not simulated"):
        call_command("simulate_annotators", "Street", people=2, bulk=True)
    with pytest.raises(CommandError, match="no preset"):
        call_command("simulate_annotators", "Street", people=2, bulk=True, mix="perfect=1")
    with pytest.raises(CommandError, match="--bulk for more"):
        call_command("simulate_annotators", "Street", people=2001)


def test_bulk_load_makes_what_the_api_would_have_made(world, tmp_path):
    project = world.project
    project.correspondence_overlap = 2
    project.save()
    put_in = tmp_path / "put-in.json"
    call_command(
        "simulate_annotators", "Street", people=12, scenes=2, mix="careful=2,swapping=1,copying=1", settled=0.5,
        bulk=True, seed=1, put_in=put_in,
    )  # fmt: skip
    rows = {row["id"]: row for row in json.loads(put_in.read_text())}
    answers = Submission.objects.filter(task__stage="correspondence", origin="api").select_related("task__person")
    assert answers.count() == 24
    assert Submission.objects.filter(task__stage="parts").count() == 12
    assert Consensus.objects.filter(stage="parts").count() == 12
    settled = Consensus.objects.filter(stage="correspondence", method="reviewed")
    assert 0 < settled.count() < 12
    for row in settled.select_related("submission__supersedes", "person"):
        assert row.submission.supersedes.task.person == row.person
        assert row.point_set.person == row.person
    assert not project.tasks.exclude(state__in=["done", "review"]).exists()
    assert project.tasks.filter(state="review").count() == 12 - settled.count()
    for user in rows:
        n = sum(int((answer.status == PointStatus.PLACED).sum()) for answer in answers.filter(annotator=user))
        assert rows[user]["points"] == n
    assert sum(row["deeds"].get("side_swap", 0) for row in rows.values()) > 0
    same = [np.array_equal(one.click, other.click) for one, other in zip(answers[::2], answers[1::2], strict=True)]
    assert not any(same)


def test_a_single_answer_is_accepted_as_the_api_would_accept_it(world):
    call_command("simulate_annotators", "Street", people=6, scenes=2, mix="careful=2", settled=0.5, bulk=True, seed=1)
    accepted = Consensus.objects.filter(stage="correspondence")
    assert accepted.count() == 6
    assert set(accepted.values_list("method", flat=True)) == {"single", "reviewed"}
    assert set(world.project.tasks.values_list("state", flat=True)) == {"done"}
    # Pairs of an answer with the truth, and no pair of two answers.
    refresh_project(world.project, StraightTable())
    agreement = world.project.sheets.get(annotator=None).data["agreement"]
    assert agreement["settled"] is not None
    assert agreement["between"] is None
