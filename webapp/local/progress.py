"""Show running jobs in the terminal: bars where it is one, lines where output goes to a file."""

import time
from datetime import UTC, datetime
from typing import NamedTuple

import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

LOOK_EVERY_S = 1.0
LINE_EVERY_S = 15.0
NAMES = {
    "render_views": "Drawing the body views",
    "build_geodesics": "Measuring the body surface",
    "demo_people": "Drawing synthetic people",
    "superpixels": "Finding edges in photographs",
    "preannotate": "Proposing by a model",
}
_QUERY = """
    SELECT id::text, kind, state, progress_done, progress_total, message, left(error, 300) FROM annotator_job
    WHERE state IN ('queued', 'running') OR finished_at > %s ORDER BY created_at
"""


class JobRow(NamedTuple):
    """The columns of a job that are shown."""

    job: str
    kind: str
    state: str
    done: int
    total: int
    message: str
    error: str


class JobProgress:
    """Reads the job rows by a connection of its own and draws what changed."""

    def __init__(self, database_url: str, console: Console) -> None:
        self._url = database_url
        self._console = console
        self._since = datetime.now(UTC)
        self._next_look = 0.0
        self._bars: dict[str, TaskID] = {}
        self._ended: set[str] = set()
        self._lines: dict[str, float] = {}
        self._display = Progress(
            TextColumn("{task.description}"), BarColumn(24), TaskProgressColumn(),
            TextColumn("[dim]{task.fields[note]}"), TimeElapsedColumn(), console=console, transient=True,
        )  # fmt: skip

    def __enter__(self) -> "JobProgress":
        if self._console.is_terminal:
            self._display.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._display.stop()

    def look(self) -> None:
        """Draw the jobs as they are now, at most once a second; a database that is away for a moment is waited for."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY_S
        try:
            with psycopg.connect(self._url, connect_timeout=2) as connection:
                rows = connection.execute(_QUERY, [self._since]).fetchall()
        except psycopg.Error:
            return
        for row in rows:
            self._draw(JobRow(*row), now)

    def _draw(self, row: JobRow, now: float) -> None:
        job, kind, state, done, total, message, error = row
        if job in self._ended:
            return
        name, note = NAMES.get(kind, kind.replace("_", " ")), error or message
        if state in {"done", "failed", "cancelled"}:
            self._ended.add(job)
            if job in self._bars:
                self._display.remove_task(self._bars.pop(job))
            colour = {"done": "green", "failed": "red"}.get(state, "yellow")
            self._console.print(f"[{colour}]{state:>9}[/]  {name}{'' if state == 'done' else ': ' + note}")
        elif not self._console.is_terminal:
            if now - self._lines.get(job, -LINE_EVERY_S) >= LINE_EVERY_S:
                self._lines[job] = now
                self._console.print(f"{state:>9}  {name} {done}/{total or '?'} {note}")
        else:
            if job not in self._bars:
                self._bars[job] = self._display.add_task(name, total=None, note="")
            self._display.update(self._bars[job], completed=done, total=total or None, note=note)
