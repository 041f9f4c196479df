"""What help an answer was given: what was proposed, by which model version, and how much of it was kept."""

from typing import Any, Final

import numpy as np

from annotator.models import Lease, Proposal, Stage
from annotator.services.suggestions import fitted, proposed_points
from body.canonical import load_canonical_body
from body.parts import N_PARTS
from body.surface import SurfacePoints, positions
from labels.label_maps import LabelMap, unpack

# A part counts as kept when so much of what was proposed and answered is the same (intersection over union).
_KEPT_IOU: Final = 0.98
# A ghost that was accepted comes back through a click rounded to a thousandth of a pixel.
_KEPT_CM: Final = 0.2


def provenance_of(lease: Lease, answer: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """Return what to keep with a submission about the help that was shown.

    Args:
        lease: whose `proposal` is what its annotator was shown.
        answer: as it was sent.
        columns: the answer as it is stored.
    """
    told: dict[str, Any] = {"assisted": lease.is_assisted, "lease": str(lease.pk), "proposal": None}
    is_parts = lease.task.stage == Stage.PARTS
    if is_parts:
        told["decided"] = {str(part): word for part, word in (answer.get("decided") or {}).items()}
    proposal = lease.proposal
    if proposal is not None:
        kept = _kept_parts(proposal, lease, columns) if is_parts else _kept_points(proposal, lease, columns)
        told["proposal"] = {
            "id": proposal.pk,
            "source": proposal.source,
            "model_version": proposal.model_version,
        } | kept
    return told


def _kept_parts(proposal: Proposal, lease: Lease, columns: dict[str, Any]) -> dict[str, Any]:
    crop = lease.shown_crop
    proposed = fitted(proposal, crop)
    if proposed is None or not proposed.any():
        return {}
    answered = unpack(columns["label_map"], crop.shape)
    overlap = {part: _iou(proposed, answered, part) for part in range(1, N_PARTS + 1) if (proposed == part).any()}
    return {
        "proposed_parts": list(overlap),
        "kept_parts": [part for part, iou in overlap.items() if iou >= _KEPT_IOU],
        "iou": {str(part): round(iou, 3) for part, iou in overlap.items()},
        "kept_share": round(float((answered == proposed)[proposed > 0].mean()), 4),
    }


def _iou(one: LabelMap, other: LabelMap, part: int) -> float:
    a, b = one == part, other == part
    return float((a & b).sum() / (a | b).sum())


def _kept_points(proposal: Proposal, lease: Lease, columns: dict[str, Any]) -> dict[str, Any]:
    """Compare in a straight line on the canonical body, in cm: near enough for points that were moved a little."""
    assert lease.point_set is not None
    proposed = proposed_points(proposal, lease.point_set)
    answered = SurfacePoints(np.asarray(columns["triangle"]), np.asarray(columns["weights"]))
    both = np.flatnonzero((proposed.triangle >= 0) & (answered.triangle >= 0))
    vertices = load_canonical_body().vertices
    apart = 100 * np.linalg.norm(positions(proposed[both], vertices) - positions(answered[both], vertices), axis=1)
    keys = [str(lease.point_set.key[index]) for index in both]
    return {
        "proposed_points": int((proposed.triangle >= 0).sum()),
        "kept_points": [key for key, cm in zip(keys, apart, strict=True) if cm <= _KEPT_CM],
        "moved_cm": {key: round(float(cm), 2) for key, cm in zip(keys, apart, strict=True) if cm > _KEPT_CM},
    }
