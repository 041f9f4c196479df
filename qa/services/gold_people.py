"""Adding rendered people to a project: which ones, for what, and how each is drawn."""

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import transaction
from django.db.models import Q
from PIL import Image as Pillow

from annotator.errors import InvalidInputError
from annotator.models import Gold, Image, Job, Person, Project, User
from annotator.services.gold import add_rendered_person
from annotator.services.jobs import enqueue_job
from qa.models import QualityPolicy
from qa.services.gold_truth import pack_truth

JOB_KIND: Final = "add_gold"
MAX_COUNT: Final = 500
AUTOMATIC: Final = "auto"
# Attempts at the exam should not meet the same people twice: so many times as many as one attempt asks for.
_EXAM_SPARE: Final = 2
_SEEDS_A_PROJECT: Final = 1_000_003
_BOX: Final = ("box_x", "box_y", "box_width", "box_height")
_LOOKED_AT: Final = 200
_ALL_KNOWN: Final[dict[str, str | bool]] = {"keypoints": "exact", "outline": True, "whole_box": True}
_SIDES: Final = (320, 720)
_USUAL_SIZES: Final = ((480, 640), (640, 480), (500, 600))


@dataclass(frozen=True)
class DrawnPerson:
    """A rendered person ready to be taken in: the picture as a file, COCO's record, parts, and truth as a file."""

    picture: bytes
    record: dict[str, Any]
    part: np.ndarray[Any, Any]
    truth: bytes


def policy_of(project: Project) -> QualityPolicy:
    """Return a project's bars, the defaults where it has none of its own; not saved."""
    return QualityPolicy.objects.filter(project=project).first() or QualityPolicy(project=project)


def gold_counts(project: Project) -> dict[str, int]:
    """Return how many rendered people a project has for each purpose."""
    found = Gold.objects.filter(person__project=project, kind=Gold.Kind.RENDERED, person__is_deleted=False)
    purposes = list(found.values_list("purpose", flat=True))
    return {purpose.value: purposes.count(purpose.value) for purpose in Gold.Purpose}


@transaction.atomic
def enqueue_gold(*, project: Project, count: int, purpose: str = AUTOMATIC, by: User | None = None) -> Job:
    """Ask a worker to draw people with known truth and to add them to a project.

    Args:
        purpose: check, tutorial or exam; `auto` fills up the tutorial, then the exam, then adds checks.

    Raises:
        InvalidInputError: another purpose, or a count out of range.
    """
    if not 1 <= count <= MAX_COUNT:
        raise InvalidInputError(f"count must be from 1 to {MAX_COUNT}, got {count}.", fields={"count": []})
    if purpose not in {AUTOMATIC, *Gold.Purpose.values}:
        raise InvalidInputError(f"purpose must be auto, check, tutorial or exam, got {purpose!r}.")
    return enqueue_job(
        JOB_KIND, params={"people": _planned(project, count, purpose)}, project=project, queue="render", by=by
    )


@transaction.atomic
def fill_training_pool(*, project: Project, by: User | None = None) -> Job | None:
    """Draw what tutorial and exam still lack; None where they lack nothing."""
    lacking = _lacking(project, policy_of(project))
    return enqueue_gold(project=project, count=len(lacking), by=by) if lacking else None


def _lacking(project: Project, policy: QualityPolicy) -> list[str]:
    counts = gold_counts(project)
    for job in Job.objects.filter(project=project, kind=JOB_KIND, state__in=[Job.State.QUEUED, Job.State.RUNNING]):
        for planned in job.params["people"][(job.checkpoint or {}).get("done", 0) :]:
            counts[planned["purpose"]] += 1
    wanted = {
        Gold.Purpose.TUTORIAL.value: policy.tutorial_people,
        Gold.Purpose.EXAM.value: _EXAM_SPARE * policy.exam_people,
    }
    return [purpose for purpose, n in wanted.items() for _ in range(n - counts[purpose])]


def _planned(project: Project, count: int, purpose: str) -> list[dict[str, Any]]:
    """Return number, purpose and size of the people to draw; the numbers are taken for good."""
    QualityPolicy.objects.get_or_create(project=project)
    policy = QualityPolicy.objects.select_for_update().get(project=project)
    first, policy.next_seed = policy.next_seed, policy.next_seed + count
    policy.save(update_fields=["next_seed"])
    purposes = [purpose] * count
    if purpose == AUTOMATIC:
        purposes = (_lacking(project, policy) + [Gold.Purpose.CHECK.value] * count)[:count]
    sizes, looks = _sizes(project), _looks(project)
    planned = []
    for number, wanted in enumerate(purposes, start=first):
        width, height = sizes[number % len(sizes)]
        look = looks[number % len(looks)] if wanted == Gold.Purpose.CHECK else _ALL_KNOWN
        planned.append({"number": number, "purpose": wanted, "width": width, "height": height, **look})
    return planned


def _looks(project: Project) -> list[dict[str, str | bool]]:
    """Return what is known beforehand of some of the project's own people: a check must not be known by knowing more.

    Whether they came with keypoints and with an outline, and whether their boxes are of whole pixels.
    """
    own = Person.objects.filter(project=project, is_deleted=False, is_crowd=False, is_ignored=False, gold=None)
    rows = (
        own.order_by("-pk").annotate(has_outline=Q(mask__isnull=False)).values_list("keypoints", "has_outline", *_BOX)
    )
    return [
        {
            "keypoints": _digits(keypoints),
            "outline": outline,
            "whole_box": all(float(side).is_integer() for side in box),
        }
        for keypoints, outline, *box in rows[:_LOOKED_AT]
    ] or [_ALL_KNOWN]


def _sizes(project: Project) -> list[tuple[int, int]]:
    """Return sizes of the project's own photographs, made small enough to draw in seconds."""
    found = Image.objects.filter(project=project, people__gold=None).order_by("pk").values_list("width", "height")
    sizes = []
    for width, height in found.distinct()[:40]:
        scale = min(1.0, _SIDES[1] / max(width, height))
        if scale * min(width, height) >= _SIDES[0]:
            sizes.append((round(scale * width), round(scale * height)))
    return sizes or list(_USUAL_SIZES)


def draw_person(project_id: int, number: int, size: tuple[int, int]) -> DrawnPerson:
    """Draw one person; the same arguments give the same picture. Takes seconds."""
    from rendering.scenes.dataset import person_record
    from rendering.scenes.render import render_scene
    from rendering.scenes.scene import sample_scene

    scene = sample_scene(project_id * _SEEDS_A_PROJECT + number, n_people=1)
    picture = render_scene(scene, *size)
    sink = io.BytesIO()
    quality = int(np.random.default_rng(number).integers(86, 95))
    Pillow.fromarray(picture.image).save(sink, "JPEG", quality=quality)
    truth = pack_truth(picture.triangle, picture.weights)
    return DrawnPerson(sink.getvalue(), person_record(picture, picture.people[0]), picture.part, truth)


def _digits(keypoints: list[float] | None) -> str:
    """Return how keypoints are written: not at all (""), as "int", as "whole" floats, or "exact"."""
    if keypoints is None:
        return ""
    if all(isinstance(value, int) for value in keypoints):
        return "int"
    return "whole" if all(float(value).is_integer() for value in keypoints) else "exact"


def _known_of(record: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """Return COCO's record of a drawn person with as much in it as is known of the project's own people."""
    look: dict[str, Any] = _ALL_KNOWN | {name: planned[name] for name in _ALL_KNOWN if name in planned}
    x, y, width, height = record["bbox"]
    if not look["whole_box"]:
        # Boxes drawn by hand or taken from outlines end within pixels.
        left, top, right, bottom = np.random.default_rng([7, planned["number"]]).uniform(0, 0.5, 4)
        x, y = round(x + left, 2), round(y + top, 2)
        width, height = round(width - left - right, 2), round(height - top - bottom, 2)
    written = {"": None, "int": round, "whole": lambda value: float(round(value)), "exact": float}[look["keypoints"]]
    return record | {
        "bbox": [x, y, width, height],
        "keypoints": [written(value) for value in record["keypoints"]] if written else None,
        "segmentation": record["segmentation"] if look["outline"] else None,
    }


def add_planned(project: Project, planned: dict[str, Any], by: User | None) -> Gold:
    """Draw a planned person and take it into the project; one that is there already is not drawn again."""
    known = Gold.objects.filter(person__project=project, seed=planned["number"], kind=Gold.Kind.RENDERED).first()
    if known is not None:
        return known
    drawn = draw_person(project.pk, planned["number"], (planned["width"], planned["height"]))
    record = _known_of(drawn.record, planned)
    name = f"{np.random.default_rng([project.pk, planned['number']]).integers(1 << 40):012d}.jpg"
    gold, _is_new = add_rendered_person(
        project=project, picture=drawn.picture, file_name=name, person=record, part=drawn.part,
        truth=drawn.truth, seed=planned["number"], purpose=Gold.Purpose(planned["purpose"]), by=by,
    )  # fmt: skip
    return gold
