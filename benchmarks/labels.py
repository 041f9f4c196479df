"""How long a large crop takes: points sampled in its parts, parts guessed from its keypoints.

python -m benchmarks.labels
"""

import time
from collections.abc import Callable

import numpy as np

from labels.boxes import Crop
from labels.prefill import prefill_parts
from labels.sampling import sample_points
from rendering.scenes import render_scene

REPEAT = 5


def main() -> None:
    picture = render_scene(7, 1000, 1000)
    person = picture.people[0]
    parts = np.where(person.mask, picture.part, 0).astype(np.uint8)
    print(f"a crop of 1,000 x 1,000 pixels, {int(person.mask.sum()):,} of them body; median of {REPEAT}")
    print(f"points sampled          {median_s(lambda: sample_points(parts, seed=0)):6.3f} s")
    crop = Crop(0, 0, 1000, 1000)
    print(f"parts from keypoints    {median_s(lambda: prefill_parts(person.keypoints, person.mask, crop)):6.3f} s")


def median_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEAT):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


if __name__ == "__main__":
    main()
