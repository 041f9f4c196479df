"""Bring the local database and static files up to date and make the demo; safe to run at every start."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from annotator.models import Job
from annotator.services.jobs import enqueue_job, reap_jobs


class Command(BaseCommand):
    help = "Migrate, collect static files, enqueue what the body needs, and with --demo make the demo project."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="make the demo project where it is missing")
        parser.add_argument("--no-workers", action="store_true", help="no worker is alive: requeue running jobs now")

        parser.add_argument("--no-jobs", action="store_true", help="do not draw views and measure the surface")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        self._collect_static()
        if options["no_workers"]:
            self._requeue_interrupted()
        if options["demo"]:
            from webapp.demo.seed import seed_demo

            seed_demo()
        if options["no_jobs"]:
            return
        # One worker draws the views and then measures the surface, which takes minutes and which nothing waits for.
        enqueue_job("render_views", key="render_views", queue="render")
        # Both see by themselves what is there already.
        enqueue_job("build_geodesics", key="build_geodesics", queue="render")

    def _requeue_interrupted(self) -> None:
        """Give back the jobs of a run that was stopped: with no worker alive, there is no heart to wait for."""
        if Job.objects.filter(state=Job.State.RUNNING).update(heartbeat_at=None):
            reap_jobs()

    def _collect_static(self) -> None:
        """Collect when a source file changed: hashing and compressing takes seconds."""
        stamp = Path(settings.STATIC_ROOT) / ".sources"
        digest = hashlib.sha256()
        for finder in get_finders():
            for path, storage in finder.list([]):
                status = Path(storage.path(path)).stat()
                digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return
        call_command("collectstatic", interactive=False, verbosity=0, clear=False)
        stamp.write_text(digest.hexdigest())
