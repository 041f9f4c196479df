"""manage.py import_coco PROJECT ANNOTATIONS.json IMAGES_DIR"""

import hashlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from annotator.errors import DomainError
from annotator.models import Project, Split
from annotator.selectors.projects import project_by_name
from export.services.image_sources import FolderImages
from export.services.importing import ImportReport, ImportRun, import_annotations
from labels.errors import LabelError


class Command(BaseCommand):
    help = "Import COCO instances, COCO keypoints or DensePose-COCO with a folder of images. Safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's number or name")
        parser.add_argument("annotations", type=Path)
        parser.add_argument("images", type=Path, help="the folder that holds the images")
        parser.add_argument("--split", choices=Split.values, default=Split.TRAIN.value)
        parser.add_argument("--quiet", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["annotations"]
        try:
            project = project_by_name(options["project"])
            if not path.is_file():
                raise CommandError(f"annotations: there is no file {path}")
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            with path.open("rb") as stream, Progress(disable=options["quiet"]) as progress:
                bar = progress.add_task("reading")
                report = import_annotations(
                    ImportRun(
                        project=project,
                        annotations=stream,
                        annotations_name=path.name,
                        sha256=sha256,
                        images=FolderImages(options["images"]),
                        by=None,
                        split=options["split"],
                        on_progress=lambda done, total, text: progress.update(
                            bar, completed=done, total=total, description=text
                        ),
                    )
                )
        except (DomainError, LabelError) as error:
            raise CommandError(str(error)) from error
        self._print(project, report)

    def _print(self, project: Project, report: ImportReport) -> None:
        for entry in report.refused:
            self.stderr.write(f"refused: {entry['kind']} {entry['id']}: {entry['reason']}")
        for name, count in sorted(report.counts.items()):
            self.stdout.write(f"{name.replace('_', ' ')}: {count:,}")
        self.stdout.write(f"Imported into project {project.pk}, {project.name}.")
