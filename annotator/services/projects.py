"""Projects: made by staff, described and tuned by their managers."""

import uuid
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction

from annotator.errors import InvalidInputError, NotFoundError
from annotator.models import ExamplePicture, Membership, Project, Role, Stage, User
from annotator.services import events
from annotator.services.images import check_picture
from annotator.services.preannotation import order_tasks
from annotator.services.task_states import change_overlap
from annotator.storage import store_bytes
from body.canonical import load_canonical_body

EDITABLE: Final = (
    "name", "instructions", "parts_overlap", "correspondence_overlap", "is_review_required", "gold_rate",
    "lease_minutes", "reopen_minutes", "assistance_share", "preannotates",
    "orders_by_uncertainty", "requires_qualification", "agreement_bar_cm", "disputed_bar", "max_answers", "merges_by",
    "is_archived",
)  # fmt: skip
MAX_EXAMPLES: Final = 40


@transaction.atomic
def create_project(*, name: str, by: User, manager: User | None = None, **settings: Any) -> Project:
    """Make a project on today's canonical surface, with its first manager.

    Args:
        by: who makes it; the manager too, where none is named.
        settings: any of EDITABLE.

    Raises:
        InvalidInputError: a setting out of range.
    """
    project = Project(
        name=name.strip(), created_by=by, surface_hash=load_canonical_body().surface_hash, **_known(settings)
    )
    _check(project)
    project.save()
    Membership.objects.create(project=project, user=manager or by, role=Role.MANAGER)
    events.record_event(verb="made", target=project, project=project, actor=by, after={"name": project.name})
    return project


@transaction.atomic
def change_project(*, project: Project, by: User, **settings: Any) -> Project:
    """Change a project's settings; a new overlap counts for tasks that are not done.

    Raises:
        InvalidInputError: an unknown setting or one out of range.
    """
    # Not its key: a submit that holds a task, which is changed here too, writes rows that point to the project.
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    before = {name: getattr(project, name) for name in settings if name in EDITABLE}
    for name, value in _known(settings).items():
        setattr(project, name, value)
    _check(project)
    project.save()
    old, new = events.changes(before, settings)
    for stage in Stage:
        if f"{stage.value}_overlap" in new:
            change_overlap(project, stage)
    if "orders_by_uncertainty" in new:
        order_tasks(project)
    if new:
        events.record_event(verb="changed", target=project, project=project, actor=by, before=old, after=new)
    return project


def _known(settings: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(settings) - set(EDITABLE)):
        raise InvalidInputError(f"{', '.join(unknown)} is no setting of a project.", fields={n: [] for n in unknown})
    return settings


def _check(project: Project) -> None:
    try:
        project.clean_fields()
    except ValidationError as error:
        fields = {name: [str(text) for text in texts] for name, texts in error.message_dict.items()}
        message = " ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items())
        raise InvalidInputError(message, fields=fields) from error


@transaction.atomic
def add_example(*, project: Project, source: "File[bytes]", is_good: bool, caption: str, by: User) -> ExamplePicture:
    """Add a good or a bad example to the instructions.

    Raises:
        InvalidInputError, TooLargeError: the picture cannot be taken, or there are too many.
    """
    if project.examples.count() >= MAX_EXAMPLES:
        raise InvalidInputError(f"A project has at most {MAX_EXAMPLES} example pictures: delete one first.")
    picture = check_picture(source)
    digest = picture.sha256
    name = store_bytes(f"examples/{project.pk}/{digest[:2]}/{digest}{picture.suffix}", picture.content)
    example = ExamplePicture.objects.create(
        project=project, file=name, caption=caption[:200], is_good=is_good, position=project.examples.count()
    )
    events.record_event(
        verb="added", target=example, project=project, actor=by, after={"caption": caption, "is_good": is_good}
    )
    return example


@transaction.atomic
def remove_example(*, project: Project, example_id: uuid.UUID, by: User) -> None:
    """Take an example out of the instructions.

    Raises:
        NotFoundError: it is not this project's.
    """
    example = project.examples.filter(pk=example_id).first()
    if example is None:
        raise NotFoundError("There is no such example in this project.")
    events.record_event(verb="removed", target=example, project=project, actor=by, before={"caption": example.caption})
    example.delete()
