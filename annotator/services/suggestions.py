"""What an annotator is shown to start from: a model's proposal, for parts also a guess from keypoints and outline."""

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Case, When

from annotator.models import Lease, Person, PointSet, Proposal, Stage, Submission
from annotator.services.outlines import outline_in
from body.surface import SurfacePoints
from labels.boxes import Crop
from labels.dense_maps import DenseMap
from labels.errors import LabelError
from labels.label_maps import LabelMap, pack, recrop
from labels.prefill import prefill_parts

KEYPOINTS_SOURCE = "keypoints"

# How far from a sampled point a pixel of its part may lie that speaks for it, as a share of the crop's longer side.
_REACH_SHARE = 0.02


def proposal_for_lease(lease: Lease) -> Proposal | None:
    """Return the proposal that a lease's annotator is shown; chosen at the first call and kept with the lease.

    None where the task is one of those without help, or where an answer is revised: that goes on from the answer.
    """
    if not lease.is_assisted or lease.revises_id is not None:
        return None
    if lease.proposal_id is None:
        found = best_proposal(person=lease.task.person, crop=lease.shown_crop, stage=lease.task.stage)
        if found is not None:
            lease.proposal = found
            Lease.objects.filter(pk=lease.pk).update(proposal=found)
    return lease.proposal


def best_proposal(*, person: Person, crop: Crop, stage: str) -> Proposal | None:
    """Return a person's newest proposal that has something for a stage.

    For parts that may be the guess from keypoints, which is made once and kept as a Proposal; a model's goes first.
    """
    known = Proposal.objects.filter(person=person, stage=Stage.PARTS, label_map__isnull=False)
    if stage == Stage.CORRESPONDENCE:
        return known.filter(surface__isnull=False).order_by("-created_at").first()
    models_first = known.order_by(Case(When(model_version="", then=1), default=0), "-created_at")
    return models_first.first() or _proposed_from_keypoints(person, crop)


def proposed_points(proposal: Proposal, points: PointSet) -> SurfacePoints:
    """Return where a model's proposal puts sampled points (N) on the surface; triangle -1 where it says nothing."""
    painted = proposal.painted()
    if painted is None or proposal.surface is None:
        return SurfacePoints.none(len(points.key))
    label_map, crop = painted
    seen = DenseMap.unpack(bytes(proposal.surface), label_map.shape)
    return seen.surface_at(crop.from_image(points.xy), points.part, max(2.0, _REACH_SHARE * max(label_map.shape)))


def fitted(shown: Proposal | Submission, crop: Crop) -> LabelMap | None:
    """Return the label map of a proposal or an earlier answer, moved to a crop; None where it has none."""
    painted = shown.painted()
    if painted is None:
        return None
    label_map, old = painted
    return label_map if old == crop else recrop(label_map, old, crop)


def completed_by_limbs(label_map: LabelMap, person: Person, crop: Crop) -> LabelMap:
    """Return a model's parts, with what it left open inside a known outline given to the nearest limb.

    Where a person has keypoints and an outline, the two together are right more often than either alone
    (`python -m benchmarks.suggestions`); what the model painted outside the outline is dropped.
    """
    limbs = _from_keypoints(person, crop) if person.mask else None
    if limbs is None:
        return label_map
    return np.where(limbs > 0, np.where(label_map > 0, label_map, limbs), 0).astype(np.uint8)


def _proposed_from_keypoints(person: Person, crop: Crop) -> Proposal | None:
    label_map = _from_keypoints(person, crop)
    if label_map is None:
        return None
    proposal = Proposal(
        person=person,
        stage=Stage.PARTS,
        source=KEYPOINTS_SOURCE,
        crop_x=crop.x,
        crop_y=crop.y,
        crop_width=crop.width,
        crop_height=crop.height,
        label_map=pack(label_map),
    )
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError:
        # Someone else's request was first with the same guess.
        return Proposal.objects.get(person=person, stage=Stage.PARTS, source=KEYPOINTS_SOURCE, model_version="")
    return proposal


def _from_keypoints(person: Person, crop: Crop) -> LabelMap | None:
    if not person.keypoints:
        return None
    keypoints = [person.keypoints[index : index + 3] for index in range(0, 51, 3)]
    try:
        outline = outline_in(person, crop)
        mask = None if outline is None else outline > 0
        return _inside_box(prefill_parts(keypoints, mask, crop), person, crop)
    except LabelError:
        # Imported keypoints may be damaged; a person without a suggestion can still be annotated.
        return None


def _inside_box(label_map: LabelMap, person: Person, crop: Crop) -> LabelMap:
    """Return a guess without what lies outside the person's box: limbs of keypoints alone are only capsules."""
    box = person.box
    x, y = crop.x + np.arange(crop.width) + 0.5, crop.y + np.arange(crop.height) + 0.5
    inside = ((y >= box.y) & (y <= box.y + box.h))[:, None] & ((x >= box.x) & (x <= box.x + box.w))
    return np.where(inside, label_map, 0).astype(np.uint8)
