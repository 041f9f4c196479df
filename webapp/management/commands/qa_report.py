"""`manage.py qa_report PROJECT --out report.html`: the project's figures as one file."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.errors import DomainError
from annotator.selectors.projects import project_by_name
from annotator.storage import whole_file
from webapp.report.build import ReportError, build_report

LANGUAGES = [code for code, _name in settings.LANGUAGES]


class Command(BaseCommand):
    help = "Write a project's figures, and those of its annotators, into one HTML file that needs nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's number or name")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
        parser.add_argument("--annotators", type=int, default=12, help="pages of annotators, flagged ones first")
        parser.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0])

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        try:
            project = project_by_name(options["project"])
            told = self.stdout.write if options["verbosity"] > 1 else None
            report = build_report(
                project, annotators=options["annotators"], language=options["language"], on_progress=told
            )
        except (DomainError, ReportError) as error:
            raise CommandError(str(error)) from error
        with whole_file(out) as sink:
            sink.write(report.encode())
        self.stdout.write(f"{out}: {len(report.encode()) / 1e6:.1f} MB")
