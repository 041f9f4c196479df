"""Import and export of real and made files: what comes in goes out equal, and a second import makes nothing twice."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from PIL import Image as Pillow

from annotator.models import Consensus, Image, Lease, Person, Project, Stage, Task, User
from annotator.services.projects import create_project
from labels.densepose_coco import validate
from labels.rle import encode_mask

SHARED = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    mia = User.objects.create_user("mia", password="not-used-here", is_staff=True)
    return create_project(name="Street", by=mia)


def dp_masks(present: dict[int, tuple[slice, slice]]) -> list[Any]:
    masks: list[Any] = [[] for _ in range(14)]
    for part, where in present.items():
        mask = np.zeros((256, 256), bool)
        mask[where] = True
        masks[part - 1] = encode_mask(mask)
    return masks


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A small file as published: charts, one person CSE, one crowd, one plain, odd numbers and unknown fields."""
    rng = np.random.default_rng(3)
    images = tmp_path / "images"
    images.mkdir()
    records = []
    for number in (7, 9):
        pixels = rng.integers(0, 255, (240, 320, 3), np.uint8)
        Pillow.fromarray(pixels).save(images / f"{number:012d}.jpg")
        records.append(
            {"id": number, "file_name": f"{number:012d}.jpg", "width": 320, "height": 240, "license": 4, "note": "x"}
        )
    charts = {
        "dp_x": [50.25, 128.0, 254.9, 60.0],
        "dp_y": [40.5, 200.125, 3.0, 61.0],
        "dp_I": [2.0, 2.0, 23.0, 15.0],
        "dp_U": [0.5, 0.123456789, 0.25, 0.75],
        "dp_V": [0.5, 0.4, 0.6, 0.5],
    }
    base = {"image_id": 7, "category_id": 1, "iscrowd": 0, "area": 999.5}
    box = {"bbox": [30.5, 20.25, 120.1, 200.7]}
    annotations = [
        {
            **base,
            **box,
            **charts,
            "id": 101,
            "dp_masks": dp_masks({1: (slice(20, 240), slice(30, 200))}),
            "extra": [1],
            "densepose_quality": {"answers": 2},
        },
        {
            **base,
            "id": 102,
            "image_id": 9,
            "bbox": [1.0, 2.0, 100.0, 90.0],
            "dp_x": [10.0, 20.0],
            "dp_y": [30.0, 40.0],
            "dp_vertex": [0, 27553],
            "ref_model": "smpl_27554",
            "keypoints": [5, 6, 2] * 17,
            "num_keypoints": 17,
        },
        {**base, **box, "id": 103, "iscrowd": 1, "segmentation": {"counts": [0, 76800], "size": [240, 320]}},
        {**base, **box, "id": 104, "segmentation": [[31, 21, 90, 21, 90.5, 100, 31, 100]]},
    ]
    file = tmp_path / "annotations.json"
    licences = [{"id": 4, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"}]
    categories = [{"id": 1, "name": "person", "supercategory": "person"}]
    file.write_text(
        json.dumps(
            {"info": {}, "licenses": licences, "images": records, "annotations": annotations, "categories": categories}
        )
    )
    return file


def run_import(project: Project, file: Path) -> str:
    out = io.StringIO()
    call_command("import_coco", str(project.pk), file, file.parent / "images", quiet=True, stdout=out, stderr=out)
    return out.getvalue()


def run_export(project: Project, out: Path, fmt: str = "charts", **options: Any) -> dict[str, Any]:
    call_command("export_densepose", str(project.pk), "--format", fmt, "--out", out, "--quiet", stdout=io.StringIO())
    with out.open("rb") as stream:
        report = validate(stream)
    assert report.is_valid, [str(defect) for defect in report.defects]
    data: dict[str, Any] = json.loads(out.read_text())
    return data


def by_id(records: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {record["id"]: record for record in records}


def test_published_annotations_come_back_equal(project: Project, published: Path, tmp_path: Path) -> None:
    run_import(project, published)
    before, after = json.loads(published.read_text()), run_export(project, tmp_path / "out.json", "charts")
    assert after["licenses"] == before["licenses"]
    assert after["categories"] == before["categories"]
    assert by_id(after["images"]) == by_id(before["images"])
    out = by_id(after["annotations"])
    for annotation in before["annotations"]:
        if annotation["id"] == 102:  # was in vertices, comes out in charts: all else is equal
            kept = {k: v for k, v in annotation.items() if k not in {"dp_vertex", "ref_model"}}
            assert {k: v for k, v in out[102].items() if k not in {"dp_I", "dp_U", "dp_V"}} == kept
            assert len(out[102]["dp_I"]) == 2
        else:
            assert out[annotation["id"]] == annotation


def test_each_format_keeps_what_it_has_verbatim(project: Project, published: Path, tmp_path: Path) -> None:
    run_import(project, published)
    before = by_id(json.loads(published.read_text())["annotations"])
    cse = by_id(run_export(project, tmp_path / "cse.json", "cse")["annotations"])
    assert cse[102] == before[102]
    assert "dp_I" not in cse[101]
    assert len(cse[101]["dp_vertex"]) == 4
    both = by_id(run_export(project, tmp_path / "both.json", "both")["annotations"])
    assert both[101]["dp_U"] == before[101]["dp_U"]
    assert both[101]["dp_vertex"] == cse[101]["dp_vertex"]


def test_export_is_reproducible_byte_for_byte(project: Project, published: Path, tmp_path: Path) -> None:
    run_import(project, published)
    for fmt in ("charts", "cse", "both"):
        run_export(project, tmp_path / "one.json", fmt)
        run_export(project, tmp_path / "two.json", fmt)
        assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_second_import_makes_nothing_twice(project: Project, published: Path) -> None:
    run_import(project, published)
    rows = (Image.objects.count(), Person.objects.count(), Task.objects.count(), Consensus.objects.count())
    assert rows == (2, 4, 8, 3)
    assert "people known: 4" in run_import(project, published)
    assert rows == (Image.objects.count(), Person.objects.count(), Task.objects.count(), Consensus.objects.count())


def test_licences_of_one_number_in_two_files_stay_apart(project: Project, published: Path, tmp_path: Path) -> None:
    run_import(project, published)
    first = json.loads(published.read_text())
    other = second_set(published, tmp_path / "second")
    document = json.loads(other.read_text())
    document["licenses"] = [{"id": 4, "name": "No licence"}, {"id": 5, "name": "Free"}]
    document["annotations"] = []
    for record, licence in zip(document["images"], (4, 5), strict=True):
        record |= {"id": record["id"] + 100, "license": licence}
    other.write_text(json.dumps(document))
    run_import(project, other)
    run_import(project, other)
    data = run_export(project, tmp_path / "out.json")
    names = {licence["id"]: licence["name"] for licence in data["licenses"]}
    assert len(names) == len(data["licenses"]) == 3
    told = {image["id"]: names[image["license"]] for image in data["images"]}
    assert told == {7: first["licenses"][0]["name"], 9: first["licenses"][0]["name"], 107: "No licence", 109: "Free"}


def without_answers(published: Path) -> Path:
    """The same people as a plain COCO file."""
    document = json.loads(published.read_text())
    for annotation in document["annotations"]:
        for name in [name for name in annotation if name.startswith(("dp_", "ref_model"))]:
            del annotation[name]
    file = published.with_name("plain.json")
    file.write_text(json.dumps(document))
    return file


def test_answers_that_come_after_their_people_are_taken_in(project: Project, published: Path, tmp_path: Path) -> None:
    run_import(project, without_answers(published))
    assert not Consensus.objects.exists()
    begun, other = Person.objects.filter(source_id__in=[101, 102]).order_by("source_id")
    task = Task.objects.get(person=begun, stage=Stage.PARTS)
    Lease.objects.create(task=task, annotator=project.created_by, expires_at=timezone.now())
    told = run_import(project, published)
    assert "answers added: 1" in told, told
    assert "annotation 101: its DensePose answers stay out: work on this person has begun" in told
    assert set(Consensus.objects.values_list("person", flat=True)) == {other.pk}
    assert set(Task.objects.filter(person=other).values_list("state", flat=True)) == {Task.State.DONE}
    assert "answers added" not in run_import(project, published)


def second_set(published: Path, folder: Path) -> Path:
    """Another data set as tools number them: the same ids and names, other pictures."""
    (folder / "images").mkdir(parents=True)
    for path in (published.parent / "images").iterdir():
        Pillow.new("RGB", (320, 240), "green").save(folder / "images" / path.name)
    file = folder / "annotations.json"
    file.write_text(published.read_text())
    return file


def test_a_second_data_set_of_the_same_ids_puts_nobody_on_the_first_ones_pictures(
    project: Project, published: Path, tmp_path: Path
) -> None:
    run_import(project, published)
    file = second_set(published, tmp_path / "second")
    data = json.loads(file.read_text())
    data["annotations"].append({**data["annotations"][0], "id": 999})
    file.write_text(json.dumps(data))
    told = run_import(project, file)
    assert Person.objects.count() == 4
    assert "refused: image 7: this id belongs to another 000000000007.jpg in the project" in told
    assert "refused: annotation 999: the id of its image, 7, was refused" in told
    assert "images refused: 2" in told
    assert "annotations refused: 5" in told
    assert "known" not in told


def test_people_of_known_ids_in_other_images_are_refused(project: Project, published: Path, tmp_path: Path) -> None:
    run_import(project, published)
    file = second_set(published, tmp_path / "second")
    data = json.loads(file.read_text())
    for record in [*data["images"]]:
        record["id"] += 1000
    for record in data["annotations"]:
        record["image_id"] += 1000
    file.write_text(json.dumps(data))
    told = run_import(project, file)
    assert "images added: 2" in told
    assert "refused: annotation 101: this id belongs to someone in another image in the project" in told
    assert "known" not in told


def test_the_same_picture_under_another_name_is_known(project: Project, published: Path) -> None:
    run_import(project, published)
    data = json.loads(published.read_text())
    for record in data["images"]:
        name = record["file_name"]
        record["file_name"] = f"COCO_val2014_{name}"
        (published.parent / "images" / name).rename(published.parent / "images" / record["file_name"])
    published.write_text(json.dumps(data))
    told = run_import(project, published)
    assert "images known: 2" in told
    assert "people known: 4" in told


def test_accepted_people_need_no_work_and_plain_ones_do(project: Project, published: Path) -> None:
    run_import(project, published)
    states = {
        (task.person.source_id, task.stage): task.state
        for task in Task.objects.select_related("person").filter(project=project)
    }
    assert states[101, Stage.PARTS] == states[101, Stage.CORRESPONDENCE] == Task.State.DONE
    assert states[103, Stage.PARTS] == Task.State.CLOSED
    assert states[104, Stage.PARTS] == Task.State.OPEN
    assert states[104, Stage.CORRESPONDENCE] == Task.State.WAITING


@pytest.mark.parametrize(("first", "second"), [((1, 2), (2, 1)), ((2, 1), (1, 2))])
def test_people_of_files_with_other_category_numbers_leave_as_people(
    project: Project, published: Path, tmp_path: Path, first: tuple[int, int], second: tuple[int, int]
) -> None:
    data = json.loads(published.read_text())
    for offset, (person, car) in ((0, first), (1000, second)):
        data["categories"] = [{"id": person, "name": "person"}, {"id": car, "name": "car"}]
        for record in data["images"]:
            record["id"] += offset
        for record in data["annotations"]:
            record |= {"id": record["id"] + offset, "image_id": record["image_id"] + offset, "category_id": person}
        for record in data["images"] if offset else ():
            name = record["file_name"]
            record["file_name"] = f"second_{name}"
            Pillow.new("RGB", (320, 240)).save(published.parent / "images" / record["file_name"])
        published.write_text(json.dumps(data))
        run_import(project, published)
    after = run_export(project, tmp_path / "out.json")
    people = [record["id"] for record in after["categories"] if record["name"] == "person"]
    assert len(people) == 1
    assert len(after["annotations"]) == 8
    assert {record["category_id"] for record in after["annotations"]} == set(people)


def test_null_and_empty_keypoints_and_outlines_are_taken_as_none(
    project: Project, published: Path, tmp_path: Path
) -> None:
    data = json.loads(published.read_text())
    data["annotations"][3] |= {"keypoints": None, "segmentation": None}
    data["annotations"][0]["keypoints"] = []
    published.write_text(json.dumps(data))
    assert "people added: 4" in run_import(project, published)
    for record in run_export(project, tmp_path / "out.json")["annotations"]:
        assert record.get("segmentation", ...) is not None
        assert record["id"] == 102 or "keypoints" not in record


def test_moved_box_is_exported_anew_with_points_in_place(project: Project, published: Path, tmp_path: Path) -> None:
    run_import(project, published)
    before = by_id(json.loads(published.read_text())["annotations"])[101]
    Person.objects.filter(source_id=101).update(box_width=240.0)
    after = by_id(run_export(project, tmp_path / "out.json")["annotations"])[101]
    assert after["bbox"] == [30.5, 20.25, 240.0, 200.7]
    x_before = 30.5 + np.array(before["dp_x"]) / 255 * 120.1
    x_after = 30.5 + np.array(after["dp_x"]) / 255 * 240.0
    assert np.abs(x_before - x_after).max() < 0.01
    np.testing.assert_allclose(after["dp_U"], before["dp_U"], atol=2e-3)


def test_refused_records_are_named_and_the_rest_goes_in(project: Project, published: Path) -> None:
    data = json.loads(published.read_text())
    good = data["annotations"][0]
    data["annotations"] += [
        {**good, "id": 201, "dp_I": [25, 1, 1, 1]},
        {**good, "id": 202, "dp_U": [1.01, 0, 0, 0]},
        {**good, "id": 203, "dp_x": [300, 1, 1, 1]},
        {**good, "id": 204, "dp_V": [0.5]},
        {**good, "id": 205, "image_id": 777},
        {**good, "id": 206, "bbox": [1, 2, 0, 5]},
        {**good, "id": 207, "category_id": 99},
        {**good, "id": 208, "keypoints": [1, 2, 3]},
        {**good, "id": 209},
    ]
    data["images"].append({"id": 11, "file_name": "../../etc/passwd", "width": 5, "height": 5})
    data["images"].append({"id": 12, "file_name": "absent.jpg", "width": 5, "height": 5})
    published.write_text(json.dumps(data))
    told = run_import(project, published)
    for number, word in {201: "dp_I", 202: "dp_U", 203: "dp_x", 205: "777", 206: "bbox", 207: "99"}.items():
        assert any(f"annotation {number}:" in line and word in line for line in told.splitlines()), told
    assert "annotation 204:" in told
    assert "annotation 208:" in told
    assert "image 11:" in told
    assert "image 12: absent.jpg is not in the image folder" in told
    assert Person.objects.filter(source_id=209).exists()
    assert not Person.objects.filter(source_id__range=(201, 208)).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"images": [', "no json", '{"images": 3, "annotations": []}'])
def test_a_file_that_is_no_coco_file_is_refused_whole(project: Project, tmp_path: Path, content: str) -> None:
    (tmp_path / "images").mkdir()
    file = tmp_path / "broken.json"
    file.write_text(content)
    with pytest.raises(CommandError):
        run_import(project, file)
    assert not Image.objects.exists()


def test_unknown_project_is_told_with_the_known_ones(project: Project, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Street"):
        call_command("export_densepose", "Stret", "--out", tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("name", ["coco-keypoints", "coco-people"])
def test_real_coco_comes_back_equal(project: Project, tmp_path: Path, name: str) -> None:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: the round trip of real COCO annotations was NOT tested")
    images = folder / "images" if (folder / "images").is_dir() else folder
    call_command("import_coco", str(project.pk), folder / "annotations.json", images, quiet=True, stdout=io.StringIO())
    before, after = json.loads((folder / "annotations.json").read_text()), run_export(project, tmp_path / "o.json")
    assert by_id(after["images"]) == by_id(before["images"])
    assert by_id(after["annotations"]) == by_id(before["annotations"])
