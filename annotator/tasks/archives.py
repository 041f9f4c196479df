"""The job that unpacks an uploaded zip; goes on where a killed worker stopped."""

from typing import Any

from django.core.files.storage import default_storage

from annotator.models import Split
from annotator.services.archives import Unpacked, unpack_archive
from annotator.services.jobs import JobFailedError, JobRun, job_kind
from annotator.storage import open_stored


@job_kind("unpack_archive")
def unpack_uploaded(run: JobRun) -> dict[str, Any]:
    """Add the pictures of an archive to the project; the result tells what was refused and why."""
    if run.project is None:
        raise JobFailedError("This job has no project to put the pictures into.")
    name = run.params["archive"]

    def tell(done: int, total: int, result: Unpacked) -> None:
        run.stop_if_cancelled()
        run.progress(done, total, f"{result.added} added, {result.n_refused} refused")
        run.checkpoint({"done": done, "result": result.as_json()})

    with open_stored(name) as archive:
        result = unpack_archive(
            project=run.project,
            archive=archive,
            by=run.job.created_by,
            split=run.params.get("split", Split.TRAIN),
            start=run.last_checkpoint,
            on_entry=tell,
        )
    default_storage.delete(name)
    return result.as_json()
