"""What an annotator of parts is shown to start from: a model's proposal, or a guess from keypoints and outline."""

import numpy as np
from django.db import IntegrityError, transaction

from annotator.models import Person, Proposal, Stage
from labels.boxes import Crop
from labels.errors import LabelError
from labels.label_maps import LabelMap, pack, recrop
from labels.prefill import prefill_parts
from labels.rle import decode_mask

KEYPOINTS_SOURCE = "keypoints"


def suggest_parts(*, person: Person, crop: Crop) -> tuple[str, bytes] | None:
    """Return the source and the packed label map of the best suggestion for a person's crop, None without any.

    The guess from keypoints is made once and kept as a Proposal; a model's newer proposal goes first.
    """
    proposal = (
        Proposal.objects.filter(person=person, stage=Stage.PARTS, label_map__isnull=False)
        .order_by("-created_at")
        .first()
    )
    if proposal is None:
        proposal = _proposed_from_keypoints(person, crop)
    if proposal is None:
        return None
    label_map = fitted(proposal, crop)
    if label_map is None:
        return None
    return (proposal.source, pack(label_map)) if label_map.any() else None


def fitted(proposal: Proposal, crop: Crop) -> LabelMap | None:
    """Return a proposal's label map, moved to a crop; None where it has none."""
    painted = proposal.painted()
    if painted is None:
        return None
    label_map, old = painted
    return label_map if old == crop else recrop(label_map, old, crop)


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
        mask = None
        if person.mask:
            mask = crop.cut(decode_mask(person.mask, (person.image.height, person.image.width)))
        return _inside_box(prefill_parts(keypoints, mask, crop), person, crop)
    except LabelError:
        # Imported outlines may be damaged; a person without a suggestion can still be annotated.
        return None


def _inside_box(label_map: LabelMap, person: Person, crop: Crop) -> LabelMap:
    """Return a guess without what lies outside the person's box: limbs of keypoints alone are only capsules."""
    box = person.box
    x, y = crop.x + np.arange(crop.width) + 0.5, crop.y + np.arange(crop.height) + 0.5
    inside = ((y >= box.y) & (y <= box.y + box.h))[:, None] & ((x >= box.x) & (x <= box.x + box.w))
    return np.where(inside, label_map, 0).astype(np.uint8)
