"""New versions of models from releases, and what each is worth on a release's held-out people.

The library's own commands do the work in processes of their own; nothing here loads a network.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from annotator.errors import DomainError, InvalidInputError
from annotator.models import ModelVersion, Split
from annotator.services.events import record_event
from annotator.services.model_versions import version_named, weights_of
from annotator.services.preannotation import proposer_of
from export.models import Evaluation, Release, Training
from export.services.training_set import ANNOTATIONS

# Of the library's report: the geodesic between exact surface points, k of the paper, without masks.
_RULE: Final = "exact"
_FIGURES: Final = {"auc10": "AUC@10", "auc30": "AUC@30", "median_cm": "median_cm", "background": "background"}
_PRECISION: Final = {"ap": "AP", "ap50": "AP 0.50", "ap75": "AP 0.75", "ar": "AR"}
_BY_PERSON: Final = {
    "person": "person", "points": "points", "auc10": "AUC@10", "auc30": "AUC@30", "gps": "GPS",
}  # fmt: skip


class LibraryFailedError(DomainError):
    """A command of the library ended with an error; what it said is on the terminal."""

    code = "library_failed"


def train_version(
    *, release: Release, splits: dict[str, Path], start: ModelVersion | None, folder: Path, minutes: float, device: str
) -> ModelVersion:
    """Train on a release and register what comes of it; the same call again goes on where it stopped.

    Args:
        splits: of `write_training_set`.
        start: the version to begin with; None begins with ImageNet's weights.
        folder: where the run lies.

    Raises:
        InvalidInputError: nobody is in the train split.
        LibraryFailedError: the training ended with an error.
    """
    if Split.TRAIN not in splits:
        raise InvalidInputError("this release has nobody in its train split")
    words = ["train", "--data", str(splits[Split.TRAIN]), "--out", str(folder), "--minutes", str(minutes)]
    words += ["--held-out", str(splits[Split.VAL])] if Split.VAL in splits else []
    words += ["--device", device]
    if start is None:
        _library(words)
    else:
        with weights_of(start) as weights:
            _library([*words, "--weights", str(weights)])
    made = version_named(str(folder / "model.safetensors"))
    Training.objects.get_or_create(
        version=made,
        defaults={
            "project": release.project, "release_number": release.number, "start": start, "minutes": minutes,
        },
    )  # fmt: skip
    return made


def measure_version(
    *, version: ModelVersion, release: Release, held_out: Path, folder: Path, device: str
) -> Evaluation:
    """Measure a version on a release's held-out people and keep it; what was measured before is returned.

    Args:
        held_out: the split's folder, of `write_training_set`.
        folder: where the library writes its report and plot.

    Raises:
        LibraryFailedError: the evaluation ended with an error.
    """
    digest = held_out_digest(release)
    known = Evaluation.objects.filter(version=version, project=release.project, held_out=digest).first()
    if known is not None:
        return known
    with weights_of(version) as weights:
        _library(
            ["evaluate", "--weights", str(weights), "--data", str(held_out / ANNOTATIONS), "--boxes-given",
             "--images", str(held_out / "images"), "--out", str(folder), "--device", device,
             "--geodesics", str(Path(settings.VAR_DIR) / "geodesics")]
        )  # fmt: skip
    figures, by_person = _kept(json.loads((folder / "evaluation.json").read_text(encoding="utf-8")))
    with transaction.atomic():
        made = Evaluation.objects.create(
            version=version, project=release.project, release_number=release.number, held_out=digest,
            figures=figures, by_person=by_person,
        )  # fmt: skip
        record_event(verb="measured", target=version, project=release.project, after=figures)
    return made


def versions_to_compare(release: Release, start: ModelVersion | None, made: ModelVersion) -> list[ModelVersion]:
    """Return whom a new version is measured beside, the new one last: its start, what proposes now, the one before."""
    before = Training.objects.filter(project=release.project).exclude(version=made).select_related("version").first()
    wanted = [start, proposer_of(release.project), before.version if before else None, made]
    unique = {version.pk: version for version in wanted if version is not None and version.pk != made.pk}
    return [*unique.values(), made]


def held_out_digest(release: Release) -> str:
    """Return the digest of a finished release's file of held-out people; empty where there is none."""
    files = release.manifest.get("files", [])
    return next((str(entry["sha256"]) for entry in files if entry.get("split") == Split.VAL), "")


def _kept(report: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    points = report["points_by_rule"][_RULE]
    precision = report["precision"][_RULE]["paper"]["GPS"]
    figures = {"people": report["people"], "points": report["points"]}
    figures |= {ours: points[name] for ours, name in _FIGURES.items()}
    figures |= {ours: precision[name] for ours, name in _PRECISION.items()}
    return figures, {ours: points["by_person"][name] for ours, name in _BY_PERSON.items()}


def _library(words: list[str]) -> None:
    """Run the library's own command; what it says goes on to the terminal."""
    command = [sys.executable, "-m", "densepose", *words]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, check=False)  # noqa: S603 - our own
    if ended.returncode:
        raise LibraryFailedError(f"python -m densepose {words[0]} failed with status {ended.returncode}")
