"""Shared truth about a person: sampled points, accepted answers, known truth, proposals."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.fields import ArrayColumn
from annotator.models.answers import Answer, Stage
from annotator.models.images import Person


class PointSet(models.Model):
    """The sampled points of a person, versioned, shared by every annotator.

    `key` (N,) names a point across versions; `xy` (N, 2) float64 are image pixels; `part` (N,) is 1..14.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="point_sets")
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    key = ArrayColumn("i4")
    xy = ArrayColumn("f8", width=2)
    part = ArrayColumn("u1")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "version"], name="point_set_version_once"),
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(is_current=True), name="point_set_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"points v{self.version} of person {self.person_id}"


class Consensus(Answer):
    """The accepted answer of a person at one stage; what export reads.

    `verbatim` holds imported dp_* fields untouched; a new acceptance empties it. `method` says how it came about.
    """

    class Method(models.TextChoices):
        SINGLE = "single", _("Single answer")
        IMPORTED = "imported", _("Imported")
        REVIEWED = "reviewed", _("Settled by a reviewer")
        MERGED = "merged", _("Merged")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consensus")
    stage = models.CharField(max_length=14, choices=Stage.choices)
    method = models.CharField(max_length=8, choices=Method.choices)
    submission = models.ForeignKey("annotator.Submission", on_delete=models.PROTECT, null=True, related_name="+")
    verbatim = models.JSONField(null=True, blank=True)
    answers = models.PositiveSmallIntegerField(default=1)
    # Agreement figures and the like, written by qa; goes along in exports as extra fields.
    figures = models.JSONField(default=dict, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "consensus"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "stage"], name="consensus_once_a_person_and_stage"),
        ]
        indexes: ClassVar = [
            # Whom hidden checks may ask for, in the order in which they are looked for.
            models.Index(fields=["stage", "id"], name="consensus_settled", condition=models.Q(method="reviewed")),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of person {self.person_id}, {self.method}"


class Gold(models.Model):
    """A person whose truth is known: rendered, with a surface point for each pixel, or settled by a reviewer.

    Rendered people are never exported. Whom reviewers settled needs no row here: the accepted answer is the truth, and
    a row of the kind `reviewed` that is not active takes the person out of the checks.
    """

    class Kind(models.TextChoices):
        RENDERED = "rendered", _("Rendered")
        REVIEWED = "reviewed", _("Settled by a reviewer")

    class Purpose(models.TextChoices):
        CHECK = "check", _("Hidden check")
        TUTORIAL = "tutorial", _("Tutorial")
        EXAM = "exam", _("Exam")

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="gold")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.CHECK)
    # What a rendered person was drawn from: the same seed gives the same picture.
    seed = models.BigIntegerField(null=True)
    # Rendered truth: an .npz in storage with a surface point for each pixel.
    truth_file = models.FileField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "gold"

    def __str__(self) -> str:
        return f"{self.kind} gold of person {self.person_id}"


class Proposal(Answer):
    """What a model version, or keypoints, predicted for a person at one stage.

    A row without a label map says that the version looked at the person and has nothing to propose.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="proposals")
    stage = models.CharField(max_length=14, choices=Stage.choices)
    source = models.CharField(max_length=40)
    model_version = models.CharField(max_length=64, blank=True)
    confidence = ArrayColumn("f4", null=True)
    # labels.dense_maps: chart, u and v of the crop's pixels, from which points are proposed once they are sampled.
    surface = models.BinaryField(null=True)
    # 0 sure .. 1: the share of the person whose part changes when the network looks at a slightly larger box.
    uncertainty = models.FloatField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "stage", "source", "model_version"], name="proposal_once_a_model_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} proposal for person {self.person_id}"


class PartViewSet(models.Model):
    """The six rendered views of one part of one surface in one style; files lie in storage under `folder`."""

    surface_hash = models.CharField(max_length=64)
    style_hash = models.CharField(max_length=64)
    part = models.PositiveSmallIntegerField()
    folder = models.CharField(max_length=200)
    manifest = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["surface_hash", "style_hash", "part"], name="part_views_once_a_style"),
        ]

    def __str__(self) -> str:
        return f"views of part {self.part}"
