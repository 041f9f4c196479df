"""Import of COCO instances, COCO keypoints and DensePose-COCO files with their images.

Two passes over the file, neither of which holds it in memory: images, then annotations in batches. Each batch is one
transaction with the job's checkpoint, and everything is known by the file's own ids: an import that was killed, or is
run twice, goes on where it was and makes nothing twice. What cannot be taken is reported with id and reason; the rest
goes in.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, Final

from django.db import transaction

from annotator.errors import DomainError, NotFoundError
from annotator.models import Image, Lease, Person, Project, Submission, Task, User
from annotator.services.events import record_event
from annotator.services.images import add_image, check_picture
from annotator.services.task_states import make_tasks
from export.models import AnnotationSource
from export.services.image_sources import ImageSource, safe_name
from export.services.imported_people import accept_imported, has_answers, is_id, person_of, refusal_of
from export.services.storable import unstorable
from labels.boxes import Box
from labels.densepose_coco import Header, Record, read_annotations, read_header
from labels.errors import LabelError

BATCH: Final = 200
MAX_REPORTED: Final = 1000
_CLASH: Final = "in the project: give the file ids of its own, or import it into another project"
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
            shown = number if number is None or is_id(number) else ascii(number)[:80]
            self.refused.append({"kind": kind, "id": shown, "reason": reason})

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
    # Ids of the file's images that the project has for other pictures: their people must not come to lie on these.
    clashing: set[int] = field(default_factory=set)
    # Numbers of the file's licences that mean others in the project, and what they are here.
    licence_numbers: dict[Any, Any] = field(default_factory=dict)


def import_annotations(run: ImportRun) -> ImportReport:
    """Take in a file's images and people; accepted DensePose annotations become accepted answers.

    Raises:
        LabelError: the file is no COCO file; nothing was written then.
    """
    done_images, done_annotations = 0, 0
    if run.last_checkpoint:
        run.report = ImportReport.from_json(run.last_checkpoint["report"])
        done_images, done_annotations = run.last_checkpoint["images"], run.last_checkpoint["annotations"]
        run.clashing = set(run.last_checkpoint.get("clashing", ()))
    run.annotations.seek(0)
    header = read_header(run.annotations)
    if (problem := unstorable({"licenses": header.licenses, "categories": header.categories})) is not None:
        raise LabelError(f"{problem}, which cannot be stored")
    run.categories = {
        c["id"]: str(c.get("name")) for c in header.categories if isinstance(c, dict) and isinstance(c.get("id"), int)
    }
    _keep_header(run, header)
    _import_images(run, header.images, done_images)
    _import_people(run, len(header.images), done_annotations)
    with transaction.atomic():
        record_event(
            verb="imported", target=run.project, project=run.project, actor=run.by, after=dict(run.report.counts)
        )
    return run.report


def _keep_header(run: ImportRun, header: Header) -> None:
    """Keep licences and categories for releases. A licence whose number means another one here gets a free number."""
    given = _with_id(header.licenses)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=run.project.pk)
        earlier = AnnotationSource.objects.filter(project=run.project).exclude(sha256=run.sha256).order_by("-pk")
        here = {entry["id"]: entry for kept in earlier.values_list("licenses", flat=True) for entry in _with_id(kept)}
        source, _is_new = AnnotationSource.objects.get_or_create(
            project=run.project,
            sha256=run.sha256,
            defaults={
                "file_name": run.annotations_name[:255],
                "licenses": _numbered_apart(given, here),
                "categories": [c for c in header.categories if isinstance(c, dict) and isinstance(c.get("id"), int)],
            },
        )
    numbers: dict[Any, Any] = {}
    for entry, kept in zip(given, _with_id(source.licenses), strict=True):
        numbers.setdefault(entry["id"], kept["id"])
    run.licence_numbers = {number: own for number, own in numbers.items() if number != own}


def _with_id(licences: list[Any]) -> list[Record]:
    return [entry for entry in licences if isinstance(entry, dict) and isinstance(entry.get("id"), int | str)]


def _numbered_apart(given: list[Record], here: dict[Any, Record]) -> list[Record]:
    """Return licences of a file, those with another one's number in the project under its own there, or a free one."""
    kept: list[Record] = []
    for entry in given:
        same = [number for number, other in here.items() if {**other, "id": 0} == {**entry, "id": 0}]
        number = entry["id"]
        if number in here and number not in same:
            free = max((taken for taken in here if isinstance(taken, int)), default=0) + 1
            number = same[0] if same else free
        here = {**here, number: {**entry, "id": number}}
        kept.append(here[number])
    return kept


def _import_images(run: ImportRun, records: list[Any], start: int) -> None:
    for first in range(start, len(records), BATCH):
        batch = records[first : first + BATCH]
        known = _known_images(run.project, [r.get("id") for r in batch if isinstance(r, dict)])
        uploaded = _uploaded_images(run.project, [r for r in batch if isinstance(r, dict) and unstorable(r) is None])
        for index, record in enumerate(batch, start=first):
            _import_image(run, record, index, known, uploaded)
            run.on_progress(index + 1, len(records), f"{index + 1:,} of {len(records):,} images")
        run.save_checkpoint(_checkpoint(run, first + len(batch), 0))


def _import_image(
    run: ImportRun, record: Any, index: int, known: dict[int, Image], uploaded: dict[str, list[Image]]
) -> None:
    if not isinstance(record, dict) or not is_id(record.get("id")):
        run.report.refuse("image", index, "it has no whole number as id")
        return
    number, name = record["id"], record.get("file_name")
    if (problem := unstorable(record)) is not None:
        run.report.refuse("image", number, problem)
        return
    if isinstance(licence := record.get("license"), int | str) and licence in run.licence_numbers:
        record = {**record, "license": run.licence_numbers[licence]}
    if not isinstance(name, str) or not name:
        run.report.refuse("image", number, "it has no file_name")
        return
    if number in known:
        if _is_same(run, known[number], record):
            run.report.counts["images_known"] += 1
        else:
            run.clashing.add(number)
            run.report.refuse("image", number, f"this id belongs to another {known[number].file_name} {_CLASH}")
        return
    try:
        if (image := _adopted(run, record, uploaded.get(safe_name(name).name, []))) is not None:
            known[number] = image
            run.report.counts["images_matched"] += 1
            return
        if run.images is None:
            raise NotFoundError(f"{name} is not in the project: upload it first, or send a zip of the images along")
        content = run.images.read(name)
        image, is_new = add_image(
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
    run.report.counts["images_added"] += is_new


def _adopted(run: ImportRun, record: Record, uploaded: list[Image]) -> Image | None:
    """The one of the images of this name, uploaded before the file came, that is this one: it takes the file's id."""
    size = _size_of(record)
    of_size = [image for image in uploaded if (image.width, image.height) == size]
    image = next((image for image in of_size if _has_its_pixels(run, image, record) is not False), None)
    if image is not None:
        uploaded.remove(image)
        image.source_id, image.source = record["id"], record
        image.save(update_fields=["source_id", "source"])
    return image


def _is_same(run: ImportRun, image: Image, record: Record) -> bool:
    """Whether an image of the project is the one that a record of the same id means, as far as can be seen."""
    if (is_same := _has_its_pixels(run, image, record)) is not None:
        return is_same
    return image.source.get("file_name") == record["file_name"] and _size_of(record) in {
        None,
        (image.width, image.height),
    }


def _has_its_pixels(run: ImportRun, image: Image, record: Record) -> bool | None:
    """Whether the import's picture is the stored one, as names are numbers in many data sets; None where unknown."""
    if run.images is None:
        return None
    try:
        content = run.images.read(record["file_name"])
        if hashlib.sha256(content).hexdigest() == image.sha256:
            return True
        return check_picture(content, expected_size=_size_of(record)).sha256 == image.sha256
    except DomainError:
        return None  # no such picture comes along, or one that cannot be read


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
            run.save_checkpoint(_checkpoint(run, n_images, done))
        run.on_progress(run.annotations.tell() // 1024, total // 1024, f"{done:,} people read")


def _import_batch(run: ImportRun, batch: list[Record]) -> None:
    numbers = [record.get("id") for record in batch if is_id(record.get("id"))]
    known = Person.objects.filter(project=run.project, source_id__in=numbers).values_list("source_id", "image_id")
    image_of_person = dict(known)
    images = _known_images(run.project, [record.get("image_id") for record in batch])
    people: list[Person] = []
    records: list[Record] = []
    annotated: dict[int, Record] = {}  # of people who are here already
    for record in batch:
        reason = refusal_of(record, run.categories, images)
        if reason == "":
            run.report.counts["annotations_of_other_categories"] += 1
        elif reason is not None:
            run.report.refuse("annotation", record.get("id"), reason)
        elif record["image_id"] in run.clashing:
            run.report.refuse("annotation", record["id"], f"the id of its image, {record['image_id']}, was refused")
        elif (image := image_of_person.get(record["id"])) is not None:
            if image == images[record["image_id"]].pk:
                run.report.counts["people_known"] += 1
                if has_answers(record):
                    annotated[record["id"]] = record
            else:
                run.report.refuse("annotation", record["id"], f"this id belongs to someone in another image {_CLASH}")
        else:
            image_of_person[record["id"]] = images[record["image_id"]].pk
            people.append(person_of(run.project, images[record["image_id"]], record))
            records.append(record)
    Person.objects.bulk_create(people)
    make_tasks(people)
    accept_imported(people, records)
    run.report.counts["people_added"] += len(people)
    _accept_for_known(run, annotated)


def _accept_for_known(run: ImportRun, records: dict[int, Record]) -> None:
    """Take DensePose answers in for people who came earlier without them, where nobody has begun on these."""
    people = list(
        Person.objects.filter(
            project=run.project, source_id__in=records, is_deleted=False, consensus=None
        ).select_related("image")
    )
    # Whoever asks for a task locks it first: nobody begins meanwhile.
    tasks = list(Task.objects.select_for_update().filter(person__in=people).order_by("pk").values_list("pk", flat=True))
    begun = set(Lease.objects.filter(task__in=tasks).values_list("task__person", flat=True))
    begun |= set(Submission.objects.filter(task__in=tasks).values_list("task__person", flat=True))
    taken: list[Person] = []
    for person in people:
        record = records[person.source_id or 0]
        if person.pk in begun:
            run.report.refuse(
                "annotation", record["id"], "its DensePose answers stay out: work on this person has begun"
            )
        elif person.box != Box.from_xywh(record["bbox"]):
            run.report.refuse("annotation", record["id"], "its DensePose answers stay out: its box is another one here")
        else:
            taken.append(person)
    accept_imported(taken, [records[person.source_id or 0] for person in taken])
    if taken:
        run.report.counts["answers_added"] += len(taken)


def _checkpoint(run: ImportRun, images: int, annotations: int) -> dict[str, Any]:
    return {
        "images": images,
        "annotations": annotations,
        "clashing": sorted(run.clashing),
        "report": run.report.to_json(),
    }


def _known_images(project: Project, numbers: list[Any]) -> dict[int, Image]:
    wanted = [number for number in numbers if is_id(number)]
    images = Image.objects.filter(project=project, source_id__in=wanted)
    return {image.source_id: image for image in images if image.source_id is not None}


def _uploaded_images(project: Project, records: list[Record]) -> dict[str, list[Image]]:
    """Images of these records' names that came without an annotation file, the oldest of a name first."""
    names = [record.get("file_name") for record in records]
    wanted = [PurePosixPath(name).name for name in names if isinstance(name, str)]
    found: dict[str, list[Image]] = {}
    for image in Image.objects.filter(project=project, source_id=None, file_name__in=wanted).order_by("pk"):
        found.setdefault(image.file_name, []).append(image)
    return found


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
