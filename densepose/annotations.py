"""Annotation files as networks read them: images with their sizes, and people; what is damaged is named."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from labels.densepose_coco import Record, read_annotations, read_header
from labels.errors import LabelError

_log: Final = logging.getLogger(__name__)
_PERSON: Final = "person"


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """An image of a file: size is (height, width)."""

    id: int
    file_name: str
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class AnnotationFile:
    """A COCO file.

    Attributes:
        images: by id, in the order of the file.
        people: annotations of the category "person", in the order of the file; all where it has no categories.
    """

    images: dict[int, ImageEntry]
    people: list[Record]


def read_file(path: Path) -> AnnotationFile:
    """Return the images and people of a COCO file; how many annotations of other categories it has is logged.

    Raises:
        OSError: it cannot be read.
        LabelError: it is no COCO file, or an entry is damaged; the message names file and entry.
    """
    try:
        with path.open("rb") as stream:
            header = read_header(stream)
        with path.open("rb") as stream:
            records = list(read_annotations(stream))
    except (ValueError, TypeError) as error:
        raise LabelError(f"{path} is no COCO file: {error}") from error
    images = [_image_of(image, path) for image in header.images]
    persons = _person_categories(header.categories)
    people = [record for record in records if persons is None or record.get("category_id") in persons]
    if others := len(records) - len(people):
        _log.warning("%s: %d of %d annotations are of no person and left out", path, others, len(records))
    for record in people:
        with naming(record, path):
            record["image_id"] = int(record["image_id"])
    return AnnotationFile({image.id: image for image in images}, people)


def _image_of(image: Any, path: Path) -> ImageEntry:
    try:
        size = (int(image["height"]), int(image["width"]))
        return ImageEntry(int(image["id"]), str(image["file_name"]), size)
    except KeyError as error:
        raise LabelError(f"image {image.get('id')} of {path} has no {error}") from error
    except (TypeError, ValueError) as error:
        raise LabelError(f"an image of {path} is damaged: {image!r:.200}") from error


def _person_categories(categories: list[Any]) -> set[Any] | None:
    """Return the ids of the category "person"; None where the file has no categories."""
    known = [category for category in categories if isinstance(category, dict)]
    return {category.get("id") for category in known if category.get("name") == _PERSON} if known else None


@contextmanager
def naming(record: Record, path: Path) -> Iterator[None]:
    """Let an error about an annotation say which one it is, and of which file.

    Raises:
        LabelError: whatever its content led to.
    """
    try:
        yield
    except KeyError as error:
        raise LabelError(f"annotation {record.get('id')} of {path} has no {error}") from error
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise LabelError(f"annotation {record.get('id')} of {path}: {error}") from error
