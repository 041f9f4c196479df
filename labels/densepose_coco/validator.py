"""Validating DensePose-COCO: every defect that loading passes over and that breaks or poisons training later.

Reads as a stream; what it keeps grows only by the ids of images and annotations.
"""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Any, Final, NamedTuple, TypeGuard

from labels.densepose_coco.defects import Defect, Level, Report, shown
from labels.densepose_coco.json_stream import JsonStreamError, Member, iter_members
from labels.densepose_coco.point_checks import check_densepose
from labels.densepose_coco.reader import Record
from labels.errors import LabelError
from labels.rle import check_polygon, check_rle

_SECTIONS: Final = ("images", "categories", "annotations")
N_KEYPOINTS: Final = 17
_OVERREACH: Final = 0.05  # of the image's side; people who are cut off have boxes that reach over by less


class _Place(NamedTuple):
    """Where a defect is: the record's name, and its id if it is an annotation."""

    record: str
    annotation_id: int | str | None


_FILE: Final = _Place("file", None)


def validate(stream: IO[bytes] | IO[str], limit: int = 1000) -> Report:
    """Check a DensePose-COCO file.

    Args:
        stream: the file, opened for reading; binary is preferred, so that its encoding is checked too.
        limit: how many defects of each level to keep; all are counted.

    Returns:
        The report; `is_valid` when there is no error. Nothing in the file raises.
    """
    validator = _Validator(Report(limit=limit))
    try:
        for member in iter_members(stream):
            validator.take(member)
    except JsonStreamError as error:
        validator.tell_file("JSON", f"character {error.position:,}", f"{error.problem}: get or write the file again")
    else:
        validator.finish()
    return validator.report


def annotation_errors(annotation: Record, image_size: tuple[int, int]) -> list[Defect]:
    """Return what is wrong with one annotation by itself; ids and references are the caller's to check.

    Args:
        annotation: as it stands in the file.
        image_size: (width, height) of its image.
    """
    report = Report()
    place = _place("annotation", annotation, 0)

    def tell(level: Level, field: str, value: Any, problem: str) -> None:
        text = "" if value is None else shown(value)
        report.add(Defect(level, place.record, field, text, problem, place.annotation_id))

    _check_contents(annotation, image_size, tell)
    return [defect for defect in report.defects if defect.level is Level.ERROR]


class _Validator:
    """The state of one run: ids seen, and the report."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._sections: list[str] = []
        self._image_sizes: dict[int, tuple[int, int] | None] = {}
        self._categories: set[int] = set()
        self._annotations: set[int] = set()
        # References met before the section they refer to: id -> annotation that names it first, how often.
        self._open: dict[tuple[str, int], tuple[_Place, int]] = {}

    def take(self, member: Member) -> None:
        """Check one piece of the file."""
        if member.key not in _SECTIONS:
            return
        if member.index is None:
            self._sections.append(member.key)
            self.tell_file(member.key, member.value, "must be a list")
        elif member.index < 0:
            if member.key in self._sections:
                self.tell_file(member.key, None, "stands twice in the file: join the lists")
            self._sections.append(member.key)
        elif not isinstance(member.value, dict):
            self.tell_file(f"{member.key}[{member.index}]", member.value, "must be an object")
        elif member.key == "images":
            self._check_image(member.value, member.index)
        elif member.key == "categories":
            self._check_category(member.value, member.index)
        else:
            self._check_annotation(member.value, member.index)

    def finish(self) -> None:
        """Check what only the whole file can tell."""
        for section in _SECTIONS:
            if section not in self._sections:
                self.tell_file(section, None, "is missing: a COCO file has images, categories and annotations")
        for (kind, number), (place, count) in self._open.items():
            known = self._image_sizes if kind == "image" else self._categories
            if number not in known:
                more = f" ({count} annotations refer to it)" if count > 1 else ""
                problem = f"there is no such {kind} in the file{more}"
                self._tell(place, Level.ERROR, f"{kind}_id", number, problem)

    def tell_file(self, field: str, value: Any, problem: str) -> None:
        """Report an error of the file as a whole."""
        self._tell(_FILE, Level.ERROR, field, value, problem)

    def _tell(self, place: _Place, level: Level, field: str, value: Any, problem: str) -> None:
        text = "" if value is None else value if isinstance(value, str) and place is _FILE else shown(value)
        self.report.add(Defect(level, place.record, field, text, problem, place.annotation_id))

    def _check_image(self, image: Record, index: int) -> None:
        self.report.n_images += 1
        tell = partial(self._tell, _place("image", image, index), Level.ERROR)
        sides: list[int] = []
        for side in ("width", "height"):
            value = image.get(side)
            if _is_whole(value) and value > 0:
                sides.append(value)
            else:
                tell(side, value, "must be a whole number of pixels, 1 or more")
        number = image.get("id")
        if not _is_whole(number):
            tell("id", number, "must be a whole number")
        elif number in self._image_sizes:
            tell("id", number, "stands twice among the images: ids must be unique")
        else:
            self._image_sizes[number] = (sides[0], sides[1]) if len(sides) == 2 else None
        name = image.get("file_name")
        if not isinstance(name, str) or not name.strip():
            tell("file_name", name, "must be the image's file name")
        elif PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            tell("file_name", name, "must be a path inside the image folder")

    def _check_category(self, category: Record, index: int) -> None:
        tell = partial(self._tell, _place("category", category, index), Level.ERROR)
        number = category.get("id")
        if not _is_whole(number):
            tell("id", number, "must be a whole number")
        elif number in self._categories:
            tell("id", number, "stands twice among the categories: ids must be unique")
        else:
            self._categories.add(number)
        if not isinstance(category.get("name"), str) or not category["name"]:
            tell("name", category.get("name"), 'must be the name of the category ("person")')

    def _check_annotation(self, annotation: Record, index: int) -> None:
        self.report.n_annotations += 1
        number = annotation.get("id")
        place = _place("annotation", annotation, index)
        tell = partial(self._tell, place)
        if not _is_whole(number):
            tell(Level.ERROR, "id", number, "must be a whole number")
        elif number in self._annotations:
            tell(Level.ERROR, "id", number, "stands twice among the annotations: ids must be unique")
        else:
            self._annotations.add(number)
        self._check_reference(annotation, "image", place)
        self._check_reference(annotation, "category", place)
        image_id = annotation.get("image_id")
        size = self._image_sizes.get(image_id) if _is_whole(image_id) else None
        n_points = _check_contents(annotation, size, tell)
        self.report.n_points += n_points
        self.report.n_with_points += n_points > 0

    def _check_reference(self, annotation: Record, kind: str, place: _Place) -> None:
        tell = partial(self._tell, place, Level.ERROR)
        field, number = f"{kind}_id", annotation.get(f"{kind}_id")
        if field not in annotation:
            tell(field, None, "is missing")
        elif not _is_whole(number):
            tell(field, number, "must be a whole number")
        elif ("images" if kind == "image" else "categories") not in self._sections:
            first, count = self._open.get((kind, number), (place, 0))
            self._open[kind, number] = (first, count + 1)
        elif number not in (self._image_sizes if kind == "image" else self._categories):
            tell(field, number, f"there is no such {kind} in the file")


def _check_contents(annotation: Record, image_size: tuple[int, int] | None, tell: Any) -> int:
    """Tell what is wrong with an annotation whatever it refers to; return its number of points."""
    _check_box(annotation, image_size, tell)
    _check_flags(annotation, tell)
    for name in ("segmentation", "keypoints"):
        if annotation.get(name, ...) is None:
            tell(Level.ERROR, name, "null", "must be left out where there is none: public loaders go through it")
    _check_segmentation(annotation.get("segmentation"), image_size, tell)
    _check_keypoints(annotation.get("keypoints"), tell)
    return check_densepose(annotation, tell)


def _check_box(annotation: Record, image_size: tuple[int, int] | None, tell: Any) -> None:
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_finite(value) for value in box):
        tell(Level.ERROR, "bbox", box, "must be four finite numbers: left, top, width, height in pixels")
        return
    x, y, width, height = box
    if width <= 0 or height <= 0:
        tell(Level.ERROR, "bbox", box, "must have a positive width and height")
    elif image_size and (x >= image_size[0] or y >= image_size[1] or x + width <= 0 or y + height <= 0):
        problem = f"lies outside its image of {image_size[0]} x {image_size[1]} pixels"
        tell(Level.ERROR, "bbox", box, problem)
    elif image_size and any(
        start + side > (1 + _OVERREACH) * whole
        for start, side, whole in zip((x, y), (width, height), image_size, strict=True)
    ):
        problem = f"reaches over its image of {image_size[0]} x {image_size[1]} pixels: is it left, top, right, bottom?"
        tell(Level.WARNING, "bbox", box, problem)


def _check_flags(annotation: Record, tell: Any) -> None:
    area = annotation.get("area")
    if not _is_finite(area) or area < 0:
        tell(Level.ERROR, "area", area, "must be a number of pixels, 0 or more")
    if annotation.get("iscrowd") not in (0, 1):
        tell(Level.ERROR, "iscrowd", annotation.get("iscrowd"), "must be 0 or 1")
    if annotation.get("ignore", 0) not in (0, False):
        tell(Level.NOTE, "ignore", annotation["ignore"], "is set: public loaders leave this person out")


def _check_segmentation(segmentation: Any, image_size: tuple[int, int] | None, tell: Any) -> None:
    try:
        if isinstance(segmentation, list):
            for polygon in segmentation:
                check_polygon(polygon)
        elif isinstance(segmentation, dict):
            own_size = segmentation.get("size")
            check_rle(segmentation, image_size[::-1] if image_size else _as_size(own_size))
        elif segmentation is not None:
            raise LabelError("must be a list of polygons or an RLE")
    except LabelError as error:
        tell(Level.ERROR, "segmentation", segmentation, str(error))


def _check_keypoints(keypoints: Any, tell: Any) -> None:
    if keypoints is None or keypoints == []:
        return
    if (
        not isinstance(keypoints, list)
        or len(keypoints) != 3 * N_KEYPOINTS
        or not all(_is_finite(value) for value in keypoints)
    ):
        problem = f"must be {3 * N_KEYPOINTS} finite numbers: x, y, visibility of {N_KEYPOINTS} joints"
        tell(Level.ERROR, "keypoints", keypoints, problem)


def _as_size(size: Any) -> tuple[int, int]:
    if not isinstance(size, Sequence) or len(size) != 2 or not all(_is_whole(side) and side > 0 for side in size):
        raise LabelError(f"RLE size must be [height, width], got {shown(size)}")
    return size[0], size[1]


def _place(kind: str, record: Record, index: int) -> _Place:
    number = record.get("id")
    if not _is_whole(number):
        return _Place(f"{kind} at place {index}", number if kind == "annotation" and isinstance(number, str) else None)
    return _Place(f"{kind} {number}", number if kind == "annotation" else None)


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> TypeGuard[float]:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond the range of floats
        return False
