"""People with known truth for tests, taken in as the job does, without drawing them: bands of parts on a surface."""

import uuid
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
from django.db.models import F

from annotator.models import Gold, Lease, PointSet, Project, Submission, User
from annotator.services.drafts import encoded
from annotator.services.gold import add_rendered_person
from annotator.services.submissions import submit
from body.surface import SurfacePoints
from labels.label_maps import pack
from qa.models import FigureSheet, GoldSheet
from qa.services.gold_truth import pack_truth, read_truth
from rendering.views.cameras import camera_of
from rendering.views.picking import pick
from tests.factories import picture_bytes

SIZE = (200, 240)
BOX = [40.0, 30.0, 80.0, 160.0]
# Part and rows of the picture: torso below the head.
BANDS = ((14, 40, 90), (1, 90, 180))


@cache
def _view_of(part: int) -> tuple[np.ndarray, np.ndarray]:
    """Return triangle and weights under a coarse grid of the part's first view."""
    x, y = np.meshgrid(np.arange(220, 580, 6) + 0.25, np.arange(220, 580, 6) + 0.5)
    found = pick(part, 1, np.column_stack([x.ravel(), y.ravel()]))
    return found.triangle.reshape(x.shape), found.weights.reshape(*x.shape, 3)


def surface_of_bands() -> tuple[np.ndarray, np.ndarray]:
    """Return the truth of a made-up person: triangle (H, W) and weights (H, W, 3)."""
    width, height = SIZE
    triangle, weights = np.full((height, width), -1, np.int32), np.zeros((height, width, 3), np.float32)
    for part, top, bottom in BANDS:
        known, its_weights = _view_of(part)
        rows = np.linspace(8, known.shape[0] - 9, bottom - top).astype(int)
        columns = np.linspace(8, known.shape[1] - 9, 60).astype(int)
        triangle[top:bottom, 50:110] = known[np.ix_(rows, columns)]
        weights[top:bottom, 50:110] = its_weights[np.ix_(rows, columns)]
    return triangle, weights


def make_gold(
    project: Project, count: int = 1, *, purpose: str = "check", by: User | None = None, first: int | None = None
) -> list[Gold]:
    """Return rendered people of a project; tests answer them with `true_answer`."""
    triangle, weights = surface_of_bands()
    part = np.zeros(triangle.shape, np.uint8)
    for number, top, bottom in BANDS:
        part[top:bottom, 50:110] = np.where(triangle[top:bottom, 50:110] >= 0, number, 0)
    truth = pack_truth(triangle, weights)
    start = first or 1 + Gold.objects.filter(person__project=project).count()
    made = []
    for seed in range(start, start + count):
        gold, _is_new = add_rendered_person(
            project=project, picture=picture_bytes(*SIZE, seed=seed), file_name=f"{seed:06d}.jpg",
            person={"bbox": BOX, "keypoints": None, "segmentation": None}, part=part, truth=truth, seed=seed,
            purpose=Gold.Purpose(purpose), by=by,
        )  # fmt: skip
        made.append(gold)
    return made


def true_parts(lease: Lease, *, shift: int = 0) -> dict[str, Any]:
    """Return the true parts of a gold person's lease as an answer, moved down by `shift` px."""
    label_map = lease.shown_crop.cut(read_truth(lease.task.person.gold).part)
    label_map = np.roll(label_map, shift, axis=0)
    return {"label_map": encoded(pack(np.ascontiguousarray(label_map))), "decided": {}, "hints": None}


def true_points(lease: Lease, *, beside_px: float = 0.0) -> dict[str, Any]:
    """Return the true places of a gold person's points as clicks, moved aside in the picture."""
    points: PointSet = lease.point_set
    truth = read_truth(lease.task.person.gold)
    answers = {}
    for key, (x, y), part in zip(points.key, points.xy, points.part, strict=True):
        at = SurfacePoints(truth.triangle[int(y), int(x)][None], truth.weights[int(y), int(x)][None])
        answers[str(key)] = click_at(int(part), at, beside_px)
    return {"answers": answers, "current": None}


def click_at(part: int, at: SurfacePoints, beside_px: float = 0.0) -> dict[str, Any]:
    """Return the click on the first view at a surface point, or beside it where that still meets the body."""
    from body.canonical import load_canonical_body
    from body.surface import positions

    x, y = camera_of(part, 1).project(positions(at, load_canonical_body().vertices))[0]
    for aside in (beside_px, -beside_px, beside_px / 2, -beside_px / 2, 0.0):
        if pick(part, 1, np.array([[x + aside, y]])).triangle[0] >= 0:
            return {"status": "placed", "view": 1, "x": float(x + aside), "y": float(y)}
    return {"status": "cannot_tell"}


def let_a_day_pass() -> None:
    """Make the figures that are kept those of yesterday: what annotators are told today."""
    for sheets in (FigureSheet.objects, GoldSheet.objects):
        sheets.update(computed_at=F("computed_at") - timedelta(days=1))


def hand_in(user: User, lease: Lease, answer: dict[str, Any]) -> Submission:
    return submit(user=user, lease_id=lease.pk, client_uuid=uuid.uuid4(), active_ms=1000, answer=answer).submission
