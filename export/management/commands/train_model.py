"""`manage.py train_model PROJECT --release N --minutes M`: a new model version, compared with those before it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.errors import DomainError
from annotator.models import Split
from annotator.services.model_versions import version_named
from export.management.release_argument import NOBODY_HELD_OUT, add_release_arguments, release_and_folder
from export.services.model_training import measure_version, train_version, versions_to_compare
from export.services.training_set import write_training_set


class Command(BaseCommand):
    help = (
        "Train a model on a release, register it, and measure it on the release's val split beside the one it began "
        "from, the one that proposes now and the one trained before. The same words again go on where they stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_release_arguments(parser)
        parser.add_argument("--minutes", type=float, required=True, help="budget of the training")
        parser.add_argument("--start", default="lite", help="a bundled network or a file of weights; 'none': ImageNet")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._train(options)
        except DomainError as error:
            raise CommandError(error.message) from error

    def _train(self, options: dict[str, Any]) -> None:
        release, folder = release_and_folder(options)
        splits = write_training_set(release, folder / "data")
        start = None if options["start"] == "none" else version_named(options["start"])
        run = f"run-{start.digest[:16] if start else 'none'}"  # other weights to begin with are another run
        made = train_version(
            release=release, splits=splits, start=start, folder=folder / run, minutes=options["minutes"],
            device=options["device"],
        )  # fmt: skip
        self.stdout.write(f"registered {made}")
        held_out: Path | None = splits.get(Split.VAL)
        if held_out is None:
            self.stdout.write(f"{NOBODY_HELD_OUT}: nothing was measured")
            return
        for version in versions_to_compare(release, start, made):
            evaluation = measure_version(
                version=version, release=release, held_out=held_out, device=options["device"],
                folder=folder / f"evaluation-{version.digest[:16]}",
            )  # fmt: skip
            self.stdout.write(evaluation.in_words())
