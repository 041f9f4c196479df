"""How the answers to one person compare, told to those who may browse people, and to nobody else."""

import io

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image as Pillow

from qa.models import GoldScore, PointsComparison
from qa.services.consensus import merge_answers
from qa.services.refreshing import refresh_project
from tests.distances import StraightTable
from tests.factories import World, answered
from tests.webapp.clients import browser


def panel(world: World, person_id: int) -> str:
    response = browser(world, "rita").get(f"/projects/{world.project.pk}/people/{person_id}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_parts_are_told_with_pairs_outcome_and_disputed_pixels(
    world: World, views: None, django_assert_max_num_queries: object
) -> None:
    task = answered(world, "parts")
    assert "compared" not in panel(world, task.person_id), "nothing was measured yet"
    refresh_project(world.project, None)
    merge_answers(task.pk)
    page = panel(world, task.person_id)
    # Both painted two blocks of one size; one called the second another part.
    for words in (
        "Ana and Ben",
        "0.50",
        "1.00",
        "2 parts seen by one alone",
        "For a reviewer",
        "2 answers, 50 % disputed",
    ):
        assert words in page, words
    assert page.count("overlap ") == 2, "how each answer fared"
    base = f"/projects/{world.project.pk}/people/{task.person_id}"
    response = browser(world, "mia").get(f"{base}/picture/disputed")
    drawn = np.asarray(Pillow.open(io.BytesIO(b"".join(response.streaming_content))).convert("RGB"), np.float64)
    # Rows 10 to 38 are agreed and grey, 40 to 68 are vermilion.
    agreed, differing = drawn[14:34, 20:80].mean((0, 1)), drawn[44:64, 20:80].mean((0, 1))
    assert np.ptp(agreed) < 6
    assert differing[0] - differing[2] > 100
    for path in ("", "/picture/disputed", "/picture/parts"):
        assert browser(world, "ana").get(base + path).status_code == 403, path
        assert browser(world, "eve").get(base + path).status_code == 404, path
    rita = browser(world, "rita")
    with django_assert_max_num_queries(26):
        rita.get(base)


def test_points_are_told_with_distances_swaps_and_checks(world: World, views: None) -> None:
    task = answered(world, "correspondence")
    table = StraightTable()
    refresh_project(world.project, table)
    row = PointsComparison.objects.get(kind=PointsComparison.Kind.BETWEEN)
    PointsComparison.objects.filter(pk=row.pk).update(left_right=3, far=4)
    GoldScore.objects.create(
        submission_id=row.first_id, project=world.project, annotator=world.ana, person=task.person,
        stage="correspondence", purpose="check", kind="reviewed", value=0.61, n=20, placed=18, truth="settled:1",
        submitted_at=timezone.now(),
    )  # fmt: skip
    page = panel(world, task.person_id)
    wanted = (
        f"{row.n} points placed by both, 4 beyond 10 cm, left and right swapped: 3", "AUC@10 0.61",
        "18 of 20 points placed", f"{row.cm / row.n / 100:.1f}",
    )  # fmt: skip
    for words in wanted:
        assert words in page, words
    assert "/picture/disputed" not in page, "that picture is of parts"
    PointsComparison.objects.filter(pk=row.pk).update(n=0, cm=0, auc10=0)
    assert "0 points placed by both" in panel(world, task.person_id)


@pytest.mark.parametrize("stage", ["parts", "correspondence"])
def test_what_a_reviewer_settled_is_told_as_such(world: World, views: None, stage: str) -> None:
    from annotator.services.acceptance import accept_submission

    task = answered(world, stage)
    first = task.submissions.order_by("pk")[0]
    accept_submission(user=world.rita, submission_id=first.pk)
    refresh_project(world.project, StraightTable())
    assert "Ben and what was settled" in panel(world, task.person_id)
