"""Work that was sent back is opened from home, whatever else its author holds."""

import uuid

import pytest

from annotator.models import Lease, SentBack
from tests.webapp.clients import browser

API = "/api/v1"


@pytest.fixture
def sent_back(world) -> SentBack:
    from tests.factories import parts_answer

    world.person()
    world.person(box=[20, 20, 60, 90])
    ana = world.client("ana")
    nxt = f"{API}/projects/{world.project.pk}/next"
    bundle = ana.post(nxt, {"stage": "parts"}).json()
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": 1, "answer": parts_answer(bundle)}
    submission = ana.post(f"{API}/leases/{bundle['lease']['id']}/submit", body).json()["submission"]
    ana.post(nxt, {"stage": "parts"})
    world.client("rita").post(f"{API}/submissions/{submission}/send-back", {"note": "The left hand is missing."})
    return SentBack.objects.get()


def test_open_again_opens_that_person_though_another_is_held(world, sent_back):
    client = browser(world, "ana")
    assert f"/sent-back/{sent_back.pk}/open".encode() in client.get("/").content
    answer = client.post(f"/sent-back/{sent_back.pk}/open")
    page, _, lease_id = answer.url.partition("?lease=")
    assert page == f"/projects/{world.project.pk}/annotate/parts/"
    assert Lease.objects.get(pk=lease_id).revises == sent_back.submission
    assert lease_id in client.get(answer.url).content.decode()
    assert world.client("ana").get(f"{API}/leases/{lease_id}").json()["sent_back"]["note"] == sent_back.note
    assert client.post(f"/sent-back/{sent_back.pk}/open").url == answer.url, "a second click made another lease"


@pytest.mark.parametrize("who", ["ben", "rita", "eve"])
def test_only_its_author_opens_it(world, sent_back, who):
    assert browser(world, who).post(f"/sent-back/{sent_back.pk}/open").status_code == 404
    assert browser(world, None).post(f"/sent-back/{sent_back.pk}/open").status_code == 302
    assert browser(world, "ana").get(f"/sent-back/{sent_back.pk}/open").status_code == 405
