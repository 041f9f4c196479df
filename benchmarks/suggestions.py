"""Whose part map is right more often: the network's, from a photograph and a box, or the nearest limb's, from keypoints
and the true outline. On synthetic people, whose parts are known.

python -m benchmarks.suggestions DIR [--weights lite] [--limit 300]

DIR is written by `python -m rendering.scenes --count 240 --size 320x320 --seed 9000000 --out DIR`.
"""

import argparse
from pathlib import Path

import numpy as np

from densepose.predictor import load_predictor
from densepose.training.examples import People, Source
from labels.boxes import Box, crop_around
from labels.dp_masks import label_map_of
from labels.islands import tidied, without_strays
from labels.prefill import prefill_parts
from labels.rle import decode_mask


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", default="lite")
    parser.add_argument("--limit", type=int, default=300, help="people looked at")
    options = parser.parse_args()
    predictor = load_predictor(options.weights)
    people = People([Source.of(options.folder)], 0.15)
    names = (
        "network", "network, without strays", "the same, tidied", "network, inside the outline",
        "tidied, else nearest limb", "nearest limb",
    )  # fmt: skip
    shares: dict[str, list[float]] = {name: [] for name in names}
    pixels = dict.fromkeys(shares, 0)
    body = 0
    count = min(len(people), options.limit)
    for index in range(count):
        image, record = people.image(index), people.record(index)
        size = (image.shape[1], image.shape[0])
        box = Box.from_xywh(record["bbox"])
        crop = crop_around(box, size)
        truth = label_map_of(record["dp_masks"], crop, box)
        outline = crop.cut(decode_mask(record["segmentation"], image.shape[:2]))
        network = np.zeros(image.shape[:2], np.uint8)
        [person] = predictor.predict(image, [box])
        person.window.cut(network)[:] = person.part
        limbs = prefill_parts(np.reshape(record["keypoints"], (17, 3)), outline, crop)
        seen = crop.cut(network)
        cleaned = without_strays(seen)
        inside = np.where(outline, seen, 0)
        tidy = tidied(cleaned)
        both = np.where(outline & (tidy > 0), tidy, limbs)
        maps = dict(zip(names, (seen, cleaned, tidy, inside, both, limbs), strict=True))
        for name, found in maps.items():
            # Background called body counts against it too.
            wanted = (truth > 0) | (found > 0)
            right = int(((found == truth) & (truth > 0)).sum())
            shares[name].append(right / max(int(wanted.sum()), 1))
            pixels[name] += int((found == truth)[truth > 0].sum())
        body += int((truth > 0).sum())
    print(f"{count} people of {options.folder}")
    print(f"{'':30} right of the body's pixels   right of body or called body, mean over people")
    for name, of_people in shares.items():
        print(f"{name:30} {pixels[name] / body:26.1%}   {np.mean(of_people):6.1%}")


if __name__ == "__main__":
    main()
