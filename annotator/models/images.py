"""Photographs and the people in them."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.projects import Project
from labels.boxes import Box, Crop, crop_around


class Split(models.TextChoices):
    TRAIN = "train", _("Train")
    VAL = "val", _("Validation")


class Image(models.Model):
    """A photograph. `group` keeps frames of one sequence in one split; `source` is the COCO record verbatim."""

    class State(models.TextChoices):
        READY = "ready", _("Ready")
        UNREADABLE = "unreadable", _("Cannot be read")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="images")
    # Name as given by the uploader or the COCO file; never used as a path on disk.
    file_name = models.CharField(max_length=255)
    file = models.FileField(max_length=200)
    content_type = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    split = models.CharField(max_length=5, choices=Split.choices, default=Split.TRAIN)
    group = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    # Hash of the model version that looked for people here last.
    searched_by = models.CharField(max_length=64, blank=True)
    source_id = models.BigIntegerField(null=True, blank=True)
    source = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "source_id"], name="image_source_id_once_a_project"),
            models.UniqueConstraint(fields=["project", "file_name", "sha256"], name="image_once_a_project"),
            models.CheckConstraint(condition=models.Q(split__in=Split.values), name="image_split_valid"),
            models.CheckConstraint(condition=models.Q(width__gt=0, height__gt=0), name="image_size_positive"),
        ]

    def __str__(self) -> str:
        return self.file_name


class Person(models.Model):
    """One person in an image.

    The box is float XYWH in image pixels. `keypoints` are 51 numbers as in COCO; `mask` is the COCO segmentation
    verbatim (polygons or RLE over the whole image). `source` keeps the other imported COCO fields verbatim.
    """

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="people")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="people")
    box_x = models.FloatField()
    box_y = models.FloatField()
    box_width = models.FloatField()
    box_height = models.FloatField()
    is_crowd = models.BooleanField(default=False)
    is_ignored = models.BooleanField(default=False)
    # Found by a detector; nobody gets them before someone confirmed that it is a person.
    is_proposed = models.BooleanField(default=False)
    keypoints = models.JSONField(null=True, blank=True)
    mask = models.JSONField(null=True, blank=True)
    source_id = models.BigIntegerField(null=True, blank=True)
    source = models.JSONField(default=dict, blank=True)
    is_deleted = models.BooleanField(default=False)
    # Raised at every change of box or flags: a stale edit is refused.
    revision = models.PositiveIntegerField(default=1)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name_plural = "people"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "source_id"], name="person_source_id_once_a_project"),
            models.CheckConstraint(
                condition=models.Q(box_width__gt=0, box_height__gt=0), name="person_box_has_an_area"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["project", "id"], name="person_by_project")]

    def __str__(self) -> str:
        return f"person {self.pk} in {self.image_id}"

    @property
    def box(self) -> Box:
        return Box(self.box_x, self.box_y, self.box_width, self.box_height)

    @property
    def is_annotatable(self) -> bool:
        return not (self.is_crowd or self.is_ignored or self.is_proposed or self.is_deleted)

    def crop(self) -> Crop:
        """Return the whole-pixel crop that annotators see around the current box."""
        return crop_around(self.box, (self.image.width, self.image.height))
