"""All that the workbench needs to show one task, in one answer."""

import base64
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from annotator.models import Consensus, Lease, Proposal, Stage, Submission
from annotator.services.pictures import surroundings_of
from annotator.services.suggestions import fitted, proposal_for_lease, proposed_points
from body.parts import N_PARTS
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.label_maps import pack, recrop

HEARTBEAT_S = 60


def start_of_today() -> datetime:
    """Return midnight in the server's time zone."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def bundle_for_lease(lease: Lease) -> dict[str, Any]:
    """Return the bundle of a lease, as the API contract in docs/workbench-api.md lists it.

    The lease is all that names the work: numbers of tasks and people follow the order in which they were taken in, and
    would tell a hidden check from what comes before and after it.

    Args:
        lease: with task, project, person, image, point set and sent-back note selected.
    """
    task = lease.task
    crop = lease.shown_crop
    bundle: dict[str, Any] = {
        "lease": {
            "id": str(lease.pk),
            "expires_at": lease.expires_at,
            "revision": lease.revision,
            "active_ms": lease.active_ms,
            "heartbeat_s": HEARTBEAT_S,
        },
        "stage": task.stage,
        "project": {"id": task.project_id, "name": task.project.name},
        "done_today": done_today(user_id=lease.annotator_id, project_id=task.project_id, stage=task.stage),
        "image_url": reverse("api-lease-image", args=[lease.pk]),
        "crop": {"x": crop.x, "y": crop.y, "width": crop.width, "height": crop.height},
        "box": [task.person.box_x, task.person.box_y, task.person.box_width, task.person.box_height],
        "keypoints": task.person.keypoints,
        "draft": lease.draft,
        "sent_back": {"note": lease.sent_back.note} if lease.sent_back else None,
        # Of work and of hidden checks nothing is said.
        "training": lease.purpose if lease.is_training else None,
    }
    return bundle | (_of_parts(lease, crop) if task.stage == Stage.PARTS else _of_points(lease, crop))


def done_today(*, user_id: int, project_id: int, stage: str) -> int:
    """Return how many people an annotator finished today at a stage of a project; corrections do not count twice."""
    return Submission.objects.filter(
        Q(supersedes=None),
        annotator_id=user_id,
        created_at__gte=start_of_today(),
        task__project_id=project_id,
        task__stage=stage,
    ).count()


def _of_parts(lease: Lease, crop: Crop) -> dict[str, Any]:
    wide = surroundings_of(lease.task.person.image, crop)
    pictures = {
        "superpixels_url": reverse("api-lease-superpixels", args=[lease.pk]),
        "outline_url": reverse("api-lease-outline", args=[lease.pk]),
        "surroundings": {
            "url": reverse("api-lease-surroundings", args=[lease.pk]),
            "crop": {"x": wide.x, "y": wide.y, "width": wide.width, "height": wide.height},
        },
    }
    shown = _shown(lease)
    label_map = fitted(shown, crop) if shown is not None else None
    if shown is None or label_map is None or not label_map.any():
        return pictures | {"suggestion": None}
    packed = base64.b64encode(pack(label_map)).decode()
    return pictures | {"suggestion": {"source": _source(shown), "label_map": packed}}


def _shown(lease: Lease) -> Proposal | Submission | None:
    """Return what the annotator starts from: a proposal, or their own answer where it was sent back."""
    return lease.revises if lease.sent_back is not None else proposal_for_lease(lease)


def _source(shown: Proposal | Submission) -> str:
    """Return what a suggestion comes from: which model, and so when it was asked, would tell old work from new."""
    if isinstance(shown, Submission):
        return "previous"
    return "model" if shown.model_version else shown.source


def _proposed(lease: Lease) -> dict[str, Any] | None:
    """Return where the points are proposed to lie, by key; points of which nothing is known are left out."""
    shown, points = _shown(lease), lease.point_set
    if isinstance(shown, Submission):
        # The points may have been sampled anew since: keys that stayed mean the same points.
        points, found = shown.point_set, SurfacePoints(np.asarray(shown.triangle), np.asarray(shown.weights))
    elif shown is not None and points is not None:
        found = proposed_points(shown, points)
    if shown is None or points is None:
        return None
    places = {
        str(key): {"triangle": int(triangle), "weights": [round(float(weight), 6) for weight in weights]}
        for key, triangle, weights in zip(points.key, found.triangle, found.weights, strict=True)
        if triangle >= 0
    }
    return {"source": _source(shown), "points": places}


def _of_points(lease: Lease, crop: Crop) -> dict[str, Any]:
    points = lease.point_set
    shown = {"surface": lease.surface_hash, "style": lease.style_hash}
    return {
        "points": {
            "key": points.key.tolist() if points else [],
            "x": points.xy[:, 0].tolist() if points else [],
            "y": points.xy[:, 1].tolist() if points else [],
            "part": points.part.tolist() if points else [],
        },
        "proposal": _proposed(lease),
        "label_map": _accepted_parts(lease, crop),
        "views": {
            str(part): {"base": reverse("api-view-file", kwargs={**shown, "part": part, "file": "-"})[:-1]}
            for part in range(1, N_PARTS + 1)
        },
    }


def _accepted_parts(lease: Lease, crop: Crop) -> str | None:
    consensus = Consensus.objects.filter(person_id=lease.task.person_id, stage=Stage.PARTS).first()
    painted = consensus.painted() if consensus else None
    if painted is None:
        return None
    label_map, old = painted
    return base64.b64encode(pack(label_map if old == crop else recrop(label_map, old, crop))).decode()
