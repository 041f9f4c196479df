"""DensePose-COCO files: reading and writing them as streams, and finding what is wrong with one."""

from body.cse import REF_MODEL
from labels.densepose_coco.defects import Defect, Level, Report
from labels.densepose_coco.json_stream import JsonStreamError
from labels.densepose_coco.reader import AnnotatedPoints, Header, Record, points_of, read_annotations, read_header
from labels.densepose_coco.validator import annotation_errors, validate
from labels.densepose_coco.writer import (
    PERSON_CATEGORY,
    ByteSink,
    DensePoseWriter,
    chart_fields,
    vertex_fields,
)

__all__ = [
    "PERSON_CATEGORY",
    "REF_MODEL",
    "AnnotatedPoints",
    "ByteSink",
    "Defect",
    "DensePoseWriter",
    "Header",
    "JsonStreamError",
    "Level",
    "Record",
    "Report",
    "annotation_errors",
    "chart_fields",
    "points_of",
    "read_annotations",
    "read_header",
    "validate",
    "vertex_fields",
]
