"""manage.py validate_densepose FILE: exit status 1 when anything is wrong. Needs no database."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labels.densepose_coco import Level, validate


class Command(BaseCommand):
    help = "Check a DensePose-COCO file for everything that breaks loading or poisons training."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--limit", type=int, default=1000, help="defects of each level to print")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"there is no file {path}")
        with path.open("rb") as stream:
            report = validate(stream, options["limit"])
        for defect in report.defects:
            self.stdout.write(str(defect))
        self.stdout.write(
            f"{path}: {report.n_images:,} images, {report.n_annotations:,} annotations, {report.n_points:,} points in "
            f"{report.n_with_points:,} people; {report.n_errors:,} errors, {report.n_warnings:,} warnings, "
            f"{report.by_level[Level.NOTE]:,} notes"
        )
        if not report.is_valid:
            sys.exit(1)
