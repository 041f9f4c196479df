"""`manage.py create_project NAME --manager USER`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.errors import DomainError
from annotator.models import Project, User
from annotator.services.projects import create_project


class Command(BaseCommand):
    help = "Make a project on the canonical surface and name its first manager."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the project")
        parser.add_argument("--manager", required=True, metavar="USER", help="user name of an account")

    def handle(self, *args: Any, **options: Any) -> None:
        manager = User.objects.filter(username=options["manager"]).first()
        if manager is None:
            raise CommandError(f"--manager: there is no account {options['manager']!r}; make one with createsuperuser")
        try:
            project = create_project(name=options["name"], by=manager)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Project {project.pk}, {project.name}, managed by {manager.username}")
        if others := Project.objects.filter(name=project.name).exclude(pk=project.pk).count():
            self.stdout.write(f"There are {others} more of this name: commands need its number, {project.pk}")
