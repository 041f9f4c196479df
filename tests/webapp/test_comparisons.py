"""How the answers to one person compare, told to those who may browse people, and to nobody else."""

import io
import re

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image as Pillow

from annotator.models import Person, Task
from annotator.services.acceptance import accept_submission, send_back
from annotator.services.tasks import ask_another
from qa.models import GoldScore, MergeDecision, PointsComparison
from qa.services.consensus import accept_merged, merge_answers
from qa.services.refreshing import refresh_project
from tests.distances import StraightTable
from tests.factories import World, answered, make_people
from tests.webapp.clients import browser
from webapp.selectors.people import _most_disputed


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
    opened = rita.get(base, headers={"sec-fetch-dest": "document"})
    assert opened.headers["Location"] == f"/projects/{world.project.pk}/people?person={task.person_id}"
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
    task = answered(world, stage)
    first = task.submissions.order_by("pk")[0]
    accept_submission(user=world.rita, submission_id=first.pk)
    refresh_project(world.project, StraightTable())
    page = panel(world, task.person_id)
    assert "Ben and what was settled" in page
    assert "Rita accepted the answer of Ana" in page


def test_what_a_reviewer_decided_takes_the_place_of_what_waits(world: World, views: None) -> None:
    task = answered(world, "parts")
    merge_answers(task.pk)
    assert "For a reviewer" in panel(world, task.person_id)
    ask_another(task=task, by=world.rita)
    assert "Rita asked for one more answer" in panel(world, task.person_id)
    send_back(user=world.mia, submission_id=task.submissions.earliest("pk").pk, note="The left hand.")
    assert "Mia sent the answer of Ana back" in panel(world, task.person_id)
    accept_merged(task=task, by=world.rita)
    page = panel(world, task.person_id)
    assert "For a reviewer" not in page
    assert "Rita accepted the answer of Ben" in page, "the one that stands"


def people(world: World, query: str) -> tuple[list[int], str]:
    """Return the people of all pages of a list, in order, and the pages."""
    client, seen, pages = browser(world, "rita"), [], ""
    after: str | None = ""
    while after is not None:
        address = f"/projects/{world.project.pk}/people?{query}&after={after}"
        page = client.get(address, headers={"hx-request": "true"} if after else {}).content.decode()
        seen += [int(found) for found in re.findall(r"/people/(\d+)/picture", page)]
        more = re.search(r'hx-get="\?[^"]*after=(\d+)', page)
        after, pages = more[1] if more else None, pages + page
    return seen, " ".join(pages.split())


def decide(task: Task, share: float) -> None:
    MergeDecision.objects.create(
        task=task, project_id=task.project_id, person_id=task.person_id, newest=1, answers=2, disagreement=share,
        at_stake=1, outcome="reviewer",
    )  # fmt: skip


def test_people_whose_answers_disagree_are_found_and_ordered(
    world: World, views: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.selectors.people.PAGE_SIZE", 2)
    disputed, settled = answered(world, "parts"), answered(world, "parts")
    for task in (disputed, settled):
        merge_answers(task.pk)
    accept_submission(user=world.rita, submission_id=settled.submissions.earliest("pk").pk)
    small, large, half, also_half, none = (person.pk for person in make_people(world.project, 5))
    for pk, share in ((small, 0.1), (large, 0.9), (half, 0.5), (also_half, 0.5), (none, 0.0)):
        decide(Task.objects.get(person=pk, stage="parts"), share)
    seen, page = people(world, "state=disagree")
    assert seen == [large, also_half, half, disputed.person_id]
    assert page.count("answers disagree</span>") == 4
    assert page.count("50 % of pixels disputed") == 3
    assert 'Answers disagree</span><span class="faint">4<' in page
    # The stage that is disputed most is what a person is listed by.
    decide(Task.objects.get(person=small, stage="correspondence"), 0.7)
    seen, page = people(world, "order=disputed")
    assert seen == [large, small, also_half, half, settled.person_id, disputed.person_id]
    assert "70 % of points disputed" in page
    sql, parameters = _most_disputed(Person.objects.all(), world.project, 0).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql} LIMIT 40", parameters)
        assert "merge_most_disputed" in str(cursor.fetchall())
