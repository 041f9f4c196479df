"""COCO records of images and people: what a release says of each, verbatim where it was imported and never edited."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from annotator.models import Consensus, Image, Person, PointStatus
from body.atlas import iuv_of, surface_of
from body.cse import nearest_cse_vertex, surface_of_cse_vertex
from body.surface import SurfacePoints
from export.models import Format
from labels.boxes import to_dp
from labels.densepose_coco import Record, chart_fields, points_of, vertex_fields
from labels.dp_masks import dp_masks_of
from labels.rle import decode_mask

# Rows made here get their number plus this, so that ids of imported COCO files never collide with them.
LOCAL_ID_OFFSET: Final = 10_000_000_000

CHART_NAMES: Final = ("dp_I", "dp_U", "dp_V")
VERTEX_NAMES: Final = ("dp_vertex", "ref_model")
# A field of ours that public readers leave alone: how the answers came about. Imported, it goes when points are edited.
QUALITY: Final = "densepose_quality"


def exported_id(row: Image | Person) -> int:
    """Return the id of an image or person in every release."""
    return row.source_id if row.source_id is not None else LOCAL_ID_OFFSET + int(row.pk)


def image_record(image: Image, file_name: str) -> Record:
    """Return the COCO record of an image under the file name that the release gives it."""
    return {
        **image.source,
        "id": exported_id(image),
        "file_name": file_name,
        "width": image.width,
        "height": image.height,
    }


def annotation_record(
    person: Person, consensus: Mapping[str, Consensus], image_id: int, category_id: int, fmt: str
) -> Record:
    """Return the COCO annotation of a person with its accepted parts and points.

    Args:
        person: with its image.
        consensus: accepted answers by stage.
        image_id: the image's id in the release.
        category_id: "person" in the release; other files of the project may mean something else by an imported number.
        fmt: one of `Format`.
    """
    record: Record = {"category_id": category_id, **person.source, "id": exported_id(person), "image_id": image_id}
    record["category_id"] = category_id
    record["iscrowd"] = int(person.is_crowd)
    if person.is_ignored or record.get("ignore"):
        record["ignore"] = int(person.is_ignored)
    if record.get("bbox") != person.box.to_xywh():
        record["bbox"] = person.box.to_xywh()
        record.pop("area", None)
    if person.mask is not None:
        record["segmentation"] = person.mask
    if person.keypoints is not None:
        record["keypoints"] = person.keypoints
        record.setdefault("num_keypoints", sum(1 for visible in person.keypoints[2::3] if visible))
    if "area" not in record:
        record["area"] = _area(person)
    if parts := consensus.get("parts"):
        record |= _parts_fields(person, parts)
    if points := consensus.get("correspondence"):
        record |= _point_fields(person, points, fmt)
    quality = {
        name: _provenance(answer)
        for name, answer in (("parts", parts), ("points", points))
        if answer is not None and answer.method != Consensus.Method.IMPORTED
    }
    if quality:
        kept = record.get(QUALITY)
        record[QUALITY] = (kept if isinstance(kept, dict) else {}) | quality
    return record


def _provenance(answer: Consensus) -> dict[str, Any]:
    """How an answer came about: of how many, how, how far they agreed, and the number of the account that settled it.

    No names: a data set outlives the consent to be named in it.
    """
    told: dict[str, Any] = {"answers": answer.answers, "method": answer.method, **answer.figures}
    return told | {"reviewed_by": answer.accepted_by_id} if answer.accepted_by_id else told


def verbatim_fields(person: Person, annotation: Record, names: Sequence[str]) -> dict[str, Any]:
    """Return what `Consensus.verbatim` keeps of an imported annotation: the fields and the box they refer to."""
    return {"box": person.box.to_xywh(), "fields": {name: annotation[name] for name in names if name in annotation}}


def _parts_fields(person: Person, parts: Consensus) -> Record:
    if (kept := _kept(person, parts)) is not None:
        return kept
    painted = parts.painted()
    return {"dp_masks": dp_masks_of(*painted, person.box)} if painted else {}


def _point_fields(person: Person, points: Consensus, fmt: str) -> Record:
    if (kept := _kept(person, points)) is not None:
        return _kept_points(kept, fmt)
    if points.point_set is None:
        return {}
    xy = points.point_set.xy
    box = person.box
    is_inside = ((xy >= (box.x, box.y)) & (xy <= (box.x + box.w, box.y + box.h))).all(axis=1)
    chosen = is_inside & (points.status == PointStatus.PLACED) & (points.triangle >= 0)
    if not chosen.any():
        return {}
    surface = SurfacePoints(points.triangle[chosen], points.weights[chosen])
    return _fields_of(to_dp(xy[chosen], box), surface, fmt)


def _fields_of(dp_xy: NDArray[np.float64], surface: SurfacePoints, fmt: str) -> Record:
    fields: Record = {}
    if fmt != Format.CSE:
        fields |= chart_fields(dp_xy, *iuv_of(surface))
    if fmt != Format.CHARTS:
        fields |= vertex_fields(dp_xy, nearest_cse_vertex(surface))
    return fields


def _kept(person: Person, answer: Consensus) -> Record | None:
    """The imported fields, as long as the answer and the box are as they came."""
    if not answer.verbatim or answer.verbatim["box"] != person.box.to_xywh():
        return None
    fields: Record = dict(answer.verbatim["fields"])
    return fields


def _kept_points(kept: Record, fmt: str) -> Record:
    """Imported points in the format asked for; only what they lack is computed, what they have stays verbatim."""
    wants_charts, wants_vertices = fmt != Format.CSE, fmt != Format.CHARTS
    has_charts, has_vertices = "dp_I" in kept, "dp_vertex" in kept
    fields = {
        name: value
        for name, value in kept.items()
        if not (name in CHART_NAMES and not wants_charts) and not (name in VERTEX_NAMES and not wants_vertices)
    }
    points = points_of(kept)
    if points is None or ((has_charts or not wants_charts) and (has_vertices or not wants_vertices)):
        return fields
    if points.chart is not None and points.u is not None and points.v is not None:
        computed = vertex_fields(points.dp_xy, nearest_cse_vertex(surface_of(points.chart, points.u, points.v)))
        return fields | {name: computed[name] for name in VERTEX_NAMES}
    assert points.vertex is not None
    computed = chart_fields(points.dp_xy, *iuv_of(surface_of_cse_vertex(points.vertex)))
    return fields | {name: computed[name] for name in CHART_NAMES}


def _area(person: Person) -> float:
    """Area of the person's outline in square pixels; of the box where there is no outline."""
    if person.mask is None:
        return round(person.box.w * person.box.h, 2)
    return float(decode_mask(person.mask, (person.image.height, person.image.width)).sum())
