"""What someone who learns is shown of an answer: what was right, how far points lay off, and where they belong."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.urls import reverse

from annotator.models import Lease, PointStatus, Submission
from annotator.selectors.part_views import style_for_surface
from body.canonical import load_canonical_body
from body.geodesics import GeodesicTable
from body.surface import SurfacePoints, positions
from labels.boxes import Crop
from qa.services.gold_scores import distances_cm, mean_iou, parts_sums, truth_of
from qa.services.gold_truth import on_crop
from qa.truth_picture import differences, paint_differences
from rendering.views.cameras import camera_of
from rendering.views.picking import pick

GOOD_IOU: Final = 0.7
NEAR_CM, OFF_CM = 5.0, 10.0
_SHOWN_POINTS: Final = 8
_SEEN_M: Final = 0.01
_MARGIN_PX: Final = 110.0
_SIDE_PX: Final = 800.0


@dataclass(frozen=True)
class PartFeedback:
    """One part: its IoU, and how much of what should be painted was."""

    part: int
    iou: float

    @property
    def is_good(self) -> bool:
        return self.iou >= GOOD_IOU


@dataclass(frozen=True)
class PartsFeedback:
    """An answer to parts beside the truth; shares are of the pixels that either has."""

    iou: float
    rows: list[PartFeedback]
    shares: dict[str, float]

    @property
    def good(self) -> list[PartFeedback]:
        return [row for row in self.rows if row.is_good]


@dataclass(frozen=True)
class PointFeedback:
    """One point beside the truth: where it is on the crop, and how far off; None where it was not placed."""

    number: int
    key: int
    part: int
    x: float
    y: float
    cm: float | None
    status: int

    @property
    def grade(self) -> str:
        """near, off or far; "open" where no place was given."""
        if self.cm is None:
            return "open"
        return "near" if self.cm < NEAR_CM else "off" if self.cm < OFF_CM else "far"


@dataclass(frozen=True)
class ViewCell:
    """A window of a body view that shows both places of a point: pixels of the view's picture."""

    point: PointFeedback
    picture: str
    view: int
    box: tuple[float, float, float, float]
    true: tuple[float, float]
    given: tuple[float, float] | None

    @property
    def mark(self) -> float:
        """The radius of the marks, so that they look the same in every window."""
        return self.box[2] / 24


@dataclass(frozen=True)
class PointsFeedback:
    """An answer to points beside the truth."""

    points: list[PointFeedback]
    cells: list[ViewCell]
    auc10: float | None
    auc30: float | None
    mean_cm: float | None

    @property
    def near(self) -> list[PointFeedback]:
        return [point for point in self.points if point.grade == "near"]

    @property
    def is_mostly_near(self) -> bool:
        return 2 * len(self.near) >= len(self.points)


def parts_feedback(submission: Submission) -> PartsFeedback | None:
    """Return what to say about an answer to parts; None where the truth is not known."""
    both = _both_maps(submission)
    if both is None:
        return None
    answer, truth = both
    sums = parts_sums(answer, truth)
    known = max(1, int(((answer > 0) | (truth > 0)).sum()))
    shares = {name: int(where.sum()) / known for name, where in differences(answer, truth).items()}
    rows = [PartFeedback(int(part), inter / union) for part, (inter, union) in sums.items()]
    return PartsFeedback(mean_iou(sums) or 0.0, sorted(rows, key=lambda row: row.iou), shares)


def differences_picture(submission: Submission) -> bytes | None:
    """Return the picture of what differs, as a PNG of the crop's size; None where the truth is not known."""
    both = _both_maps(submission)
    return paint_differences(*both) if both is not None else None


def _both_maps(submission: Submission) -> tuple[Any, Any] | None:
    truth, painted = truth_of(submission), submission.painted()
    if truth is None or truth.painted is None or painted is None:
        return None
    return painted[0], on_crop(truth.painted, painted[1])


def points_feedback(submission: Submission, table: GeodesicTable, crop: Crop) -> PointsFeedback | None:
    """Return what to say about an answer to points; None where the truth is not known.

    Args:
        crop: of the photograph that is shown.
    """
    truth, sampled = truth_of(submission), submission.point_set
    if truth is None or truth.points is None or sampled is None:
        return None
    cm = distances_cm(submission, truth, table)
    xy = crop.from_image(sampled.xy)
    points = [
        PointFeedback(
            row + 1, int(sampled.key[row]), int(sampled.part[row]), float(xy[row, 0]), float(xy[row, 1]),
            float(cm[row]) if np.isfinite(cm[row]) else None, int(submission.status[row]),
        )
        for row in np.flatnonzero(truth.points.triangle >= 0).tolist()
    ]  # fmt: skip
    placed = np.array([point.cm for point in points if point.cm is not None])
    worst = sorted(points, key=lambda point: -(point.cm if point.cm is not None else OFF_CM))
    cells = [
        cell
        for point in worst[:_SHOWN_POINTS]
        if point.grade != "near" and (cell := _cell(submission, point, truth.points)) is not None
    ]
    if not len(placed):
        return PointsFeedback(points, cells, None, None, None)
    near, far = (float(np.clip(1 - placed / limit, 0, None).mean()) for limit in (10, 30))
    return PointsFeedback(points, cells, near, far, float(placed.mean()))


def _cell(submission: Submission, point: PointFeedback, truth: SurfacePoints) -> ViewCell | None:
    """Return the window of a view that shows the true place: the view that was clicked, where it does."""
    row = point.number - 1
    vertices = load_canonical_body().vertices
    true = positions(truth[row], vertices)[0]
    clicked = int(submission.view[row])
    shown = [view for view in range(1, 7) if _shows(point.part, view, true)]
    style = style_for_surface(submission.task.project.surface_hash)
    if not shown or style is None:
        return None
    view = clicked if clicked in shown else shown[0]
    camera = camera_of(point.part, view)
    at = camera.project(true[None])[0]
    given = None
    if submission.status[row] == PointStatus.PLACED:
        own = positions(SurfacePoints(submission.triangle[row][None], submission.weights[row][None]), vertices)
        given = camera.project(own)[0]
    ends = np.array([at] if given is None else [at, given])
    side = float(min(_SIDE_PX, max(2 * _MARGIN_PX, (ends.max(0) - ends.min(0)).max() + 2 * _MARGIN_PX)))
    left, top = np.clip(ends.mean(0) - side / 2, 0, _SIDE_PX - side)
    base = {"surface": submission.task.project.surface_hash, "style": style, "part": point.part}
    return ViewCell(
        point, reverse("api-view-file", kwargs={**base, "file": f"view-{view}.webp"}), view,
        (float(left), float(top), side, side), (float(at[0]), float(at[1])),
        None if given is None else (float(given[0]), float(given[1])),
    )  # fmt: skip


def _shows(part: int, view: int, at: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """Whether a view of a part shows a place of the body, given in metres, in front of everything else."""
    found = pick(part, view, camera_of(part, view).project(at[None]))
    if found.triangle[0] < 0:
        return False
    return bool(np.linalg.norm(positions(found, load_canonical_body().vertices)[0] - at) < _SEEN_M)


def training_answer(*, user_id: int, project_id: int, submission_id: int) -> Submission | None:
    """Return someone's own answer of the tutorial; None where there is no such.

    What the exam asked is not told, or the next attempt could learn from it.
    """
    return (
        Submission.objects.select_related("task__project", "task__person__image", "point_set", "lease", "annotator")
        .filter(pk=submission_id, annotator=user_id, task__project=project_id, lease__purpose=Lease.Purpose.TUTORIAL)
        .first()
    )
