"""The job in which a network proposes: finds people where none were drawn, then looks at everyone without a proposal.

What is done is in the database, batch by batch, so that a killed job goes on with the next batch.
"""

from collections.abc import Sequence
from itertools import groupby
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from celery import shared_task
from django.db import transaction

from annotator.errors import NotFoundError
from annotator.models import Image, ModelVersion, Person
from annotator.services.jobs import JobFailedError, JobRun, job_kind
from annotator.services.model_versions import version_named, weights_of
from annotator.services.pictures import open_picture
from annotator.services.preannotation import (
    enqueue_for_new_people,
    images_to_search,
    people_without_proposal,
    propose_people,
    store_proposal,
)
from labels.boxes import Box, Crop
from labels.dense_maps import DenseMap
from labels.label_maps import recrop

if TYPE_CHECKING:
    from densepose.predictor import PersonSurface, Predictor

BATCH: Final = 8
# How much larger than the person's the second box is, by which the network's doubt is measured.
_LARGER: Final = 1.12


@job_kind("preannotate")
def preannotate(run: JobRun) -> dict[str, Any]:
    """Propose for everyone in the project whom this version has not looked at."""
    if run.project is None:
        raise JobFailedError("This job has no project to propose for.")
    version = ModelVersion.objects.filter(pk=int(run.params.get("version", 0))).first()
    if version is None:
        raise JobFailedError("There is no such version of a model any more.")
    run.progress(0, people_without_proposal(run.project, version).count(), f"Loading {version}")
    with weights_of(version) as weights:
        network = _loaded(str(weights))
    found, unsearched = _search_images(run, network, version)
    proposed, seconds = _propose_for_people(run, network, version)
    pace = f", {proposed / seconds:.1f} people a second" if proposed else ""
    left = f"; it finds nobody by itself, {unsearched} images without people were left" if unsearched else ""
    run.progress(proposed, proposed, f"{version}: {proposed} proposals{pace}; {found} people found{left}")
    return {"version": str(version), "proposals": proposed, "found": found, "images_left": unsearched,
            "people_per_second": round(proposed / seconds, 2) if proposed else None}  # fmt: skip


@shared_task(name="annotator.preannotate_new")  # type: ignore[untyped-decorator]  # Celery brings no types
def preannotate_new() -> int:
    return enqueue_for_new_people()


def _loaded(weights: str) -> "Predictor":
    import torch

    from densepose.checkpoints import CheckpointError
    from densepose.predictor import load_predictor

    try:
        return load_predictor(weights, "cuda" if torch.cuda.is_available() else "cpu")
    except (CheckpointError, ValueError) as error:
        raise JobFailedError(f"The weights cannot be used: {error}") from error


def _search_images(run: JobRun, network: "Predictor", version: ModelVersion) -> tuple[int, int]:
    """Find people in images without any; returns how many, and how many images the network cannot search."""
    assert run.project is not None
    finder = version_named(network.finder) if network.finder else version
    wanted = images_to_search(run.project, finder)
    total = wanted.count()
    if not network.detects:
        return 0, total
    found = done = 0
    while image := wanted.first():
        run.stop_if_cancelled()
        pixels = _pixels(image)
        people = [] if pixels is None else network.find(pixels)
        with transaction.atomic():
            boxes = [person.box for person in people if person.score >= network.sure_score]
            found += len(propose_people(image=image, finder=finder, boxes=boxes))
            done += 1
            run.checkpoint({"searched": image.pk})
        run.progress(done, max(done, total), f"Looking for people: {found} found")
    return found, 0


def _propose_for_people(run: JobRun, network: "Predictor", version: ModelVersion) -> tuple[int, float]:
    """Propose batch by batch until nobody is left, also for those who came meanwhile."""
    assert run.project is not None
    waiting = people_without_proposal(run.project, version).select_related("image", "project")
    start, done = monotonic(), 0
    while people := list(waiting[:BATCH]):
        run.stop_if_cancelled()
        seen = _seen(network, people)
        with transaction.atomic():
            for person, (surface, uncertainty) in zip(people, seen, strict=True):
                store_proposal(person=person, version=version, seen=surface, uncertainty=uncertainty)
            run.checkpoint({"proposed": people[-1].pk})
        done += len(people)
        pace = done / (monotonic() - start)
        run.progress(done, done + waiting.count(), f"{version}: {pace:.1f} people a second")
    return done, monotonic() - start


def _seen(network: "Predictor", people: Sequence[Person]) -> list[tuple[DenseMap | None, float | None]]:
    """Return what the network sees of each person's crop, and its doubt; None, None where it cannot look."""
    results: dict[int, tuple[DenseMap | None, float | None]] = {}
    images, boxes, owners = [], [], []
    for _image_id, group in groupby(people, key=lambda person: person.image_id):
        of_image = list(group)
        pixels = _pixels(of_image[0].image)
        if pixels is None:
            continue
        images.append(pixels)
        owners.append(of_image)
        boxes.append([box for person in of_image for box in (person.box, _larger(person.box))])
    for of_image, found in zip(owners, network.predict_batch(images, boxes) if images else [], strict=True):
        for index, person in enumerate(of_image):
            results[person.pk] = _looked_twice(person, found[2 * index], found[2 * index + 1])
    return [results.get(person.pk, (None, None)) for person in people]


def _looked_twice(person: Person, first: "PersonSurface", second: "PersonSurface") -> tuple[DenseMap, float]:
    """Return the person's map, and on which share of the body's pixels the second look found another part."""
    crop = person.crop()
    seen = DenseMap.of(first.surface.chart, first.surface.u, first.surface.v).moved(first.window, crop)
    box = _whole(person.box, crop)
    one, other = recrop(seen.part, crop, box), recrop(second.part, second.window, box)
    is_body = (one > 0) | (other > 0)
    return seen, float(np.mean(one[is_body] != other[is_body])) if is_body.any() else 1.0


def _larger(box: Box) -> Box:
    w, h = box.w * _LARGER, box.h * _LARGER
    return Box(box.x - (w - box.w) / 2, box.y - (h - box.h) / 2, w, h)


def _whole(box: Box, crop: Crop) -> Crop:
    """Return the whole pixels of a box that lie in its crop."""
    left, top = max(crop.x, int(box.x)), max(crop.y, int(box.y))
    right = min(crop.x + crop.width, int(np.ceil(box.x + box.w)))
    bottom = min(crop.y + crop.height, int(np.ceil(box.y + box.h)))
    return Crop(left, top, max(1, right - left), max(1, bottom - top))


def _pixels(image: Image) -> "np.ndarray[Any, np.dtype[np.uint8]] | None":
    try:
        return np.asarray(open_picture(image))
    except NotFoundError:
        return None
