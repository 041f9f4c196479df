"""Rendered people: drawn with their truth, taken into a project like photographs, and never let out of it again."""

from typing import Any, Final

import numpy as np
from django.db import transaction
from django.utils import timezone

from annotator.models import Consensus, Gold, Project, Stage, Task, User
from annotator.services.events import record_event
from annotator.services.images import add_image
from annotator.services.people import create_person
from annotator.services.point_sets import parts_accepted
from annotator.storage import store_bytes
from labels.label_maps import LabelMap, pack

# A check is there for everyone; tutorial and exam are handed out by themselves, never by the queue.
PLACES: Final = {Gold.Purpose.CHECK: 20_000, Gold.Purpose.TUTORIAL: 0, Gold.Purpose.EXAM: 0}


@transaction.atomic
def add_rendered_person(
    *,
    project: Project,
    picture: bytes,
    file_name: str,
    person: dict[str, Any],
    part: LabelMap,
    truth: bytes,
    seed: int,
    purpose: Gold.Purpose,
    by: User | None = None,
) -> tuple[Gold, bool]:
    """Take a rendered person into a project, with tasks that look like any other; the same seed is taken once.

    Args:
        picture: the rendered picture as a file.
        person: COCO's record: bbox, keypoints, segmentation.
        part: (H, W) the true part of each of the picture's pixels.
        truth: the .npz with the surface point of each pixel, as qa.services.gold_truth reads it.

    Returns:
        The gold, and whether it is new.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    known = Gold.objects.filter(person__project=project, seed=seed, kind=Gold.Kind.RENDERED).first()
    if known is not None:
        return known, False
    image, _is_new = add_image(project=project, file_name=file_name, content=picture, by=by)
    made = create_person(
        image=image, box=person["bbox"], by=by, keypoints=person["keypoints"], mask=person["segmentation"]
    )
    places = PLACES[purpose]
    Task.objects.filter(person=made).update(is_gold=True, overlap=places, places_left=places)
    stored = store_bytes(f"gold/{project.pk}/{image.sha256}.npz", truth)
    gold = Gold.objects.create(
        person=made, kind=Gold.Kind.RENDERED, purpose=purpose, seed=seed, truth_file=stored
    )  # fmt: skip
    crop = made.crop()
    parts = Consensus.objects.create(
        person=made, stage=Stage.PARTS, method=Consensus.Method.IMPORTED, accepted_at=timezone.now(),
        crop_x=crop.x, crop_y=crop.y, crop_width=crop.width, crop_height=crop.height,
        label_map=pack(np.ascontiguousarray(crop.cut(part))),
    )  # fmt: skip
    parts_accepted(person=made, parts=parts, previous=None)
    record_event(verb="drew gold", target=gold, project=project, actor=by, after={"purpose": purpose, "seed": seed})
    return gold, True


def open_training_tasks(project: Project, purpose: Gold.Purpose) -> list[Task]:
    """Return the tasks of a project's rendered people of one purpose, oldest person first, parts before points."""
    return list(
        Task.objects.filter(
            project=project, person__gold__purpose=purpose, person__gold__is_active=True,
            person__gold__kind=Gold.Kind.RENDERED, person__is_deleted=False,
        )
        .select_related("person__image")
        .order_by("person_id", "-stage")
    )  # fmt: skip
