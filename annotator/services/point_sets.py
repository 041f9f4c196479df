"""Sampling the points of a person when its parts are accepted, and again, keeping what stayed, when they change."""

import numpy as np

from annotator.models import Consensus, Lease, Person, PointSet, SentBack, Stage, Submission, Task
from annotator.services.events import record_event
from annotator.services.task_states import settle_task
from labels.boxes import Crop
from labels.label_maps import LabelMap, recrop, unpack
from labels.sampling import SampledPoints, resample, sample_points

_SEED = 0


def refresh_points(*, person: Person, parts: Consensus, previous: tuple[LabelMap, Crop] | None) -> PointSet:
    """Make the point set of newly accepted parts and open, or reopen, the correspondence task.

    The caller holds the person's parts task. Points that still lie in their part keep place and key, so that their
    answers carry over. Imported points are not sampled from parts and stay as they are.

    Args:
        parts: the consensus just placed.
        previous: label map and crop of the consensus before it, None where there was none.
    """
    current = PointSet.objects.filter(person=person, is_current=True).first()
    is_imported = Consensus.objects.filter(
        person=person, stage=Stage.CORRESPONDENCE, method=Consensus.Method.IMPORTED
    ).exists()
    if current is not None and is_imported:
        return current
    crop = Crop(parts.crop_x, parts.crop_y, parts.crop_width, parts.crop_height)
    label_map = unpack(bytes(parts.label_map), crop.shape)
    if current is None or previous is None:
        sampled = sample_points(label_map, _SEED)
    else:
        sampled = _sampled_again(person, current, previous, label_map, crop)
    xy = crop.to_image(sampled.xy)
    if current is not None and np.array_equal(current.key, sampled.key) and np.allclose(current.xy, xy):
        return current
    version = 1
    if current is not None:
        PointSet.objects.filter(pk=current.pk).update(is_current=False)
        version = current.version + 1
    made = PointSet.objects.create(person=person, version=version, key=sampled.key, xy=xy, part=sampled.part)
    _open_correspondence(person, is_change=current is not None)
    return made


def _sampled_again(
    person: Person, current: PointSet, previous: tuple[LabelMap, Crop], label_map: LabelMap, crop: Crop
) -> SampledPoints:
    old_map, old_crop = previous
    x, y = crop.from_image(current.xy).T
    points = SampledPoints(x, y, current.part, current.key)
    used = max(
        (int(keys.max()) for keys in PointSet.objects.filter(person=person).values_list("key", flat=True) if len(keys)),
        default=0,
    )
    return resample(points, recrop(old_map, old_crop, crop), label_map, _SEED, next_key=used + 1)


def _open_correspondence(person: Person, *, is_change: bool) -> None:
    """Open the task of a person whose points are new; where answers to older points exist, ask their authors again."""
    if is_change:
        Lease.objects.filter(task__person=person, task__stage=Stage.CORRESPONDENCE, state=Lease.State.LIVE).update(
            state=Lease.State.EXPIRED
        )
    task = Task.objects.select_for_update(no_key=True).filter(person=person, stage=Stage.CORRESPONDENCE).first()
    if task is None:
        return
    if is_change:
        Consensus.objects.filter(person=person, stage=Stage.CORRESPONDENCE).delete()
        counting = Submission.objects.filter(task=task, superseded_by=None, annotator__isnull=False)
        for submission in counting.filter(sent_back=None):
            SentBack.objects.create(
                submission=submission,
                author_id=submission.annotator_id,
                note="The parts of this person changed, and with them some points. Your other answers are kept.",
            )
            record_event(verb="sent back", target=submission, project=task.project_id)
    if task.state in {Task.State.WAITING, Task.State.DONE, Task.State.REVIEW}:
        task.state = Task.State.OPEN
    settle_task(task)
