"""Habits that ask for a decision are told to who manages and reviews, in words, and to nobody else."""

import pytest

from qa.models import FigureSheet
from qa.services.flags import Flag
from qa.services.refreshing import is_stale, refresh_project
from tests.distances import StraightTable
from tests.factories import answered
from tests.gold import let_a_day_pass
from tests.webapp.clients import browser
from webapp.selectors.flags import some_of

WORDS = {
    "lazy": ("points on heaps", "In 85 % of 120 parts all points lie on one spot; the bound is 10 %."),
    "copying": (
        "answers like another&#x27;s",
        "12 of 30 answers are nearer to an earlier one than chance allows: of Ben.",
    ),
    "drifting": ("error grows", "2.4 times the error at first, over 28 answers; 95 % interval 1.9 – 3.0."),
    "swapping": (
        "swapped sides",
        "Parts: left and right limbs swapped in 22 % of 240 places that could show it; the bound is 5 %.",
    ),
    "hasty": ("very fast", "Points: 21 % of the usual time, over 25 answers; the bound is 35 %."),
}


@pytest.fixture
def flagged(world, views):
    """Ana has every habit there is."""
    answered(world, "correspondence")
    refresh_project(world.project, StraightTable())
    ana = world.ana.pk
    flags = [
        Flag("lazy", ana, 0.85, 0.1, 120, 0.75, 0.92),
        Flag("copying", ana, 12, 3, 30, others=(world.ben.pk,)),
        Flag("drifting", ana, 2.4, 1.25, 28, 1.9, 3.0),
        Flag("swapping", ana, 0.22, 0.05, 240, 0.12, stage="parts", sides="limbs"),
        Flag("hasty", ana, 0.21, 0.35, 25),
    ]
    sheet = FigureSheet.objects.get(project=world.project, annotator=None)
    assert sheet.data["flags"] == [], "one answer is no habit"
    sheet.data["flags"] = [flag.as_json() for flag in flags]
    sheet.save()
    return f"/projects/{world.project.pk}"


def test_managers_read_what_was_counted(world, flagged, django_assert_max_num_queries):
    client = browser(world, "mia")
    with django_assert_max_num_queries(15):
        everyone = client.get(f"{flagged}/figures").content.decode()
    own = client.get(f"{flagged}/annotators/{world.ana.pk}").content.decode()
    for name, words in WORDS.values():
        for page in (everyone, own):
            assert name in page or name.capitalize() in page
            assert words in page
    overview = client.get(flagged).content.decode()
    assert "Look into the habits of 1 annotator" in overview
    assert f"{flagged}/figures#habits" in overview
    assert "Habits to look into" not in client.get(f"{flagged}/annotators/{world.ben.pk}").content.decode()


def test_of_many_names_the_first_are_told():
    assert some_of(["Cy 2", "Al", "Cy 10", "Bo"]) == "Al, Bo, Cy 2, Cy 10"
    assert some_of(f"A{number}" for number in range(42)) == "A0, A1, A2, A3, others"


def test_annotators_do_not_see_flags(world, flagged):
    let_a_day_pass()
    for name in ("ana", "ben"):
        page = browser(world, name).get(f"{flagged}/my-figures").content.decode()
        assert "Habits to look into" not in page
        assert not any(words in page for _name, words in WORDS.values())


def test_flags_follow_what_is_measured_after_the_work_was_told(world, views):
    """As when the surface is measured only after the answers came, or many answers take several passes."""
    answered(world, "correspondence")
    refresh_project(world.project, None)
    refresh_project(world.project, StraightTable())
    sheet = FigureSheet.objects.get(project=world.project, annotator=None)
    assert sheet.data["flags_wait"], "the work rests, and what it tells is older than what was measured"
    sheet.data["seconds"] = 0.0
    sheet.save()
    assert is_stale(world.project, StraightTable())
    refresh_project(world.project, StraightTable())
    assert not FigureSheet.objects.get(project=world.project, annotator=None).data["flags_wait"]
    assert not is_stale(world.project, StraightTable())
