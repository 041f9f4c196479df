"""How far the answers to a task agree, and what came of it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models import Person, Project, Task


class MergeDecision(models.Model):
    """The answers to a task, compared once all wanted ones are there; written again when another comes.

    `disagreement` 0..1 is the share of the person's pixels or points that are disputed, `at_stake` how many that are:
    reviewers see the cases with most at stake first. `newest` is the last submission that was read. `figures` is as
    qa.services.merging writes it. Project and person are the task's, beside the share, so that lists of people are
    ordered by it from one index.
    """

    class Outcome(models.TextChoices):
        MERGED = "merged", _("Merged")
        ANOTHER = "another", _("One more answer asked for")
        REVIEWER = "reviewer", _("For a reviewer")

    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="merge_decision")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="merge_decisions")
    newest = models.BigIntegerField()
    answers = models.PositiveSmallIntegerField()
    disagreement = models.FloatField()
    at_stake = models.FloatField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    figures = models.JSONField(default=dict)
    compared_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(disagreement__gte=0, disagreement__lte=1),
                name="merge_disagreement_in_range",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "-disagreement", "-person"], name="merge_most_disputed"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.answers} answers to task {self.task_id}"
