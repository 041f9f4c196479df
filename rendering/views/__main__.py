"""Render views from the command line, and look at them all on one sheet.

python -m rendering.views --out DIR
python -m rendering.views --contact-sheet sheet.png [--parts head left_hand ...] [--dark]
"""

import argparse
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from body.parts import PARTS, WORK_ORDER, part_by_number
from rendering.views.store import PartViews, part_folder, render_part


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m rendering.views", description="Six views of each body part.")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the views in this folder")
    parser.add_argument("--contact-sheet", type=Path, metavar="PNG", help="draw all views on one picture")
    parser.add_argument("--dark", action="store_true", help="the sheet on a dark ground")
    parser.add_argument("--parts", nargs="+", metavar="PART", help="numbers or keys of parts; default all")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    chosen = parser.parse_args(arguments)
    if chosen.out is None and chosen.contact_sheet is None:
        parser.error("name --out DIR, --contact-sheet PNG or both")
    if chosen.processes < 1:
        parser.error(f"--processes must be at least 1, got {chosen.processes}")
    try:
        parts = [_part_number(word) for word in chosen.parts] if chosen.parts else list(WORK_ORDER)
    except ValueError as error:
        parser.error(str(error))
    with TemporaryDirectory(prefix="views-") as temporary:
        views = _render(parts, chosen.out or Path(temporary), chosen.processes)
        if chosen.contact_sheet is not None:
            from rendering.views.contact_sheet import draw_contact_sheet

            draw_contact_sheet(views, is_dark=chosen.dark).save(chosen.contact_sheet)
            sys.stdout.write(f"{chosen.contact_sheet}\n")
    return 0


def _part_number(word: str) -> int:
    """Return the part that a number or a key such as "left_hand" names."""
    if word.isdecimal():
        return part_by_number(int(word)).number
    by_key = {part.key: part.number for part in PARTS}
    if word not in by_key:
        raise ValueError(f"--parts: no part is called {word!r}; there are {', '.join(by_key)}")
    return by_key[word]


def _render(parts: list[int], root: Path, processes: int) -> list[PartViews]:
    folders = [part_folder(root, part) for part in parts]
    if processes == 1:
        return _told(map(render_part, parts, folders))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return _told(pool.map(render_part, parts, folders))


def _told(rendered: Iterable[PartViews]) -> list[PartViews]:
    start = time.perf_counter()
    views = []
    for one in rendered:
        views.append(one)
        kilobytes = sum(one.manifest["files"].values()) / 1024
        name = part_by_number(one.manifest["part"]).name
        sys.stdout.write(f"{time.perf_counter() - start:6.1f} s  {kilobytes:4.0f} KB  {name}\n")
        sys.stdout.flush()
    return views


if __name__ == "__main__":
    raise SystemExit(main())
