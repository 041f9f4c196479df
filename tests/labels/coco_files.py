"""A small valid DensePose-COCO file to start from, as a dict and as a stream."""

import copy
import io
import json
from typing import Any

import numpy as np

from labels.boxes import Box, Crop
from labels.densepose_coco import chart_fields, vertex_fields
from labels.dp_masks import dp_masks_of

_CROP = Crop(0, 0, 100, 200)
_BOX = Box(0.0, 0.0, 100.0, 200.0)


def _label_map() -> np.ndarray:
    label_map = np.zeros(_CROP.shape, dtype=np.uint8)
    label_map[:50] = 14
    label_map[50:] = 1
    return label_map


def annotation(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a valid annotation with three points: on the head, the front and the back of the torso."""
    points = [(100.0, 20.0), (80.25, 150.0), (200.0, 255.0)]
    return {
        "id": number,
        "image_id": 7,
        "category_id": 1,
        "bbox": _BOX.to_xywh(),
        "area": 20000.0,
        "iscrowd": 0,
        "segmentation": [[0.0, 0.0, 100.0, 0.0, 100.0, 200.0]],
        "dp_masks": dp_masks_of(_label_map(), _CROP, _BOX),
        **chart_fields(points, [23, 2, 1], [0.0, 0.5, 1.0], [0.25, 0.123456, 0.75]),
        **vertex_fields(points, [0, 27553, 100]),
        **fields,
    }


def valid_file() -> dict[str, Any]:
    """Return a valid file of one image and two people."""
    return copy.deepcopy(
        {
            "info": {"description": "test"},
            "licenses": [],
            "images": [{"id": 7, "file_name": "a.jpg", "width": 640, "height": 480}],
            "annotations": [annotation(1), annotation(2)],
            "categories": [{"id": 1, "name": "person"}],
        }
    )


def stream_of(content: Any) -> io.BytesIO:
    """Return a file's bytes as a stream."""
    return io.BytesIO(json.dumps(content).encode())
