"""The people and the annotators of a simulation, as rows; nobody can sign in as one of them."""

from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from django.contrib.auth.hashers import make_password
from django.db import transaction

from annotator.models import Image, Membership, Person, Project, Role, User
from annotator.services.images import add_image
from annotator.services.task_states import make_tasks
from qa.simulation.habits import Habits
from qa.simulation.stand_ins import seed_of, source_of, stand_in

_BATCH: Final = 2000


def real_people(project: Project) -> int:
    """Return how many people of a project are not simulated."""
    sources = Image.objects.filter(project=project, people__isnull=False).values_list("source", flat=True)
    return sum(seed_of(source) is None for source in sources.iterator())


def add_people(project: Project, count: int, scenes: Sequence[int], by: User) -> list[tuple[Person, int]]:
    """Add simulated people with their tasks; a picture each, of which many may show the same scene.

    Args:
        scenes: seeds of the scenes, taken in turn.

    Returns:
        each person with its scene.
    """
    known = Image.objects.filter(project=project, file_name__startswith="simulated-").count()
    first = {seed: _first_image(project, seed, by) for seed in scenes[:count]}
    found: list[tuple[Person, int]] = []
    numbers = iter(range(count))
    while batch := list(islice(numbers, _BATCH)):
        seeds = [scenes[number % len(scenes)] for number in batch]
        with transaction.atomic():
            images = Image.objects.bulk_create(
                _copy(first[seed], f"simulated-{known + number:06d}.jpg", seed)
                for number, seed in zip(batch, seeds, strict=True)
            )
            people = Person.objects.bulk_create(_person(image, seed) for image, seed in zip(images, seeds, strict=True))
            make_tasks(people)
        found += zip(people, seeds, strict=True)
    Image.objects.filter(pk__in=[image.pk for image in first.values()]).delete()
    return found


def _first_image(project: Project, seed: int, by: User) -> Image:
    """Store a scene's picture; its row is only a model for those of people."""
    return add_image(
        project=project, file_name=f"scene-{seed}.jpg", content=stand_in(seed).jpeg, source=source_of(seed), by=by
    )[0]


def _copy(image: Image, name: str, seed: int) -> Image:
    columns: dict[str, Any] = {
        field: getattr(image, field) for field in ("project", "file", "content_type", "sha256", "width", "height")
    }
    return Image(file_name=name, source=source_of(seed), **columns)


def _person(image: Image, seed: int) -> Person:
    shown = stand_in(seed)
    x, y, width, height = shown.box
    return Person(
        project=image.project, image=image, box_x=x, box_y=y, box_width=width, box_height=height,
        keypoints=shown.keypoints,
    )  # fmt: skip


def add_members(project: Project, habits: Sequence[Habits], role: str = Role.ANNOTATOR) -> list[User]:
    """Make accounts without a usable password, and memberships, named after their habits and numbered on."""
    known = User.objects.filter(username__startswith=f"sim-{project.pk}-").count()
    users = User.objects.bulk_create(
        User(
            username=f"sim-{project.pk}-{known + number}",
            display_name=f"{one.name.capitalize()} {known + number + 1}",
            password=make_password(None),
        )
        for number, one in enumerate(habits)
    )
    Membership.objects.bulk_create(Membership(project=project, user=user, role=role) for user in users)
    return users
