"""`manage.py evaluate_model PROJECT --release N --model NAME`: measure a version on its held-out people."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotator.errors import DomainError
from annotator.models import Split
from annotator.services.model_versions import version_named
from export.management.release_argument import NOBODY_HELD_OUT, add_release_arguments, release_and_folder
from export.services.model_training import measure_version
from export.services.training_set import write_training_set


class Command(BaseCommand):
    help = "Measure a model on the val split of a release, to be compared with others on the page of models."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_release_arguments(parser)
        parser.add_argument("--model", default="lite", help="a bundled network, or a file of weights")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            release, folder = release_and_folder(options)
            version = version_named(options["model"])
            held_out = write_training_set(release, folder / "data").get(Split.VAL)
            if held_out is None:
                raise CommandError(NOBODY_HELD_OUT)
            evaluation = measure_version(
                version=version, release=release, held_out=held_out, device=options["device"],
                folder=folder / f"evaluation-{version.digest[:16]}",
            )  # fmt: skip
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(evaluation.in_words())
