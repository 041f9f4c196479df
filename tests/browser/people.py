"""People to annotate, as COCO files: one drawn here, and real ones where the development data is present."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from annotator.models import Person, Task
from tests.factories import World
from webapp.local.environment import ROOT

COCO = ROOT.parent / "shared" / "data" / "coco-keypoints"
WIDTH, HEIGHT = 320, 400

# Joints of a person who faces the camera, in px of the picture: so their right is at the left.
_JOINTS = {
    "nose": (160, 62), "left_eye": (167, 56), "right_eye": (153, 56), "left_ear": (176, 60), "right_ear": (144, 60),
    "left_shoulder": (194, 108), "right_shoulder": (126, 108), "left_elbow": (214, 158), "right_elbow": (106, 158),
    "left_wrist": (222, 206), "right_wrist": (98, 206), "left_hip": (182, 212), "right_hip": (138, 212),
    "left_knee": (186, 284), "right_knee": (134, 284), "left_ankle": (188, 350), "right_ankle": (132, 350),
}  # fmt: skip
_LIMBS = (
    ("left_shoulder", "left_elbow", 12), ("right_shoulder", "right_elbow", 12), ("left_elbow", "left_wrist", 10),
    ("right_elbow", "right_wrist", 10), ("left_hip", "left_knee", 17), ("right_hip", "right_knee", 17),
    ("left_knee", "left_ankle", 13), ("right_knee", "right_ankle", 13),
)  # fmt: skip


@dataclass(frozen=True)
class CocoFile:
    """A COCO keypoints file beside its images."""

    annotations: Path
    images: Path
    count: int


def drawn_people(folder: Path, count: int = 1, first: int = 1) -> CocoFile:
    """Write pictures with one drawn person each: keypoints, box, and the outline as RLE; numbered from `first`."""
    from labels.rle import encode_mask

    images = folder / "images"
    images.mkdir(parents=True)
    file: dict[str, Any] = {"images": [], "annotations": [], "categories": [_category()], "licenses": []}
    for number in range(first, first + count):
        pixels, mask = _draw(number)
        name = f"drawn-{number}.png"
        pixels.save(images / name)
        rows, columns = np.nonzero(mask)
        left, top = int(columns.min()), int(rows.min())
        box = [left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top]
        file["images"].append({"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT})
        file["annotations"].append({
            "id": 100 + number, "image_id": number, "category_id": 1, "iscrowd": 0, "bbox": box,
            "area": int(mask.sum()), "segmentation": encode_mask(mask), "num_keypoints": 17,
            "keypoints": [value for x, y in _JOINTS.values() for value in (x, y, 2)],
        })  # fmt: skip
    path = folder / "annotations.json"
    path.write_text(json.dumps(file))
    return CocoFile(path, images, count)


def real_person(folder: Path, annotation_id: int = 442619) -> CocoFile:
    """Write a file with one person of COCO val2017; skip where the data is absent."""
    if not (COCO / "annotations.json").exists():
        pytest.skip(f"no COCO images at {COCO}: the main job is not tested on a real photograph")
    file = json.loads((COCO / "annotations.json").read_text())
    file["annotations"] = [one for one in file["annotations"] if one["id"] == annotation_id]
    wanted = {one["image_id"] for one in file["annotations"]}
    file["images"] = [one for one in file["images"] if one["id"] in wanted]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "annotations.json"
    path.write_text(json.dumps(file))
    return CocoFile(path, COCO, 1)


def import_people(world: World, source: CocoFile) -> list[Person]:
    """Bring a COCO file into the project by the command."""
    from django.core.management import call_command

    call_command("import_coco", str(world.project.pk), str(source.annotations), str(source.images), quiet=True)
    people = list(Person.objects.filter(project=world.project).order_by("pk"))
    assert len(people) == source.count
    assert Task.objects.filter(person__in=people, stage="parts", state="open").count() == source.count
    return people


def _category() -> dict[str, Any]:
    return {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(_JOINTS), "skeleton": []}


def _draw(number: int) -> tuple[Image.Image, np.ndarray]:
    outline = Image.new("L", (WIDTH, HEIGHT))
    rng = np.random.default_rng(number)
    ground = rng.integers(60, 200, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    picture = Image.fromarray(ground).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    for canvas, skin, shirt, trousers in (
        (outline, 255, 255, 255), (picture, (214, 170, 140), (70, 90, 150), (60, 60, 70)),
    ):  # fmt: skip
        pen = ImageDraw.Draw(canvas)
        for start, end, radius in _LIMBS:
            fill = trousers if "knee" in start + end else skin
            (x0, y0), (x1, y1) = _JOINTS[start], _JOINTS[end]
            pen.line((x0, y0, x1, y1), fill=fill, width=2 * radius)
            for x, y in ((x0, y0), (x1, y1)):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
        pen.polygon([(114, 100), (206, 100), (200, 222), (120, 222)], fill=shirt)
        pen.ellipse((134, 26, 186, 98), fill=skin)
        for x in (132, 188):
            pen.ellipse((x - 16, 344, x + 16, 378), fill=trousers)
    return picture.filter(ImageFilter.GaussianBlur(0.6)), np.asarray(outline) > 0
