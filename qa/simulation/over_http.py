"""Simulated annotators over the real API: they ask for tasks, save drafts, click in the views and submit, by HTTP.

The server finds each surface point from the click by itself; only what stands in for an annotator's eyes, the truth of
the person shown, comes from beside the API.
"""

import base64
import http.client
import json
import time
import urllib.parse
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from django.db import close_old_connections, connections

from annotator.models import Lease, PointStatus, Project, Stage, Submission, Task, User
from annotator.services.accounts import create_token
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import pack, parts_present
from qa.simulation.answers import Float64, PointsAnswer, truthful
from qa.simulation.players import Player
from qa.simulation.stand_ins import StandIn, seed_of, stand_in

_TIMEOUT_S: Final = 60.0
# Someone who copies waits this long for another's answer to the same task.
_COPY_PATIENCE_S: Final = 3.0
_TOKEN_DAYS: Final = 1


class SimulationError(RuntimeError):
    """The server did not answer as it should, or the project is not one to play in."""


class Client:
    """One account on one kept connection, with a bearer token."""

    def __init__(self, url: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SimulationError(f"{url!r} is not the address of a server, like http://127.0.0.1:8000")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_S)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the server's answer.

        Raises:
            SimulationError: it did not answer, or refused.
        """
        try:
            status, content = self._request(method, path, json.dumps(body or {}))
            told: dict[str, Any] = json.loads(content)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SimulationError(f"{method} {path}: {error!r}; is the server running?") from error
        if status not in {200, 201}:
            raise SimulationError(f"{method} {path}: {status} {told}")
        return told

    def _request(self, method: str, path: str, body: str) -> tuple[int, bytes]:
        """Ask once more where the server had closed the idle connection: every call may be repeated."""
        for is_last in (False, True):
            try:
                self._connection.request(method, f"/api/v1/{path}", body, self._headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (ConnectionError, http.client.BadStatusLine):
                self._connection.close()
                if is_last:
                    raise
        raise AssertionError("not reached")


@dataclass(slots=True)
class Seat:
    """A player at the API."""

    user: User
    player: Player
    client: Client
    painted: int = 0
    answered: int = 0
    done: list[int] = field(default_factory=list)


def take_seats(url: str, users: Sequence[User], players: Sequence[Player]) -> list[Seat]:
    """Give each player's account a token that ends tomorrow, and a connection."""
    return [
        Seat(user, player, Client(url, create_token(user=user, name="simulation", days=_TOKEN_DAYS)[1]))
        for user, player in zip(users, players, strict=True)
    ]


class Game:
    """A project and the truth of its simulated people."""

    def __init__(self, project: Project) -> None:
        self.project = project
        rows = Task.objects.filter(project=project).values_list("pk", "person__image__source")
        self._scene = {pk: seed_of(source) for pk, source in rows}

    def shown(self, task: int) -> StandIn:
        """Return whom a task shows.

        Raises:
            SimulationError: a person that is not simulated.
        """
        seed = self._scene.get(task)
        if seed is None:
            raise SimulationError(f"task {task} is of a person that is not simulated: its truth is not known")
        return stand_in(seed)

    def play(self, seats: Sequence[Seat], stage: Stage, tasks_each: int, threads: int = 8) -> int:
        """Let everyone do tasks of a stage, in rounds of one task each, until they have enough or nothing is open.

        Who copies comes last in a round, when there is something to copy.

        Returns:
            how many answers were handed in.
        """
        done = 0
        groups = [[seat for seat in seats if bool(seat.player.habits.copying) == copies] for copies in (False, True)]
        with ThreadPoolExecutor(threads) as pool:
            for _round in range(tasks_each):
                turns = sum(sum(pool.map(lambda seat: self._turn(seat, stage), group)) for group in groups)
                done += turns
                if not turns:
                    break
        return done

    def _turn(self, seat: Seat, stage: Stage) -> bool:
        """Do one task; returns whether there was one."""
        close_old_connections()
        try:
            bundle = seat.client.call("POST", f"projects/{self.project.pk}/next", {"stage": stage.value})
            if bundle["lease"] is None:
                return False
            # Who plays by the API is not told which task it is; who plays the game looks behind the scene.
            task = Lease.objects.values_list("task_id", flat=True).get(pk=bundle["lease"]["id"])
            if stage == Stage.PARTS:
                answer, seconds = self._painting(seat, bundle, task)
            else:
                answer, seconds = self._points(seat, bundle, task)
            _hand_in(seat.client, bundle["lease"], answer, seconds)
            seat.done.append(task)
            return True
        finally:
            connections.close_all()

    def _painting(self, seat: Seat, bundle: dict[str, Any], task: int) -> tuple[dict[str, Any], float]:
        truth = self.shown(task).label_map(Crop(**bundle["crop"]))
        label_map, seconds = seat.player.paint(truth)
        return _painted_json(label_map), seconds

    def _points(self, seat: Seat, bundle: dict[str, Any], task: int) -> tuple[dict[str, Any], float]:
        points = bundle["points"]
        part, keys = np.array(points["part"], np.uint8), np.array(points["key"])
        truth = self.shown(task).truth_at(np.column_stack([points["x"], points["y"]]))
        other = _answer_of_another(task, seat) if seat.player.habits.copying else None
        answer = seat.player.answer(part, truth, other if other is None or len(other.status) == len(part) else None)
        return answer.as_json(keys), answer.seconds


def settle(game: Game, client: Client, tasks: Sequence[Task]) -> int:
    """Let a reviewer settle tasks by the truth: parts painted anew, points all placed anew. Returns how many."""
    n = 0
    for task in tasks:
        standing = Submission.objects.filter(task=task, superseded_by=None).select_related("point_set").first()
        if standing is None:
            continue
        shown = game.shown(task.pk)
        if task.stage == Stage.PARTS:
            lease = client.call("POST", f"submissions/{standing.pk}/review-lease")["lease"]
            bundle = client.call("GET", f"leases/{lease}")
            answer = _painted_json(shown.label_map(Crop(**bundle["crop"])))
            _hand_in(client, bundle["lease"], answer, 20.0, with_draft=False)
        else:
            points = standing.point_set
            if points is None:
                continue
            truth = truthful(points.part, shown.truth_at(points.xy)).as_json(points.key)
            body = {"client_uuid": str(uuid.uuid4()), "active_ms": 20_000, "placed": truth["answers"]}
            client.call("POST", f"submissions/{standing.pk}/settle", body)
        n += 1
    return n


def _hand_in(
    client: Client, lease: dict[str, Any], answer: dict[str, Any], seconds: float, *, with_draft: bool = True
) -> None:
    active_ms = max(1, round(1000 * seconds))
    if with_draft:
        draft = {"revision": lease["revision"], "active_ms": active_ms // 2, "draft": answer}
        client.call("PUT", f"leases/{lease['id']}/draft", draft)
    body = {"client_uuid": str(uuid.uuid4()), "active_ms": active_ms, "answer": answer}
    client.call("POST", f"leases/{lease['id']}/submit", body)


def _painted_json(label_map: Any) -> dict[str, Any]:
    decided = {str(part): "done" for part in parts_present(label_map)}
    return {"label_map": base64.b64encode(pack(label_map)).decode(), "decided": decided, "hints": None}


def _answer_of_another(task: int, seat: Seat) -> PointsAnswer | None:
    """Return someone else's answer to a task, waiting a little for it; None where none comes."""
    until = time.monotonic() + _COPY_PATIENCE_S
    while True:
        found = (
            Submission.objects.filter(task=task, superseded_by=None, status__isnull=False)
            .exclude(annotator=seat.user)
            .first()
        )
        if found is not None:
            return answer_of(found)
        if time.monotonic() > until:
            return None
        time.sleep(0.1)


def answer_of(submission: Submission) -> PointsAnswer:
    """Return a stored answer to points."""
    status = np.asarray(submission.status)
    nothing: Float64 = np.full(len(status), np.nan)
    return PointsAnswer(
        status, np.where(status == PointStatus.PLACED, submission.view, 0).astype(np.uint8),
        np.array(submission.click), SurfacePoints(submission.triangle, submission.weights),
        np.zeros(len(status), np.uint8), nothing, submission.active_ms / 1000,
    )  # fmt: skip
