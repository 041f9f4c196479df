"""What can be wrong with the DensePose fields of one annotation."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from body.cse import N_CSE_VERTICES, REF_MODEL
from body.parts import N_CHARTS, N_PARTS, PART_OF_CHART
from labels.densepose_coco.defects import Level
from labels.densepose_coco.reader import Record
from labels.dp_masks import MASK_SIDE, check_entry, runs_by_part
from labels.errors import LabelError

Tell = Callable[..., None]
"""tell(level, field, value, problem)"""

Column = NDArray[np.float64]

_CHART_FIELDS: Final = ("dp_I", "dp_U", "dp_V")
_POINT_FIELDS: Final = ("dp_x", "dp_y", *_CHART_FIELDS, "dp_vertex")
_TOLERANCE_CELLS: Final = 2  # masks were resampled to cells: a point near a border may fall just outside its part
_PART_OF_CHART: Final = np.array(PART_OF_CHART)


def check_densepose(annotation: Record, tell: Tell) -> int:
    """Tell every defect of an annotation's DensePose fields; return its number of points.

    An annotation without any of them is a plain COCO one, and right.
    """
    missing = [name for name in _required_fields(annotation) if name not in annotation]
    for name in missing:
        tell(Level.ERROR, name, None, "is missing: the points of an annotation need all fields of their form")
    present = [str(name) for name in _POINT_FIELDS if name in annotation]
    columns = {name: _column(annotation, name, tell) for name in present}
    lengths = {name: len(annotation[name]) for name in columns if isinstance(annotation[name], list)}
    if len(set(lengths.values())) > 1:
        tell(Level.ERROR, "dp_x", lengths, "lists differ in length: there must be one value for each point in all")
    _check_values(annotation, columns, tell)
    parts = _check_masks(annotation["dp_masks"], tell) if "dp_masks" in annotation else None
    n_points = lengths.get("dp_x", 0)
    if not n_points and ("dp_masks" in annotation or "dp_x" in annotation) and not missing:
        tell(Level.NOTE, "dp_x", None, "there is no point: public loaders take no DensePose data from this person")
    if parts is not None and len(set(lengths.values())) == 1:
        _check_parts(columns, parts, tell)
    return n_points


def _required_fields(annotation: Record) -> tuple[str, ...]:
    has_vertices = "dp_vertex" in annotation or "ref_model" in annotation
    has_charts = any(name in annotation for name in _CHART_FIELDS)
    if not has_vertices and not has_charts and "dp_x" not in annotation and "dp_y" not in annotation:
        return ()
    charts = _CHART_FIELDS if has_charts or not has_vertices else ()
    return ("dp_x", "dp_y", *charts, *(("dp_vertex", "ref_model") if has_vertices else ()))


def _column(annotation: Record, name: str, tell: Tell) -> Column | None:
    """Return a field as numbers (N,), or None after telling why it is none."""
    values = annotation[name]
    if not isinstance(values, list):
        tell(Level.ERROR, name, values, "must be a list with one number for each point")
        return None
    if not set(map(type, values)) <= {int, float}:
        index, value = next(pair for pair in enumerate(values) if type(pair[1]) not in (int, float))
        tell(Level.ERROR, f"{name}[{index}]", value, "must be a number")
        return None
    try:
        column = np.array(values, dtype=np.float64)
    except OverflowError:
        tell(Level.ERROR, name, values, "holds a number beyond all range")
        return None
    return (
        None if _tell_first(~np.isfinite(column), name, column, "must be finite, not NaN or infinite", tell) else column
    )


def _check_values(annotation: Record, columns: dict[str, Column | None], tell: Tell) -> None:
    for name in ("dp_x", "dp_y"):
        if (column := columns.get(name)) is not None:
            problem = "must be in [0, 255]: coordinates are relative to the box, (x - box_x) / box_w * 255"
            _tell_first((column < 0) | (column >= 256), name, column, problem, tell)
    if (column := columns.get("dp_I")) is not None:
        is_wrong = (column < 1) | (column > N_CHARTS) | (column != np.floor(column))
        _tell_first(
            is_wrong, "dp_I", column, f"must be a whole chart number 1..{N_CHARTS}; leave other points out", tell
        )
    for name in ("dp_U", "dp_V"):
        if (column := columns.get(name)) is not None:
            _tell_first((column < 0) | (column > 1), name, column, "must be in [0, 1]", tell)
    if (column := columns.get("dp_vertex")) is not None:
        is_wrong = (column < 0) | (column >= N_CSE_VERTICES) | (column != np.floor(column))
        problem = f"must be a whole vertex number 0..{N_CSE_VERTICES - 1}"
        _tell_first(is_wrong, "dp_vertex", column, problem, tell)
    if "ref_model" in annotation and annotation["ref_model"] != REF_MODEL:
        tell(Level.ERROR, "ref_model", annotation["ref_model"], f'must be "{REF_MODEL}", the mesh of dp_vertex')


def _tell_first(is_wrong: NDArray[np.bool_], name: str, column: Column, problem: str, tell: Tell) -> bool:
    """Tell the first wrong value of a field and how many there are; True if there is one."""
    places = np.flatnonzero(is_wrong)
    if not places.size:
        return False
    more = f" ({places.size} such values in this field)" if places.size > 1 else ""
    tell(Level.ERROR, f"{name}[{places[0]}]", float(column[places[0]]), problem + more)
    return True


def _check_masks(dp_masks: Any, tell: Tell) -> dict[int, NDArray[np.int64]] | None:
    """Return the ends of the runs of each part's mask, or None after telling what is wrong."""
    if not isinstance(dp_masks, list):
        tell(
            Level.ERROR,
            "dp_masks",
            dp_masks,
            f"must be a list of {N_PARTS} masks, one a part; one object is not enough",
        )
        return None
    if len(dp_masks) != N_PARTS:
        tell(Level.ERROR, "dp_masks", f"{len(dp_masks)} entries", f"must have {N_PARTS}, one a part; [] if not visible")
        return None
    listed = [isinstance(entry, dict) and isinstance(entry.get("counts"), list) for entry in dp_masks]
    try:
        if not any(listed):
            return {part: np.cumsum(runs) for part, runs in runs_by_part(dp_masks).items()}
    except LabelError:
        pass  # told below, of each entry
    for index, entry in enumerate(dp_masks):
        where = f"dp_masks[{index}]"
        if listed[index]:
            tell(Level.ERROR, where, entry, "is an uncompressed RLE: compress it (pycocotools.mask.frPyObjects)")
            continue
        try:
            check_entry(entry)
        except LabelError as error:
            tell(Level.ERROR, where, entry, str(error))
    return None


def _check_parts(columns: dict[str, Column | None], parts: dict[int, NDArray[np.int64]], tell: Tell) -> None:
    """Warn of points whose chart belongs to another part than the mask they lie in."""
    x, y, charts = columns.get("dp_x"), columns.get("dp_y"), columns.get("dp_I")
    if x is None or y is None or charts is None or not len(x) or ((charts < 1) | (charts > N_CHARTS)).any():
        return
    wanted = _PART_OF_CHART[charts.astype(np.int64)]
    column, row = (np.clip(np.floor(axis / 255 * MASK_SIDE), 0, MASK_SIDE - 1).astype(np.int64) for axis in (x, y))
    is_near = np.zeros(len(x), dtype=bool)
    reach = range(-_TOLERANCE_CELLS, _TOLERANCE_CELLS + 1)
    near_column = np.clip(column[:, None] + np.array([dx for dx in reach for _ in reach]), 0, MASK_SIDE - 1)
    near_row = np.clip(row[:, None] + np.array([dy for _ in reach for dy in reach]), 0, MASK_SIDE - 1)
    cells = near_column * MASK_SIDE + near_row  # column-major, as the runs
    for part, ends in parts.items():
        of_part = wanted == part
        is_inside = np.searchsorted(ends, cells[of_part], side="right") % 2 == 1
        is_near[of_part] = is_inside.any(axis=1)
    places = np.flatnonzero(~is_near)
    if places.size:
        tell(
            Level.WARNING,
            f"dp_I[{places[0]}]",
            int(charts[places[0]]),
            f"the point lies outside the mask of its part {wanted[places[0]]} ({places.size} of {len(x)} points do)",
        )
