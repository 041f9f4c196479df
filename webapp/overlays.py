"""A person's crop as a small picture with what was answered over it: parts, points, coordinates, disputed pixels."""

import io
import zlib
from dataclasses import dataclass

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from annotator.models import Answer, Consensus, Person, PointStatus, Stage, Submission
from annotator.services.pictures import JPEG_QUALITY, THUMBNAIL_PX, open_picture, stored_thumbnail
from annotator.storage import store_bytes
from body.atlas import iuv_of
from body.parts import N_CHARTS, N_PARTS, PARTS
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import boundary, recrop
from webapp.disputed_picture import disputing_answers, paint_disputed

OVERLAYS = ("none", "parts", "points", "iuv", "disputed")
_FILL = 0.46
_PLASMA = np.array([[84, 2, 163], [139, 10, 165], [185, 50, 137], [219, 92, 104], [244, 136, 73], [254, 188, 43]])
_PART_COLOURS = np.zeros((N_PARTS + 1, 3))
for _part in PARTS:
    _PART_COLOURS[_part.number] = [int(_part.colour[i : i + 2], 16) for i in (1, 3, 5)]


@dataclass(frozen=True)
class Answers:
    """The best answer of a person at each stage: the accepted one, else the newest."""

    parts: Answer | None
    points: Answer | None


def answers_for(person: Person) -> Answers:
    """Return what can be drawn over a person."""
    found: dict[str, Answer] = {c.stage: c for c in Consensus.objects.filter(person=person).select_related("point_set")}
    for stage in Stage:
        if stage.value not in found:
            newest = (
                Submission.objects.filter(task__person=person, task__stage=stage, superseded_by=None, sent_back=None)
                .select_related("point_set")
                .order_by("-id")
                .first()
            )
            if newest is not None:
                found[stage.value] = newest
    return Answers(found.get(Stage.PARTS), found.get(Stage.CORRESPONDENCE))


def stored_overlay(person: Person, kind: str) -> str:
    """Return the storage name of a person's picture with an overlay of OVERLAYS, made at the first call.

    Where nothing was answered yet it is the plain thumbnail.
    """
    if kind == "disputed":
        return _stored_disputed(person)
    answers = answers_for(person)
    wanted = answers.points if kind in {"points", "iuv"} else answers.parts
    if kind == "none" or wanted is None:
        return stored_thumbnail(image=person.image, crop=person.crop())
    mark = f"{wanted.accepted_at:%Y%m%d%H%M%S%f}" if isinstance(wanted, Consensus) else ""
    parts_mark = f"{answers.parts.pk}-" if answers.parts else ""
    name = (
        f"overlays/{person.project_id}/{person.pk}-{person.revision}-{kind}-"
        f"{type(wanted).__name__.lower()}-{parts_mark}{wanted.pk}-{mark}.jpg"
    )
    if not default_storage.exists(name):
        store_bytes(name, _jpeg(_drawn(person, kind, answers)))
    return name


def _stored_disputed(person: Person) -> str:
    """Return the name of the picture of disputed pixels; the plain thumbnail where fewer than two answers stand."""
    answers = disputing_answers(person)
    if not answers:
        return stored_thumbnail(image=person.image, crop=person.crop())
    mark = zlib.crc32(" ".join(str(answer.pk) for answer in answers).encode())
    name = f"overlays/{person.project_id}/{person.pk}-{person.revision}-disputed-{answers[-1].pk}-{mark:08x}.jpg"
    if not default_storage.exists(name):
        picture = _picture(person)
        maps = [_label_map(answer, person.crop(), picture.size) for answer in answers]
        store_bytes(name, _jpeg(paint_disputed(picture, [found for found in maps if found is not None])))
    return name


def _picture(person: Person) -> Pillow.Image:
    crop = person.crop()
    picture = open_picture(person.image).crop((crop.x, crop.y, crop.x + crop.width, crop.y + crop.height))
    picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return picture


def _drawn(person: Person, kind: str, answers: Answers) -> Pillow.Image:
    crop, picture = person.crop(), _picture(person)
    label_map = _label_map(answers.parts, crop, picture.size)
    if kind == "parts" and label_map is not None:
        return _with_parts(picture, label_map)
    points = answers.points.point_set if answers.points else None
    if answers.points is None or points is None:
        return picture
    xy = crop.from_image(points.xy) * (picture.width / crop.width, picture.height / crop.height)
    if kind == "iuv" and label_map is not None:
        return _with_iuv(picture, label_map, answers.points, points.part, xy)
    return _with_points(picture, answers.points, xy)


def _label_map(answer: Answer | None, crop: Crop, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """Return the label map (height, width) of an answer at the picture's size, moved to the person's crop of today."""
    painted = answer.painted() if answer else None
    if painted is None:
        return None
    label_map, own = painted
    if own != crop:
        label_map = recrop(label_map, own, crop)
    width, height = size
    rows = ((np.arange(height) + 0.5) * crop.height / height).astype(int)
    columns = ((np.arange(width) + 0.5) * crop.width / width).astype(int)
    small: NDArray[np.uint8] = label_map[np.ix_(rows, columns)]
    return small


def _with_parts(picture: Pillow.Image, label_map: NDArray[np.uint8]) -> Pillow.Image:
    pixels = np.asarray(picture, np.float64)
    painted = label_map > 0
    pixels = np.where(painted[..., None], (1 - _FILL) * pixels + _FILL * _PART_COLOURS[label_map], pixels)
    pixels[boundary(label_map)] = 255
    return Pillow.fromarray(pixels.astype(np.uint8))


def _with_points(picture: Pillow.Image, answer: Answer, xy: NDArray[np.float64]) -> Pillow.Image:
    """Draw each placed point as a dot of the plasma ramp in the order of work, the others as rings."""
    # At twice the size and then halved, so that the dots have smooth edges.
    layer = Pillow.new("RGBA", (picture.width * 2, picture.height * 2))
    pen = ImageDraw.Draw(layer)
    for number, (x, y) in enumerate(xy * 2):
        colour = tuple(int(v) for v in _PLASMA[number * len(_PLASMA) // max(len(xy), 1)])
        is_placed = answer.status[number] == PointStatus.PLACED
        pen.ellipse((x - 7, y - 7, x + 7, y + 7), fill="#15191a")
        pen.ellipse((x - 6, y - 6, x + 6, y + 6), fill="white")
        pen.ellipse((x - 4.5, y - 4.5, x + 4.5, y + 4.5), fill=colour if is_placed else "#c6cccd")
    dots = layer.resize(picture.size, Pillow.Resampling.BOX)
    return Pillow.alpha_composite(picture.convert("RGBA"), dots).convert("RGB")


def _with_iuv(
    picture: Pillow.Image,
    label_map: NDArray[np.uint8],
    answer: Answer,
    part_of_each: NDArray[np.uint8],
    xy: NDArray[np.float64],
) -> Pillow.Image:
    """Colour each pixel of a part by chart, U and V, spread from its placed points by inverse square distance."""
    pixels = np.asarray(picture, np.float64).copy()
    placed = answer.status == PointStatus.PLACED
    chart, u, v = iuv_of(SurfacePoints(answer.triangle[placed], answer.weights[placed]))
    part_of_point, at = part_of_each[placed], xy[placed]
    for part in np.unique(part_of_point):
        rows, columns = np.nonzero(label_map == part)
        own = part_of_point == part
        if not len(rows):
            continue
        spots = np.column_stack([columns + 0.5, rows + 0.5])
        distance = ((spots[:, None] - at[own][None]) ** 2).sum(-1) + 1.0
        nearest = chart[own][distance.argmin(1)]
        # Coordinates of two charts have nothing in common: a pixel mixes only points of its nearest point's chart.
        share = np.where(nearest[:, None] == chart[own][None], distance**-2.0, 0.0)
        share /= share.sum(1, keepdims=True)
        colours = np.column_stack([nearest / N_CHARTS, share @ u[own], share @ v[own]]) * 255
        pixels[rows, columns] = 0.25 * pixels[rows, columns] + 0.75 * colours
    return Pillow.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _jpeg(picture: Pillow.Image) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, "JPEG", quality=JPEG_QUALITY)
    return sink.getvalue()
