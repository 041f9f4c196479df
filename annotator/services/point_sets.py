"""Sampling the points of a person when its parts are accepted, and again, keeping what stayed, when they change."""

import numpy as np

from annotator.models import Consensus, Lease, Person, PointSet, SentBack, Stage, Task
from annotator.permissions import can_work
from annotator.services.events import record_event
from annotator.services.task_states import settle_task, standing_answers
from labels.boxes import Crop
from labels.label_maps import LabelMap, recrop
from labels.sampling import SampledPoints, resample, sample_points

_SEED = 0


def points_for_person(person: Person) -> PointSet | None:
    """Return the person's points, sampling them from the accepted parts where that has not been done yet.

    The caller holds the person's correspondence task, so that two do not sample at once. None without accepted parts.
    """
    current = PointSet.objects.filter(person=person, is_current=True).first()
    if current is not None:
        return current
    parts = Consensus.objects.filter(person=person, stage=Stage.PARTS, label_map__isnull=False).first()
    if parts is None:
        return None
    painted = parts.painted()
    if painted is None:
        return None
    label_map, crop = painted
    sampled = sample_points(label_map, _SEED)
    return PointSet.objects.create(
        person=person, version=1, key=sampled.key, xy=crop.to_image(sampled.xy), part=sampled.part
    )


def parts_accepted(*, person: Person, parts: Consensus, previous: tuple[LabelMap, Crop] | None) -> None:
    """Open the correspondence task of newly accepted parts; where points exist, bring them into line with the parts.

    The first points are sampled when the first annotator asks for them. Later, points that still lie in their part
    keep place and key, so that their answers carry over. Imported points are not sampled and stay as they are.

    Args:
        parts: the consensus just placed.
        previous: label map and crop of the answer accepted before it, None where there was none.
    """
    current = PointSet.objects.filter(person=person, is_current=True).first()
    if current is None:
        Task.objects.filter(person=person, stage=Stage.CORRESPONDENCE, state=Task.State.WAITING).update(
            state=Task.State.OPEN
        )
        return
    if Consensus.objects.filter(person=person, stage=Stage.CORRESPONDENCE, method=Consensus.Method.IMPORTED).exists():
        return
    painted = parts.painted()
    if painted is None:
        return
    label_map, crop = painted
    if previous is None:
        sampled = sample_points(label_map, _SEED)
    else:
        sampled = _sampled_again(person, current, previous, label_map, crop)
    xy = crop.to_image(sampled.xy)
    if np.array_equal(current.key, sampled.key) and np.allclose(current.xy, xy):
        return
    PointSet.objects.filter(pk=current.pk).update(is_current=False)
    PointSet.objects.create(person=person, version=current.version + 1, key=sampled.key, xy=xy, part=sampled.part)
    _ask_again(person)


def _sampled_again(
    person: Person, current: PointSet, previous: tuple[LabelMap, Crop], label_map: LabelMap, crop: Crop
) -> SampledPoints:
    old_map, old_crop = previous
    x, y = crop.from_image(current.xy).T
    points = SampledPoints(x, y, current.part, current.key)
    keys = [np.asarray(known.key) for known in PointSet.objects.filter(person=person).only("key")]
    used = int(max((key.max() for key in keys if len(key)), default=0))
    return resample(points, recrop(old_map, old_crop, crop), label_map, _SEED, next_key=used + 1)


def _ask_again(person: Person) -> None:
    """After points changed: end live leases, and send answers to older points back to their authors.

    Where an author can no longer work here, the place goes to anyone. Hidden checks hold no place, and are left alone.
    """
    Lease.objects.filter(task__person=person, task__stage=Stage.CORRESPONDENCE, state=Lease.State.LIVE).update(
        state=Lease.State.EXPIRED
    )
    task = Task.objects.select_for_update(no_key=True).filter(person=person, stage=Stage.CORRESPONDENCE).first()
    if task is None:
        return
    Consensus.objects.filter(person=person, stage=Stage.CORRESPONDENCE).delete()
    for submission in standing_answers(task).select_related("annotator"):
        if submission.annotator is None:
            continue
        SentBack.objects.create(
            submission=submission,
            author=submission.annotator,
            is_open=can_work(submission.annotator, task.project_id),
            note="The parts of this person changed, and with them some points. Your other answers are kept.",
        )
        record_event(verb="sent back", target=submission, project=task.project_id)
    settle_task(task)
