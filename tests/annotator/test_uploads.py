"""Uploads of jobs that did not end well go after a day; those that a job still waits for stay."""

import io
import os
import time
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from annotator.models import Job
from annotator.services.archives import upload_archive
from annotator.services.jobs import cancel_job
from annotator.services.uploads import discard_left_uploads
from export.services.import_jobs import start_import
from tests.factories import World

pytestmark = pytest.mark.django_db


def archive() -> SimpleUploadedFile:
    sink = io.BytesIO()
    zipfile.ZipFile(sink, "w").close()
    return SimpleUploadedFile("photos.zip", sink.getvalue())


def start(world: World) -> Job:
    annotations = SimpleUploadedFile("people.json", b"{}")
    return start_import(project=world.project, by=world.ed, annotations=annotations, images=archive(), split="train")


def stored() -> set[str]:
    root = Path(default_storage.location)
    return {str(path.relative_to(root)) for folder in ("uploads", "imports") for path in root.glob(f"{folder}/**/*.*")}


def grow_old(*, days: float) -> None:
    then = time.time() - days * 24 * 3600
    for name in stored():
        os.utime(default_storage.path(name), (then, then))


def test_uploads_that_no_job_waits_for_go_after_a_day(world: World) -> None:
    waiting, failed = (upload_archive(project=world.project, source=archive(), by=world.mia) for _ in range(2))
    Job.objects.filter(pk=failed.pk).update(state=Job.State.FAILED)
    imported = start(world)
    assert start(world).pk == imported.pk, "the second upload is for nothing"
    assert len(stored()) == 6
    grow_old(days=0.9)
    assert discard_left_uploads() == 0
    grow_old(days=1.1)
    assert discard_left_uploads() == 3
    assert stored() == {waiting.params["archive"], imported.params["annotations"], imported.params["images"]}
    cancel_job(job=imported, by=world.ed)
    assert discard_left_uploads() == 2
    assert stored() == {waiting.params["archive"]}
