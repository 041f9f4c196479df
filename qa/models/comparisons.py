"""What was measured of one answer or one pair of answers, kept once, and the sums over them that figures are made of.

Everything is a whole number, so that sums can be taken back exactly: what a task contributed is subtracted when its
answers change, and the sums are again what a computation from the beginning would give.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from annotator.fields import ArrayColumn


class ChangedTask(models.Model):
    """A task whose answers changed since they were measured; written by triggers in the transaction of the change.

    Rows are only ever added and removed, never locked, so that nobody who submits waits for a worker that measures.
    """

    task_id = models.BigIntegerField()
    project_id = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project_id", "id"], name="changed_task_by_project")]

    def __str__(self) -> str:
        return f"task {self.task_id} changed"


def _loose(to: str, *, null: bool = False, db_index: bool = False) -> Any:
    return models.ForeignKey(
        to, on_delete=models.DO_NOTHING, null=null, related_name="+", db_constraint=False, db_index=db_index
    )


class Comparison(models.Model):
    """One row of a task: an answer alone, an answer and another, or an answer and what a reviewer settled.

    Weeks are counted from Monday 2020-01-06. Keys are not enforced by the database, and rows stay when their task is
    deleted: what they contributed to the sums must be taken back first, by whoever finds the task among the changed.
    """

    class Kind(models.IntegerChoices):
        BETWEEN = 0, "between annotators"
        SETTLED = 1, "against what a reviewer settled"
        ALONE = 2, "one answer"

    task = _loose("annotator.Task", db_index=True)
    # The one key that cascades: a deleted project takes its figures along.
    project = models.ForeignKey(
        "annotator.Project", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    person = _loose("annotator.Person", db_index=True)
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    first = _loose("annotator.Submission")
    second = _loose("annotator.Submission", null=True)
    first_annotator = _loose(settings.AUTH_USER_MODEL, db_index=True)
    second_annotator = _loose(settings.AUTH_USER_MODEL, null=True, db_index=True)
    first_week = models.PositiveSmallIntegerField()
    second_week = models.PositiveSmallIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.first_id}, {self.second_id}"


class PointsComparison(Comparison):
    """The points of an answer alone, or of two answers.

    `n` points were placed by both. Sums over them: `cm` in 1/100 cm; `auc10` of 1000 max(0, 1 - d / 10 cm); `auc30` of
    3000 max(0, 1 - d / 30 cm); `far` beyond 10 cm; swaps by kind. `gps`, `gps_parts` are means in millionths.
    `said` (4,) or (4, 4) counts points by status of the first, and of the second. `points` (N, 6): see
    qa.services.point_pairs.
    """

    n = models.PositiveIntegerField()
    cm = models.PositiveIntegerField()
    auc10 = models.PositiveIntegerField()
    auc30 = models.PositiveIntegerField()
    far = models.PositiveIntegerField()
    left_right = models.PositiveIntegerField()
    front_back = models.PositiveIntegerField()
    inner_outer = models.PositiveIntegerField()
    gps = models.PositiveIntegerField()
    gps_parts = models.PositiveIntegerField()
    said = ArrayColumn("i4")
    points = ArrayColumn("u2", width=6)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "kind", "-cm"], name="points_comparison_worst")]


class PartsComparison(Comparison):
    """The label maps of two answers.

    `iou` of all parts, `mean_iou` over the parts that either has, `outline_iou` of the person, and `exchanged_iou` with
    the sides of swapped limbs exchanged, in millionths. `swapped` is a bit for each limb in the order of
    parts_agreement.LIMBS. `confusion` (225,) pixels by both labels; `boundary` (15,) in 1/1000 px, 0 where not both
    have the part.
    """

    iou = models.PositiveIntegerField()
    mean_iou = models.PositiveIntegerField()
    outline_iou = models.PositiveIntegerField()
    exchanged_iou = models.PositiveIntegerField()
    swapped = models.PositiveSmallIntegerField()
    seen_by_one = models.PositiveSmallIntegerField()
    confusion = ArrayColumn("i4")
    boundary = ArrayColumn("i4")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "kind", "iou"], name="parts_comparison_worst")]


class Tally(models.Model):
    """The sums over all comparisons of a project (`annotator` empty) or of one annotator in it.

    `sums` is a qa.services.tallies vector, deflated; `layout` names its meaning, so that another one is computed anew.
    """

    project = models.ForeignKey("annotator.Project", on_delete=models.CASCADE, related_name="+")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    layout = models.CharField(max_length=40)
    sums = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "annotator"], name="tally_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"sums of {self.annotator_id or self.project_id}"
