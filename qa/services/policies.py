"""Changing the bars of a project."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from annotator.errors import InvalidInputError
from annotator.models import Project, User
from annotator.services import events
from qa.models import QualityPolicy
from qa.services.gold_people import fill_training_pool

EDITABLE: Final = (
    "tutorial_people", "exam_people", "exam_iou", "exam_auc10", "exam_attempts", "exam_wait_hours",
    "pauses_below_bar", "requeues_below_bar", "check_iou", "check_auc10", "check_window", "check_minimum",
)  # fmt: skip


@transaction.atomic
def change_policy(*, project: Project, by: User, values: dict[str, Any]) -> QualityPolicy:
    """Set bars of a project; where the exam is asked for, what it then lacks is drawn.

    Raises:
        InvalidInputError: an unknown name or a value out of range.
    """
    if unknown := sorted(set(values) - set(EDITABLE)):
        raise InvalidInputError(f"{', '.join(unknown)} is no bar of a project.", fields={n: [] for n in unknown})
    QualityPolicy.objects.get_or_create(project=project)
    policy = QualityPolicy.objects.select_for_update().get(project=project)
    before = {name: getattr(policy, name) for name in values}
    for name, value in values.items():
        setattr(policy, name, value)
    try:
        policy.clean_fields()
    except ValidationError as error:
        fields = {name: [str(text) for text in texts] for name, texts in error.message_dict.items()}
        raise InvalidInputError(
            " ".join(f"{name}: {texts[0]}" for name, texts in fields.items()), fields=fields
        ) from error
    if policy.check_minimum > policy.check_window:
        raise InvalidInputError("No more checks can be needed than are looked at.", fields={"check_minimum": []})
    policy.save()
    old, new = events.changes(before, values)
    if new:
        events.record_event(verb="changed bars", target=policy, project=project, actor=by, before=old, after=new)
    if project.requires_qualification:
        fill_training_pool(project=project, by=by)
    return policy
