"""An import that came through the browser or the API: its uploads are stored, then a job takes them in."""

import contextlib
import hashlib
import uuid
from collections.abc import Iterator
from typing import IO, Any, Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from annotator.errors import InvalidInputError, TooLargeError
from annotator.models import Job, Project, Split, User
from annotator.services.jobs import enqueue_job
from annotator.storage import open_stored, store_file

KIND: Final = "import_annotations"


def start_import(
    *, project: Project, by: User, annotations: "UploadedFile[bytes]", images: "UploadedFile[bytes] | None", split: str
) -> Job:
    """Store an annotation file, and a zip of its images if there is one, and enqueue the job that takes them in.

    Raises:
        InvalidInputError: an unknown split, or an annotation file that cannot be JSON.
        TooLargeError: more bytes than the limits admit.
    """
    if split not in Split.values:
        raise InvalidInputError(f"split must be train or val, got {split!r}", fields={"split": ["unknown split"]})
    for file in filter(None, (annotations, images)):
        if (file.size or 0) > settings.MAX_ARCHIVE_BYTES:
            limit = settings.MAX_ARCHIVE_BYTES >> 20
            raise TooLargeError(f"{file.name} is larger than {limit} MiB; import it with manage.py import_coco")
    if annotations.read(64).lstrip()[:1] != b"{":
        raise InvalidInputError(
            f"{annotations.name} is no COCO file: it does not begin with a JSON object",
            fields={"annotations": ["not a COCO file"]},
        )
    annotations.seek(0)
    sha256 = hashlib.file_digest(annotations, "sha256").hexdigest()
    annotations.seek(0)
    folder = f"imports/{uuid.uuid4()}"
    params: dict[str, Any] = {
        "annotations": store_file(f"{folder}/annotations.json", annotations),
        "annotations_name": annotations.name or "annotations.json",
        "sha256": sha256,
        "images": store_file(f"{folder}/images.zip", images) if images is not None else None,
        "split": split,
    }
    with transaction.atomic():
        return enqueue_job(KIND, key=f"import:{project.pk}:{sha256}", params=params, project=project, by=by)


@contextlib.contextmanager
def uploaded_images(name: str | None) -> Iterator[IO[bytes] | None]:
    """Open the uploaded zip, or give None where there was none."""
    if name is None:
        yield None
        return
    with open_stored(name) as stream:
        yield stream


def discard_upload(params: dict[str, Any]) -> None:
    """Remove the stored upload of an import that is done."""
    for name in (params["annotations"], params["images"]):
        if name:
            default_storage.delete(name)
