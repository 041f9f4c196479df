"""The validator: a right file passes, each known defect is caught with its annotation and field, nothing raises."""

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels.densepose_coco import Level, validate
from labels.rle import encode_mask
from tests.labels.coco_files import annotation, stream_of, valid_file


def report_of(**fields: Any) -> Any:
    """Validate the file whose second annotation has other fields; a value of ... removes the field."""
    content = valid_file()
    person = content["annotations"][1]
    person.update(fields)
    for name in [name for name, value in fields.items() if value is ...]:
        del person[name]
    return validate(stream_of(content))


def test_a_right_file_has_no_defect() -> None:
    report = validate(stream_of(valid_file()))
    assert report.defects == []
    assert report.is_valid
    assert (report.n_images, report.n_annotations, report.n_with_points, report.n_points) == (1, 2, 2, 6)


@pytest.mark.parametrize("order", [("images", "categories", "annotations"), ("annotations", "images", "categories")])
def test_the_order_of_the_sections_does_not_matter(order: tuple[str, ...]) -> None:
    content = valid_file()
    assert validate(stream_of({name: content[name] for name in order})).is_valid


@pytest.mark.parametrize("missing", [("dp_I", "dp_U", "dp_V"), ("dp_vertex", "ref_model"), ("dp_masks",)])
def test_either_form_alone_is_right(missing: tuple[str, ...]) -> None:
    assert report_of(**dict.fromkeys(missing, ...)).defects == []


def test_a_plain_coco_annotation_is_right() -> None:
    content = valid_file()
    content["annotations"].append({k: v for k, v in annotation(3).items() if not k.startswith(("dp_", "ref"))})
    assert validate(stream_of(content)).defects == []


def test_a_box_given_by_its_corners_is_warned_of() -> None:
    report = report_of(bbox=[400, 300, 600, 440])
    assert report.is_valid
    [warning] = report.defects
    assert (warning.level, warning.field) == (Level.WARNING, "bbox")
    assert warning.problem.endswith("is it left, top, right, bottom?")
    assert report_of(bbox=[400, 300, 250, 190]).defects == [], "cut off at the border, as published boxes are"


masks = annotation()["dp_masks"]
small = encode_mask([[1, 0], [0, 1]])
full = {"counts": [0, 65536], "size": [256, 256]}
DEFECTS = [
    ({"dp_x": [1.0, 2.0]}, "dp_x", "differ in length"),
    ({"dp_U": [0.1] * 4}, "dp_x", "differ in length"),
    ({"dp_I": [25, 2, 1]}, "dp_I[0]", "1..24"),
    ({"dp_I": [23, 0, 1]}, "dp_I[1]", "1..24"),
    ({"dp_I": [23, 2, 1.5]}, "dp_I[2]", "whole"),
    ({"dp_U": [0, 1.01, 0]}, "dp_U[1]", "[0, 1]"),
    ({"dp_V": [-0.01, 0, 0]}, "dp_V[0]", "[0, 1]"),
    ({"dp_x": [300, 80.25, 200]}, "dp_x[0]", "[0, 255]"),
    ({"dp_y": [20, 150, 256]}, "dp_y[2]", "[0, 255]"),
    ({"dp_y": [-1, 150, 255]}, "dp_y[0]", "[0, 255]"),
    ({"dp_x": [math.nan, 80.25, 200]}, "dp_x[0]", "finite"),
    ({"dp_V": [0, math.inf, 0]}, "dp_V[1]", "finite"),
    ({"dp_x": [10**400, 1, 1]}, "dp_x", "beyond all range"),
    ({"dp_x": ["1", 2, 3]}, "dp_x[0]", "must be a number"),
    ({"dp_I": [True, 2, 1]}, "dp_I[0]", "must be a number"),
    ({"dp_U": None}, "dp_U", "must be a list"),
    ({"dp_V": ...}, "dp_V", "is missing"),
    ({"dp_y": ...}, "dp_y", "is missing"),
    ({"dp_vertex": [0, 27554, 1]}, "dp_vertex[1]", "27553"),
    ({"dp_vertex": [-1, 0, 1]}, "dp_vertex[0]", "27553"),
    ({"dp_vertex": [0.5, 0, 1]}, "dp_vertex[0]", "whole"),
    ({"dp_vertex": ...}, "dp_vertex", "is missing"),
    ({"ref_model": "smpl_6890"}, "ref_model", "smpl_27554"),
    ({"ref_model": ...}, "ref_model", "is missing"),
    ({"dp_masks": masks[:13]}, "dp_masks", "must have 14"),
    ({"dp_masks": []}, "dp_masks", "must have 14"),
    ({"dp_masks": masks[13]}, "dp_masks", "must be a list"),
    ({"dp_masks": [small, *masks[1:]]}, "dp_masks[0]", "[256, 256]"),
    ({"dp_masks": [full, *masks[1:]]}, "dp_masks[0]", "uncompressed"),
    ({"dp_masks": [*masks[:13], {"counts": "ab\x00", "size": [256, 256]}]}, "dp_masks[13]", "not in its code"),
    ({"dp_masks": [*masks[:13], {"counts": "1", "size": [256, 256]}]}, "dp_masks[13]", "cover"),
    ({"dp_masks": [None, *masks[1:]]}, "dp_masks[0]", "must be []"),
    ({"image_id": 99}, "image_id", "no such image"),
    ({"image_id": ...}, "image_id", "is missing"),
    ({"image_id": "7"}, "image_id", "whole number"),
    ({"category_id": 2}, "category_id", "no such category"),
    ({"id": 1}, "id", "stands twice"),
    ({"id": ...}, "id", "whole number"),
    ({"id": [1]}, "id", "whole number"),
    ({"bbox": [0, 0, 10]}, "bbox", "four finite"),
    ({"bbox": [0, 0, math.nan, 5]}, "bbox", "four finite"),
    ({"bbox": [0, 0, 10**400, 5]}, "bbox", "four finite"),
    ({"bbox": [0, 0, 0, 5]}, "bbox", "positive"),
    ({"bbox": [700, 0, 5, 5]}, "bbox", "outside its image"),
    ({"bbox": ...}, "bbox", "four finite"),
    ({"area": -1}, "area", "0 or more"),
    ({"area": ...}, "area", "0 or more"),
    ({"iscrowd": ...}, "iscrowd", "0 or 1"),
    ({"iscrowd": 2}, "iscrowd", "0 or 1"),
    ({"segmentation": [[1, 2, 3]]}, "segmentation", "three or more"),
    ({"segmentation": {"counts": "1", "size": [3, 3]}}, "segmentation", "[480, 640]"),
    ({"segmentation": 5}, "segmentation", "list of polygons"),
    ({"segmentation": None}, "segmentation", "left out"),
    ({"keypoints": None}, "keypoints", "left out"),
    ({"keypoints": [0] * 50}, "keypoints", "51 finite numbers"),
    ({"keypoints": [math.nan] * 51}, "keypoints", "51 finite numbers"),
    ({"keypoints": "x"}, "keypoints", "51 finite numbers"),
]


@pytest.mark.parametrize(("fields", "field", "said"), DEFECTS, ids=lambda value: str(value)[:40])
def test_each_defect_is_caught_with_its_annotation_and_field(fields: dict[str, Any], field: str, said: str) -> None:
    report = report_of(**fields)
    # "categories" follow the annotations in this file, so that its references are resolved at the end.
    found = [defect for defect in report.defects if defect.level is Level.ERROR]
    assert [defect.field for defect in found] == [field]
    assert said in found[0].problem
    assert not report.is_valid
    wanted = fields.get("id", 2)
    assert found[0].annotation_id == (wanted if isinstance(wanted, int) else None)
    assert field in str(found[0])
    assert found[0].record in str(found[0])


def test_a_set_ignore_flag_is_only_a_note() -> None:
    report = report_of(ignore=1)
    assert [(d.level, d.field) for d in report.defects] == [(Level.NOTE, "ignore")]
    assert report.is_valid
    assert report_of(ignore=0).defects == []


def test_a_chart_of_another_part_than_its_mask_is_only_a_warning() -> None:
    report = report_of(dp_I=[3, 2, 24])
    assert [(d.level, d.field) for d in report.defects] == [(Level.WARNING, "dp_I[0]")]
    assert "2 of 3 points" in report.defects[0].problem
    assert report.is_valid


def test_a_point_at_the_border_of_its_mask_is_right() -> None:
    # The head's mask ends at row 64 of 256; a point one cell below is within what resampling does.
    assert report_of(dp_y=[64.5, 150, 255]).defects == []
    assert len(report_of(dp_y=[70.0, 150, 255]).defects) == 1


def test_masks_without_a_point_are_noted() -> None:
    report = report_of(**dict.fromkeys(["dp_x", "dp_y", "dp_I", "dp_U", "dp_V", "dp_vertex", "ref_model"], ...))
    assert [(d.level, d.field) for d in report.defects] == [(Level.NOTE, "dp_x")]


@pytest.mark.parametrize(
    ("changes", "record", "field"),
    [
        ({"images": [{"id": 7, "file_name": "a.jpg", "width": 640, "height": 480}] * 2}, "image 7", "id"),
        ({"images": [{"id": 7, "file_name": "a.jpg", "width": 0, "height": 480}]}, "image 7", "width"),
        ({"images": [{"id": 7, "file_name": "a.jpg", "width": 9}]}, "image 7", "height"),
        ({"images": [{"id": 7, "file_name": "", "width": 640, "height": 480}]}, "image 7", "file_name"),
        ({"images": [{"id": 7, "file_name": "../a.jpg", "width": 640, "height": 480}]}, "image 7", "file_name"),
        ({"categories": [{"id": 1}]}, "category 1", "name"),
        ({"categories": [{"id": 1, "name": "person"}] * 2}, "category 1", "id"),
        ({"images": {}}, "file", "images"),
        ({"categories": ...}, "file", "categories"),
        ({"annotations": ...}, "file", "annotations"),
        ({"annotations": [3]}, "file", "annotations[0]"),
    ],
)
def test_defects_of_images_categories_and_the_file(changes: dict[str, Any], record: str, field: str) -> None:
    content = {name: value for name, value in {**valid_file(), **changes}.items() if value is not ...}
    report = validate(stream_of(content))
    assert (record, field) in [(d.record, d.field) for d in report.defects]
    assert not report.is_valid


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[]", b"\xff\xfe\x00", b'{"images": [', b"\x00" * 100])
def test_a_file_that_is_no_json_is_one_clear_defect(data: bytes) -> None:
    report = validate(io.BytesIO(data))
    assert [(d.record, d.field) for d in report.defects] == [("file", "JSON")]
    assert "character" in str(report.defects[0])


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_a_truncated_file_never_passes_and_never_raises(at: int) -> None:
    whole = json.dumps(valid_file()).encode()
    report = validate(io.BytesIO(whole[: at % len(whole)]))
    assert not report.is_valid
    assert "ends early" in report.defects[-1].problem


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["counts", "size", "id"]), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(annotation())), anything, max_size=4))
def test_no_value_makes_it_raise(fields: dict[str, Any]) -> None:
    report = report_of(**fields)
    assert report.n_annotations == 2


def test_all_defects_are_counted_but_only_some_kept() -> None:
    content = valid_file()
    content["annotations"] = [annotation(number, area=-1, ignore=1) for number in range(50)]
    report = validate(stream_of(content), limit=10)
    assert report.n_errors == 50
    assert report.by_field[Level.ERROR, "area"] == 50
    assert sum(d.level is Level.ERROR for d in report.defects) == 10
    assert sum(d.level is Level.NOTE for d in report.defects) == 10


def test_many_annotations_of_one_missing_image_are_one_defect_when_images_come_last() -> None:
    content = valid_file()
    people = [annotation(number, image_id=99) for number in range(1, 6)]
    report = validate(
        stream_of({"annotations": people, "images": content["images"], "categories": content["categories"]})
    )
    assert [(d.annotation_id, d.field) for d in report.defects] == [(1, "image_id")]
    assert "5 annotations" in report.defects[0].problem
