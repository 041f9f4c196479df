"""Figures of work and of checks: what counts in them, and what does not."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from django.utils import timezone

from annotator.models import SentBack, Submission
from qa.models import GoldScore
from qa.services.gold_sheets import write_gold_sheet
from qa.services.work_figures import work_of_annotators
from tests.factories import answered
from webapp.selectors.work import work_by_annotator

pytestmark = pytest.mark.django_db


def test_what_the_platform_sent_back_is_nobodys_mistake(world):
    task = answered(world, "parts")
    ana, ben = task.submissions.order_by("pk")
    SentBack.objects.create(submission=ana, author=world.ana, reviewer=None, note="The parts changed.")
    SentBack.objects.create(submission=ben, author=world.ben, reviewer=world.rita, note="Look at the hands.")
    found = work_of_annotators(world.project)
    assert found[world.ana.pk]["stages"]["parts"]["sent_back"] == 0
    assert found[world.ben.pk]["stages"]["parts"]["sent_back"] == 1
    today = timezone.localdate()
    paid = {row.username: row.sent_back for row in work_by_annotator(world.project, today, today)}
    assert paid == {"ana": 0, "ben": 1}


def test_a_day_ends_where_the_project_is(world):
    task = answered(world, "parts")
    with override_settings(TIME_ZONE="America/Los_Angeles"):
        evening = datetime.now(ZoneInfo("America/Los_Angeles")).replace(hour=21, minute=0)
        Submission.objects.filter(task=task).update(created_at=evening)
        days = work_of_annotators(world.project)[world.ana.pk]["days"]
    assert [row["day"] for row in days] == [evening.date().isoformat()]


def test_checks_without_a_placed_point_count_in_the_share_that_was_placed(world):
    for placed in (20, 20, 20, 0, 0):
        submission = answered(world, "parts", ("ana",)).submissions.get()
        GoldScore.objects.create(
            submission=submission, project=world.project, annotator=world.ana, person=submission.task.person,
            stage="correspondence", purpose="check", kind="settled", value=0.6 if placed else None, n=20, placed=placed,
            sums={"1": [placed, 2.0 * placed, 0.6 * placed, 0.8 * placed]} if placed else {}, truth="t",
            submitted_at=timezone.now(),
        )  # fmt: skip
    points = write_gold_sheet(world.project, world.ana.pk).data["points"]
    assert points["placed_share"] == 0.6
    assert points["answers"] == 3
