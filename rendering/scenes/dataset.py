"""Writes scenes to a folder: pictures, DensePose-COCO annotations as an ideal annotator would have made them, truth
arrays.
"""

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from body.atlas import iuv_of
from body.surface import SurfacePoints
from labels.boxes import Box, crop_around, to_dp
from labels.densepose_coco import DensePoseWriter, chart_fields
from labels.dp_masks import dp_masks_of
from labels.rle import encode_mask
from labels.sampling import sample_points
from rendering.scenes.render import PersonTruth, SceneRender, render_scene
from rendering.scenes.scene import SceneSpec, sample_scene

JPEG_QUALITY: Final = 92
_MIN_MASK_PX: Final = 64
_INFO: Final = {"description": "Synthetic people with known surface coordinates", "url": "", "version": "1"}


@dataclass(frozen=True)
class WrittenScene:
    """COCO records of one written picture."""

    image: dict[str, Any]
    annotations: list[dict[str, Any]]


def person_record(picture: SceneRender, person: PersonTruth) -> dict[str, Any]:
    """Return the COCO keypoints record of a person: bbox, area, RLE segmentation, keypoints."""
    return {
        "category_id": 1,
        "bbox": [float(value) for value in person.box],
        "area": float(person.mask.sum()),
        "iscrowd": 0,
        "segmentation": encode_mask(person.mask),
        "keypoints": [round(float(value), 2) for value in person.keypoints.ravel()],
        "num_keypoints": int((person.keypoints[:, 2] > 0).sum()),
    }


def densepose_fields(picture: SceneRender, person: PersonTruth, seed: int) -> dict[str, Any]:
    """Return `dp_masks` and the points that the platform would sample on a person, answered with the truth.

    Args:
        picture: the drawn scene.
        person: one of its people.
        seed: of the sampling.
    """
    box = Box.from_xywh([float(value) for value in person.box])
    height, width = picture.instance.shape
    crop = crop_around(box, (width, height))
    parts = np.where(crop.cut(person.mask), crop.cut(picture.part), 0).astype(np.uint8)
    points = sample_points(parts, seed)
    columns, rows = np.floor(points.x).astype(int), np.floor(points.y).astype(int)
    truth = SurfacePoints(
        crop.cut(picture.triangle)[rows, columns], crop.cut(picture.weights)[rows, columns].astype(np.float64)
    )
    chart, u, v = iuv_of(truth)
    at = crop.to_image(np.column_stack([columns + 0.5, rows + 0.5]))
    return {"dp_masks": dp_masks_of(parts, crop, box), **chart_fields(to_dp(at, box), chart, u, v)}


def write_picture(path: Path, image: np.ndarray[Any, Any]) -> None:
    """Write an RGB picture (H, W, 3) uint8 as JPEG.

    Raises:
        OSError: it cannot be written.
    """
    done, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise OSError(f"{path} could not be encoded as JPEG")
    path.write_bytes(data.tobytes())


def write_truth(path: Path, picture: SceneRender) -> None:
    """Write the truth of every pixel as .npz: instance, triangle, weights, chart, part, u, v."""
    np.savez_compressed(
        path,
        instance=picture.instance,
        triangle=picture.triangle,
        weights=picture.weights.astype(np.float16),
        chart=picture.chart,
        part=picture.part,
        u=picture.u.astype(np.float16),
        v=picture.v.astype(np.float16),
    )


def write_scene(
    spec: SceneSpec, number: int, out: Path, size: tuple[int, int], with_truth: bool = False
) -> WrittenScene:
    """Draw a scene into `out/images` and return its records; ids are made from `number`, 1...

    Args:
        spec: the scene.
        number: of the picture in the data set.
        out: folder with a folder `images` (and `truth` where wanted).
        size: (width, height).
        with_truth: also write `truth/NAME.npz`.
    """
    picture = render_scene(spec, *size)
    name = f"{number:06d}"
    write_picture(out / "images" / f"{name}.jpg", picture.image)
    if with_truth:
        write_truth(out / "truth" / f"{name}.npz", picture)
    image = {"id": number, "file_name": f"{name}.jpg", "width": size[0], "height": size[1]}
    annotations = []
    for person in picture.people:
        if person.mask.sum() < _MIN_MASK_PX:
            continue
        ids = {"id": number * 10 + person.instance, "image_id": number}
        annotations.append(ids | person_record(picture, person) | densepose_fields(picture, person, spec.seed))
    return WrittenScene(image, annotations)


def write_dataset(
    out: Path,
    *,
    count: int,
    seed: int,
    size: tuple[int, int],
    processes: int = 1,
    photos: tuple[Path, ...] = (),
    with_truth: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `count` scenes and `annotations.json`; the same arguments give the same files.

    Args:
        out: folder, made where missing.
        count: pictures.
        seed: of the first scene; the others follow.
        size: (width, height) in pixels.
        processes: how many draw at once.
        photos: photographs to use as backdrops half the time.
        with_truth: also write the truth of every pixel.
        on_progress: called with (done, count).

    Returns:
        The path of `annotations.json`.
    """
    if count < 1:
        raise ValueError(f"count must be 1 or more, got {count}")
    (out / "images").mkdir(parents=True, exist_ok=True)
    if with_truth:
        (out / "truth").mkdir(exist_ok=True)
    work = partial(_write_numbered, out=out, seed=seed, size=size, photos=photos, with_truth=with_truth)
    written = []
    for scene in _mapped(work, range(1, count + 1), processes):
        written.append(scene)
        if on_progress is not None:
            on_progress(len(written), count)
    path = out / "annotations.json"
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as stream, DensePoseWriter(stream, info=_INFO) as writer:
        for scene in written:
            writer.add_image(scene.image)
        for scene in written:
            for annotation in scene.annotations:
                writer.add_annotation(annotation)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)
    return path


def _write_numbered(
    number: int, *, out: Path, seed: int, size: tuple[int, int], photos: tuple[Path, ...], with_truth: bool
) -> WrittenScene:
    return write_scene(sample_scene(seed + number - 1, photos=photos), number, out, size, with_truth)


def _mapped(work: Callable[[int], WrittenScene], numbers: Iterable[int], processes: int) -> Iterable[WrittenScene]:
    if processes <= 1:
        yield from map(work, numbers)
        return
    # Each has a core of its own; numpy reads this when it is loaded.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(work, numbers, chunksize=4)


def write_keypoints_json(path: Path, images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> None:
    """Write a plain COCO keypoints file, without dense points, through a temporary name."""
    from labels.densepose_coco import PERSON_CATEGORY

    document = {
        "info": _INFO,
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [PERSON_CATEGORY],
    }
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(document), encoding="ascii")
    unfinished.replace(path)
