"""The trail: every act that changes data leaves one event, in the act's own transaction."""

from typing import Any

from django.db import models

from annotator.models import Event, Project, User


def record_event(
    *,
    verb: str,
    target: models.Model,
    project: Project | int | None = None,
    actor: User | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Event:
    """Store who did what to which object; call it inside the transaction of the change.

    Args:
        verb: what was done, in the past tense: "submitted", "moved", "invited".
        target: the object that changed.
        project: where; None for acts on an account.
        actor: who; None for the platform itself.
        before, after: the fields that changed, JSON-ready; never secrets.
    """
    project_id = project.pk if isinstance(project, Project) else project
    return Event.objects.create(
        project_id=project_id,
        actor=actor,
        verb=verb,
        object_type=target._meta.model_name or "",
        object_id=str(target.pk),
        before=before,
        after=after,
    )


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two dicts reduced to the keys whose values differ."""
    differing = [key for key in after if before.get(key) != after[key]]
    return {key: before.get(key) for key in differing}, {key: after[key] for key in differing}
