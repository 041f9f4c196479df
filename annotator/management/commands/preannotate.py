"""`manage.py preannotate PROJECT --model lite|FILE`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.errors import DomainError
from annotator.models import Job
from annotator.selectors.projects import project_by_name
from annotator.services.jobs import create_job, run_job
from annotator.services.model_versions import version_named
from annotator.services.preannotation import enqueue_preannotation, job_key


class Command(BaseCommand):
    help = "Let a model propose parts and points for everyone in a project; a worker does it, or this process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's number or name")
        parser.add_argument("--model", default="lite", help="a bundled network, or a file of weights")
        parser.add_argument("--here", action="store_true", help="do it in this process, and wait for it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = project_by_name(options["project"])
            version = version_named(options["model"])
        except DomainError as error:
            raise CommandError(error.message) from error
        if not options["here"]:
            job = enqueue_preannotation(project=project, version=version)
            self.stdout.write(f"{version} for {project.name}: job {job.pk} waits for a worker of the queue gpu")
            return
        params = {"version": version.pk}
        job = create_job("preannotate", key=job_key(project, version), params=params, project=project, queue="gpu")
        ended = run_job(job.pk)
        if ended is None:
            raise CommandError(f"job {job.pk} is in the hands of another worker")
        if ended.state != Job.State.DONE:
            raise CommandError(ended.error or f"the job is {ended.state}")
        self.stdout.write(ended.message)
