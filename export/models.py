"""Releases: frozen, reproducible exports of a project; what was trained on them and measured with them."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models import Job, ModelVersion, Project


class Format(models.TextChoices):
    CHARTS = "charts", _("Charts (I, U, V)")
    CSE = "cse", _("Vertices (CSE)")
    BOTH = "both", _("Both")


class Release(models.Model):
    """One export as it was at one moment: files, their SHA-256 and a manifest, written once by a job.

    `manifest` lists the files with size and digest, the counts and the options; it is empty until the job is done.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=200, blank=True)
    format = models.CharField(max_length=6, choices=Format.choices, default=Format.CHARTS)
    only_annotated = models.BooleanField(default=False)
    has_images = models.BooleanField(default=False)
    folder = models.CharField(max_length=200, blank=True)
    manifest = models.JSONField(default=dict, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "number"], name="release_number_once_a_project"),
            models.CheckConstraint(condition=models.Q(format__in=Format.values), name="release_format_valid"),
        ]

    def __str__(self) -> str:
        return f"release {self.number} of {self.project}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None


class AnnotationSource(models.Model):
    """A COCO file that was imported: its licences and categories go along in every release."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="annotation_sources")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    licenses = models.JSONField(default=list)
    categories = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "sha256"], name="annotation_source_once_a_project"),
        ]

    def __str__(self) -> str:
        return self.file_name


class Training(models.Model):
    """How a version of a model came about: which release it learnt from, which weights it began with."""

    version = models.OneToOneField(ModelVersion, on_delete=models.CASCADE, related_name="training")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="trainings")
    release_number = models.PositiveIntegerField()  # a number outlives its release
    start = models.ForeignKey(ModelVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    minutes = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.version} from release {self.release_number} of {self.project}"


class Evaluation(models.Model):
    """What a version of a model is worth on the held-out people (split val) of a release, with given boxes.

    `held_out` is the digest of the release's file: two versions are compared where it is the same. `figures` are of all
    people together, `by_person` columns with one entry a person: `densepose.evaluation.report`, rule "exact".
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="evaluations")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluations")
    release_number = models.PositiveIntegerField()
    held_out = models.CharField(max_length=64)
    figures = models.JSONField()
    by_person = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "project", "held_out"], name="evaluation_once_a_held_out_set"),
        ]

    def __str__(self) -> str:
        return f"{self.version} on release {self.release_number} of {self.project}"

    def in_words(self) -> str:
        """Return what a terminal shows of it."""
        names = {"auc10": "AUC@10", "auc30": "AUC@30", "ap": "AP (GPS)"}
        told = [f"{label} {self.figures[name]:.3f}" for name, label in names.items() if self.figures[name] is not None]
        return f"{self.version} on {self.figures['people']} held-out people: {', '.join(told)}"
