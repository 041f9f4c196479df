"""How a network does on people of photographs, whose joints and outlines COCO gives: their surface nobody knows.

python -m benchmarks.photographs JOINTS OUTLINES [--weights lite]

JOINTS and OUTLINES are folders with a COCO `annotations.json` and its images, in the folder itself or in `images/`. A
visible joint counts as right where the network paints one of the parts that meet there.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from body.parts import PARTS
from densepose.images import Rgb
from densepose.predictor import Predictor, load_predictor
from labels.boxes import Box
from labels.rle import decode_mask

_SMALLEST_PX = 60  # people below are left out
_FEWEST_JOINTS = 5
_MEETING = (("upper arm", "torso"), ("lower arm", "upper arm"), ("hand", "lower arm"),
            ("upper leg", "torso"), ("lower leg", "upper leg"), ("foot", "lower leg"))  # fmt: skip


def parts_at_joints() -> list[set[int]]:
    """Return the parts that may lie at each of COCO's 17 keypoints."""
    number = {part.name.lower(): part.number for part in PARTS}
    found = [{number["head"]} for _ in range(5)]  # nose, eyes, ears
    for names in _MEETING:
        for side in ("left", "right"):
            found.append({number[name] if name == "torso" else number[f"{side} {name}"] for name in names})
    return found


def people_of(folder: Path) -> Iterator[tuple[Rgb, dict[str, Any]]]:
    """Give each person with an outline, and its photograph."""
    coco = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    images = folder / "images" if (folder / "images").is_dir() else folder
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    for record in coco["annotations"]:
        if record.get("iscrowd") or not record.get("segmentation"):
            continue
        pixels = cv2.imread(str(images / names[record["image_id"]]), cv2.IMREAD_COLOR)
        if pixels is None:
            raise OSError(f"{images / names[record['image_id']]} is missing or no picture")
        yield np.ascontiguousarray(pixels[:, :, ::-1], np.uint8), record


def painted(predictor: Predictor, image: Rgb, record: dict[str, Any]) -> np.ndarray:
    """Return the parts (H, W) that a network sees in a person's box."""
    [person] = predictor.predict(image, [Box.from_xywh(record["bbox"])])
    part = np.zeros(image.shape[:2], np.uint8)
    person.window.cut(part)[:] = person.part
    return part


def overlap(part: np.ndarray, record: dict[str, Any]) -> float:
    """Return the intersection over union of what is body with the outline."""
    outline = decode_mask(record["segmentation"], (part.shape[0], part.shape[1])) > 0
    return float(((part > 0) & outline).sum() / max(1, ((part > 0) | outline).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("joints", type=Path)
    parser.add_argument("outlines", type=Path)
    parser.add_argument("--weights", default="lite")
    options = parser.parse_args()
    predictor = load_predictor(options.weights)
    at_joints = parts_at_joints()
    right = body = joints = 0
    overlaps = []
    for image, record in people_of(options.joints):
        if record["num_keypoints"] < _FEWEST_JOINTS:
            continue
        part = painted(predictor, image, record)
        overlaps.append(overlap(part, record))
        for (x, y, visible), parts in zip(np.reshape(record["keypoints"], (17, 3)), at_joints, strict=True):
            if visible == 2:
                seen = part[min(int(y), part.shape[0] - 1), min(int(x), part.shape[1] - 1)]
                joints, body, right = joints + 1, body + bool(seen), right + (int(seen) in parts)
    print(f"{joints} visible joints: right {right / joints:.1%}, body {body / joints:.1%}")
    print(f"overlap with the outline, {len(overlaps)} people with joints: {np.mean(overlaps):.3f}")
    others = [
        overlap(painted(predictor, image, record), record)
        for image, record in people_of(options.outlines)
        if max(record["bbox"][2:]) >= _SMALLEST_PX
    ]
    print(f"overlap with the outline, {len(others)} other people: {np.mean(others):.3f}")


if __name__ == "__main__":
    main()
