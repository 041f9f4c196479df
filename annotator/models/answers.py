"""What an answer is made of, in columns of arrays: the same for drafts' results, submissions and accepted consensus."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.fields import ArrayColumn
from labels.boxes import Crop
from labels.label_maps import LabelMap, unpack


class Stage(models.TextChoices):
    PARTS = "parts", _("Parts")
    CORRESPONDENCE = "correspondence", _("Points")


class PointStatus(models.IntegerChoices):
    """What was said about one sampled point. Only placed points are exported."""

    PLACED = 1, _("placed")
    CANNOT_TELL = 2, _("cannot tell")
    NOT_THIS_PART = 3, _("not this part")


class Answer(models.Model):
    """Columns of one answer.

    Parts: `label_map` is labels.label_maps.pack of a (crop_height, crop_width) map at the crop given in whole image
    pixels; `parts_not_visible` lists part numbers decided as not visible.
    Correspondence: vectors of equal length N in the order of the point set; `view` 1..6 and `click` (N, 2) in picture
    pixels are what was clicked (0 and NaN where nothing was); `triangle` and `weights` are the server's own surface
    points (-1 and 0 where the status is not placed).
    """

    crop_x = models.IntegerField(null=True)
    crop_y = models.IntegerField(null=True)
    crop_width = models.PositiveIntegerField(null=True)
    crop_height = models.PositiveIntegerField(null=True)
    label_map = models.BinaryField(null=True)
    parts_not_visible = ArrayColumn("u1", null=True)

    point_set = models.ForeignKey("annotator.PointSet", on_delete=models.PROTECT, null=True, related_name="+")
    status = ArrayColumn("u1", null=True)
    view = ArrayColumn("u1", null=True)
    click = ArrayColumn("f8", width=2, null=True)
    triangle = ArrayColumn("i4", null=True)
    weights = ArrayColumn("f8", width=3, null=True)
    # The pictures that were shown; old views stay readable under this pair.
    surface_hash = models.CharField(max_length=64, blank=True)
    style_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        abstract = True

    ANSWER_FIELDS: ClassVar[tuple[str, ...]] = (
        "crop_x", "crop_y", "crop_width", "crop_height", "label_map", "parts_not_visible",
        "point_set_id", "status", "view", "click", "triangle", "weights", "surface_hash", "style_hash",
    )  # fmt: skip

    def painted(self) -> tuple[LabelMap, Crop] | None:
        """Return the label map and its crop, None where the answer holds no map."""
        if self.label_map is None or not (self.crop_width and self.crop_height):
            return None
        crop = Crop(self.crop_x or 0, self.crop_y or 0, self.crop_width, self.crop_height)
        return unpack(bytes(self.label_map), crop.shape), crop

    def answer_columns(self) -> dict[str, object]:
        """Return the answer's columns, ready to make another row of the same answer."""
        return {name: getattr(self, name) for name in self.ANSWER_FIELDS}
