"""What a project asks of those who annotate it: the exam's bars, the running bars, and what follows."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

_SHARE: list[MinValueValidator | MaxValueValidator] = [MinValueValidator(0), MaxValueValidator(1)]


def _count(low: int, high: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(low), MaxValueValidator(high)]


class QualityPolicy(models.Model):
    """The bars of one project; a project without a row has the defaults.

    The published human accuracy on renders is an AUC@10 cm of 0.563: the bars lie well below it, so that they stop what
    is careless and not what is difficult.
    """

    project = models.OneToOneField("annotator.Project", on_delete=models.CASCADE, related_name="quality_policy")
    tutorial_people = models.PositiveSmallIntegerField(default=2, validators=_count(1, 10))
    exam_people = models.PositiveSmallIntegerField(default=3, validators=_count(1, 20))
    exam_iou = models.FloatField(default=0.5, validators=_SHARE)
    exam_auc10 = models.FloatField(default=0.4, validators=_SHARE)
    exam_attempts = models.PositiveSmallIntegerField(default=3, validators=_count(1, 20))
    exam_wait_hours = models.PositiveSmallIntegerField(default=1, validators=_count(0, 720))
    # The running check: the mean of the last `check_window` checks of a stage, once there are `check_minimum`.
    pauses_below_bar = models.BooleanField(default=True)
    requeues_below_bar = models.BooleanField(default=True)
    check_iou = models.FloatField(default=0.45, validators=_SHARE)
    check_auc10 = models.FloatField(default=0.35, validators=_SHARE)
    check_window = models.PositiveSmallIntegerField(default=8, validators=_count(2, 100))
    check_minimum = models.PositiveSmallIntegerField(default=4, validators=_count(2, 100))
    # Rendered people of a project are numbered, so that each is drawn once.
    next_seed = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name_plural = "quality policies"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(check_minimum__lte=models.F("check_window")), name="quality_minimum_within_window"
            ),
        ]

    def __str__(self) -> str:
        return f"bars of {self.project}"
