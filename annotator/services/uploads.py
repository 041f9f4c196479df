"""What was uploaded for a job and is of no use any more: jobs that end well clear up, those that failed, were cancelled
or found their work under way already do not."""

from datetime import timedelta
from typing import Final

from django.core.files.storage import default_storage
from django.utils import timezone

from annotator.models import Job

# Archives lie in the first; imports in the second, each in a folder of its own.
_FOLDERS: Final = ("uploads", "imports")
# Longer than between the storing of a file and its job, and for whoever wants to see why an import failed.
_KEPT_FOR: Final = timedelta(days=1)


def discard_left_uploads() -> int:
    """Delete uploads that are a day old and of no job that is queued or running; returns how many."""
    # Looked at before the jobs: what is stored meanwhile is not among them.
    stored = [name for folder in _FOLDERS for name in _files_below(folder)]
    active = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).values_list("params", flat=True)
    wanted = {value for params in active for value in params.values() if isinstance(value, str)}
    oldest = timezone.now() - _KEPT_FOR
    left = [name for name in stored if name not in wanted and default_storage.get_modified_time(name) < oldest]
    for name in left:
        default_storage.delete(name)
    return len(left)


def _files_below(folder: str) -> list[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    return [f"{folder}/{name}" for name in files] + [
        name for inner in folders for name in _files_below(f"{folder}/{inner}")
    ]
