"""The edge-following regions of people's crops: made by a worker, kept in storage under what they are made of."""

from collections.abc import Iterator
from typing import Final

from django.core.files.storage import default_storage

from annotator.models import Image, Lease, Person, Project
from annotator.services.jobs import enqueue_job
from labels.boxes import Crop

# Raised with every change of how regions are found or written.
_VERSION: Final = 1


def superpixels_name(image: Image, crop: Crop) -> str:
    """Return the storage name of a crop's regions, whether they are there or not."""
    part = f"{crop.x}-{crop.y}-{crop.width}-{crop.height}"
    return f"superpixels/{image.sha256[:2]}/{image.sha256}-{part}-v{_VERSION}.bin"


def superpixels_of_lease(lease: Lease) -> str | None:
    """Return the storage name of the regions of a lease's crop; where they lack, have them made and return None."""
    image, crop = lease.task.person.image, lease.shown_crop
    name = superpixels_name(image, crop)
    if default_storage.exists(name):
        return name
    params = {"image": image.pk, "crop": [crop.x, crop.y, crop.width, crop.height]}
    enqueue_job("superpixels", key=f"superpixels:{name}", params=params, project=lease.task.project)
    return None


def prepare_superpixels(project: Project) -> None:
    """Have the regions of a project's people made ahead of the annotators; calls while that runs are one."""
    enqueue_job("superpixels", key=f"superpixels:{project.pk}", project=project)


def people_without(project: Project) -> Iterator[Person]:
    """Yield the annotatable people of a project whose regions are not stored."""
    people = Person.objects.filter(project=project, is_crowd=False, is_ignored=False, is_deleted=False)
    for person in people.select_related("image").iterator(chunk_size=500):
        if not default_storage.exists(superpixels_name(person.image, person.crop())):
            yield person
