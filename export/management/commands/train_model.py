"""`manage.py train_model PROJECT --release N --minutes M`: a new model version, compared with the one it began from."""

import json
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annotator.errors import DomainError
from annotator.models import ModelVersion
from annotator.selectors.projects import project_by_name
from annotator.services.model_versions import set_figures, version_named, weights_of
from export.models import Release
from export.services.training_set import ANNOTATIONS, write_training_set


class Command(BaseCommand):
    help = (
        "Train a model on a release, register it, and measure it and the one it began from on the release's val split. "
        "The same words again go on where they stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or name")
        parser.add_argument("--release", type=int, required=True, help="the release's number; of format charts or both")
        parser.add_argument("--minutes", type=float, required=True, help="budget of the training")
        parser.add_argument("--start", default="lite", help="a bundled network or a file of weights; 'none': ImageNet")
        parser.add_argument("--device", default="cpu", help="cpu or cuda")
        parser.add_argument("--out", type=Path, help="working folder; under the data folder by default")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = project_by_name(options["project"])
            release = Release.objects.filter(project=project, number=options["release"]).first()
            if release is None:
                raise CommandError(f"{project.name} has no release {options['release']}")
            folder = options["out"] or Path(settings.VAR_DIR) / "training" / str(release.pk)
            splits = write_training_set(release, folder / "data")
            start = None if options["start"] == "none" else version_named(options["start"])
            made = self._train(folder, splits, start, options)
            self._measure(release, folder, splits.get("val"), [v for v in (start, made) if v], options["device"])
        except DomainError as error:
            raise CommandError(error.message) from error

    def _train(
        self, folder: Path, splits: dict[str, Path], start: ModelVersion | None, options: dict[str, Any]
    ) -> ModelVersion:
        if "train" not in splits:
            raise CommandError("this release has nobody in its train split")
        run = folder / "run"
        words = ["train", "--data", str(splits["train"]), "--out", str(run), "--minutes", str(options["minutes"])]
        words += ["--held-out", str(splits["val"])] if "val" in splits else []
        words += ["--device", options["device"]]
        if start is None:
            _densepose(words)
        else:
            with weights_of(start) as weights:
                _densepose([*words, "--weights", str(weights)])
        made = version_named(str(run / "model.safetensors"))
        self.stdout.write(f"registered {made}")
        return made

    def _measure(
        self, release: Release, folder: Path, held_out: Path | None, versions: list[ModelVersion], device: str
    ) -> None:
        if held_out is None:
            self.stdout.write("nobody is in the val split of this release: nothing was measured")
            return
        for version in versions:
            out = folder / f"evaluation-{version.digest[:16]}"
            with weights_of(version) as weights:
                _densepose(
                    ["evaluate", "--weights", str(weights), "--data", str(held_out / ANNOTATIONS), "--boxes-given",
                     "--images", str(held_out / "images"), "--out", str(out), "--device", device,
                     "--geodesics", str(Path(settings.VAR_DIR) / "geodesics")]
                )  # fmt: skip
            measured = json.loads((out / "evaluation.json").read_text())
            points = measured["points_by_rule"]["exact"]
            figures = {
                "release": str(release.pk), "people": measured["people"], "points": measured["points"],
                "auc10": points["AUC@10"], "auc30": points["AUC@30"], "median_cm": points["median_cm"],
            }  # fmt: skip
            set_figures(version=version, figures={**version.figures, f"release {release.pk}": figures})
            shown = ", ".join(f"{name} {figures[name]:.3f}" for name in ("auc10", "auc30") if figures[name] is not None)
            self.stdout.write(f"{version} on {figures['people']} held-out people: {shown}")


def _densepose(words: list[str]) -> None:
    """Run the library's own command; what it says goes on to the terminal."""
    command = [sys.executable, "-m", "densepose", *words]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, check=False)  # noqa: S603 - our own
    if ended.returncode:
        raise CommandError(f"python -m densepose {words[0]} failed with status {ended.returncode}")
