"""The networks that propose: which weights, and where they lie."""

from typing import ClassVar

from django.db import models


class ModelVersion(models.Model):
    """One set of weights, told apart by the hash of its file.

    `bundled` names weights that lie beside the code; all others are kept in storage under `file`. What was measured of
    it, and what it was trained on, is `export.models`.
    """

    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    bundled = models.CharField(max_length=40, blank=True)
    file = models.FileField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name} · {self.digest[:8]}"
