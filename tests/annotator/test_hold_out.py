"""A share of the images goes to the val split: sequences whole, the same at each call, and never rendered gold."""

import io

import pytest
from django.core.management import CommandError, call_command

from annotator.models import Event, Image, Split
from annotator.services.images import add_image, hold_out
from annotator.services.projects import create_project
from tests.factories import World, picture_bytes

pytestmark = pytest.mark.django_db


def add_images(world: World, count: int, group: str = "") -> None:
    for number in range(count):
        add_image(
            project=world.project, file_name=f"{group}{number}.jpg", by=world.mia, group=group,
            content=picture_bytes(8, 8, seed=1000 * len(group) + number),
        )  # fmt: skip


def held_out(world: World) -> set[str]:
    return set(Image.objects.filter(project=world.project, split=Split.VAL).values_list("file_name", flat=True))


def test_about_the_share_moves_and_the_same_call_moves_nothing(world: World) -> None:
    add_images(world, 100)
    moved = hold_out(project=world.project, share=0.3)
    first = held_out(world)
    assert 15 < moved == len(first) < 45
    assert hold_out(project=world.project, share=0.3) == 0
    hold_out(project=world.project, share=0.6)
    assert first < held_out(world)
    assert Event.objects.filter(verb="held out").count() == 2


def test_a_sequence_stays_together(world: World) -> None:
    for length in range(1, 13):
        add_images(world, 3, group="s" * length)
    hold_out(project=world.project, share=0.5)
    splits = set(Image.objects.filter(project=world.project).values_list("group", "split"))
    assert len(splits) == 12
    assert {split for _group, split in splits} == {"train", "val"}


@pytest.mark.parametrize("share", ["0", "1", "-1", "nan", "10"])
def test_a_share_that_is_none_is_refused(world: World, share: str) -> None:
    with pytest.raises(CommandError, match="between 0 and 1"):
        call_command("hold_out", str(world.project.pk), f"--share={share}", stdout=io.StringIO())


def test_projects_of_one_name_are_told_apart_by_number(world: World) -> None:
    other = create_project(name="Street", by=world.mia)
    with pytest.raises(CommandError, match=f"one of {world.project.pk}, {other.pk}"):
        call_command("hold_out", "Street", stdout=io.StringIO())
    told = io.StringIO()
    call_command("create_project", "Street", "--manager", world.mia.username, stdout=told)
    assert "There are 2 more of this name" in told.getvalue()
