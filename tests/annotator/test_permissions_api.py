"""Every address of the API: nobody gets in unannounced, outsiders find nothing, roles do what they may."""

import uuid

import pytest
from django.urls import URLPattern

from annotator.api.urls import urlpatterns
from annotator.models import Role

API = "/api/v1"
OPEN_TO_ALL_SIGNED_IN = {
    "api-root", "api-schema", "api-docs", "api-me", "api-tokens", "api-token", "api-projects",
    "api-accept-invitation", "api-view-file",
}  # fmt: skip
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def ids(world):
    """Real ids of Street's things, for whatever an address asks."""
    from annotator.models import Lease, Stage, Submission
    from annotator.services.jobs import enqueue_job
    from annotator.services.members import invite
    from annotator.services.queue import take_next_task
    from annotator.services.submissions import submit
    from tests.factories import parts_answer

    person = world.person()
    lease = take_next_task(user=world.ana, project_id=world.project.pk, stage=Stage.PARTS)
    assert isinstance(lease, Lease)
    done = submit(user=world.ana, lease_id=lease.pk, client_uuid=uuid.uuid4(), active_ms=1, answer=parts_answer(lease))
    example = world.project.examples.create(file="examples/none.jpg", is_good=True)
    return {
        "project_id": world.project.pk,
        "lease_id": lease.pk,
        "submission_id": Submission.objects.get(pk=done.submission.pk).pk,
        "image_id": world.image.pk,
        "person_id": person.pk,
        "task_id": lease.task_id,
        "user_id": world.ben.pk,
        "token_id": 1,
        "job_id": enqueue_job("test_counts", project=world.project, by=world.mia).pk,
        "example_id": example.pk,
        "invitation_id": invite(project=world.project, role=Role.ANNOTATOR, by=world.mia)[0].pk,
        "surface": "s", "style": "t", "part": 1, "file": "manifest.json",
    }  # fmt: skip


def addresses(ids):
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        yield pattern, f"{API}/" + _filled(str(pattern.pattern), ids)


def _filled(route, ids):
    for name, value in ids.items():
        for kind in ("int", "uuid", "slug", "str"):
            route = route.replace(f"<{kind}:{name}>", str(value))
    assert "<" not in route, route
    return route


def methods_of(pattern):
    view = pattern.callback.cls
    return [method for method in METHODS if hasattr(view, method)]


def test_anonymous_people_get_nowhere(world, ids):
    client = world.client(None)
    for pattern, path in addresses(ids):
        for method in methods_of(pattern):
            response = getattr(client, method)(path, {} if method != "get" else None)
            assert response.status_code == 401, (method, path, response.status_code)


def test_outsiders_find_nothing(world, ids):
    client = world.client("eve")
    bodies = {
        "api-next": {"stage": "parts"}, "api-draft": {"revision": 0, "draft": {}},
        "api-account-state": {"is_active": False},
        "api-submit": {"client_uuid": str(uuid.uuid4()), "answer": {}}, "api-skip": {"reason": "other"},
        "api-send-back": {"note": "x"}, "api-image-people": {"box": [1, 1, 9, 9]}, "api-comments": {"text": "x"},
    }  # fmt: skip
    for pattern, path in addresses(ids):
        if pattern.name in OPEN_TO_ALL_SIGNED_IN:
            continue
        for method in methods_of(pattern):
            body = bodies.get(pattern.name, {}) if method != "get" else None
            response = getattr(client, method)(path, body, **({} if method == "get" else _format(pattern)))
            assert response.status_code == 404, (method, path, response.status_code, response.content[:200])
            assert response.json()["code"] == "not_found"


def _format(pattern):
    return (
        {"format": "json"} if "multipart" not in str(pattern.callback.cls.parser_classes) else {"format": "multipart"}
    )


def test_annotators_do_not_browse_or_manage(world, ids):
    client = world.client("ana")
    for pattern, path in addresses(ids):
        if pattern.name in {
            "api-images", "api-people", "api-person", "api-tasks", "api-task", "api-submissions", "api-members",
            "api-events", "api-progress", "api-jobs", "api-invitations", "api-image", "api-image-file",
        }:  # fmt: skip
            response = client.get(path)
            assert response.status_code == 403, (path, response.status_code)
    assert client.patch(f"{API}/projects/{world.project.pk}", {"gold_rate": 0.1}).status_code == 403
    told = client.get(f"{API}/projects/{world.project.pk}").json()
    assert "gold_rate" not in told
    assert client.get(f"{API}/submissions/{ids['submission_id']}").status_code == 200


def test_reviewers_browse_but_do_not_manage(world, ids):
    client = world.client("rita")
    assert client.get(f"{API}/projects/{world.project.pk}/people").status_code == 200
    assert client.post(f"{API}/projects/{world.project.pk}/invitations", {"role": "annotator"}).status_code == 403
    assert client.delete(f"{API}/projects/{world.project.pk}/members/{world.ben.pk}").status_code == 403


def test_engineers_read_people_reviewers_correct_them_managers_take_them_in_and_out(world, ids):
    project, one = f"{API}/projects/{world.project.pk}", f"{API}/people/{ids['person_id']}"
    drawn = f"{API}/images/{world.image.pk}/people"

    def told(name, send):
        return send(world.client(name)).status_code

    def change(**changes):
        def send(client):
            revision = client.get(one).json()["revision"]
            return client.patch(one, {"revision": revision, **changes}, format="json")

        return send

    assert [told(name, lambda client: client.get(one)) for name in ("ed", "rita", "mia")] == [200, 200, 200]
    for send in (
        lambda client: client.post(drawn, {"box": [1, 1, 20, 20]}, format="json"),
        change(box=[2, 2, 30, 30]),
        change(is_crowd=False),
        change(is_ignored=False),
    ):
        assert [told("ed", send), told("rita", send) < 300, told("mia", send) < 300] == [403, True, True]
    for send in (
        lambda client: client.post(f"{project}/images/upload", {}, format="multipart"),
        lambda client: client.post(f"{project}/images/upload-archive", {}, format="multipart"),
        change(is_proposed=False),
        change(is_deleted=True, box=[2, 2, 30, 30]),
    ):
        assert [told("ed", send), told("rita", send), told("mia", send) in {200, 400}] == [403, 403, True]


def test_jobs_are_cancelled_by_who_started_them_and_by_managers(world):
    from annotator.services.jobs import enqueue_job

    def cancel(name, by):
        job = enqueue_job("test_counts", project=world.project, by=by)
        return world.client(name).post(f"{API}/jobs/{job.pk}/cancel").status_code

    assert [cancel(name, world.mia) for name in ("ed", "rita", "ana", "eve")] == [403, 403, 403, 404]
    assert [cancel("ed", world.ed), cancel("mia", world.ed)] == [200, 200]
    assert cancel("ana", world.ana) == 403


def test_gold_shows_nowhere_to_an_annotator(world):
    from annotator.models import Task

    gold = world.person()
    Task.objects.update(is_gold=True, overlap=100, places_left=100)
    # Checks come in the place of other work: without any, nobody gets them.
    for _ in range(60):
        world.person()
    world.project.gold_rate = 0.5
    world.project.save()
    ana = world.client("ana")
    for _ in range(60):
        bundle = ana.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).json()
        ana.post(f"{API}/leases/{bundle['lease']['id']}/skip", {"reason": "too_small"})
        task = Task.objects.get(leases=bundle["lease"]["id"])
        if task.is_gold:
            break
    assert task.person == gold
    assert not {"gold", "check", "purpose"} & set(str(bundle).lower().split("'"))


def test_tokens_work_and_end(world):
    from rest_framework.test import APIClient

    mia = world.client("mia")
    made = mia.post(f"{API}/me/tokens", {"name": "script"})
    assert made.status_code == 201
    token = made.json()["token"]
    assert token.startswith("dpa_")
    assert "token" not in mia.get(f"{API}/me/tokens").json()[0]
    script = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert script.get(f"{API}/me").json()["username"] == "mia"
    assert APIClient(headers={"Authorization": "Bearer dpa_wrong"}).get(f"{API}/me").status_code == 401
    assert mia.delete(f"{API}/me/tokens/{made.json()['id']}").status_code == 204
    assert script.get(f"{API}/me").status_code == 401


def test_sessions_need_a_csrf_token(world):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(world.ana, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"{API}/projects/{world.project.pk}/next", {"stage": "parts"}).status_code == 403


@pytest.mark.parametrize("body", [b"{", b'{"stage": "\\u0000"}', b"[]", b'"x"', b'{"stage": NaN}'])
def test_strange_bodies_are_refused_with_words(world, body):
    response = world.client("ana").post(
        f"{API}/projects/{world.project.pk}/next", body, content_type="application/json"
    )
    assert response.status_code == 400
    assert set(response.json()) == {"code", "message", "fields"}
