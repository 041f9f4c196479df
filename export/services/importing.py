"""Import of COCO instances, COCO keypoints and DensePose-COCO files with their images.

Two passes over the file, neither of which holds it in memory: images, then annotations in batches. Each batch is one
transaction with the job's checkpoint, and everything is known by the file's own ids: an import that was killed, or is
run twice, goes on where it was and makes nothing twice. What cannot be taken is reported with id and reason; the rest
goes in.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Final

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotator.errors import DomainError, NotFoundError
from annotator.models import Consensus, Image, Person, PointSet, PointStatus, Project, Stage, Task, User
from annotator.services.events import record_event
from annotator.services.images import create_image
from annotator.services.task_states import make_tasks
from body.atlas import surface_of
from body.cse import surface_of_cse_vertex
from body.parts import PART_OF_CHART
from export.models import AnnotationSource
from export.services.image_sources import ImageSource, safe_name
from export.services.records import verbatim_fields
from labels.boxes import crop_around
from labels.densepose_coco import Record, annotation_errors, points_of, read_annotations, read_header
from labels.dp_masks import label_map_of
from labels.label_maps import pack

BATCH: Final = 200
MAX_REPORTED: Final = 1000
_POINT_FIELDS: Final = ("dp_x", "dp_y", "dp_I", "dp_U", "dp_V", "dp_vertex", "ref_model")
# Columns of their own; everything else of an annotation is kept in `source`.
_OWN_COLUMNS: Final = frozenset({"segmentation", "keypoints", "dp_masks", *_POINT_FIELDS, "densepose_quality"})

Checkpoint = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class ImportReport:
    """What an import did. `refused` holds the first records of each reason; `counts` holds all."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, kind: str, number: object, reason: str) -> None:
        """Count and note a record that cannot be taken."""
        self.counts[f"{kind}s_refused"] += 1
        if len(self.refused) < MAX_REPORTED:
            self.refused.append({"kind": kind, "id": number, "reason": reason})

    def to_json(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "refused": self.refused}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ImportReport":
        return cls(Counter(data["counts"]), list(data["refused"]))


@dataclass(slots=True)
class ImportRun:
    """One import under way: what is read, for whom, and where it goes on after a crash."""

    project: Project
    annotations: IO[bytes]
    annotations_name: str
    sha256: str
    images: ImageSource | None
    by: User | None
    split: str = "train"
    on_progress: Callable[[int, int, str], None] = lambda done, total, message: None
    save_checkpoint: Checkpoint = lambda data: None
    last_checkpoint: dict[str, Any] | None = None
    report: ImportReport = field(default_factory=ImportReport)
    categories: dict[int, str] = field(default_factory=dict)


def import_annotations(run: ImportRun) -> ImportReport:
    """Take in a file's images and people; accepted DensePose annotations become accepted answers.

    Raises:
        LabelError: the file is no COCO file; nothing was written then.
    """
    done_images, done_annotations = 0, 0
    if run.last_checkpoint:
        run.report = ImportReport.from_json(run.last_checkpoint["report"])
        done_images, done_annotations = run.last_checkpoint["images"], run.last_checkpoint["annotations"]
    run.annotations.seek(0)
    header = read_header(run.annotations)
    run.categories = {
        c["id"]: str(c.get("name")) for c in header.categories if isinstance(c, dict) and isinstance(c.get("id"), int)
    }
    AnnotationSource.objects.get_or_create(
        project=run.project,
        sha256=run.sha256,
        defaults={
            "file_name": run.annotations_name[:255],
            "licenses": [entry for entry in header.licenses if isinstance(entry, dict)],
            "categories": [c for c in header.categories if isinstance(c, dict) and isinstance(c.get("id"), int)],
        },
    )
    _import_images(run, header.images, done_images)
    _import_people(run, len(header.images), done_annotations)
    with transaction.atomic():
        record_event(
            verb="imported", target=run.project, project=run.project, actor=run.by, after=dict(run.report.counts)
        )
    return run.report


def _import_images(run: ImportRun, records: list[Any], start: int) -> None:
    for first in range(start, len(records), BATCH):
        batch = records[first : first + BATCH]
        known = _known_images(run.project, [r.get("id") for r in batch if isinstance(r, dict)])
        for index, record in enumerate(batch, start=first):
            _import_image(run, record, index, known)
            run.on_progress(index + 1, len(records), f"{index + 1:,} of {len(records):,} images")
        run.save_checkpoint({"images": first + len(batch), "annotations": 0, "report": run.report.to_json()})


def _import_image(run: ImportRun, record: Any, index: int, known: dict[int, Image]) -> None:
    if not isinstance(record, dict) or not _is_id(record.get("id")):
        run.report.refuse("image", index, "it has no whole number as id")
        return
    number, name = record["id"], record.get("file_name")
    if not isinstance(name, str) or not name:
        run.report.refuse("image", number, "it has no file_name")
        return
    if number in known:
        if known[number].source.get("file_name") != name:
            run.report.refuse("image", number, f"this id belongs to {known[number].file_name} in the project already")
        else:
            run.report.counts["images_known"] += 1
        return
    try:
        if (image := _adopted(run, number, name, record)) is not None:
            known[number] = image
            run.report.counts["images_matched"] += 1
            return
        if run.images is None:
            raise NotFoundError(f"{name} is not in the project: upload it first, or send a zip of the images along")
        content = run.images.read(name)
        image = create_image(
            project=run.project,
            file_name=name,
            content=content,
            by=run.by,
            split=run.split,
            source_id=number,
            source=record,
            expected_size=_size_of(record),
        )
    except DomainError as error:
        run.report.refuse("image", number, error.message)
        return
    known[number] = image
    run.report.counts["images_added"] += 1


def _adopted(run: ImportRun, number: int, name: str, record: Record) -> Image | None:
    """An image of this name that was uploaded before the file came: it takes the file's id."""
    if (size := _size_of(record)) is None:
        return None
    image = (
        Image.objects.filter(project=run.project, source_id=None, file_name=safe_name(name).name)
        .filter(width=size[0], height=size[1])
        .order_by("pk")
        .first()
    )
    if image is not None:
        image.source_id, image.source = number, record
        image.save(update_fields=["source_id", "source"])
    return image


def _import_people(run: ImportRun, n_images: int, start: int) -> None:
    run.annotations.seek(0, 2)
    total = run.annotations.tell()
    run.annotations.seek(0)
    done = 0
    for batch in _batches(read_annotations(run.annotations)):
        done += len(batch)
        if done <= start:
            continue
        with transaction.atomic():
            _import_batch(run, batch)
            run.save_checkpoint({"images": n_images, "annotations": done, "report": run.report.to_json()})
        run.on_progress(run.annotations.tell() // 1024, total // 1024, f"{done:,} people read")


def _import_batch(run: ImportRun, batch: list[Record]) -> None:
    numbers = [record.get("id") for record in batch if _is_id(record.get("id"))]
    known_people = set(
        Person.objects.filter(project=run.project, source_id__in=numbers).values_list("source_id", flat=True)
    )
    images = _known_images(run.project, [record.get("image_id") for record in batch])
    people: list[Person] = []
    records: list[Record] = []
    for record in batch:
        reason = _refusal(run, record, images)
        if reason == "":
            run.report.counts["annotations_of_other_categories"] += 1
        elif reason is not None:
            run.report.refuse("annotation", record.get("id"), reason)
        elif record["id"] in known_people:
            run.report.counts["people_known"] += 1
        else:
            known_people.add(record["id"])
            people.append(_person(run.project, images[record["image_id"]], record))
            records.append(record)
    Person.objects.bulk_create(people)
    make_tasks(people)
    _accept(people, records)
    run.report.counts["people_added"] += len(people)


def _refusal(run: ImportRun, record: Record, images: dict[int, Image]) -> str | None:
    """Why an annotation cannot be taken; "" where it is of another category, None where it is fine."""
    if not _is_id(record.get("id")):
        return "it has no whole number as id"
    category = record.get("category_id")
    name = run.categories.get(category) if isinstance(category, int) else None
    if name is None:
        return f"category_id {category!r} is not among the file's categories"
    if name != "person":
        return ""
    image = images.get(record["image_id"]) if _is_id(record.get("image_id")) else None
    if image is None:
        return f"its image {record.get('image_id')!r} is not in the project"
    defects = [
        f"{defect.field} {defect.value} {defect.problem}".replace("  ", " ")
        for defect in annotation_errors(record, (image.width, image.height))
    ] or _keypoint_errors(record)
    return "; ".join(defects[:3]) or None


def _keypoint_errors(record: Record) -> list[str]:
    keypoints = record.get("keypoints")
    if keypoints is None:
        return []
    if not isinstance(keypoints, list) or len(keypoints) != 51 or not all(_is_number(value) for value in keypoints):
        return ["keypoints must be 51 finite numbers: x, y, visibility of 17 joints"]
    return []


def _person(project: Project, image: Image, record: Record) -> Person:
    x, y, width, height = (float(value) for value in record["bbox"])
    return Person(
        project=project,
        image=image,
        box_x=x,
        box_y=y,
        box_width=width,
        box_height=height,
        is_crowd=bool(record["iscrowd"]),
        is_ignored=bool(record.get("ignore", 0)),
        keypoints=record.get("keypoints"),
        mask=record.get("segmentation"),
        source_id=record["id"],
        source={name: value for name, value in record.items() if name not in _OWN_COLUMNS},
    )


def _accept(people: list[Person], records: list[Record]) -> None:
    """Make imported DensePose fields the accepted answers of their people, and close their tasks."""
    parts: list[Consensus] = []
    point_sets: list[PointSet] = []
    points: list[Consensus] = []
    done = {stage: list[int]() for stage in Stage}
    now = timezone.now()
    for person, record in zip(people, records, strict=True):
        if "dp_masks" in record:
            parts.append(_parts_consensus(person, record, now))
            done[Stage.PARTS].append(person.pk)
        if (answer := _points_consensus(person, record, now)) is not None:
            point_sets.append(answer[0])
            points.append(answer[1])
            done[Stage.CORRESPONDENCE].append(person.pk)
            if "dp_masks" not in record:
                # Points without masks exist in published files; painting parts would sample other points.
                done[Stage.PARTS].append(person.pk)
    PointSet.objects.bulk_create(point_sets)
    Consensus.objects.bulk_create(parts)
    Consensus.objects.bulk_create(points)
    for stage, numbers in done.items():
        Task.objects.filter(person_id__in=numbers, stage=stage).exclude(state=Task.State.CLOSED).update(
            state=Task.State.DONE, places_left=0
        )


def _parts_consensus(person: Person, record: Record, now: Any) -> Consensus:
    crop = crop_around(person.box, (person.image.width, person.image.height))
    label_map = label_map_of(record["dp_masks"], crop, person.box)
    return Consensus(
        person=person,
        stage=Stage.PARTS,
        method=Consensus.Method.IMPORTED,
        verbatim=verbatim_fields(person, record, ("dp_masks",)),
        accepted_at=now,
        crop_x=crop.x,
        crop_y=crop.y,
        crop_width=crop.width,
        crop_height=crop.height,
        label_map=pack(label_map),
        parts_not_visible=np.array([], np.uint8),
    )


def _points_consensus(person: Person, record: Record, now: Any) -> tuple[PointSet, Consensus] | None:
    points = points_of(record)
    if points is None or len(points) == 0:
        return None
    if points.chart is not None and points.u is not None and points.v is not None:
        surface = surface_of(points.chart, points.u, points.v)
    else:
        assert points.vertex is not None
        surface = surface_of_cse_vertex(points.vertex)
    n_points = len(points)
    part: NDArray[np.uint8] = np.array(PART_OF_CHART, np.uint8)[surface.chart]
    point_set = PointSet(
        person=person, version=1, key=np.arange(1, n_points + 1), xy=points.image_xy(person.box), part=part
    )
    return point_set, Consensus(
        person=person,
        stage=Stage.CORRESPONDENCE,
        method=Consensus.Method.IMPORTED,
        verbatim=verbatim_fields(person, record, _POINT_FIELDS),
        accepted_at=now,
        point_set=point_set,
        status=np.full(n_points, PointStatus.PLACED, np.uint8),
        view=np.zeros(n_points, np.uint8),
        click=np.full((n_points, 2), np.nan),
        triangle=surface.triangle,
        weights=surface.weights,
    )


def _known_images(project: Project, numbers: list[Any]) -> dict[int, Image]:
    wanted = [number for number in numbers if _is_id(number)]
    images = Image.objects.filter(project=project, source_id__in=wanted)
    return {image.source_id: image for image in images if image.source_id is not None}


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _size_of(record: Record) -> tuple[int, int] | None:
    width, height = record.get("width"), record.get("height")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
