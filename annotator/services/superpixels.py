"""The edge-following regions of people's crops: made by a worker, kept in storage under what they are made of."""

from collections.abc import Iterator
from typing import Final

from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef

from annotator.models import Image, Lease, Person, Project, Stage, Task
from annotator.services.jobs import enqueue_job
from labels.boxes import Crop

# Raised with every change of how regions are found or written.
_VERSION: Final = 1
_BOX: Final = ("box_x", "box_y", "box_width", "box_height")
_PICTURE: Final = ("file", "sha256", "width", "height")


def superpixels_name(image: Image, crop: Crop) -> str:
    """Return the storage name of a crop's regions, whether they are there or not."""
    part = f"{crop.x}-{crop.y}-{crop.width}-{crop.height}"
    return f"superpixels/{image.sha256[:2]}/{image.sha256}-{part}-v{_VERSION}.bin"


def superpixels_of_lease(lease: Lease) -> str | None:
    """Return the storage name of the regions of a lease's crop; where they lack, have them made and return None."""
    name = superpixels_name(lease.task.person.image, lease.shown_crop)
    if default_storage.exists(name):
        return name
    _have_made(lease.task.person, lease.shown_crop)
    return None


def prepare_person(person: Person) -> None:
    """Have the regions of one person made ahead of the annotators."""
    if person.is_annotatable:
        _have_made(person, person.crop())


def _have_made(person: Person, crop: Crop) -> None:
    params = {"image": person.image_id, "crop": [crop.x, crop.y, crop.width, crop.height]}
    key = f"superpixels:{superpixels_name(person.image, crop)}"
    enqueue_job("superpixels", key=key, params=params, project=person.project)


def prepare_superpixels(project: Project) -> None:
    """Have the regions of a project's people made ahead of the annotators; calls while that runs are one."""
    enqueue_job("superpixels", key=f"superpixels:{project.pk}", project=project)


def people_without(project: Project) -> Iterator[Person]:
    """Yield the people of a project who are still to be painted and whose regions are not stored.

    Whoever came with accepted parts is left out, as nobody paints them: where someone does, they are made when asked.
    """
    settled = [Task.State.DONE, Task.State.CLOSED]
    to_paint = Task.objects.filter(person=OuterRef("pk"), stage=Stage.PARTS).exclude(state__in=settled)
    people = Person.objects.filter(Exists(to_paint), project=project)
    # Not their masks, keypoints and records, which are most of a row.
    people = people.select_related("image").only(*_BOX, *(f"image__{name}" for name in _PICTURE))
    for person in people.iterator(chunk_size=500):
        if not default_storage.exists(superpixels_name(person.image, person.crop())):
            yield person
