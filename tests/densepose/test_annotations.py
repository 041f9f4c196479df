"""Sets on disk: training, detection and evaluation read the same people and the same pixels, and name what is wrong."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from densepose.annotations import read_file
from densepose.evaluation.run import evaluate
from densepose.evaluation.truth import read_truth
from densepose.photographs import read_photograph
from densepose.training.examples import People, Source
from densepose.training.pictures import read_pictures
from labels.errors import LabelError

POINTS = {"dp_x": [100.0], "dp_y": [100.0], "dp_I": [2], "dp_U": [0.5], "dp_V": [0.5]}
OUTLINE = [[10, 10, 30, 10, 30, 40, 10, 40]]
ORIENTATION = 0x0112


class Looks:
    """A network that finds nobody and remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def predict(self, image: np.ndarray, boxes: object = None) -> list[Any]:
        self.seen.append(image)
        return []


def person(number: int, image: int = 1, **changes: Any) -> dict[str, Any]:
    record = {"id": number, "image_id": image, "category_id": 1, "bbox": [10, 10, 20, 30], "area": 600, "iscrowd": 0}
    return {**record, "segmentation": OUTLINE, **POINTS, **changes}


def image(number: int, name: str, **changes: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": 60, "height": 50, **changes}


def write_set(folder: Path, images: list[Any], annotations: list[Any], names: tuple[str, ...] = ("person",)) -> Path:
    """Write annotations.json, and a picture of its own grey for each image; returns the folder."""
    for entry in images:
        path = folder / "images" / entry.get("file_name", "unnamed.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 50), (entry["id"],) * 3).save(path)
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(document))
    return folder


def pixels_by_reader(folder: Path) -> list[np.ndarray]:
    """Return what training, detection and evaluation see of the last image."""
    people, network = People([Source.of(folder)], 0.15), Looks()
    evaluate(network, read_truth(folder / "annotations.json"), folder / "images", None)  # type: ignore[arg-type]
    return [people.image(len(people) - 1), read_pictures(folder)[-1].pixels(), network.seen[-1]]


def test_images_of_one_name_in_two_folders_are_two_images(tmp_path: Path) -> None:
    images = [image(1, "cam1/0001.png"), image(2, "cam2/0001.png")]
    folder = write_set(tmp_path, images, [person(1, 1), person(2, 2)])
    assert [int(People([Source.of(folder)], 0.15).image(row)[0, 0, 0]) for row in (0, 1)] == [1, 2]
    assert [int(pixels[0, 0, 0]) for pixels in pixels_by_reader(folder)] == [2, 2, 2]


@pytest.mark.parametrize("name", ["../outside.png", "/etc/passwd", "a/../../b.png"])
def test_an_image_outside_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_set(tmp_path, [image(1, "1.png")], [person(1)])
    document = json.loads((folder / "annotations.json").read_text())
    document["images"][0]["file_name"] = name
    (folder / "annotations.json").write_text(json.dumps(document))
    for read in (lambda: People([Source.of(folder)], 0.15), lambda: read_pictures(folder)):
        with pytest.raises(ValueError, match="must lie inside"):
            read()
    truth = read_truth(folder / "annotations.json")
    with pytest.raises(ValueError, match="must lie inside"):
        evaluate(Looks(), truth, folder / "images", None)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_annotated_upright", [True, False])
def test_a_turned_photograph_is_seen_the_way_its_record_has_it(tmp_path: Path, is_annotated_upright: bool) -> None:
    """Stored lying, 60 x 50, to be shown standing; its upper row is white as stored, its right column as shown."""
    width, height = (50, 60) if is_annotated_upright else (60, 50)
    folder = write_set(tmp_path, [image(1, "1.png", width=width, height=height)], [person(1)])
    stored, exif = np.zeros((50, 60, 3), np.uint8), Image.Exif()
    stored[0], exif[ORIENTATION] = 255, 6
    Image.fromarray(stored).save(folder / "images" / "1.png", exif=exif)
    for pixels in pixels_by_reader(folder):
        assert pixels.shape == (height, width, 3)
        assert (pixels[:, -1] if is_annotated_upright else pixels[0]).all()
        assert (pixels > 0).sum() == 3 * 60


def test_a_picture_of_another_size_or_none_is_named(tmp_path: Path) -> None:
    folder = write_set(tmp_path, [image(1, "1.png", width=61)], [person(1)])
    for read in (lambda: People([Source.of(folder)], 0.15)[0], read_pictures(folder)[0].pixels):
        with pytest.raises(ValueError, match=r"1\.png is 50 high and 60 wide, its record says \(50, 61\)"):
            read()
    (folder / "images" / "1.png").write_bytes(b"no picture")
    with pytest.raises(OSError, match=r"1\.png is no picture"):
        read_photograph(folder / "images" / "1.png")


def test_a_decompression_bomb_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_set(tmp_path, [image(1, "1.png")], [person(1)])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    with pytest.raises(OSError, match=r"1\.png is no picture that can be read"):
        read_photograph(folder / "images" / "1.png")


def test_only_people_are_people(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = ("dog", "person")
    folder = write_set(tmp_path, [image(1, "1.png")], [person(1), person(2, category_id=2)], names)
    with caplog.at_level(logging.WARNING):
        assert [record["id"] for record in read_file(folder / "annotations.json").people] == [2]
    assert "1 of 2 annotations are of no person" in caplog.text
    people = People([Source.of(folder)], 0.15)
    assert [people.record(row)["id"] for row in range(len(people))] == [2]
    assert [record["id"] for record in read_pictures(folder)[0].records] == [2]
    assert [one.id for one in read_truth(folder / "annotations.json")[0].people] == [2]
    write_set(tmp_path, [image(1, "1.png")], [person(1), person(2, category_id=2)], ())
    assert len(read_file(folder / "annotations.json").people) == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"bbox": None}, "annotation 7 of .*json: "),
        ({"dp_x": [1.0, 2.0]}, "annotation 7 of .*json: .*one length"),
        ({"dp_masks": {"counts": "", "size": [256, 256]}}, "annotation 7 of .*json: dp_masks must be a list"),
        ({"image_id": "one"}, "annotation 7 of .*json: "),
    ],
)
def test_what_is_damaged_is_named_before_a_network_runs(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    folder = write_set(tmp_path, [image(1, "1.png")], [person(7, **change)])
    with pytest.raises(LabelError, match=complaint):
        read_truth(folder / "annotations.json")


@pytest.mark.parametrize("name", ["bbox", "image_id"])
def test_what_an_annotation_lacks_is_named(tmp_path: Path, name: str) -> None:
    record = person(7)
    del record[name]
    folder = write_set(tmp_path, [image(1, "1.png")], [record])
    for read in (lambda: read_truth(folder / "annotations.json"), lambda: read_pictures(folder)):
        with pytest.raises(LabelError, match=f"annotation 7 of .*json has no '{name}'"):
            read()


def test_an_image_without_a_name_is_named_by_its_number(tmp_path: Path) -> None:
    nameless = image(3, "x")
    del nameless["file_name"]
    folder = write_set(tmp_path, [nameless], [person(1, 3)])
    with pytest.raises(LabelError, match=r"image 3 of .*json has no 'file_name'"):
        read_truth(folder / "annotations.json")


def test_a_missing_picture_is_told_before_the_first_is_looked_at(tmp_path: Path) -> None:
    folder = write_set(tmp_path, [image(1, "1.png"), image(2, "2.png")], [person(1), person(2, 2)])
    (folder / "images" / "2.png").unlink()
    network = Looks()
    with pytest.raises(OSError, match=r"1 of 2 images are missing; the first is .*2\.png"):
        evaluate(network, read_truth(folder / "annotations.json"), folder / "images", None)  # type: ignore[arg-type]
    assert not network.seen
    for read in (lambda: People([Source.of(folder)], 0.15), lambda: read_pictures(folder)):
        with pytest.raises(OSError, match="images are missing"):
            read()


def test_a_damaged_outline_is_named(tmp_path: Path) -> None:
    folder = write_set(tmp_path, [image(1, "1.png")], [person(7, segmentation={"counts": "", "size": [9, 9]})])
    [of_image] = read_truth(folder / "annotations.json")
    with pytest.raises(LabelError, match="annotation 7: "):
        of_image.people[0].mask(of_image.size)
