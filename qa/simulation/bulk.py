"""Simulated work by the tens of thousands: the rows that the API would have made, copied into the database.

Answers are drawn as for the API. Where many people show one scene, each kind of annotator draws a repertoire of answers
to it, of which later ones are taken: two answers to one person are never the same one.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db import connection, models, transaction
from django.utils import timezone

from annotator.models import Consensus, Person, PointSet, Project, Stage, Submission, Task, User
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import LabelMap, pack
from labels.sampling import sample_points
from qa.simulation.answers import PointsAnswer, UInt8, truthful
from qa.simulation.players import Player
from qa.simulation.stand_ins import stand_in
from rendering.views.style import STYLE_HASH

_PEOPLE_AT_ONCE: Final = 500
# Answers drawn to one scene by one kind of annotator before they are taken again.
_REPERTOIRE: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What all people of one scene share: crop, true parts, sampled points, their truth."""

    crop: Crop
    label_map: LabelMap
    key: Any
    xy: Any
    part: UInt8
    truth: SurfacePoints
    settled: PointsAnswer


def scene_of(person: Person, seed: int) -> Scene:
    """Sample a scene's points from its true parts."""
    shown, crop = stand_in(seed), person.crop()
    label_map = shown.label_map(crop)
    sampled = sample_points(label_map, 0)
    xy = crop.to_image(sampled.xy)
    truth = shown.truth_at(xy)
    return Scene(crop, label_map, sampled.key, xy, sampled.part, truth, truthful(sampled.part, truth))


@dataclass(slots=True)
class BulkPlay:
    """A project being filled.

    Attributes:
        project, reviewer: where, and who settles.
        seats: accounts with their players.
        settled_share: share of people whose points a reviewer settled by the truth.
        since: when the first answer was given; the last is given now.
    """

    project: Project
    reviewer: User
    seats: Sequence[tuple[User, Player]]
    settled_share: float
    since: datetime
    rng: np.random.Generator
    _scenes: dict[int, Scene] = field(default_factory=dict)
    _drawn: dict[tuple[Any, int, int], list[PointsAnswer]] = field(default_factory=lambda: defaultdict(list))
    _painted: dict[tuple[Any, int], list[tuple[bytes, float]]] = field(default_factory=lambda: defaultdict(list))

    def load(self, people: Sequence[tuple[Person, int]], on_progress: Callable[[int], None] | None = None) -> int:
        """Write the answers of people who have none yet; returns how many answers."""
        n, done = 0, 0
        span = timezone.now() - self.since
        for batch in _batches(people, _PEOPLE_AT_ONCE):
            with transaction.atomic():
                times = [self.since + span * ((done + place) / len(people)) for place in range(len(batch))]
                n += self._load_batch(batch, times)
            done += len(batch)
            if on_progress is not None:
                on_progress(done)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return n

    def _load_batch(self, batch: Sequence[tuple[Person, int]], times: Sequence[datetime]) -> int:
        tasks = _tasks_of([person for person, _seed in batch])
        sets, submissions, consensus = [], [], []
        for (person, seed), at in zip(batch, times, strict=True):
            scene = self._scenes.get(seed) or self._scenes.setdefault(seed, scene_of(person, seed))
            points = PointSet(person=person, version=1, key=scene.key, xy=scene.xy, part=scene.part, created_at=at)
            sets.append(points)
            parts = self._parts(tasks[person.pk, Stage.PARTS], scene, seed, at)
            answers = self._points(tasks[person.pk, Stage.CORRESPONDENCE], scene, seed, at, points)
            submissions += [*parts, *answers]
            consensus.append(_accepted(person, parts[0], Consensus.Method.SINGLE, None))
            if self.rng.random() < self.settled_share:
                settled = self._submission(answers[0].task, self.reviewer, at + timedelta(hours=1))
                settled.origin, settled.supersedes = Submission.Origin.REVIEW, answers[0]
                _put(settled, scene.settled, points)
                submissions.append(settled)
                consensus.append(_accepted(person, settled, Consensus.Method.REVIEWED, self.reviewer))
            elif len(answers) == 1 and not self.project.is_review_required:
                consensus.append(_accepted(person, answers[0], Consensus.Method.SINGLE, None))
        for rows in (sets, submissions, consensus):
            copy_rows(rows)
        self._close(tasks, {row.person_id for row in consensus if row.stage == Stage.CORRESPONDENCE})
        return len(submissions)

    def _parts(self, task: Task, scene: Scene, seed: int, at: datetime) -> list[Submission]:
        found = []
        for user, player in self._chosen(task.overlap):
            packed, seconds = self._painting(player, scene, seed)
            row = self._submission(task, user, at - timedelta(hours=2))
            row.crop_x, row.crop_y, row.crop_width, row.crop_height = (
                scene.crop.x, scene.crop.y, scene.crop.width, scene.crop.height
            )  # fmt: skip
            row.label_map, row.active_ms = packed, round(1000 * seconds)
            row.parts_not_visible = np.zeros(0, np.uint8)
            found.append(row)
        return found

    def _points(self, task: Task, scene: Scene, seed: int, at: datetime, points: PointSet) -> list[Submission]:
        found: list[Submission] = []
        first: PointsAnswer | None = None
        chosen = sorted(self._chosen(task.overlap), key=lambda seat: seat[1].habits.copying)
        for place, (user, player) in enumerate(chosen):
            answer = self._answer(player, scene, seed, place, first)
            first = first or answer
            row = self._submission(task, user, at + timedelta(minutes=place))
            _put(row, answer, points)
            found.append(row)
        return found

    def _chosen(self, n: int) -> list[tuple[User, Player]]:
        return [self.seats[index] for index in self.rng.choice(len(self.seats), n, replace=False)]

    def _answer(self, player: Player, scene: Scene, seed: int, place: int, first: PointsAnswer | None) -> PointsAnswer:
        if player.habits.drift or player.habits.copying:
            return player.answer(scene.part, scene.truth, first)
        known = self._drawn[player.habits, seed, place]
        if len(known) < _REPERTOIRE:
            known.append(player.answer(scene.part, scene.truth))
            return known[-1]
        answer = known[self.rng.integers(len(known))]
        player.put_in.add(answer)
        return answer

    def _painting(self, player: Player, scene: Scene, seed: int) -> tuple[bytes, float]:
        known = self._painted[player.habits, seed]
        if len(known) < _REPERTOIRE:
            painted, seconds = player.paint(scene.label_map)
            known.append((pack(painted), seconds))
            return known[-1]
        return known[self.rng.integers(len(known))]

    def _submission(self, task: Task, user: User, at: datetime) -> Submission:
        return Submission(
            client_uuid=uuid.uuid4(), task=task, annotator=user, created_at=at, origin=Submission.Origin.API,
            surface_hash=self.project.surface_hash, style_hash=STYLE_HASH, active_ms=20_000,
        )  # fmt: skip

    def _close(self, tasks: dict[tuple[int, str], Task], accepted: set[int]) -> None:
        people = {person for person, _stage in tasks}
        Task.objects.filter(person__in=people).update(places_left=0, state=Task.State.DONE)
        waiting = Task.objects.filter(person__in=people - accepted, stage=Stage.CORRESPONDENCE)
        waiting.update(state=Task.State.REVIEW)


def _put(row: Submission, answer: PointsAnswer, points: PointSet) -> None:
    row.point_set, row.status, row.view, row.click = points, answer.status, answer.view, answer.click
    row.triangle, row.weights = answer.surface.triangle, answer.surface.weights
    row.active_ms = round(1000 * answer.seconds)


def _accepted(person: Person, submission: Submission, method: str, by: User | None) -> Consensus:
    columns = {name: value for name, value in submission.answer_columns().items() if name != "point_set_id"}
    return Consensus(
        person=person, stage=submission.task.stage, method=method, submission=submission, accepted_by=by,
        accepted_at=submission.created_at, point_set=submission.point_set, **columns,
    )  # fmt: skip


def _tasks_of(people: Sequence[Person]) -> dict[tuple[int, str], Task]:
    return {(task.person_id, task.stage): task for task in Task.objects.filter(person__in=people)}


def _batches(rows: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (rows[begin : begin + size] for begin in range(0, len(rows), size))


def copy_rows(rows: Sequence[models.Model]) -> None:
    """Insert rows by COPY, with numbers from their sequence; fields that are set by themselves keep what they hold."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(rows)],
        )
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number
        with cursor.copy(f"COPY {connection.ops.quote_name(meta.db_table)} ({columns}) FROM STDIN") as sink:
            for row in rows:
                sink.write_row([_stored(field, row) for field in fields])


def _stored(field: "models.Field[Any, Any]", row: models.Model) -> Any:
    if isinstance(field, models.ForeignKey):
        # The row it points to may have got its number after it was put here.
        related = getattr(row, field.name, None) if field.is_cached(row) else None
        return related.pk if related is not None else getattr(row, field.attname)
    value = field.get_db_prep_save(getattr(row, field.attname), connection)
    return bytes(value) if isinstance(value, memoryview) else value
