"""The jobs of this app: write a release, import annotations."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from django.db import connection

from annotator.errors import InvalidInputError
from annotator.services.jobs import ClaimLostError, JobRun, job_kind
from annotator.services.superpixels import prepare_superpixels
from annotator.storage import open_stored
from export.models import Release
from export.services.image_sources import ZipImages
from export.services.import_jobs import KIND as IMPORT_KIND
from export.services.import_jobs import discard_upload, uploaded_images
from export.services.importing import ImportRun, import_annotations
from export.services.releases import JOB_KIND as RELEASE_KIND
from export.services.releases import write_release
from labels.errors import LabelError


class ProgressTeller(AbstractContextManager["ProgressTeller"]):
    """Tells a job's progress from a thread with its own connection.

    A release is read in one snapshot transaction, which can neither write nor be seen from outside until it ends.
    """

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="progress")
        self._pending: Any = None

    def __enter__(self) -> Self:
        return self

    def tell(self, done: int, total: int) -> None:
        """Pass on the newest figures; those that come while the last are being written are dropped."""
        if self._pending is None or self._pending.done() or done == total:
            self._pending = self._thread.submit(self._write, done, total)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.submit(connection.close)
        self._thread.shutdown()

    def _write(self, done: int, total: int) -> None:
        try:
            self._run.progress(done, total, f"{done:,} of {total:,} written")
        except ClaimLostError:
            return  # noticed by the job itself at its next stop_if_cancelled


@job_kind(RELEASE_KIND)
def run_write_release(run: JobRun) -> dict[str, Any]:
    release = Release.objects.select_related("project").get(pk=run.params["release"])
    with ProgressTeller(run) as teller:
        write_release(release, teller.tell, run.stop_if_cancelled)
    return {"release": str(release.pk), "files": release.manifest["files"]}


@job_kind(IMPORT_KIND)
def run_import(run: JobRun) -> dict[str, Any]:
    assert run.project is not None
    params = run.params
    with tempfile.TemporaryFile() as annotations:
        with open_stored(params["annotations"]) as stored:
            _copy(stored, annotations, run.stop_if_cancelled)
        try:
            with uploaded_images(params["images"]) as stream:
                report = import_annotations(
                    ImportRun(
                        project=run.project,
                        annotations=annotations,
                        annotations_name=params["annotations_name"],
                        sha256=params["sha256"],
                        images=ZipImages(stream) if stream is not None else None,
                        by=run.job.created_by,
                        split=params["split"],
                        on_progress=lambda done, total, message: _told(run, done, total, message),
                        save_checkpoint=run.checkpoint,
                        last_checkpoint=run.last_checkpoint,
                    )
                )
        except LabelError as error:
            raise InvalidInputError(f"{params['annotations_name']} is no COCO file: {error}") from error
    discard_upload(params)
    prepare_superpixels(run.project)
    return report.to_json()


def _told(run: JobRun, done: int, total: int, message: str) -> None:
    run.stop_if_cancelled()
    run.progress(done, total, message)


def _copy(source: Any, sink: Any, stop_if_cancelled: Callable[[], None]) -> None:
    while block := source.read(8 << 20):
        stop_if_cancelled()
        sink.write(block)
    sink.seek(0)
