"""manage.py export_densepose PROJECT --format charts|cse|both --out FILE"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from annotator.errors import DomainError
from annotator.models import Split
from annotator.selectors.projects import project_by_name
from annotator.storage import whole_file
from export.models import Format
from export.services.densepose_file import FileOptions, write_densepose_file
from export.services.files import DigestingFile


class Command(BaseCommand):
    help = "Write a project's accepted annotations as one DensePose-COCO file, whole or not at all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or name")
        parser.add_argument("--format", choices=Format.values, default=Format.CHARTS.value)
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--split", choices=Split.values, default="", help="only this split; all by default")
        parser.add_argument("--only-annotated", action="store_true", help="leave out images without accepted points")
        parser.add_argument("--quiet", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        file_options = FileOptions(options["format"], options["split"], options["only_annotated"])
        try:
            project = project_by_name(options["project"])
            with whole_file(options["out"]) as stream, Progress(disable=options["quiet"]) as progress:
                bar = progress.add_task("people")
                sink = DigestingFile(stream)
                counts = write_densepose_file(
                    sink, project, file_options, lambda done, total: progress.update(bar, completed=done, total=total)
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"--out {options['out']} cannot be written: {error}") from error
        self.stdout.write(
            f"{options['out']}: {counts.images:,} images, {counts.people:,} people, {counts.with_parts:,} with parts, "
            f"{counts.with_points:,} with {counts.points:,} points; sha256 {sink.sha256}"
        )
