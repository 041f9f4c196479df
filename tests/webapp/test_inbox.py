"""The inbox: what people flagged, skipped and doubted comes together, and many tasks are acted on at once."""

import uuid
from datetime import timedelta

import pytest

from annotator.models import Event, Lease, Membership, Stage, Submission, Task
from annotator.services.leases import skip_task
from annotator.services.queue import take_next_task
from annotator.services.submissions import submit
from tests.webapp.clients import browser


@pytest.fixture
def tasks(world):
    """Four people: one flagged, one skipped, one held by Ben, one nobody touched."""
    from tests.factories import make_people

    people = make_people(world.project, 4)
    for reason in ("not_a_person", "too_hard"):
        lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
        skip_task(user=world.ana, lease_id=lease.pk, reason=reason, note="Behind a fence.")
    take_next_task(user=world.ben, project_id=world.project.pk, stage=Stage.PARTS)
    return list(Task.objects.filter(person__in=people, stage="parts").order_by("pk"))


def act(world, who, tasks, name, **more):
    body = {"act": name, "task": [task.pk for task in tasks], **more}
    return browser(world, who).post(f"/projects/{world.project.pk}/inbox/act", body, follow=True)


@pytest.mark.parametrize(("who", "status"), [("eve", 404), ("ana", 403), ("ed", 403), (None, 302), ("rita", 200)])
def test_it_is_for_reviewers_and_managers(world, tasks, who, status):
    client = browser(world, who)
    assert client.get(f"/projects/{world.project.pk}/inbox").status_code == status
    paid = {"rita": 403}.get(who, status)
    assert client.get(f"/projects/{world.project.pk}/work.csv").status_code == paid
    if who != "rita":
        act(world, who, tasks, "pause")
        assert not Task.objects.filter(state="paused").exists()


def test_what_was_said_stands_beside_each_task(world, tasks):
    page = browser(world, "mia").get(f"/projects/{world.project.pk}/inbox").content.decode()
    assert page.count('name="task"') == 2
    assert 'name="act" value="pause"' in page
    nothing = browser(world, "mia").get(f"/projects/{world.project.pk}/inbox?kind=paused").content.decode()
    assert 'name="act"' not in nothing, "nothing to act on"
    assert "Ana: not a person “Behind a fence.”" in page
    assert "Ana: too hard “Behind a fence.”" in page
    only = browser(world, "mia").get(f"/projects/{world.project.pk}/inbox?kind=skipped").content.decode()
    assert only.count('name="task"') == 1
    Lease.objects.filter(annotator=world.ben).update(created_at="2020-01-01T00:00Z")
    held = browser(world, "mia").get(f"/projects/{world.project.pk}/inbox?kind=held").content.decode()
    assert "Ben has held it since 1 Jan 00:00; nothing saved yet" in held
    assert held.count("Held for long</span>") == 1
    lease = Lease.objects.get(annotator=world.ben)
    lease.draft_saved_at = lease.created_at + timedelta(hours=1)
    lease.save()
    person = lease.task.person_id
    panel = browser(world, "rita").get(f"/projects/{world.project.pk}/people/{person}").content.decode()
    assert "Parts: Ben has held it since 1 Jan 00:00; last saved 1 Jan 01:00" in panel
    url = f"/projects/{world.project.pk}/people/{person}/act"
    browser(world, "ed").post(url, {"act": "free"})
    assert Lease.objects.get(pk=lease.pk).state == "live", "who reads may not free"
    browser(world, "rita").post(url, {"act": "free"})
    assert Lease.objects.get(pk=lease.pk).state == "expired"


def test_doubted_points_are_found_by_their_index(world, views):
    from django.db import connection

    from tests.factories import answered, points_answer
    from webapp.selectors.inbox import inbox_counts, inbox_page, of_kind

    task = answered(world, "correspondence", ("ana",))
    Task.objects.filter(pk=task.pk).update(state="open", places_left=1, overlap=2)
    lease = take_next_task(user=world.ben, project_id=world.project.pk, stage=Stage.CORRESPONDENCE)
    keys = [str(key) for key in lease.point_set.key]
    columns = {"key": keys, "part": lease.point_set.part}
    answer = points_answer({"points": columns})
    for key in keys[:2]:
        answer["answers"][key] = {"status": "not_this_part"}
    submit(user=world.ben, lease_id=lease.pk, client_uuid=uuid.uuid4(), active_ms=1, answer=answer)
    (row,), _after = inbox_page(world.project, "not-this-part")
    assert (row.task, row.words) == (task, ["2 points “not this part”"])
    counts = {name: n for name, _label, n in inbox_counts(world.project)}
    assert (counts["not-this-part"], counts["all"]) == (1, 1)
    Task.objects.filter(pk=task.pk).update(state="flagged")
    counts = {name: n for name, _label, n in inbox_counts(world.project)}
    assert (counts["not-this-part"], counts["flagged"], counts["all"]) == (1, 1, 1), "one task, whatever was said of it"
    sql, parameters = of_kind(world.project, "not-this-part").values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", parameters)
        assert "submission_not_this_part" in str(cursor.fetchall())


def test_acts_on_many_at_once(world, tasks):
    flagged, skipped, held, free = tasks
    answer = act(world, "rita", tasks, "free")
    assert "1 task changed." in answer.content.decode()
    assert "3 × Nobody holds this task." in answer.content.decode()
    assert Lease.objects.get(annotator=world.ben).state == "expired"
    act(world, "rita", [flagged, skipped], "open")
    assert set(Task.objects.filter(pk__in=[flagged.pk, skipped.pk]).values_list("state", flat=True)) == {"open"}
    assert not Lease.objects.filter(state="skipped").exists(), "who skipped it may see it again"
    act(world, "rita", [free], "priority", priority="25")
    act(world, "rita", [held, free], "pause")
    free.refresh_from_db()
    assert (free.priority, free.state) == (25, "paused")
    told = set(Event.objects.filter(actor=world.rita).values_list("verb", flat=True))
    assert told == {"freed", "changed"}
    other = world.eves_project.pk
    assert browser(world, "rita").post(f"/projects/{other}/inbox/act", {"act": "pause"}).status_code == 404


def test_a_task_given_to_someone_is_their_next_and_nobody_elses(world, tasks):
    free = tasks[3]
    act(world, "mia", [free], "assign", to=str(world.ben.pk))
    free.refresh_from_db()
    assert free.places_left == 0
    Lease.objects.filter(annotator=world.ben).exclude(task=free).update(state="released")
    lease = take_next_task(user=world.ben, project_id=world.project.pk, stage=Stage.PARTS)
    assert lease.task == free
    assert (
        "have it, answered it or skipped it"
        in act(world, "mia", [free], "assign", to=str(world.ben.pk)).content.decode()
    )
    Membership.objects.filter(user=world.ben).update(is_paused=True)
    assert "Ben is paused." in act(world, "mia", [tasks[0]], "assign", to=str(world.ben.pk)).content.decode()
    assert act(world, "mia", [free], "assign", to=str(world.eve.pk)).status_code == 404


def test_work_and_time_for_payment(world):
    from tests.factories import answered

    answered(world, "parts")
    world.ana.display_name = "=cmd"
    world.ana.save()
    Submission.objects.filter(annotator=world.ana).update(active_ms=5_400_000)
    answer = browser(world, "mia").get(f"/projects/{world.project.pk}/work.csv?from=2020-01-01")
    assert answer["Content-Disposition"].startswith(f'attachment; filename="work-{world.project.pk}-2020-01-01-')
    rows = answer.content.decode().splitlines()
    assert rows[0] == "user name,name,stage,people,answers,sent back,hours"
    assert rows[1:] == ["ana,'=cmd,Parts,1,1,0,1.500", "ben,Ben,Parts,1,1,0,0.000"]
    empty = browser(world, "mia").get(f"/projects/{world.project.pk}/work.csv?from=2020-01-01&to=2020-01-02")
    assert len(empty.content.decode().splitlines()) == 1
