"""Asking for proposals on a project's page: who may, and what a worker that is killed half-way leaves."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from annotator.models import Job, ModelVersion, Proposal
from annotator.services.jobs import reap_jobs
from annotator.services.model_versions import version_named
from annotator.services.preannotation import enqueue_preannotation
from export.models import Training
from tests.factories import World, make_people, make_world
from tests.live import LiveApp
from tests.proposals import write_network
from tests.webapp.clients import browser

PATIENCE_S = 90.0
PEOPLE = 120


def test_the_button_is_for_engineers_and_managers(world: World, tmp_path: Path) -> None:
    version = version_named(str(write_network(tmp_path)))
    url = f"/projects/{world.project.pk}/preannotate"
    world.person()
    for name, status in (("eve", 404), ("ana", 403), ("rita", 403), (None, 302)):
        answer = browser(world, name).post(url, {"model": str(version.pk)})
        assert answer.status_code == status
    assert not Job.objects.filter(kind="preannotate").exists()
    for name in ("ed", "mia"):
        page = browser(world, name).get(f"/projects/{world.project.pk}").content.decode()
        assert f'<option value="{version.pk}">tiny-0' in page
        assert browser(world, name).post(url, {"model": str(version.pk)}).status_code == 302
    # The second press finds the first one's job.
    job = Job.objects.get(kind="preannotate")
    assert (job.queue, job.params, job.created_by) == ("gpu", {"version": version.pk}, world.ed)
    assert 'action="' + url not in browser(world, "rita").get(f"/projects/{world.project.pk}").content.decode()
    # What learnt from another project's people is not named here, and cannot be run.
    foreign = ModelVersion.objects.create(name="elsewhere", digest="f3" * 32)
    Training.objects.create(version=foreign, project=world.eves_project, release_number=1, minutes=5)
    assert "elsewhere" not in browser(world, "ed").get(f"/projects/{world.project.pk}").content.decode()
    assert browser(world, "ed").post(url, {"model": str(foreign.pk)}).status_code == 404
    # A path is no choice: nobody reads the server's files by a form.
    browser(world, "mia").post(url, {"model": str(tmp_path / "tiny-0.safetensors")})
    assert Job.objects.filter(kind="preannotate").count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_goes_on_where_it_was(live_app: LiveApp, tmp_path: Path) -> None:
    world = make_world()
    people = make_people(world.project, PEOPLE)
    version = version_named(str(write_network(tmp_path)))
    job = enqueue_preannotation(project=world.project, version=version, by=world.ed)
    _wait_for(lambda: Proposal.objects.count() >= 8)
    live_app.kill_worker()
    made = dict(Proposal.objects.values_list("person_id", "created_at"))
    assert 8 <= len(made) < PEOPLE
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    assert job.checkpoint == {"proposed": max(made)}
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    live_app.start_worker()
    reap_jobs()
    _wait_for(lambda: Job.objects.get(pk=job.pk).state == Job.State.DONE)
    job.refresh_from_db()
    after = dict(Proposal.objects.values_list("person_id", "created_at"))
    assert set(after) == {person.pk for person in people}
    assert {pk: after[pk] for pk in made} == made
    assert job.result["proposals"] == PEOPLE - len(made)
    assert "people a second" in job.message
    # The network that proposes, and the detector that looked for people on its behalf; neither twice.
    assert set(ModelVersion.objects.values_list("pk", "bundled")) == {
        (version.pk, ""), (version_named("detector").pk, "detector")
    }  # fmt: skip


def _wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return
        connection.close()
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {PATIENCE_S:.0f} s")
