"""`manage.py add_gold PROJECT --count N`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.errors import DomainError
from annotator.models import Gold, Job
from annotator.selectors.projects import project_by_name
from annotator.services.jobs import run_job
from qa.services.gold_people import AUTOMATIC, enqueue_gold


class Command(BaseCommand):
    help = "Draw people with known truth and add them to a project; a worker does it, or this process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's number or name")
        parser.add_argument("--count", type=int, default=10, help="how many people")
        parser.add_argument(
            "--purpose", default=AUTOMATIC, choices=[AUTOMATIC, *Gold.Purpose.values],
            help="auto fills up the tutorial, then the exam, then adds hidden checks",
        )  # fmt: skip
        parser.add_argument("--here", action="store_true", help="do it in this process, and wait for it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = project_by_name(options["project"])
            job = enqueue_gold(project=project, count=options["count"], purpose=options["purpose"])
        except DomainError as error:
            raise CommandError(error.message) from error
        if not options["here"]:
            self.stdout.write(f"{options['count']} people for {project.name}: job {job.pk} waits for a worker (render)")
            return
        ended = run_job(job.pk)
        if ended is None:
            raise CommandError(f"job {job.pk} is in the hands of another worker")
        if ended.state != Job.State.DONE:
            raise CommandError(ended.error or f"the job is {ended.state}")
        self.stdout.write(f"{options['count']} people with known truth are in {project.name}")
