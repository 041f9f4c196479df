"""How fast the queue is: many clients ask, save and submit over HTTP against gunicorn with two workers of four threads.

python -m benchmarks.queue [--clients 16] [--seconds 15]

Starts its own PostgreSQL (durable, as in production) and Redis in a temporary folder where DATABASE_URL is not set.
Every submission of parts is accepted at once and its points are sampled in the same request.
"""

import argparse
import base64
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CSRF = "b" * 32


@contextmanager
def services() -> Iterator[int | None]:
    """Set DATABASE_URL and REDIS_URL to fresh embedded services; gives the database's process id where it is ours."""
    if os.environ.get("DATABASE_URL"):
        yield None
        return
    from webapp.local.postgres import Postgres
    from webapp.local.redis import Redis

    folder = Path(tempfile.mkdtemp(prefix="dpa-bench-"))
    folder.chmod(0o711)
    postgres, redis = Postgres(folder), Redis(folder)
    try:
        postgres.start()
        redis.start()
        os.environ |= {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "DPA_VAR_DIR": str(folder / "var"),
            "DPA_MEDIA_DIR": str(folder / "media"),
            "DPA_LOG_LEVEL": "WARNING",
        }
        yield postgres.pid
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def seed(n_clients: int, n_people: int) -> tuple[int, list[str]]:
    """Return a project with people to annotate and the session keys of its annotators."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    from annotator.models import Membership, Role
    from tests.factories import make_people, make_user, make_world

    world = make_world()
    make_people(world.project, n_people)
    keys = []
    for index in range(n_clients):
        user = make_user(f"client{index}")
        Membership.objects.create(project=world.project, user=user, role=Role.ANNOTATOR)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        keys.append(session.session_key)
    return world.project.pk, keys


class Client:
    """One annotator on one kept connection, as a browser has it."""

    def __init__(self, port: int, session: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {
            "Content-Type": "application/json",
            "Cookie": f"sessionid={session}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
        }

    def call(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self._connection.request(method, f"/api/v1/{path}", json.dumps(body), self._headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())


def answer_for(crop: dict[str, int]) -> dict[str, Any]:
    """Return an answer with all fourteen parts as bands."""
    import numpy as np

    label_map = np.zeros((crop["height"], crop["width"]), np.uint8)
    rows = np.array_split(np.arange(crop["height"]), 14)
    for part, band in enumerate(rows, start=1):
        label_map[band, 8:-8] = part
    packed = base64.b64encode(zlib.compress(label_map.tobytes())).decode()
    return {"label_map": packed, "decided": {str(part): "done" for part in range(1, 15)}, "hints": None}


class Load:
    """All clients at work for some seconds; times of each call in seconds."""

    def __init__(self, port: int, project: int, sessions: list[str], *, with_draft: bool) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.tasks: list[str] = []
        self._project = project
        self._with_draft = with_draft
        self._until = 0.0
        self._clients = [Client(port, session) for session in sessions]

    def run(self, seconds: float) -> float:
        """Return cycles a second."""
        start = time.perf_counter()
        self._until = start + seconds
        threads = [threading.Thread(target=self._work, args=(client,)) for client in self._clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(self.times["submit"]) / (time.perf_counter() - start)

    def _work(self, client: Client) -> None:
        while time.perf_counter() < self._until:
            bundle = self._timed("next", client, "POST", f"projects/{self._project}/next", {"stage": "parts"})
            if not bundle or not bundle["lease"]:
                self.errors.append(f"no task: {bundle}")
                return
            lease = bundle["lease"]["id"]
            self.tasks.append(lease)
            answer = answer_for(bundle["crop"])
            if self._with_draft:
                draft = {"revision": 0, "active_ms": 1, "draft": answer}
                self._timed("draft", client, "PUT", f"leases/{lease}/draft", draft)
            body = {"client_uuid": str(uuid.uuid4()), "active_ms": 2, "answer": answer}
            self._timed("submit", client, "POST", f"leases/{lease}/submit", body)

    def _timed(self, name: str, client: Client, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        start = time.perf_counter()
        status, told = client.call(method, path, body)
        self.times[name].append(time.perf_counter() - start)
        if status not in {200, 201}:
            self.errors.append(f"{name}: {status} {told}")
        return told


def cpu_seconds(root: int) -> float:
    """Return the CPU time of a process and all its descendants, living and reaped; other load hardly changes it."""
    times, children = {}, defaultdict(list)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        times[int(entry.name)] = sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        children[int(fields[1])].append(int(entry.name))
    waiting, total = [root], 0.0
    while waiting:
        process = waiting.pop()
        total += times.get(process, 0.0)
        waiting += children[process]
    return total


def report(load: Load, cycles: float, n_clients: int) -> None:
    kind = "next + draft + submit" if load.times["draft"] else "next + submit"
    print(f"{n_clients} clients, {kind}: {cycles:.1f} cycles/s, {len(load.errors)} errors")
    for name in ("next", "draft", "submit"):
        times = sorted(load.times[name])
        if times:
            p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
            print(f"  {name:7} p50 {statistics.median(times) * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms")
    for error in load.errors[:3]:
        print("  ", error[:300])


@contextmanager
def web_server() -> Iterator[tuple[int, int]]:
    """Start gunicorn with two workers of four threads; gives its port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "webapp.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
               "--threads", "4", "--worker-class", "gthread", "--keep-alive", "30",
               "--log-level", "warning"]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[16, 50])
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    with services() as database:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        project, sessions = seed(max(chosen.clients), 20_000)
        failed = False
        with web_server() as (port, web):
            Load(port, project, sessions[:8], with_draft=True).run(3)
            for n_clients in chosen.clients:
                for with_draft in (False, True):
                    load = Load(port, project, sessions[:n_clients], with_draft=with_draft)
                    before = [cpu_seconds(process) for process in (web, database) if process]
                    cycles = load.run(chosen.seconds)
                    after = [cpu_seconds(process) for process in (web, database) if process]
                    report(load, cycles, n_clients)
                    spent = [
                        (late - early) / len(load.times["submit"]) for early, late in zip(before, after, strict=True)
                    ]
                    words = ", ".join(
                        f"{name} {seconds * 1000:.1f} ms"
                        for name, seconds in zip(("web", "database"), spent, strict=False)
                    )
                    print(f"  CPU a cycle: {words}; {os.cpu_count()} cores")
                    failed |= bool(load.errors) or len(set(load.tasks)) != len(load.tasks)
        from annotator.models import Submission, Task

        done = Task.objects.filter(stage="parts", state="done").count()
        print(f"{Submission.objects.count()} submissions, {done} people done, none twice")
        failed |= Submission.objects.count() != done
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
