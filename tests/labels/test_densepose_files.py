"""Writing and reading DensePose-COCO: equal records, equal bytes, streams, and pycocotools as a second reader."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from labels.boxes import Box, to_dp
from labels.densepose_coco import (
    DensePoseWriter,
    chart_fields,
    points_of,
    read_annotations,
    read_header,
    validate,
    vertex_fields,
)
from labels.errors import LabelError
from tests.labels.coco_files import annotation, stream_of, valid_file

finite = st.floats(allow_nan=False, allow_infinity=False)
field_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=5,
)
records = st.dictionaries(
    st.sampled_from(["id", "bbox", "dp_x", "dp_masks", "ignore", "zeta", "alpha"]), field_values, max_size=4
)


def written(images: list[Any], annotations: list[Any], **header: Any) -> bytes:
    stream = io.BytesIO()
    with DensePoseWriter(stream, **header) as writer:
        for image in images:
            writer.add_image(image)
        for record in annotations:
            writer.add_annotation(record)
    return stream.getvalue()


@settings(max_examples=50, deadline=None)
@given(st.lists(records, max_size=2), st.lists(records, max_size=2))
def test_all_fields_come_back_as_they_were(images: list[dict[str, Any]], people: list[dict[str, Any]]) -> None:
    data = written(images, people, info={"year": 2024}, extra={"more": [1, {"a": 2}]})
    assert list(read_annotations(io.BytesIO(data))) == people
    header = read_header(io.BytesIO(data))
    assert header.images == images
    assert header.info == {"year": 2024}
    assert header.extra == {"more": [1, {"a": 2}]}
    assert json.loads(data)["annotations"] == people


@settings(max_examples=50, deadline=None)
@given(records)
def test_the_order_of_fields_does_not_change_the_bytes(record: dict[str, Any]) -> None:
    assert written([], [record]) == written([], [dict(reversed(record.items()))])


def test_a_second_trip_gives_the_same_bytes() -> None:
    first = written(valid_file()["images"], [annotation(1), annotation(2, extra_field={"b": 1, "a": 0.1})])
    header = read_header(io.BytesIO(first))
    second = written(header.images, list(read_annotations(io.BytesIO(first))), categories=header.categories)
    assert second == first


def test_numpy_values_are_written_as_plain_numbers() -> None:
    data = written(
        [], [{"id": np.int64(3), "area": np.float64(0.1), "dp_x": np.array([1.5, 2]), "flag": np.bool_(True)}]
    )
    assert next(read_annotations(io.BytesIO(data))) == {"id": 3, "area": 0.1, "dp_x": [1.5, 2.0], "flag": True}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_json_cannot_hold_is_refused_with_its_place(value: object) -> None:
    writer = DensePoseWriter(io.BytesIO())
    with pytest.raises(LabelError, match="annotation 5, area"):
        writer.add_annotation({"id": 5, "area": value})


def test_images_after_annotations_and_records_after_the_end_are_refused() -> None:
    writer = DensePoseWriter(io.BytesIO())
    writer.add_annotation({"id": 1})
    with pytest.raises(LabelError, match="before the first annotation"):
        writer.add_image({"id": 1})
    writer.close()
    with pytest.raises(LabelError, match="complete"):
        writer.add_annotation({"id": 2})
    with pytest.raises(LabelError, match="extra"):
        DensePoseWriter(io.BytesIO(), extra={"images": []})


def test_after_an_error_the_file_is_left_unreadable() -> None:
    stream = io.BytesIO()

    def fail() -> None:
        with DensePoseWriter(stream) as writer:
            writer.add_annotation({"id": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    report = validate(io.BytesIO(stream.getvalue()))
    assert not report.is_valid
    assert "ends early" in str(report.defects[-1])


def test_an_empty_file_is_a_file() -> None:
    data = written([], [])
    assert json.loads(data)["annotations"] == []
    assert list(read_annotations(io.BytesIO(data))) == []


def test_pycocotools_loads_the_file_and_decodes_the_masks(tmp_path: Path) -> None:
    from pycocotools import mask as coco_mask

    path = tmp_path / "people.json"
    path.write_bytes(written(valid_file()["images"], [annotation(1), annotation(2)]))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
    person = coco.loadAnns(coco.getAnnIds(imgIds=[7]))[0]
    head = coco_mask.decode(person["dp_masks"][13])
    assert head.shape == (256, 256)
    assert head[:64].all()
    assert not head[64:].any()
    assert coco.annToMask(person).any()


@given(
    st.builds(Box, st.floats(0, 500), st.floats(0, 500), st.floats(5, 2000), st.floats(5, 2000)),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=10),
)
def test_points_are_within_half_a_pixel_after_the_trip(box: Box, shares: list[tuple[float, float]]) -> None:
    points = np.array([(box.x + a * box.w, box.y + b * box.h) for a, b in shares])
    n_points = len(points)
    fields = chart_fields(to_dp(points, box), [24] * n_points, [1 / 3] * n_points, [2 / 3] * n_points)
    data = written([], [{"id": 1, **fields, **vertex_fields(to_dp(points, box), [27553] * n_points)}])
    read = points_of(next(read_annotations(io.BytesIO(data))))
    assert read is not None
    assert read.chart is not None
    assert read.u is not None
    assert read.vertex is not None
    assert np.abs(read.image_xy(box) - points).max() < 0.5
    assert set(read.chart.tolist()) == {24}
    assert read.vertex.tolist() == [27553] * n_points
    np.testing.assert_allclose(read.u, 1 / 3, atol=1e-6)


def test_an_annotation_without_points_has_none() -> None:
    assert points_of({"id": 1}) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"dp_x": [1], "dp_y": [1, 2], "dp_I": [1], "dp_U": [0], "dp_V": [0]}, "one length"),
        ({"dp_x": [1], "dp_y": [1]}, "dp_vertex"),
        ({"dp_x": ["a"], "dp_y": [1]}, "list of numbers"),
        ({"dp_x": [float("nan")], "dp_y": [1]}, "finite"),
        ({"dp_x": [1], "dp_y": [1], "dp_I": [300], "dp_U": [0], "dp_V": [0]}, r"1\.\.24"),
        ({"dp_x": [1], "dp_y": [1], "dp_vertex": [1.5]}, "whole numbers"),
        ({"dp_x": [1]}, "one length"),
    ],
)
def test_points_that_are_none_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(LabelError, match=said):
        points_of(fields)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"annotations": {}}, "must be a list"),
        ({"images": []}, "no annotations"),
        ({"annotations": [3]}, r"annotations\[0\]"),
    ],
)
def test_a_file_without_annotations_is_refused(content: Any, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        list(read_annotations(stream_of(content)))
    if said == "must be a list":
        with pytest.raises(LabelError, match="images must be a list"):
            read_header(stream_of({"images": {}}))
