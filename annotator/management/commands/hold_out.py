"""`manage.py hold_out PROJECT --share 0.1`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.errors import DomainError
from annotator.models import Image, Split
from annotator.selectors.projects import project_by_name
from annotator.services.images import hold_out


class Command(BaseCommand):
    help = (
        "Put a share of a project's images into the val split, sequences whole; the next releases hold them apart. "
        "Models that learnt from earlier releases have seen them: train these anew before comparing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's number or name")
        parser.add_argument("--share", type=float, default=0.1, help="of the images; 0.1 by default")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = project_by_name(options["project"])
            moved = hold_out(project=project, share=options["share"])
        except DomainError as error:
            raise CommandError(error.message) from error
        n_held_out = Image.objects.filter(project=project, split=Split.VAL).count()
        self.stdout.write(f"{moved:,} images moved; {n_held_out:,} are in the val split of {project.name}")
        if moved:
            self.stdout.write("Models that learnt from earlier releases have seen them: train these anew to compare.")
