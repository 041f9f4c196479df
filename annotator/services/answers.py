"""From what the browser sends to the columns of an answer: checked, and for points recomputed on the surface."""

from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from annotator.errors import ConflictError, InvalidInputError
from annotator.models import Lease, PartViewSet, PointStatus
from annotator.services.drafts import STATUS_OF_WORD, check_decided, check_point_answer, decoded_map
from body.surface import SurfacePoints
from labels.label_maps import pack, parts_present
from rendering.views.cameras import camera_of
from rendering.views.picking import pick
from rendering.views.style import STYLE_HASH


def parts_columns(*, lease: Lease, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a parts answer.

    Raises:
        InvalidInputError: `nothing_painted`, a part both painted and not visible, or a malformed map.
    """
    crop = lease.shown_crop
    label_map = decoded_map(answer.get("label_map"), crop, "label_map")
    decided = check_decided(answer.get("decided") or {})
    painted = parts_present(label_map)
    if not painted:
        raise InvalidInputError(
            _("Nothing is painted yet. Paint a part, or skip the task with a reason."),
            code="nothing_painted",
            fields={"label_map": ["No pixel belongs to a part."]},
        )
    not_visible = sorted(part for part, word in decided.items() if word == "not_visible")
    if both := sorted(set(not_visible) & set(painted)):
        raise InvalidInputError(
            f"Parts {both} are painted and also marked as not visible: choose one.",
            fields={"decided": [f"Part {part} is painted." for part in both]},
        )
    return {
        "crop_x": crop.x,
        "crop_y": crop.y,
        "crop_width": crop.width,
        "crop_height": crop.height,
        "label_map": pack(label_map),
        "parts_not_visible": np.array(not_visible, np.uint8),
    }


def points_columns(*, lease: Lease, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a correspondence answer; each placed point's surface point is found again by ray.

    Raises:
        InvalidInputError: `points_missing` or `off_surface` with the keys in `fields`, or a malformed answer.
        ConflictError: the pictures that were shown cannot be related to the surface any more.
    """
    points = lease.point_set
    if points is None:
        raise ConflictError(_("The parts of this person changed: take the task again."), code="points_changed")
    answers = answer.get("answers")
    if not isinstance(answers, dict):
        raise InvalidInputError(
            "answers must be an object by point key.", fields={"answers": ["Give an object by point key."]}
        )
    keys = [str(key) for key in points.key]
    _check_keys(keys, answers)
    for key in keys:
        check_point_answer(key, answers[key])
    n = len(keys)
    status = np.array([STATUS_OF_WORD[answers[key]["status"]] for key in keys], np.uint8)
    placed = status == PointStatus.PLACED
    view, click = np.zeros(n, np.uint8), np.full((n, 2), np.nan)
    for index in np.flatnonzero(placed):
        given = answers[keys[index]]
        view[index], click[index] = given["view"], (given["x"], given["y"])
    surface = surface_points(lease=lease, part=points.part, view=view, click=click)
    if missed := [keys[index] for index in np.flatnonzero(placed & (surface.triangle < 0))]:
        raise InvalidInputError(
            _("%(n)d points lie beside the body: place them on the surface.") % {"n": len(missed)},
            code="off_surface",
            fields={key: ["No surface under this click."] for key in missed},
        )
    return {
        "point_set_id": points.pk,
        "status": status,
        "view": view,
        "click": click,
        "triangle": surface.triangle,
        "weights": surface.weights,
        "surface_hash": lease.surface_hash,
        "style_hash": lease.style_hash,
    }


def _check_keys(keys: list[str], answers: dict[str, Any]) -> None:
    if missing := [key for key in keys if key not in answers]:
        raise InvalidInputError(
            _("%(n)d points have no answer yet.") % {"n": len(missing)},
            code="points_missing",
            fields={key: ["Place it, or say why not."] for key in missing},
        )
    if unknown := sorted(set(answers) - set(keys)):
        raise InvalidInputError(
            f"answers name points that this person does not have: {', '.join(unknown[:10])}.",
            fields={"answers": ["Unknown points."]},
        )


def surface_points(
    *, lease: Lease, part: NDArray[np.uint8], view: NDArray[np.uint8], click: NDArray[np.float64]
) -> SurfacePoints:
    """Return the surface point (N) under each click in the pictures of a lease; triangle -1 where there is none.

    Args:
        part: (N,) 1..14.
        view: (N,) 1..6, 0 where nothing was clicked.
        click: (N, 2) px of the picture.

    Raises:
        ConflictError: the pictures that were shown cannot be related to the surface any more.
    """
    triangle, weights = np.full(len(part), -1, np.int32), np.zeros((len(part), 3))
    for number, seen in {(int(p), int(v)) for p, v in zip(part, view, strict=True) if v}:
        chosen = (part == number) & (view == seen)
        found = pick(number, seen, _todays_pixels(lease, number, seen, click[chosen]))
        triangle[chosen], weights[chosen] = found.triangle, found.weights
    return SurfacePoints(triangle, weights)


def _todays_pixels(lease: Lease, part: int, view: int, click: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move clicks in an older style's picture to where today's camera of that view has the same ray.

    Raises:
        ConflictError: that camera looked from another direction.
    """
    if lease.style_hash == STYLE_HASH:
        return click
    shown = PartViewSet.objects.filter(surface_hash=lease.surface_hash, style_hash=lease.style_hash, part=part).first()
    old = next((v for v in shown.manifest["views"] if v["number"] == view), None) if shown else None
    now = camera_of(part, view)
    if old is None or not np.allclose([old["axis_x"], old["axis_y"]], [now.axis_x, now.axis_y], atol=1e-9):
        raise ConflictError(
            _("The pictures of the body were drawn anew since you started: take the task again."),
            code="pictures_changed",
        )
    metres = (click - np.asarray(old["origin"])) / old["px_per_m"]
    moved: NDArray[np.float64] = metres * now.px_per_m + np.asarray(now.origin)
    return moved
