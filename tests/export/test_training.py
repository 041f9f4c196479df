"""From a release to a new version of a model, by one command."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotator.models import ModelVersion, Project, Proposal
from annotator.services import jobs
from annotator.services.jobs import run_job
from annotator.services.model_versions import version_named
from densepose.training.examples import People, Source
from export.models import Release
from export.services.releases import create_release
from export.services.training_set import write_training_set
from tests.factories import World, accept_parts, make_world
from tests.proposals import write_network


@pytest.mark.slow
@pytest.mark.django_db
def test_a_release_trains_a_new_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jobs, "send", lambda job_id, queue: True)
    world = make_world()
    release = _release(world)
    splits = write_training_set(release, tmp_path / "set")
    assert set(splits) == {"train"}
    people = People([Source.of(splits["train"])], 0.15)
    assert len(people) == 1
    assert {1, 14} <= set(people[0].label.ravel().tolist())

    start = write_network(tmp_path)
    said = StringIO()
    words = {"release": release.number, "minutes": 0.001, "start": str(start), "out": tmp_path / "work", "stdout": said}
    call_command("train_model", str(world.project.pk), **words)
    assert "nobody is in the val split" in said.getvalue()
    made = ModelVersion.objects.exclude(pk=version_named(str(start)).pk).get()
    assert made.file

    # The new version is one to propose with.
    call_command("preannotate", str(world.project.pk), model=str(tmp_path / "work" / "run" / "model.safetensors"))
    assert not Proposal.objects.exists()  # a worker's work
    with pytest.raises(CommandError, match="no release 9"):
        call_command("train_model", str(world.project.pk), **{**words, "release": 9})
    assert Project.objects.get(pk=world.project.pk).jobs.filter(params__version=made.pk).exists()


def _release(world: World) -> Release:
    accept_parts(world.person(), by=world.mia)
    release = create_release(project=world.project, by=world.mia, fmt="charts")
    job = run_job(release.job_id)
    assert job is not None
    assert job.state == "done", job.error
    release.refresh_from_db()
    return release
