"""Nothing that an annotator gets from the server tells a hidden check from work: not what is in it, nor what moves."""

import re
import uuid
from typing import Any

import pytest

from annotator.models import Lease, Project, Task
from annotator.services.acceptance import accept_submission
from tests.factories import answered, make_people, parts_answer
from tests.gold import make_gold
from tests.webapp.clients import browser

API = "/api/v1"
KINDS = ("work", "rendered", "settled")
# What queue.random.random is to say, so that this kind comes.
_DRAWS = {"work": 0.99, "rendered": 0.0, "settled": 0.3}


class Desk:
    """Ana at work; says what comes next, and what she gets to see of it."""

    def __init__(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.kind = world, "work"
        self.client, self.pages = world.client("ana"), browser(world, "ana")
        monkeypatch.setattr("annotator.services.queue.random.random", lambda: _DRAWS[self.kind])

    def get(self, path: str) -> Any:
        return self.client.get(f"{API}/{path}")

    def send(self, path: str, body: dict[str, Any] | None = None, method: str = "post") -> Any:
        return getattr(self.client, method)(f"{API}/{path}", body or {}, format="json")

    def next(self, kind: str, *holding: str) -> dict[str, Any]:
        self.kind = kind
        bundle = self.send(f"projects/{self.world.project.pk}/next", {"stage": "parts", "holding": holding}).json()
        assert kind_of(bundle) == kind
        return bundle

    def submit(self, bundle: dict[str, Any]) -> Any:
        body = {"client_uuid": str(uuid.uuid4()), "active_ms": 60_000, "answer": parts_answer(bundle)}
        return self.send(f"leases/{bundle['lease']['id']}/submit", body)


def kind_of(bundle: dict[str, Any]) -> str:
    lease = Lease.objects.select_related("task").get(pk=bundle["lease"]["id"])
    return "rendered" if lease.task.is_gold else "settled" if lease.purpose else "work"


def task_of(bundle: dict[str, Any]) -> int:
    return Lease.objects.get(pk=bundle["lease"]["id"]).task_id


def shape_of(value: Any) -> Any:
    """Return a value without what is its own: keys, kinds of values, and how long its lists are."""
    if isinstance(value, dict):
        return {key: shape_of(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape_of(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "uuid", re.sub(r"^\d{4}-\d\d-\d\dT.*", "time", value))
    return type(value).__name__


def seen(response: Any) -> Any:
    """Return what an answer tells beside its content: status, headers, and its shape."""
    told = shape_of(response.json()) if response.headers.get("Content-Type") == "application/json" else None
    return response.status_code, sorted(response.headers), told


@pytest.fixture
def desk(world, monkeypatch):
    """A project with work, people whom Rita settled, and rendered ones, that look alike."""
    for task in [answered(world, "parts", ("ben",)) for _ in range(4)]:
        accept_submission(user=world.rita, submission_id=task.submissions.get().pk)
    Project.objects.filter(pk=world.project.pk).update(is_review_required=False, gold_rate=0.5)
    make_people(world.project, 20)
    make_gold(world.project, 4)
    return Desk(world, monkeypatch)


def played(desk: Desk, kind: str) -> list[Any]:
    """Do one person with all that a client can ask; returns what was seen of it."""
    bundle = desk.next(kind)
    lease, told = f"leases/{bundle['lease']['id']}", [shape_of(bundle)]
    told += [seen(desk.get(f"{lease}{part}")) for part in ("", "/image", "/surroundings", "/outline", "/superpixels")]
    draft = {"revision": 0, "active_ms": 1000, "draft": parts_answer(bundle, (1,))}
    told += [
        seen(desk.send(f"{lease}/draft", draft, "put")),
        seen(desk.send(f"{lease}/heartbeat", {"active_ms": 2000})),
        seen(desk.send(f"{lease}/comments", {"text": "The left arm is hidden."})),
        seen(desk.send(f"{lease}/take-again")),
        seen(desk.send(f"{lease}/leave")),
    ]
    done = desk.submit(bundle)
    number = done.json()["submission"]
    told += [seen(done), seen(desk.get(lease)), seen(desk.send(f"{lease}/take-again"))]
    again = desk.send(f"submissions/{number}/reopen")
    told += [seen(again), seen(desk.submit(again.json())), seen(desk.send(f"submissions/{number}/reopen"))]
    mine = desk.get(f"projects/{desk.world.project.pk}/submissions/mine")
    told += [shape_of(mine.json()["results"][:2]), seen(desk.get(f"submissions/{number}"))]
    skipped = desk.next(kind)
    told.append(seen(desk.send(f"leases/{skipped['lease']['id']}/skip", {"reason": "too_hard", "note": "A crowd."})))
    return told


def test_what_a_check_is_made_of_is_what_work_is_made_of(desk):
    work, rendered, settled = (played(desk, kind) for kind in KINDS)
    for number, told in enumerate(work):
        assert rendered[number] == told
        assert settled[number] == told
    assert len(work) == len(rendered) == len(settled)


def test_no_answer_names_a_task_or_a_person(desk):
    """The numbers follow the order in which people were taken in, and a check breaks it."""
    for kind in KINDS:
        bundle = desk.next(kind)
        number = desk.submit(bundle).json()["submission"]
        reopened = desk.send(f"submissions/{number}/reopen").json()
        mine = desk.get(f"projects/{desk.world.project.pk}/submissions/mine").json()["results"]
        for told in (bundle, reopened, mine[0], desk.get(f"submissions/{number}").json()):
            assert not {"task", "task_id", "person", "person_id", "provenance", "model_version"} & set(told), kind
        task = task_of(bundle)
        assert desk.send(f"tasks/{task}/comments", {"text": ""}).status_code == 403
        assert desk.send("tasks/999999/comments", {"text": ""}).status_code == 404
        home = desk.pages.get("/").content.decode()
        assert "Go on" in home
        assert not re.search(r"[Pp]erson \d", home)
        desk.submit(reopened)


@pytest.mark.parametrize("how", ["released", "released with a draft", "expired", "expired with a draft"])
def test_what_is_given_back_or_runs_out_comes_again_whatever_it_was(desk, how):
    for kind in KINDS:
        bundle = desk.next(kind)
        lease = f"leases/{bundle['lease']['id']}"
        if "draft" in how:
            desk.send(f"{lease}/draft", {"revision": 0, "draft": parts_answer(bundle, (1,))}, "put")
        if "released" in how:
            assert desk.send(f"{lease}/release").status_code == 200
        else:
            Lease.objects.filter(pk=bundle["lease"]["id"]).update(expires_at="2020-01-01T00:00Z")
            from annotator.services.leases import expire_leases

            assert expire_leases() == 1
        for draw in KINDS:
            # Whatever would be drawn now, nothing else comes: otherwise that it did would tell what it is.
            desk.kind = draw
            again = desk.send(f"projects/{desk.world.project.pk}/next", {"stage": "parts"}).json()
            assert (task_of(again), again["draft"] is not None) == (task_of(bundle), "draft" in how), (kind, draw)
            desk.send(f"leases/{again['lease']['id']}/release")
        again = desk.send(f"projects/{desk.world.project.pk}/next", {"stage": "parts"}).json()
        assert desk.submit(again).status_code == 201
        ended = desk.get(lease).json()
        assert (ended["code"], ended["is_free"]) == ("lease_over", False)


@pytest.mark.django_db(transaction=True)
def test_what_was_given_back_comes_again_in_the_order_in_which_it_was_had(desk):
    held: list[dict[str, Any]] = []
    for kind in ("work", "settled", "work", "rendered", "work"):
        held.append(desk.next(kind, *(one["lease"]["id"] for one in held)))
    for one in reversed(held):
        desk.send(f"leases/{one['lease']['id']}/release")
    again: list[dict[str, Any]] = []
    for _ in held:
        holding = [one["lease"]["id"] for one in again]
        body = {"stage": "parts", "holding": holding}
        again.append(desk.send(f"projects/{desk.world.project.pk}/next", body).json())
    assert [task_of(one) for one in again] == [task_of(one) for one in held]
    assert Task.objects.filter(places_left__lt=0).count() == 0
