"""Answers measured against known truth, attempts at the exam, and what the platform did by itself."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models import Gold, Lease, Stage


class GoldScore(models.Model):
    """How near one answer came to the truth: a row is written once and says the same however often it is written.

    `sums` are what every figure is made of: parts {part: [intersection px, union px]}, points {part: [points, cm,
    AUC@10, AUC@30]} with a distance. `value` is what the bars look at: the mean IoU of parts, AUC@10 of points. `n` are
    the points whose truth is known, `placed` those that were given a place. `truth` says which truth it was measured
    by; it is measured again when that changes.
    """

    submission = models.OneToOneField("annotator.Submission", on_delete=models.CASCADE, related_name="gold_score")
    project = models.ForeignKey("annotator.Project", on_delete=models.CASCADE, related_name="gold_scores")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey("annotator.Person", on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=14, choices=Stage.choices)
    purpose = models.CharField(max_length=8, choices=Lease.Purpose.choices)
    kind = models.CharField(max_length=8, choices=Gold.Kind.choices)
    value = models.FloatField(null=True)
    n = models.PositiveIntegerField(default=0)
    placed = models.PositiveIntegerField(default=0)
    sums = models.JSONField(default=dict)
    truth = models.CharField(max_length=80)
    submitted_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["submission_id"]
        indexes: ClassVar = [
            models.Index(fields=["project", "annotator", "stage", "submitted_at"], name="gold_score_by_annotator"),
            models.Index(fields=["person", "stage"], name="gold_score_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.value} of submission {self.submission_id}"


class GoldSheet(models.Model):
    """The kept figures against known truth of one annotator, or of all together where `annotator` is empty.

    `told` are those of before the day of `computed_at`: what annotators read on that day (qa.services.told_figures).
    """

    project = models.ForeignKey("annotator.Project", on_delete=models.CASCADE, related_name="gold_sheets")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    data = models.JSONField(default=dict)
    computed_at = models.DateTimeField()
    told = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "annotator"], name="gold_sheet_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"gold figures of {self.annotator or self.project}"


class ExamAttempt(models.Model):
    """One attempt of a member at a project's exam: who was asked for, and how it ended."""

    project = models.ForeignKey("annotator.Project", on_delete=models.CASCADE, related_name="exam_attempts")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()
    people = models.JSONField()
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    has_passed = models.BooleanField(null=True)
    # A manager let it count for nothing.
    is_excused = models.BooleanField(default=False)
    figures = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "annotator", "number"], name="exam_attempt_number_once"),
            models.UniqueConstraint(
                fields=["project", "annotator"], condition=models.Q(ended_at=None), name="exam_attempt_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.annotator}"


class AutomaticAct(models.Model):
    """Something that the platform did by itself: to whom, why, with which figures; a manager can undo it.

    `figures` say why: the value, the bar, over how many checks. `details` are what undoing it needs.
    """

    class Kind(models.TextChoices):
        PAUSED = "paused", _("Paused")
        REQUEUED = "requeued", _("Asked for second answers")
        QUALIFIED = "qualified", _("Passed the exam")
        EXAM_FAILED = "exam_failed", _("Did not pass the exam")

    # Those that wait for a manager's word.
    GRAVE: ClassVar[frozenset[str]] = frozenset({Kind.PAUSED, Kind.REQUEUED})

    project = models.ForeignKey("annotator.Project", on_delete=models.CASCADE, related_name="automatic_acts")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    subject = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=14, choices=Stage.choices, blank=True)
    figures = models.JSONField(default=dict)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    # A manager has looked at it, and left it or undid it.
    seen_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    outcome = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["project", "-id"], name="automatic_act_by_project")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def waits(self) -> bool:
        """Whether it waits for a manager's word."""
        return self.kind in self.GRAVE and self.seen_at is None
