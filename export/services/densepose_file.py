"""One DensePose-COCO file of a project, streamed: memory does not grow with the number of people."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from annotator.models import Consensus, Image, Person, Project, Stage
from annotator.selectors.scope import real_images
from export.models import AnnotationSource, Format
from export.services.records import annotation_record, exported_id, image_record
from labels.densepose_coco import PERSON_CATEGORY, ByteSink, DensePoseWriter, Record

CHUNK: Final = 500

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What a file holds.

    `split` is train, val or empty for all; `only_annotated` leaves out images without a single accepted point.
    """

    format: str = Format.CHARTS
    split: str = ""
    only_annotated: bool = False


@dataclass(frozen=True, slots=True)
class FileCounts:
    images: int
    people: int
    with_parts: int
    with_points: int
    points: int


def write_densepose_file(
    stream: ByteSink, project: Project, options: FileOptions, on_progress: OnProgress | None = None
) -> FileCounts:
    """Write a project's images and accepted annotations as DensePose-COCO; the same state gives the same bytes.

    All is read in one repeatable-read transaction, so that a file never mixes two moments.

    Args:
        stream: open for writing bytes; atomicity is the caller's.
        project: the project.
        options: format, split, scope.
        on_progress: called with (people written, people in all).
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Only the outermost transaction can be given a snapshot; inside another one (tests) its own view serves.
            if len(connection.savepoint_ids) == 0:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _write(stream, project, options, on_progress or (lambda done, total: None))


def chosen_images(project: Project, options: FileOptions) -> QuerySet[Image]:
    """Return the images that a file holds. Rendered gold never leaves the platform."""
    images = real_images(Image.objects.filter(project=project))
    if options.split:
        images = images.filter(split=options.split)
    if options.only_annotated:
        accepted = Consensus.objects.filter(
            person__image=OuterRef("pk"),
            person__is_deleted=False,
            person__is_proposed=False,
            stage=Stage.CORRESPONDENCE,
        )
        images = images.filter(Exists(accepted))
    return images.order_by("pk")


def release_names(project: Project) -> dict[int, str]:
    """Return file names of images that share theirs with another image of the project: these get their id in front."""
    names: Counter[str] = Counter()
    taken: dict[int, str] = {}
    rows = Image.objects.filter(project=project).order_by("pk").values_list("pk", "source_id", "file_name", "source")
    for pk, source_id, file_name, source in rows.iterator(chunk_size=CHUNK):
        name = str(source.get("file_name", file_name))
        names[name] += 1
        if names[name] > 1:
            path = PurePosixPath(name)
            taken[pk] = str(path.with_name(f"{exported_id(Image(pk=pk, source_id=source_id))}_{path.name}"))
    return taken


def name_in_release(image: Image, renamed: dict[int, str]) -> str:
    """Return the file name of an image in a release."""
    return renamed.get(image.pk) or str(image.source.get("file_name", image.file_name))


def _write(stream: ByteSink, project: Project, options: FileOptions, on_progress: OnProgress) -> FileCounts:
    images = chosen_images(project, options)
    people = Person.objects.filter(image__in=images, is_deleted=False, is_proposed=False)
    total, n_images, done = people.count(), 0, Counter[str]()
    renamed = release_names(project)
    header = _header(project)
    category_id = next(c["id"] for c in header["categories"] if c.get("name") == "person")
    with DensePoseWriter(
        stream,
        info={"description": project.name, "format": "DensePose-COCO", "points": options.format},
        licenses=header["licenses"],
        categories=header["categories"],
    ) as writer:
        for image in images.iterator(chunk_size=CHUNK):
            writer.add_image(image_record(image, name_in_release(image, renamed)))
            n_images += 1
        for person in _people(people):
            consensus = {answer.stage: answer for answer in person.consensus.all()}
            record = annotation_record(person, consensus, exported_id(person.image), category_id, options.format)
            writer.add_annotation(record)
            done.update(_tally(record))
            on_progress(done["people"], total)
    return FileCounts(n_images, done["people"], done["with_parts"], done["with_points"], done["points"])


def _people(people: QuerySet[Person]) -> Iterator[Person]:
    answers = Consensus.objects.select_related("point_set")
    return (
        people.select_related("image")
        .prefetch_related(Prefetch("consensus", queryset=answers))
        .order_by("image_id", "pk")
        .iterator(chunk_size=CHUNK)
    )


def _tally(record: Record) -> dict[str, int]:
    n_points = len(record.get("dp_x", ()))
    return {
        "people": 1,
        "with_parts": int("dp_masks" in record),
        "with_points": int(n_points > 0),
        "points": n_points,
    }


def _header(project: Project) -> dict[str, list[dict[str, Any]]]:
    """Licences and categories of all imported files, the first of each id; person is once among the categories."""
    merged: dict[str, dict[Any, dict[str, Any]]] = {"licenses": {}, "categories": {}}
    for source in AnnotationSource.objects.filter(project=project).order_by("pk"):
        for name, records in merged.items():
            for record in getattr(source, name):
                records.setdefault(record.get("id"), record)
    categories = list(merged["categories"].values())
    people = [record for record in categories if record.get("name") == "person"]
    if not people:
        free = max((int(record["id"]) for record in categories), default=0) + 1
        categories.append({**PERSON_CATEGORY, "id": free})
    categories = [record for record in categories if record not in people[1:]]
    return {"licenses": list(merged["licenses"].values()), "categories": categories}
