"""Nothing that an annotator gets from the server tells a hidden check from work: not what is in it, nor what moves."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from annotator.models import Gold, Lease, Membership, Project, Submission, Task
from annotator.services.acceptance import accept_submission
from qa.gold_tasks import score_gold, score_waiting_gold
from qa.models import AutomaticAct, FigureSheet, GoldScore, GoldSheet
from qa.services.policies import change_policy
from qa.services.refreshing import refresh_project
from tests.factories import accept_parts, answered, make_people, parts_answer
from tests.gold import hand_in, let_a_day_pass, make_gold, true_parts
from tests.webapp.clients import browser
from webapp.selectors.home import work_for

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


def test_a_person_taken_out_of_the_checks_does_not_come_again(desk):
    bundle = desk.next("settled")
    desk.send(f"leases/{bundle['lease']['id']}/release")
    person = Task.objects.get(pk=task_of(bundle)).person
    Gold.objects.create(person=person, kind=Gold.Kind.REVIEWED, is_active=False)
    assert task_of(desk.next("work")) != task_of(bundle)


def let_minutes_pass(minutes: int) -> None:
    Submission.objects.update(created_at=F("created_at") - timedelta(minutes=minutes))


def own_figures(desk: Desk) -> list[Any]:
    """Return all that Ana is told of her figures: the API's answer, and her pages but for the list of latest work."""
    told = desk.get(f"projects/{desk.world.project.pk}/annotators/{desk.world.ana.pk}/figures").json()
    page = desk.pages.get(f"/projects/{desk.world.project.pk}/my-figures").content.decode()
    detail = desk.pages.get(f"/projects/{desk.world.project.pk}/annotators/{desk.world.ana.pk}/detail")
    body = desk.pages.get(f"/projects/{desk.world.project.pk}/annotators/{desk.world.ana.pk}/body-light.png").content
    without = re.sub(r"[A-Za-z0-9]{64}", "token", page.split('<ul class="latest">')[0])
    return [told, without, detail.status_code, body]


def measure(desk: Desk) -> None:
    """Let the workers do all they would do within the hour."""
    let_minutes_pass(11)
    score_waiting_gold()
    refresh_project(desk.world.project, None)


def test_own_figures_move_with_the_day_and_not_with_an_answer(desk):
    for kind in KINDS:
        desk.submit(desk.next(kind))
    measure(desk)
    assert own_figures(desk)[0] == {"computed_at": None, "figures": None, "gold": None}
    let_a_day_pass()
    before = own_figures(desk)
    assert before[0]["gold"]["parts"]["answers"] == 2
    assert before[0]["figures"]["stages"]["parts"]["answers"] == 3
    for kind in (*KINDS, "settled"):
        desk.submit(desk.next(kind))
        measure(desk)
        assert own_figures(desk) == before, kind
    # Who manages reads all of it at once.
    mia = desk.world.client("mia").get(f"{API}/projects/{desk.world.project.pk}/annotators/{desk.world.ana.pk}/figures")
    assert mia.json()["gold"]["parts"]["answers"] == 5
    assert mia.json()["figures"]["stages"]["parts"]["answers"] == 7
    GoldSheet.objects.update(computed_at=F("computed_at") - timedelta(hours=3))
    FigureSheet.objects.update(computed_at=F("computed_at") - timedelta(hours=1))
    let_a_day_pass()
    now = own_figures(desk)[0]
    assert now["gold"]["parts"]["answers"] == 5
    assert now["computed_at"] == before[0]["computed_at"], "of the day's beginning: the minute would name an answer"


def test_a_check_is_measured_once_it_stands(desk):
    """What its author opened again in time and bettered was never held against them."""
    lease = Lease.objects.get(pk=desk.next("rendered")["lease"]["id"])
    first = hand_in(desk.world.ana, lease, true_parts(lease, shift=70))
    assert not score_gold(first.pk)
    let_minutes_pass(9)
    assert score_waiting_gold() == 0
    again = Lease.objects.get(pk=desk.send(f"submissions/{first.pk}/reopen").json()["lease"]["id"])
    let_minutes_pass(10)
    assert score_waiting_gold() == 0, "it is open again"
    better = hand_in(desk.world.ana, again, true_parts(again))
    let_minutes_pass(11)
    assert score_waiting_gold() == 1
    assert GoldScore.objects.get().submission == better
    assert GoldScore.objects.get().value == pytest.approx(1)
    assert desk.send(f"submissions/{better.pk}/reopen").json()["code"] == "reopen_over"


def test_who_keeps_a_check_open_for_a_day_is_measured_all_the_same(desk):
    lease = Lease.objects.get(pk=desk.next("rendered")["lease"]["id"])
    first = hand_in(desk.world.ana, lease, true_parts(lease, shift=70))
    assert desk.send(f"submissions/{first.pk}/reopen").status_code == 200
    let_minutes_pass(24 * 60)
    assert score_waiting_gold() == 0
    let_minutes_pass(10)
    assert score_waiting_gold() == 1


def test_a_pause_follows_when_the_checks_stand(desk):
    change_policy(
        project=desk.world.project, by=desk.world.mia,
        values={"check_window": 2, "check_minimum": 2, "check_iou": 0.6},
    )  # fmt: skip
    for _ in range(2):
        lease = Lease.objects.get(pk=desk.next("rendered")["lease"]["id"])
        hand_in(desk.world.ana, lease, true_parts(lease, shift=70))
    member = Membership.objects.get(project=desk.world.project, user=desk.world.ana)
    score_waiting_gold()
    assert not Membership.objects.get(pk=member.pk).is_paused
    let_minutes_pass(10)
    score_waiting_gold()
    assert Membership.objects.get(pk=member.pk).is_paused
    assert AutomaticAct.objects.filter(kind="paused").count() == 1


def numbers(desk: Desk) -> dict[str, list[float]]:
    """Return every number that Ana is told on her home, the overview, and in the API's list of projects."""
    found = {}
    for path in ("/", f"/projects/{desk.world.project.pk}"):
        text = re.sub(r"<[^>]*>", " ", desk.pages.get(path).content.decode().split("</head>")[1])
        found[path] = [float(n) for n in re.findall(r"\d+(?:\.\d+)?", text)]
    (work,) = work_for(desk.world.ana)
    found["waiting"] = [work.waiting, *(stage.waiting for stage in work.stages)]
    told = desk.get("projects").json()[0]["progress"]
    found["progress"] = [n for stage in told.values() for n in stage.values()]
    return found


def moved(before: dict[str, list[float]], after: dict[str, list[float]]) -> dict[str, Any]:
    """Return by how much each number moved; of a page that came to show other numbers, how many these are."""
    return {
        name: [b - a for a, b in zip(old, after[name], strict=True)] if len(old) == len(after[name]) else len(old)
        for name, old in before.items()
    }


@pytest.mark.parametrize("overlap", [1, 2])
@pytest.mark.parametrize("ends", ["submit", "skip", "release"])
def test_numbers_move_with_a_check_as_with_work(desk, overlap, ends):
    Task.objects.filter(state="open", is_gold=False).update(overlap=overlap, places_left=overlap)
    # A project in the middle of its work: points wait as well, and today's time is told in minutes.
    for person in make_people(desk.world.project, 3):
        accept_parts(person)
    for _ in range(2):
        desk.submit(desk.next("work"))
    seen = {}
    for kind in KINDS:
        before = numbers(desk)
        bundle = desk.next(kind)
        held = numbers(desk)
        if ends == "submit":
            desk.submit(bundle)
        else:
            desk.send(f"leases/{bundle['lease']['id']}/{ends}", {"reason": "too_hard"})
        after = numbers(desk)
        assert held["waiting"][0] == before["waiting"][0] - 1
        seen[kind] = [moved(before, held), moved(held, after), moved(before, after)]
        if ends == "release":
            again = desk.send(f"projects/{desk.world.project.pk}/next", {"stage": "parts"}).json()
            desk.send(f"leases/{again['lease']['id']}/skip", {"reason": "too_hard"})
    assert seen["rendered"] == seen["work"]
    assert seen["settled"] == seen["work"]


def test_progress_is_told_anew_the_next_day_and_when_people_are_added(desk, monkeypatch):
    def told(name: str) -> int:
        return desk.world.client(name).get(f"{API}/projects").json()[0]["progress"]["parts"]["done"]

    assert told("ana") == 4
    desk.submit(desk.next("work"))
    assert (told("ana"), told("ben"), told("mia")) == (4, 4, 5)
    make_people(desk.world.project, 1)
    assert told("ana") == 5
    desk.submit(desk.next("work"))
    assert told("ana") == 5
    from django.utils import timezone

    tomorrow = timezone.localdate() + timedelta(days=1)
    monkeypatch.setattr("annotator.selectors.progress.timezone.localdate", lambda: tomorrow)
    assert told("ana") == 6


def test_rendered_people_come_with_no_more_than_the_projects_own(world):
    """An outline, keypoints to the hundredth of a pixel, a box of whole pixels: each would tell them."""
    from qa.services.gold_people import _known_of, enqueue_gold

    def planned(purpose: str = "check") -> list[dict[str, Any]]:
        return enqueue_gold(project=world.project, count=4, purpose=purpose, by=world.mia).params["people"]

    record = {"bbox": [40.0, 30.0, 80.0, 160.0], "keypoints": [50.25, 60.75, 2.0] * 17, "segmentation": {"size": []}}
    known = [_known_of(record, one) for one in planned()]
    assert known == [record] * 4, "nobody is there to look like"
    world.person(box=[40.37, 30.5, 80, 160])
    for one in planned():
        shown = _known_of(record, one)
        assert (shown["keypoints"], shown["segmentation"]) == (None, None)
        x, y, width, height = shown["bbox"]
        assert not all(side == round(side) for side in shown["bbox"])
        assert 40 <= x < 41
        assert 30 <= y < 31
        assert 119 < x + width <= 120
        assert 189 < y + height <= 190
    assert [_known_of(record, one) for one in planned("exam")] == [record] * 4, "the exam is no secret"
    for _ in range(300):
        world.person(keypoints=[50, 60, 2] * 17)
    shown = _known_of(record, planned()[0])
    assert shown["keypoints"] == [50, 61, 2] * 17
    assert all(isinstance(value, int) for value in shown["keypoints"])
    assert shown["bbox"] == record["bbox"]
