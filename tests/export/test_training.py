"""From a release to a new version of a model, by one command."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotator.models import Image, ModelVersion, Project, Proposal, Split
from annotator.services import jobs
from annotator.services.images import add_image
from annotator.services.jobs import run_job
from annotator.services.model_versions import version_named
from annotator.services.people import create_person
from annotator.services.preannotation import choose_proposer
from body.geodesics import geodesics_path
from densepose.training.examples import People, Source
from export.models import Evaluation, Release
from export.selectors.models import held_out_sets
from export.services.releases import create_release
from export.services.training_set import write_training_set
from tests.distances import write_straight_table
from tests.factories import World, accept_parts, accept_points, make_world, picture_bytes
from tests.proposals import write_network


@pytest.mark.slow
@pytest.mark.django_db
def test_a_release_trains_a_new_version_that_is_compared_with_the_one_before(
    monkeypatch: pytest.MonkeyPatch, settings, tmp_path: Path
) -> None:
    monkeypatch.setattr(jobs, "send", lambda job_id, queue: True)
    settings.VAR_DIR = tmp_path
    write_straight_table(geodesics_path(tmp_path / "geodesics"))
    world = make_world()
    release = _release(world)
    splits = write_training_set(release, tmp_path / "set")
    assert set(splits) == {"train", "val"}
    people = People([Source.of(splits["train"])], 0.15)
    assert len(people) == 1
    assert {1, 14} <= set(people[0].label.ravel().tolist())

    start = write_network(tmp_path)
    choose_proposer(project=world.project, version=version_named(str(start)), by=world.mia)
    said = StringIO()
    words = {"release": release.number, "minutes": 0.001, "start": str(start), "out": tmp_path / "work", "stdout": said}
    call_command("train_model", str(world.project.pk), **words)
    made = ModelVersion.objects.get(training__project=world.project)
    assert made.file
    assert (made.training.release_number, made.training.start.name) == (release.number, "tiny-0")
    assert said.getvalue().count("on 1 held-out people: AUC@10") == 2
    [found] = held_out_sets(world.project)
    assert [row.evaluation.version for row in found.rows] == [made, version_named(str(start))]
    assert (found.people, found.against.version.name) == (1, "tiny-0")
    for row in found.rows:
        assert row.own["auc10"].value == pytest.approx(row.evaluation.figures["auc10"], abs=1e-5)
    assert found.rows[0].difference["gps"].low is None  # one person says nothing of others
    said.truncate(0)
    call_command("evaluate_model", str(world.project.pk), release=release.number, model=str(start), stdout=said)
    assert Evaluation.objects.count() == 2  # what is known is not measured again

    # The new version is one to propose with.
    [weights] = tmp_path.glob("work/run-*/model.safetensors")
    call_command("preannotate", str(world.project.pk), model=str(weights))
    assert not Proposal.objects.exists()  # a worker's work
    with pytest.raises(CommandError, match="no release 9"):
        call_command("train_model", str(world.project.pk), **{**words, "release": 9})
    assert Project.objects.get(pk=world.project.pk).jobs.filter(params__version=made.pk).exists()


@pytest.mark.django_db
def test_images_of_one_name_in_two_folders_are_both_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jobs, "send", lambda job_id, queue: True)
    world = make_world()
    for number in (1, 2):
        image, _is_new = add_image(
            project=world.project, file_name="0001.jpg", content=picture_bytes(200, 240, seed=number), by=world.mia
        )
        Image.objects.filter(pk=image.pk).update(split=Split.TRAIN, source={"file_name": f"cam{number}/0001.jpg"})
        person = create_person(image=image, box=[40, 30, 80, 160], by=world.mia)
        accept_parts(person, by=world.mia)
        accept_points(person)
    splits = write_training_set(_finished_release(world), tmp_path)
    people = People([Source.of(splits["train"])], 0.15)
    assert (people.image(0) != people.image(1)).any()


def _release(world: World) -> Release:
    accept_parts(world.person(), by=world.mia)
    image, _is_new = add_image(
        project=world.project, file_name="held-out.jpg", content=picture_bytes(200, 240, seed=1), by=world.mia
    )
    Image.objects.filter(pk=image.pk).update(split=Split.VAL)
    held_out = create_person(image=image, box=[40, 30, 80, 160], by=world.mia)
    accept_parts(held_out, by=world.mia)
    accept_points(held_out)
    return _finished_release(world)


def _finished_release(world: World) -> Release:
    release = create_release(project=world.project, by=world.mia, fmt="charts")
    job = run_job(release.job_id)
    assert job is not None
    assert job.state == "done", job.error
    release.refresh_from_db()
    return release
