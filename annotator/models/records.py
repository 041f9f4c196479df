"""Events (who changed what) and jobs (long work whose row is the truth)."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.projects import Project


class Event(models.Model):
    """One act that changed data: who, what, when, before, after. Append only."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="event_by_project"),
            models.Index(fields=["object_type", "object_id"], name="event_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_id}"


class Job(models.Model):
    """Any long work. Celery only carries the id; this row is claimed, heartbeats, and tells how it went."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    # Two jobs with the same key are the same work; empty for work that may run any number of times.
    key = models.CharField(max_length=200, blank=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="jobs")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    queue = models.CharField(max_length=20, default="default")
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    params = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    # Where a killed job goes on: written by the job itself, in the transaction of the work it speaks of.
    checkpoint = models.JSONField(null=True)
    error = models.TextField(blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Which claim owns the row now; a worker that lost its claim writes nothing more.
    claim = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    # When the id last went to Celery; the reaper sends it again where the message seems lost.
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"],
                condition=models.Q(state__in=["queued", "running"]) & ~models.Q(key=""),
                name="job_key_once_while_active",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running", "done", "failed", "cancelled"]),
                name="job_state_valid",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "heartbeat_at"], name="job_by_heartbeat")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
