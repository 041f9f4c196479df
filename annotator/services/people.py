"""The people of an image: drawn, moved, resized, marked as crowd or to be ignored, deleted; each change checked
against the revision that its author saw, and followed by the tasks."""

import math
from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction

from annotator.errors import ConflictError, InvalidInputError
from annotator.models import Consensus, Image, Lease, Person, Task, User
from annotator.services import events
from annotator.services.task_states import make_tasks, settle_task

MIN_BOX_PX: Final = 4.0
_FLAGS: Final = ("is_crowd", "is_ignored", "is_proposed", "is_deleted")


@transaction.atomic
def create_person(
    *,
    image: Image,
    box: Sequence[float],
    by: User | None = None,
    is_crowd: bool = False,
    is_ignored: bool = False,
    is_proposed: bool = False,
    keypoints: list[float] | None = None,
    mask: Any = None,
    source_id: int | None = None,
    source: dict[str, Any] | None = None,
    priority: int = 0,
) -> Person:
    """Add a person to an image and open its parts task, unless it is a crowd, to be ignored or only proposed.

    Args:
        box: x, y, width, height in image pixels; what reaches over the border is cut off.
        keypoints: 51 numbers as in COCO.
        mask: COCO segmentation, kept verbatim.

    Raises:
        InvalidInputError: the box or the keypoints cannot be taken.
    """
    x, y, width, height = checked_box(box, image)
    person = Person.objects.create(
        image=image,
        project_id=image.project_id,
        box_x=x,
        box_y=y,
        box_width=width,
        box_height=height,
        is_crowd=is_crowd,
        is_ignored=is_ignored,
        is_proposed=is_proposed,
        keypoints=_checked_keypoints(keypoints),
        mask=mask,
        source_id=source_id,
        source=source or {},
    )
    make_tasks([person], priority=priority)
    events.record_event(verb="drew", target=person, project=image.project_id, actor=by, after=_told(person))
    return person


@transaction.atomic
def change_person(*, person_id: int, revision: int, changes: dict[str, Any], by: User) -> Person:
    """Move, resize, flag, delete or restore a person.

    A new box leaves answers as they are, in image pixels; imported fields that were kept verbatim in the old box's
    coordinates are written anew at export. Live leases keep the crop they were given.

    Args:
        revision: the one that the caller saw.
        changes: any of `box`, `is_crowd`, `is_ignored`, `is_proposed`, `is_deleted`.

    Raises:
        ConflictError: `person_stale` with the current person.
        InvalidInputError: an unknown field or a bad box.
    """
    # Not its key: a submit that holds a task, which is changed here too, writes rows that point to the person.
    person = Person.objects.select_for_update(of=("self",), no_key=True).select_related("image").get(pk=person_id)
    if person.revision != revision:
        raise ConflictError(
            "This person was changed meanwhile. Look at it again and repeat your change.",
            code="person_stale",
            data={"current": {**_told(person), "revision": person.revision}},
        )
    if unknown := set(changes) - {"box", *_FLAGS}:
        raise InvalidInputError(f"{', '.join(sorted(unknown))} cannot be changed.", fields={n: [] for n in unknown})
    before, crop = _told(person), person.crop()
    shown = [crop.x, crop.y, crop.width, crop.height]
    if "box" in changes:
        person.box_x, person.box_y, person.box_width, person.box_height = checked_box(changes["box"], person.image)
    for flag in _FLAGS:
        setattr(person, flag, changes.get(flag, getattr(person, flag)))
    old, new = events.changes(before, _told(person))
    if not new:
        return person
    person.revision += 1
    person.save()
    if "box" in new:
        # Whoever has painted, or is painting, keeps the crop that was shown.
        Lease.objects.filter(task__person=person, crop__isnull=True).update(crop=shown)
        Consensus.objects.filter(person=person, verbatim__isnull=False).update(verbatim=None)
    if set(new) & set(_FLAGS):
        _follow_flags(person)
    verb = "deleted" if new.get("is_deleted") else "changed"
    events.record_event(verb=verb, target=person, project=person.project_id, actor=by, before=old, after=new)
    return person


def checked_box(box: Sequence[float], image: Image) -> tuple[float, float, float, float]:
    """Return a box cut to its image.

    Raises:
        InvalidInputError: not four finite numbers, or less than 4 pixels of it inside the image.
    """
    if len(box) != 4 or not all(isinstance(v, int | float) and math.isfinite(v) for v in box):
        raise _bad_box(f"box must be four finite numbers x, y, width, height, got {list(box)!r}.")
    x, y, width, height = (float(value) for value in box)
    left, top = max(0.0, x), max(0.0, y)
    right, bottom = min(float(image.width), x + width), min(float(image.height), y + height)
    if right - left < MIN_BOX_PX or bottom - top < MIN_BOX_PX:
        raise _bad_box(
            f"box must cover at least {MIN_BOX_PX:.0f} x {MIN_BOX_PX:.0f} pixels of the image of "
            f"{image.width} x {image.height}, got {[x, y, width, height]}."
        )
    if (left, top, right, bottom) == (x, y, x + width, y + height):
        return x, y, width, height
    return left, top, right - left, bottom - top


def _bad_box(message: str) -> InvalidInputError:
    return InvalidInputError(message, fields={"box": [message]})


def _checked_keypoints(keypoints: list[float] | None) -> list[float] | None:
    if keypoints is None or not any(keypoints):
        return None
    if len(keypoints) != 51 or not all(isinstance(v, int | float) and math.isfinite(v) for v in keypoints):
        raise InvalidInputError(
            f"keypoints must be 51 finite numbers (17 times x, y, v), got {len(keypoints)}.",
            fields={"keypoints": ["Give 51 numbers."]},
        )
    return list(keypoints)


def _follow_flags(person: Person) -> None:
    """Close or reopen a person's tasks; leases on them end, their drafts stay."""
    if not person.is_annotatable:
        Lease.objects.filter(task__person=person, state=Lease.State.LIVE).update(state=Lease.State.EXPIRED)
    tasks = Task.objects.select_for_update(no_key=True).filter(person=person).order_by("pk")
    for task in tasks:
        settle_task(task)


def _told(person: Person) -> dict[str, Any]:
    return {
        "box": [person.box_x, person.box_y, person.box_width, person.box_height],
        "is_crowd": person.is_crowd,
        "is_ignored": person.is_ignored,
        "is_proposed": person.is_proposed,
        "is_deleted": person.is_deleted,
    }
