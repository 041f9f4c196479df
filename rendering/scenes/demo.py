"""Six synthetic people for a first look at the platform: one to a picture, varied in pose, view and looks, with their
truth.

`python -m rendering.scenes.demo --out DIR` writes `images/*.jpg`, `annotations.json` (COCO keypoints: boxes, masks,
keypoints, no dense points: those are for people to place) and `truth/*.npz`. It needs neither Anny nor a GPU and
takes seconds.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rendering.scenes.backdrops import Place
from rendering.scenes.dataset import person_record, write_keypoints_json, write_picture, write_truth
from rendering.scenes.render import render_scene
from rendering.scenes.scene import sample_scene


@dataclass(frozen=True)
class DemoPicture:
    """One picture of the demo; the seed was chosen by eye."""

    name: str
    seed: int
    pose: str
    heading_deg: float
    place: Place
    size: tuple[int, int]


DEMO_PICTURES: Final = (
    DemoPicture("walking", 3, "walk", 25, "street", (480, 640)),
    DemoPicture("sitting", 11, "sit", -35, "room", (480, 600)),
    DemoPicture("arms-up", 21, "arms_up", 10, "meadow", (480, 640)),
    DemoPicture("from-behind", 34, "contrapposto", 165, "room", (480, 640)),
    DemoPicture("crouching", 42, "crouch", 40, "street", (560, 480)),
    DemoPicture("reaching", 55, "reach_forward", -50, "studio", (480, 640)),
)


def write_demo(out: Path, on_progress: Callable[[int, int], None] | None = None) -> Path:
    """Write the six pictures with COCO keypoints and truth.

    Args:
        out: folder, made where missing; existing files are replaced.
        on_progress: called with (done, 6).

    Returns:
        The path of `annotations.json`; `file_name` in it is relative to `out/images`.
    """
    for folder in ("images", "truth"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number, demo in enumerate(DEMO_PICTURES, start=1):
        scene = sample_scene(
            demo.seed, n_people=1, poses=[demo.pose], headings_deg=[demo.heading_deg], place=demo.place
        )
        picture = render_scene(scene, *demo.size)
        write_picture(out / "images" / f"{demo.name}.jpg", picture.image)
        write_truth(out / "truth" / f"{demo.name}.npz", picture)
        width, height = demo.size
        images.append({"id": number, "file_name": f"{demo.name}.jpg", "width": width, "height": height})
        annotations.append({"id": number, "image_id": number} | person_record(picture, picture.people[0]))
        if on_progress is not None:
            on_progress(number, len(DEMO_PICTURES))
    path = out / "annotations.json"
    write_keypoints_json(path, images, annotations)
    return path


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rendering.scenes.demo", description="Six synthetic people.")
    parser.add_argument("--out", type=Path, required=True, help="folder for images/, truth/ and annotations.json")
    path = write_demo(parser.parse_args(arguments).out, _report)
    sys.stderr.write(f"\n{path}\n")
    return 0


def _report(done: int, count: int) -> None:
    sys.stderr.write(f"\r{done}/{count} people")


if __name__ == "__main__":
    sys.exit(main())
