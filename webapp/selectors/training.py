"""Words for what someone who learns is shown of an answer."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.models import PointStatus
from annotator.words import VIEW_WORDS
from body.parts import part_by_number
from qa.selectors.training_feedback import PartsFeedback, PointsFeedback, ViewCell
from rendering.views.cameras import camera_of

_STATUS_WORDS = {
    PointStatus.CANNOT_TELL: gettext_lazy("cannot tell"),
    PointStatus.NOT_THIS_PART: gettext_lazy("not this part"),
}


def part_feedback_rows(found: PartsFeedback) -> list[dict[str, Any]]:
    """Return the parts with their names, the weakest first."""
    return [{"name": _(part_by_number(row.part).name), "part": row.part, "iou": row.iou, "is_good": row.is_good,
             "percent": f"{100 * row.iou:.1f}"}
            for row in found.rows]  # fmt: skip


def point_feedback_rows(found: PointsFeedback) -> list[dict[str, Any]]:
    """Return the windows of the views that show where points belong, with words."""
    rows = []
    for cell in found.cells:
        point = cell.point
        view = camera_of(point.part, cell.view).name
        rows.append(
            {
                "cell": cell, "point": point, "name": _(part_by_number(point.part).name),
                "view": VIEW_WORDS.get(view, view),
                "said": "" if point.cm is not None else _STATUS_WORDS.get(PointStatus(point.status), ""),
                "box": " ".join(f"{value:.1f}" for value in cell.box), "mark": f"{cell.mark:.1f}",
                "true": tuple(f"{value:.1f}" for value in cell.true), "line": _line(cell), "cross": _cross(cell),
            }
        )  # fmt: skip
    return rows


def _line(cell: ViewCell) -> str:
    """Return the path from the place that was given to the true one."""
    if cell.given is None:
        return ""
    return f"M{cell.given[0]:.1f} {cell.given[1]:.1f}L{cell.true[0]:.1f} {cell.true[1]:.1f}"


def _cross(cell: ViewCell) -> str:
    """Return the cross at the place that was given."""
    if cell.given is None:
        return ""
    (x, y), arm = cell.given, 0.75 * cell.mark
    across = f"{2 * arm:.1f}"
    return f"M{x - arm:.1f} {y - arm:.1f}l{across} {across}M{x + arm:.1f} {y - arm:.1f}l-{across} {across}"
