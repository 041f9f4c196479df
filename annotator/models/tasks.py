"""Tasks, leases with drafts, submissions: the queue and what comes out of it."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.answers import Answer, Stage
from annotator.models.images import Person
from annotator.models.projects import Project
from labels.boxes import Crop


class Task(models.Model):
    """One person at one stage, wanted `overlap` times.

    `places_left` = overlap - live leases - submissions that count; it is kept in the same transaction as these, so that
    "next" is one statement on one index. `is_gold` steers the mixing and is never told to anyone who annotates.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for parts")
        OPEN = "open", _("Open")
        REVIEW = "review", _("In review")
        DONE = "done", _("Done")
        FLAGGED = "flagged", _("Flagged")
        PAUSED = "paused", _("Paused")
        # The person became crowd, ignored or deleted; opens again when that is taken back.
        CLOSED = "closed", _("Closed")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tasks")
    stage = models.CharField(max_length=14, choices=Stage.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    overlap = models.PositiveSmallIntegerField(default=1)
    places_left = models.SmallIntegerField(default=1)
    priority = models.SmallIntegerField(default=0)
    # Thousandths, after priority; 0 where the project does not order by it.
    uncertainty = models.SmallIntegerField(default=0)
    is_gold = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-priority", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "stage"], name="task_once_a_person_and_stage"),
            models.CheckConstraint(condition=models.Q(stage__in=Stage.values), name="task_stage_valid"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "open", "review", "done", "flagged", "paused", "closed"]),
                name="task_state_valid",
            ),
            models.CheckConstraint(condition=models.Q(places_left__gte=0), name="task_places_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["project", "stage", "is_gold", "-priority", "-uncertainty", "id"],
                name="task_queue",
                condition=models.Q(state="open", places_left__gt=0),
            ),
            models.Index(fields=["project", "stage", "state"], name="task_by_state"),
            models.Index(fields=["person"], name="task_of_gold", condition=models.Q(is_gold=True)),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of person {self.person_id}"


class Lease(models.Model):
    """An annotator's exclusive, expiring hold on one place of a task, with its draft.

    A lease with a `purpose` takes no place: a hidden check asks for a person who is settled already, tutorial and exam
    for rendered ones. The purpose is never told to whoever is being checked.

    The draft stays with its owner after expiry: taking the task again makes a new lease that goes on from it, and the
    old one becomes `retaken`. `revision` counts the draft's writes; a write that names an older one is stale.
    `crop` [x, y, width, height] is what the annotator sees where that is not the person's crop of today: it is written
    when the box is moved, so that painted pixels keep their place. A lease that `revises` a submission (reopened, sent
    back with a note, or corrected by a reviewer) uses that submission's place and holds none of its own.
    """

    class State(models.TextChoices):
        LIVE = "live", _("Live")
        EXPIRED = "expired", _("Expired")
        SUBMITTED = "submitted", _("Submitted")
        SKIPPED = "skipped", _("Skipped")
        RELEASED = "released", _("Released")
        RETAKEN = "retaken", _("Taken again")

    class Purpose(models.TextChoices):
        WORK = "", _("Work")
        CHECK = "check", _("Hidden check")
        TUTORIAL = "tutorial", _("Tutorial")
        EXAM = "exam", _("Exam")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="leases")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="leases")
    state = models.CharField(max_length=9, choices=State.choices, default=State.LIVE)
    purpose = models.CharField(max_length=8, choices=Purpose.choices, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)
    draft = models.JSONField(null=True)
    draft_saved_at = models.DateTimeField(null=True)
    active_ms = models.PositiveIntegerField(default=0)
    is_assisted = models.BooleanField(default=True)
    # What was shown first stays what is shown, whatever models propose meanwhile.
    proposal = models.ForeignKey("annotator.Proposal", on_delete=models.SET_NULL, null=True, related_name="+")
    point_set = models.ForeignKey("annotator.PointSet", on_delete=models.PROTECT, null=True, related_name="+")
    crop = models.JSONField(null=True)
    # The pictures shown: clicks of the draft are pixels of these.
    surface_hash = models.CharField(max_length=64, blank=True)
    style_hash = models.CharField(max_length=64, blank=True)
    revises = models.ForeignKey("annotator.Submission", on_delete=models.SET_NULL, null=True, related_name="revisions")
    sent_back = models.ForeignKey("annotator.SentBack", on_delete=models.SET_NULL, null=True, related_name="+")
    skip_reason = models.CharField(max_length=20, blank=True)
    skip_note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["task", "annotator"], condition=models.Q(state="live"), name="lease_live_once_a_task"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["live", "expired", "submitted", "skipped", "released", "retaken"]),
                name="lease_state_valid",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], name="lease_live_expiry", condition=models.Q(state="live")),
            models.Index(fields=["annotator", "task"], name="lease_by_annotator"),
            models.Index(fields=["annotator"], name="lease_live_by_owner", condition=models.Q(state="live")),
            models.Index(fields=["annotator"], name="lease_expired_by_owner", condition=models.Q(state="expired")),
            models.Index(fields=["annotator"], name="lease_released_by_owner", condition=models.Q(state="released")),
            models.Index(fields=["task"], name="lease_of_checks", condition=models.Q(purpose="check")),
        ]

    def __str__(self) -> str:
        return f"{self.state} lease {self.id}"

    @property
    def shown_crop(self) -> Crop:
        """The crop that the annotator sees and paints, in image pixels."""
        return Crop(*self.crop) if self.crop else self.task.person.crop()

    @property
    def holds_place(self) -> bool:
        """Whether a place of the task is this lease's own."""
        return not self.revises_id and not self.purpose

    @property
    def is_training(self) -> bool:
        """Whether it is part of the tutorial or of the exam."""
        return self.purpose in {Lease.Purpose.TUTORIAL, Lease.Purpose.EXAM}

    @property
    def is_review(self) -> bool:
        """Whether a reviewer places a better answer here: over someone else's answer, or over an earlier such one."""
        base = self.revises
        return base is not None and (base.annotator_id != self.annotator_id or base.origin == Submission.Origin.REVIEW)


class Submission(Answer):
    """The immutable result of one annotator for one task. Never changed; a later one may supersede it."""

    class Origin(models.TextChoices):
        WORKBENCH = "workbench", _("Workbench")
        API = "api", _("API")
        IMPORT = "import", _("Import")
        REVIEW = "review", _("Review")

    client_uuid = models.UUIDField()
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="submissions")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="submissions"
    )
    lease = models.ForeignKey(Lease, on_delete=models.SET_NULL, null=True, related_name="submissions")
    created_at = models.DateTimeField(auto_now_add=True)
    active_ms = models.PositiveIntegerField(default=0)
    origin = models.CharField(max_length=9, choices=Origin.choices, default=Origin.WORKBENCH)
    # What was proposed, by which model version, and what was kept: annotator.services.provenance.
    provenance = models.JSONField(default=dict, blank=True)
    supersedes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client_uuid"], name="submission_client_uuid_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["annotator", "created_at"], name="submission_by_annotator")]

    def __str__(self) -> str:
        return f"submission {self.pk} of task {self.task_id}"


class StaleDraft(models.Model):
    """A draft that came too late: another tab had saved meanwhile. Kept, so that neither version is lost."""

    lease = models.ForeignKey(Lease, on_delete=models.CASCADE, related_name="stale_drafts")
    revision = models.PositiveIntegerField()
    draft = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"stale draft r{self.revision} of lease {self.lease_id}"


class SentBack(models.Model):
    """A submission returned to its author with a note.

    While `is_open` its place is kept for the author. It closes when the author submits again, or when the place is
    given to others. `reviewer` is empty where the platform itself asks again because the parts changed.
    """

    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, related_name="sent_back")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sent_back_to_me")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=1000)
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "sent back"
        indexes: ClassVar = [
            models.Index(fields=["author"], name="sent_back_open", condition=models.Q(is_open=True)),
        ]

    def __str__(self) -> str:
        return self.note


class Comment(models.Model):
    """A note that someone left with a task."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.text
