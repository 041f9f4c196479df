"""`python -m rendering.scenes --count N --out DIR --seed S [--size WxH]`: a DensePose-COCO data set of synthetic
people.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import Final

from rendering.scenes.dataset import write_dataset

# So many pictures take longer than to start a process.
_WORTH_A_PROCESS: Final = 10


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rendering.scenes", description=__doc__)
    parser.add_argument("--count", type=int, required=True, help="how many pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder for images/ and annotations.json")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same pictures")
    parser.add_argument("--size", type=size_argument, default=(640, 480), help="WIDTHxHEIGHT in pixels, 640x480")
    parser.add_argument("--backgrounds", type=Path, help="folder of photographs for half of the backdrops")
    parser.add_argument(
        "--processes", type=int, help="how many processes draw at once; one a core, where many are asked"
    )
    parser.add_argument("--truth", action="store_true", help="also write truth/*.npz for every pixel")
    options = parser.parse_args(arguments)
    photos: tuple[Path, ...] = ()
    if options.backgrounds is not None:
        photos = tuple(
            sorted(p for p in options.backgrounds.glob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
        )
        if not photos:
            parser.error(f"--backgrounds {options.backgrounds} holds no .jpg or .png file")
    if options.count < 1:
        parser.error(f"--count must be 1 or more, got {options.count}")
    if options.seed < 0:
        parser.error(f"--seed must be 0 or more, got {options.seed}")
    if options.processes is not None and options.processes < 1:
        parser.error(f"--processes must be 1 or more, got {options.processes}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes = options.processes or max(1, min(cores, options.count // _WORTH_A_PROCESS))
    started = time.monotonic()

    def report(done: int, count: int) -> None:
        sys.stderr.write(f"\r{done}/{count} pictures, {done / (time.monotonic() - started):.1f} a second")

    path = write_dataset(
        options.out,
        count=options.count,
        seed=options.seed,
        size=options.size,
        processes=processes,
        photos=photos,
        with_truth=options.truth,
        on_progress=report,
    )
    sys.stderr.write(f"\n{path}\n")
    return 0


def size_argument(text: str) -> tuple[int, int]:
    """Read WIDTHxHEIGHT.

    Raises:
        argparse.ArgumentTypeError: it is not two whole numbers from 32 to 4096.
    """
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(32 <= side <= 4096 for side in size):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT with sides of 32 to 4096, such as 640x480")
    return size


if __name__ == "__main__":
    sys.exit(main())
