"""How the workbench feels, measured in headless Chromium: each figure beside its budget.

python -m benchmarks.workbench [--strokes 2000] [--tasks 100]

Chromium draws in software and in one tick after another; a page at rest gets a pointer's event with the next tick of
60 Hz, whatever is set. An empty page on which a square follows the pointer tells what of a figure that is. Pointer
events are those that the browser makes itself from a device. Starts its own PostgreSQL, Redis and gunicorn as
`benchmarks.queue`.
"""

import argparse
import io
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.queue import services, web_server

CROP_PX = 1000
LAPTOP = {"width": 1366, "height": 768}
STROKE_MOVES = 5
HOVERS = 200
SETTLE_MS = 400
LONG_MS = 50
TRACED_STROKES = 100
HERE = Path(__file__).parent


def seed(n_parts: int, n_points: int) -> tuple[int, int, str]:
    """Return a project of people to paint, one of people with accepted parts, and their annotator's session key."""
    import numpy as np
    from PIL import Image as Pillow

    from annotator.models import Membership, Role
    from annotator.services.images import add_image
    from annotator.services.people import create_person
    from annotator.services.projects import create_project
    from tests.browser.desk import session_of
    from tests.browser.views import make_rows, store_views
    from tests.factories import accept_parts, make_world

    world = make_world()
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (50, 50, 3), dtype=np.uint8)
    sink = io.BytesIO()
    Pillow.fromarray(noise).resize((CROP_PX, CROP_PX), Pillow.Resampling.BICUBIC).save(sink, "JPEG", quality=85)
    other = create_project(name="Points", by=world.mia)
    Membership.objects.create(project=other, user=world.ana, role=Role.ANNOTATOR)
    side = CROP_PX / 1.3
    box = [(CROP_PX - side) / 2, (CROP_PX - side) / 2, side, side]
    people = {}
    for project, count in ((world.project, n_parts), (other, n_points)):
        image, _is_new = add_image(project=project, file_name="noise.jpg", content=sink.getvalue(), by=world.mia)
        people[project.pk] = [create_person(image=image, box=box, by=world.mia) for _ in range(count)]
    for person in people[other.pk]:
        accept_parts(person, by=world.ana)
    with tempfile.TemporaryDirectory() as folder:
        make_rows(store_views(Path(folder)))
    return world.project.pk, other.pk, session_of(world.ana)


@contextmanager
def chromium(url: str, session: str) -> Iterator[Any]:
    """Give a signed-in browser context with the probe in each page."""
    from playwright.sync_api import sync_playwright

    from tests.tools import chromium as installed

    path = installed()
    if path is None:
        sys.exit("Chromium is missing: make tools")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-frame-rate-limit",
                 "--disable-gpu-vsync"]  # fmt: skip
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=arguments)
        print(f"Chromium {browser.version}, {LAPTOP['width']} x {LAPTOP['height']}, drawing in software")
        context = browser.new_context(base_url=url, viewport=LAPTOP)
        context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        context.add_init_script(path=HERE / "_probe.js")
        yield context
        browser.close()


def open_stage(context: Any, project: int, stage: str) -> Any:
    page = context.new_page()
    page.goto(f"/projects/{project}/annotate/{stage}/")
    page.wait_for_selector("[data-hook=submit]:not([disabled])")
    page.wait_for_timeout(SETTLE_MS)
    return page


def show(what: str, figure: str, budget: str) -> None:
    print(f"| {what} | {figure} | {budget} |", flush=True)


def ms(values: list[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{statistics.median(ordered):.1f} ms median, {p95:.1f} ms p95"


def reset(page: Any) -> None:
    page.evaluate("() => Object.assign(probe, { work: [], frame: [], paint: [], long: [] })")


def tell_paint(page: Any, what: str, budget: str) -> list[float]:
    """Tell what was measured since `reset`; returns the long tasks."""
    page.wait_for_timeout(SETTLE_MS)
    found = page.evaluate("() => probe")
    show(f"{what}: event to paint", ms(found["paint"]), budget)
    show("of that since the page learns of it", ms(found["frame"]), "")
    show("of that handlers and drawing", ms(found["work"]), "")
    return list(found["long"])


def empty_page(context: Any) -> None:
    page = context.new_page()
    page.goto("data:text/html,<!doctype html><body><div style='position:fixed;width:9px;height:9px;background:red'>")
    page.evaluate("""() => addEventListener("pointermove", ({ clientX, clientY }) => {
      document.querySelector("div").style.transform = `translate(${clientX}px, ${clientY}px)`;
    })""")
    for n in range(HOVERS):
        page.mouse.move(100 + n, 100 + n)
    tell_paint(page, "a square on an empty page", "")
    page.close()


def paint_strokes(page: Any, count: int, rng: random.Random) -> None:
    """Draw strokes of an arm's length, with the parts by turns."""
    pane = page.locator("[data-hook=pane]").bounding_box()
    side = pane["height"] * 0.9
    left, top = pane["x"] + (pane["width"] - side) / 2, pane["y"] + pane["height"] * 0.05
    for n in range(count):
        if n % 10 == 0:
            page.keyboard.press(str(1 + n // 10 % 8))
        x, y = left + rng.random() * side, top + rng.random() * side
        dx, dy = rng.uniform(-60, 60), rng.uniform(-60, 60)
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(1, STROKE_MOVES + 1):
            page.mouse.move(
                min(max(x + dx * step / STROKE_MOVES, left), left + side),
                min(max(y + dy * step / STROKE_MOVES, top), top + side),
            )
        page.mouse.up()


def painting(page: Any, strokes: int) -> None:
    rng = random.Random(1)
    tasks: list[float] = []
    for name, before, measured in (("first 20 strokes", 0, 20), (f"last 20 of {strokes:,}", strokes - 40, 20)):
        reset(page)
        paint_strokes(page, before, rng)
        tasks += page.evaluate("() => probe.long")
        page.wait_for_timeout(SETTLE_MS)
        reset(page)
        paint_strokes(page, measured, rng)
        tasks += tell_paint(page, f"painting on {CROP_PX} x {CROP_PX}, {name}", "8 / 16 ms")
    show(f"tasks above {LONG_MS} ms in {strokes:,} strokes", count_long(tasks), "none")
    with MainThread(page) as thread:
        paint_strokes(page, TRACED_STROKES, rng)
        page.wait_for_timeout(SETTLE_MS)
    show(f"the same in {TRACED_STROKES} more, by the clock", count_long([wall for wall, _work in thread.tasks]), "none")
    show("of that by the processor", count_long([work for _wall, work in thread.tasks]), "none")


def count_long(tasks: list[float]) -> str:
    return f"{sum(took > LONG_MS for took in tasks)}, the longest {max(tasks, default=0):.0f} ms"


class MainThread:
    """The tasks of the page's main thread meanwhile: ms of each by the clock, and ms that the processor worked on it.

    On a machine that has other things to do, the clock also counts how long a task waited for the processor.
    """

    def __init__(self, page: Any) -> None:
        self.tasks: list[tuple[float, float]] = []
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._events: list[dict[str, Any]] = []
        self._is_complete = False
        self._session.on("Tracing.dataCollected", lambda part: self._events.extend(part["value"]))
        self._session.on("Tracing.tracingComplete", lambda _: setattr(self, "_is_complete", True))

    def __enter__(self) -> "MainThread":
        categories = {"includedCategories": ["toplevel"]}
        self._session.send("Tracing.start", {"traceConfig": categories, "transferMode": "ReportEvents"})
        # To begin tracing is a long task itself.
        self._page.wait_for_timeout(SETTLE_MS)
        return self

    def __exit__(self, *_: object) -> None:
        self._session.send("Tracing.end")
        while not self._is_complete:
            self._page.wait_for_timeout(50)
        self._session.detach()
        names = [event for event in self._events if event.get("name") == "thread_name"]
        mains = {(it["pid"], it["tid"]) for it in names if it["args"]["name"] == "CrRendererMain"}
        until: dict[tuple[int, int], int] = {}
        for event in sorted((it for it in self._events if it.get("dur")), key=lambda it: it["ts"]):
            thread = (event["pid"], event["tid"])
            # What runs inside a task is part of it.
            if thread not in mains or event["ts"] < until.get(thread, 0):
                continue
            until[thread] = event["ts"] + event["dur"]
            self.tasks.append((event["dur"] / 1000, event.get("tdur", 0) / 1000))


def hovering(page: Any) -> None:
    page.wait_for_selector(".view-grid:not(.is-loading)")
    cell = page.locator(".view-cell").first.bounding_box()
    x, y = cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] / 2
    page.wait_for_timeout(3 * SETTLE_MS)
    reset(page)
    for n in range(HOVERS):
        page.mouse.move(x + 40 * ((n * 0.137) % 1 - 0.5), y + 60 * ((n * 0.071) % 1 - 0.5))
    tell_paint(page, "hover to all six views", "4 ms median")


def weight(page: Any, stage: str) -> None:
    sizes = page.evaluate("""() => performance.getEntriesByType("resource")
      .filter(({ name }) => /\\.(js|css)(\\?|$)/.test(name)).map(({ encodedBodySize }) => encodedBodySize)""")
    show(f"script and style of {stage}, compressed", f"{sum(sizes) / 1000:.0f} KB in {len(sizes)} files", "120 KB")


def hand_in(page: Any, stage: str) -> float:
    """Submit the person with little done to it; returns ms from the key to the picture of the next."""
    if stage == "parts":
        paint_strokes(page, 1, random.Random(2))
    else:
        for _ in range(int(page.locator("[data-hook=answered]").inner_text().split()[-1])):
            page.keyboard.press("m")
    page.evaluate("() => { probe.image = 0; }")
    page.keyboard.press("Control+Enter")
    sure = page.get_by_role("button", name="Submit anyway")
    if stage == "parts":  # of one part alone the workbench asks
        sure.focus()
        page.keyboard.press("Enter")
    page.wait_for_function("() => probe.image > 0", timeout=20_000)
    took: float = page.evaluate("() => probe.image - probe.key")
    return took


class Memory:
    """The memory of the page's process, as the system counts it, and of its scripts after a collection."""

    def __init__(self, page: Any) -> None:
        self._page = page.context.new_cdp_session(page)
        self._browser = page.context.browser.new_browser_cdp_session()

    def measure(self) -> tuple[float, float]:
        """Return MB of the largest renderer and MB of scripts."""
        self._page.send("HeapProfiler.collectGarbage")
        heap = self._page.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        return max(resident_mb(int(one["id"])) for one in processes if one["type"] == "renderer"), heap


def resident_mb(process: int) -> float:
    """Return a process's proportional share of memory: what it shares with others counts once."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    return 0.0


def working_day(context: Any, project: int, stage: str, tasks: int) -> None:
    page = open_stage(context, project, stage)
    weight(page, stage)
    memory = Memory(page)
    times, sizes = [], []
    for n in range(tasks):
        page.wait_for_timeout(SETTLE_MS)
        times.append(hand_in(page, stage))
        if n + 1 in {tasks // 10, tasks // 2, tasks}:
            sizes.append(memory.measure())
    show(f"{stage}: submit to the next image", ms(times), "300 ms")
    grown = " / ".join(f"{size:.0f}" for size, _heap in sizes)
    heap = " / ".join(f"{heap:.0f}" for _size, heap in sizes)
    marks = f"{tasks // 10} / {tasks // 2} / {tasks}"
    show(f"{stage}: memory of the tab after {marks} tasks", f"{grown} MB, of it scripts {heap} MB", "300 MB, level")
    page.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strokes", type=int, default=2000)
    parser.add_argument("--tasks", type=int, default=100)
    chosen = parser.parse_args()
    with services():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        parts, points, session = seed(chosen.tasks + 3, chosen.tasks + 3)
        with web_server() as (port, _web), chromium(f"http://127.0.0.1:{port}", session) as context:
            print("| what | figure | budget |\n|---|---|---|")
            empty_page(context)
            page = open_stage(context, parts, "parts")
            painting(page, chosen.strokes)
            page.close()
            page = open_stage(context, points, "correspondence")
            hovering(page)
            page.close()
            working_day(context, parts, "parts", chosen.tasks)
            working_day(context, points, "correspondence", chosen.tasks)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
