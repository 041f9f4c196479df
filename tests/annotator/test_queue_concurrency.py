"""Fifty people at once, on real connections: no place twice, no submission lost."""

import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.db.models import Count

from annotator.errors import GoneError
from annotator.models import Lease, Membership, Role, Stage, Submission, Task
from annotator.services.leases import expire_leases
from annotator.services.people import change_person
from annotator.services.projects import change_project
from annotator.services.queue import take_next_task
from annotator.services.submissions import submit
from tests.factories import make_people, make_user, make_world, parts_answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _room_for_fifty():
    """A pool that hands out a connection to each thread."""
    connections.close_all()
    pool = connection.settings_dict["OPTIONS"]["pool"]
    before, pool["max_size"] = pool["max_size"], 60
    connection.close_pool()
    yield
    connections.close_all()
    connection.close_pool()
    pool["max_size"] = before


def in_threads(work, arguments):
    """Run work for all arguments at once, each in a thread with its own connection."""
    ready = threading.Barrier(len(arguments))

    def one(argument):
        ready.wait()
        try:
            return work(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(one, arguments))


def wait_until_locked_out(cursor):
    """Return once some other connection waits for a lock."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        if cursor.fetchone()[0]:
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def annotators(project, count):
    users = [make_user(f"annotator{index}") for index in range(count)]
    Membership.objects.bulk_create(Membership(project=project, user=user, role=Role.ANNOTATOR) for user in users)
    return users


def test_fifty_take_and_submit_and_no_place_is_given_twice():
    world = make_world(parts_overlap=3)
    n_people = 20
    make_people(world.project, n_people)

    def work(user):
        done = []
        for _ in range(4):
            lease = take_next_task(user=user, project_id=world.project.pk, stage=Stage.PARTS)
            if not isinstance(lease, Lease):
                break
            result = submit(
                user=user, lease_id=lease.pk, client_uuid=uuid.uuid4(), active_ms=1, answer=parts_answer(lease)
            )
            done.append((lease.task_id, result.submission.pk))
        return done

    users = annotators(world.project, 50)
    results = in_threads(work, users)
    everything = [item for done in results for item in done]
    assert len(everything) == Submission.objects.count() == n_people * 3
    assert set(Counter(task for task, _ in everything).values()) == {3}
    for done in results:
        assert len({task for task, _ in done}) == len(done)
    # Three answers wait to be merged.
    assert set(Task.objects.filter(stage="parts").values_list("state", "places_left")) == {("review", 0)}


def test_one_annotator_in_many_tabs_gets_one_lease():
    world = make_world()
    make_people(world.project, 5)
    leases = in_threads(
        lambda _: take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS).pk, list(range(8))
    )
    assert len(set(leases)) == 1
    assert Lease.objects.count() == 1


def test_one_submit_repeated_by_an_impatient_network_is_stored_once():
    world = make_world()
    make_people(world.project, 1)
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    client_uuid, answer = uuid.uuid4(), parts_answer(lease)

    def send(_):
        return submit(user=world.ana, lease_id=lease.pk, client_uuid=client_uuid, active_ms=1, answer=answer)

    results = in_threads(send, list(range(8)))
    assert len({result.submission.pk for result in results}) == 1
    assert sum(result.is_new for result in results) == 1


def test_the_last_place_goes_to_one_while_a_lease_expires():
    world = make_world()
    make_people(world.project, 1)
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    users = annotators(world.project, 10)
    Lease.objects.update(expires_at=lease.created_at)

    def race(user):
        if user is None:
            try:
                return submit(
                    user=world.ana, lease_id=lease.pk, client_uuid=uuid.uuid4(), active_ms=1, answer=parts_answer(lease)
                )
            except GoneError:
                return None
        expire_leases()
        return take_next_task(user=user, project_id=world.project.pk, stage=Stage.PARTS)

    in_threads(race, [*users, None])
    live = Lease.objects.filter(state="live").count()
    assert live + Submission.objects.count() == 1
    assert Task.objects.get(stage="parts").places_left == 0
    assert not Lease.objects.filter(state="live").values("task").annotate(n=Count("id")).filter(n__gt=1).exists()


@pytest.mark.parametrize(
    ("pointed_at", "changes"),
    [
        ("project", {"parts_overlap": 2}),
        ("project", {"orders_by_uncertainty": True}),
        ("person", {"is_ignored": True}),
    ],
)
def test_a_manager_and_whoever_submits_do_not_wait_for_each_other(pointed_at, changes):
    world = make_world()
    (person,) = make_people(world.project, 1)
    Task.objects.update(uncertainty=1)
    key = world.project.pk if pointed_at == "project" else person.pk

    def change(_):
        try:
            if pointed_at == "project":
                change_project(project=world.project, by=world.mia, **changes)
            else:
                change_person(person_id=person.pk, revision=person.revision, changes=changes, by=world.mia)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            # As a submit does: its task is held, then comes a row whose foreign key wants the project or the person.
            Task.objects.select_for_update(no_key=True).get(person=person, stage="parts")
            changed = pool.submit(change, None)
            wait_until_locked_out(cursor)
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute(f"SELECT 1 FROM annotator_{pointed_at} WHERE id = %s FOR KEY SHARE", [key])
        changed.result(timeout=20)


def test_the_sweep_frees_places_in_the_order_in_which_others_hold_tasks():
    """So it waits for a change of the overlap, which holds tasks by number, and that never waits for it in turn."""
    world = make_world()
    people = make_people(world.project, 12)
    cleo = [make_user(f"cleo{number}") for number in range(12)]
    Membership.objects.bulk_create(Membership(project=world.project, user=one, role=Role.ANNOTATOR) for one in cleo)
    for one in cleo:
        assert isinstance(take_next_task(user=one, project_id=world.project.pk, stage=Stage.PARTS), Lease)
    tasks = Task.objects.filter(person__in=people, stage="parts").order_by("pk")
    first = tasks[0]
    # The row that comes first by number lies last on disk.
    Task.objects.filter(pk=first.pk).update(priority=1)
    Lease.objects.update(expires_at="2020-01-01T00:00Z")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Task.objects.select_for_update(no_key=True).get(pk=first.pk)
            swept = pool.submit(in_threads, lambda _nothing: expire_leases(), [None])
            with connection.cursor() as cursor:
                wait_until_locked_out(cursor)
            held = tasks.exclude(pk=first.pk).select_for_update(no_key=True, nowait=True)
            assert len(held.values_list("pk", flat=True)) == 11, "it holds none that comes after the one it waits for"
        assert swept.result() == [12]
    assert set(tasks.values_list("places_left", flat=True)) == {1}
