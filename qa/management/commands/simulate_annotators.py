"""`manage.py simulate_annotators PROJECT --annotators N --people M`: play annotators whose habits are known."""

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotator.errors import DomainError
from annotator.models import Project, Role, Stage, Task, User
from annotator.selectors.projects import project_by_name
from annotator.services.accounts import create_token
from qa.simulation.bulk import BulkPlay
from qa.simulation.habits import PRESETS, USUAL_MIX, Habits, HabitsError, habits_of_file, habits_of_mix
from qa.simulation.over_http import Client, Game, SimulationError, settle, take_seats
from qa.simulation.players import Player
from qa.simulation.world import add_members, add_people, real_people

MAX_PEOPLE_OVER_HTTP = 2000


class Command(BaseCommand):
    help = (
        "Play annotators with chosen habits on rendered people whose truth is known: over the API of a running server "
        "(--url, up to 2,000 people), or straight into the database (--bulk). Presets: " + ", ".join(PRESETS) + "."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's number or name; one made for this")
        parser.add_argument("--annotators", type=int, help="how many; the mix is repeated or cut to that")
        parser.add_argument("--people", type=int, default=100, help="how many new people (default 100)")
        parser.add_argument("--tasks", type=int, help="tasks of each stage an annotator does at most (default: all)")
        parser.add_argument("--seed", type=int, default=0, help="the same seed plays the same answers")
        parser.add_argument("--mix", default=USUAL_MIX, help=f"presets and how many of each (default {USUAL_MIX})")
        parser.add_argument("--habits", type=Path, metavar="FILE", help="a JSON table of habits instead of --mix")
        parser.add_argument(
            "--settled", type=float, default=0.3, help="share of people a reviewer settles by the truth"
        )
        parser.add_argument("--scenes", type=int, default=24, help="different pictures (default 24; a second each)")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of the running server")
        parser.add_argument("--threads", type=int, default=8, help="requests at once")
        parser.add_argument("--bulk", action="store_true", help="write rows straight into the database")
        parser.add_argument("--days", type=float, default=30, help="with --bulk: over how many days (default 30)")
        parser.add_argument("--put-in", type=Path, metavar="FILE", help="write as JSON what was put in, by annotator")
        parser.add_argument("--force", action="store_true", help="also where real people are, and in production")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = project_by_name(options["project"])
            habits = self._habits(options)
            self._check(project, options)
            reviewer = add_members(project, [Habits(name="reviewer")], Role.REVIEWER)[0]
            users = add_members(project, habits)
            seeds = np.random.default_rng(options["seed"]).spawn(len(habits))
            players = [Player(one, rng) for one, rng in zip(habits, seeds, strict=True)]
            self._say(f"drawing {min(options['scenes'], options['people'])} people")
            scenes = range(options["seed"] * 1000, options["seed"] * 1000 + options["scenes"])
            people = add_people(project, options["people"], scenes, reviewer)
            if options["bulk"]:
                self._bulk(project, reviewer, list(zip(users, players, strict=True)), people, options)
            else:
                self._over_http(project, reviewer, users, players, options)
        except (DomainError, HabitsError, SimulationError) as error:
            raise CommandError(str(error)) from error
        self._tell(users, players, options["put_in"])

    def _habits(self, options: dict[str, Any]) -> list[Habits]:
        if options["habits"] is not None:
            found = habits_of_file(options["habits"])
            return found[: options["annotators"]] if options["annotators"] else found
        return habits_of_mix(options["mix"], options["annotators"])

    def _check(self, project: Project, options: dict[str, Any]) -> None:
        if not options["bulk"] and options["people"] > MAX_PEOPLE_OVER_HTTP:
            raise CommandError(f"over the API at most {MAX_PEOPLE_OVER_HTTP} people are played; add --bulk for more")
        if not 0 <= options["settled"] <= 1 or min(options["people"], options["scenes"]) < 1:
            raise CommandError("--settled is a share from 0 to 1; --people and --scenes are 1 or more")
        if options["force"]:
            return
        if settings.IS_PRODUCTION:
            raise CommandError("this is a production server; --force plays here all the same")
        if real := real_people(project):
            raise CommandError(f"{project.name} holds {real} people that are not simulated; make a project for this")

    def _bulk(
        self, project: Project, reviewer: User, seats: list[tuple[User, Player]], people: list[Any],
        options: dict[str, Any],
    ) -> None:  # fmt: skip
        since = timezone.now() - timedelta(days=options["days"])
        rng = np.random.default_rng([options["seed"], 1])
        play = BulkPlay(project, reviewer, seats, options["settled"], since, rng)
        n = play.load(people, on_progress=lambda done: self._say(f"{done} of {len(people)} people"))
        self._say(f"wrote {n} answers")

    def _over_http(
        self, project: Project, reviewer: User, users: list[User], players: list[Player], options: dict[str, Any]
    ) -> None:
        game = Game(project)
        seats = take_seats(options["url"], users, players)
        client = Client(options["url"], create_token(user=reviewer, name="simulation", days=1)[1])
        for stage in Stage:
            overlap = project.overlap_for(stage.value)
            each = options["tasks"] or -(-options["people"] * overlap // len(seats)) * 2
            n = game.play(seats, stage, each, options["threads"])
            self._say(f"{stage.label}: {n} answers")
            tasks = Task.objects.filter(project=project, stage=stage, submissions__isnull=False).distinct()
            chosen = list(tasks.order_by("pk"))[: round(options["settled"] * tasks.count())]
            self._say(f"{stage.label}: {settle(game, client, chosen)} settled by the reviewer")

    def _tell(self, users: list[User], players: list[Player], path: Path | None) -> None:
        rows = [
            {"id": user.pk, "username": user.username, **asdict(player.put_in), "put": asdict(player.habits)}
            for user, player in zip(users, players, strict=True)
        ]
        for row in rows:
            mean = f"mean error put in {row['error_cm'] / row['errors']:.2f} cm" if row["errors"] else "no points"
            self._say(f"{row['username']:14} {row['habits']:10} {row['tasks']:5} tasks, {mean}")
        if path is not None:
            path.write_text(json.dumps(rows, indent=1), encoding="utf-8")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()
