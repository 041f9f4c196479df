"""People of a COCO file: why one is refused, its row, and its DensePose fields as accepted answers."""

from typing import Any, Final

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from annotator.models import Consensus, Image, Person, PointSet, PointStatus, Project, Stage, Task
from body.atlas import surface_of
from body.cse import surface_of_cse_vertex
from body.parts import PART_OF_CHART
from export.services.records import QUALITY, verbatim_fields
from export.services.storable import unstorable
from labels.boxes import crop_around
from labels.densepose_coco import Record, annotation_errors, points_of
from labels.dp_masks import label_map_of
from labels.label_maps import pack

_POINT_FIELDS: Final = ("dp_x", "dp_y", "dp_I", "dp_U", "dp_V", "dp_vertex", "ref_model")
_OPTIONAL: Final = ("segmentation", "keypoints")
# Columns of their own; everything else of an annotation is kept in `source`.
_OWN_COLUMNS: Final = frozenset({"segmentation", "keypoints", "dp_masks", *_POINT_FIELDS, QUALITY})


def refusal_of(record: Record, categories: dict[int, str], images: dict[int, Image]) -> str | None:
    """Why an annotation cannot be taken; "" where it is of another category, None where it is fine."""
    if not is_id(record.get("id")):
        return "it has no whole number as id"
    category = record.get("category_id")
    name = categories.get(category) if isinstance(category, int) else None
    if name is None:
        return f"category_id {category!r} is not among the file's categories"
    if name != "person":
        return ""
    image = images.get(record["image_id"]) if is_id(record.get("image_id")) else None
    if image is None:
        return f"its image {record.get('image_id')!r} is not in the project"
    # Other tools write null where there is no outline or keypoint; that loses nothing here.
    given = {name: value for name, value in record.items() if value is not None or name not in _OPTIONAL}
    defects = [
        f"{defect.field} {defect.value} {defect.problem}".replace("  ", " ")
        for defect in annotation_errors(given, (image.width, image.height))
    ]
    return "; ".join(defects[:3]) or unstorable(record)


def person_of(project: Project, image: Image, record: Record) -> Person:
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
        keypoints=record.get("keypoints") or None,
        mask=record.get("segmentation"),
        source_id=record["id"],
        source={name: value for name, value in record.items() if name not in _OWN_COLUMNS},
    )


def has_answers(record: Record) -> bool:
    """Whether an annotation has DensePose fields."""
    return "dp_masks" in record or points_of(record) is not None


def accept_imported(people: list[Person], records: list[Record]) -> None:
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
        verbatim=verbatim_fields(person, record, (*_POINT_FIELDS, QUALITY)),
        accepted_at=now,
        point_set=point_set,
        status=np.full(n_points, PointStatus.PLACED, np.uint8),
        view=np.zeros(n_points, np.uint8),
        click=np.full((n_points, 2), np.nan),
        triangle=surface.triangle,
        weights=surface.weights,
    )


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
