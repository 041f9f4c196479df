"""Figure sheets: what a page says about a project or one of its annotators, computed by a worker and kept."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from annotator.fields import ArrayColumn


class FigureSheet(models.Model):
    """The kept figures of a project (`annotator` empty) or of one annotator in it.

    `data` is as qa.services.sheets writes it; `vertex_error` (6890,) is the mean distance around each vertex of the
    body in 1/25 cm, 255 where nothing was measured. `told` and `told_vertex_error` are those of before the day of
    `computed_at`: what annotators read on that day (qa.services.told_figures).
    """

    project = models.ForeignKey("annotator.Project", on_delete=models.CASCADE, related_name="sheets")
    annotator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    data = models.JSONField(default=dict)
    vertex_error = ArrayColumn("u1", null=True)
    computed_at = models.DateTimeField()
    told = models.JSONField(null=True)
    told_vertex_error = ArrayColumn("u1", null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "annotator"], name="figure_sheet_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"figures of {self.annotator or self.project}"
