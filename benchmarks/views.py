"""How long the views take: all 84 cold at two processes, and a click.

python -m benchmarks.views [--processes 2]
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from body.parts import PARTS, WORK_ORDER
from rendering.views import part_folder, pick, render_part


def render_timed(part: int, folder: Path) -> tuple[float, float, int]:
    """Render a part; return wall seconds, processor seconds and bytes."""
    wall, processor = time.perf_counter(), time.process_time()
    views = render_part(part, folder)
    size = sum(views.manifest["files"].values())
    return time.perf_counter() - wall, time.process_time() - processor, size


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=2)
    processes = parser.parse_args().processes
    names = {part.number: part.name for part in PARTS}
    start = time.perf_counter()
    with TemporaryDirectory() as root, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        folders = [part_folder(Path(root), part) for part in WORK_ORDER]
        results = list(pool.map(render_timed, WORK_ORDER, folders))
    total = time.perf_counter() - start
    for part, (wall, processor, size) in zip(WORK_ORDER, results, strict=True):
        print(f"{names[part]:16} {wall:6.2f} s wall {processor:6.2f} s processor {size / 1000:5.0f} kB")
    mean = sum(processor for _, processor, _ in results) / (6 * len(results))
    print(f"84 views, {processes} processes: {total:.1f} s; {mean:.2f} s of processor a view")

    rng = np.random.default_rng(0)
    clicks = rng.uniform(100, 700, (14, 2))
    start = time.perf_counter()
    for part in WORK_ORDER:
        for number in range(1, 7):
            pick(part, number, clicks)
    print(f"first click on each view: {(time.perf_counter() - start) / 84 * 1e3:.2f} ms")
    start, rounds = time.perf_counter(), 20
    for _ in range(rounds):
        for part in WORK_ORDER:
            pick(part, 1, clicks)
    print(f"a submission's 14 points of a part: {(time.perf_counter() - start) / rounds / 14 * 1e3:.3f} ms")


if __name__ == "__main__":
    main()
