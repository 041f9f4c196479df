"""A release as folders that `python -m densepose train` and `evaluate` read: annotations.json beside images/."""

import shutil
from pathlib import Path
from typing import Final

from annotator.errors import InvalidInputError
from annotator.models import Image, Split
from annotator.storage import open_stored, whole_file
from export.models import Release
from export.services.image_sources import safe_name
from export.services.records import exported_id
from labels.densepose_coco import read_header

ANNOTATIONS: Final = "annotations.json"


def write_training_set(release: Release, folder: Path) -> dict[str, Path]:
    """Write each split of a release into a folder of its own; returns the folders by split, without empty splits.

    What is there already is taken as it is: a release never changes.

    Raises:
        InvalidInputError: the release is not finished, or has no file of charts.
    """
    if not release.is_finished:
        raise InvalidInputError(f"{release} is not finished yet.")
    found = {}
    for entry in release.manifest["files"]:
        split = entry.get("split")
        if split not in Split.values or not entry.get("people"):
            continue
        found[split] = _write_split(release, str(entry["name"]), folder / split)
    if not found:
        raise InvalidInputError(f"{release} has no annotated people to learn from.")
    return found


def _write_split(release: Release, name: str, folder: Path) -> Path:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with open_stored(f"{release.folder}/{name}") as source:
        header = read_header(source)
    stored = {exported_id(image): image for image in Image.objects.filter(project_id=release.project_id)}
    for record in header.images:
        target = folder / "images" / safe_name(str(record["file_name"]))
        image = stored.get(record["id"])
        if image is None:
            raise InvalidInputError(f"Image {record['file_name']} of {release} was deleted since.")
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_stored(str(image.file.name)) as source, whole_file(target) as sink:
            shutil.copyfileobj(source, sink)
    # Last: where this file is, all images are.
    with open_stored(f"{release.folder}/{name}") as source, whole_file(folder / ANNOTATIONS) as sink:
        shutil.copyfileobj(source, sink)
    return folder
