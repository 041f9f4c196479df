"""What models propose for people: who still lacks a proposal, how one is kept, who may be found, who comes first."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotator.errors import InvalidInputError
from annotator.models import Image, Job, ModelVersion, Person, Project, Proposal, Stage, Task, User
from annotator.services.events import record_event
from annotator.services.jobs import enqueue_job
from annotator.services.model_versions import default_version
from annotator.services.people import create_person
from annotator.services.suggestions import completed_by_limbs
from labels.boxes import Box
from labels.dense_maps import DenseMap
from labels.islands import tidied, without_strays
from labels.label_maps import pack

_ENDED = (Task.State.DONE, Task.State.CLOSED)
# Task.uncertainty is in these.
_THOUSANDTHS = 1000


def enqueue_preannotation(*, project: Project, version: ModelVersion, by: User | None = None) -> Job:
    """Start the job that proposes for everyone in a project; one that is under way already is returned."""
    return enqueue_job(
        "preannotate",
        key=job_key(project, version),
        params={"version": version.pk},
        project=project,
        queue="gpu",
        by=by,
    )


def job_key(project: Project, version: ModelVersion) -> str:
    return f"preannotate:{project.pk}:{version.digest[:16]}"


def enqueue_for_new_people() -> int:
    """Start the job in every project that asks for it and has people without proposals; returns how many.

    A job that failed is left to a person: the next round would fail like it.
    """
    started = 0
    for project in Project.objects.filter(preannotates=True, is_archived=False).select_related("proposer"):
        version = proposer_of(project)
        if version is None:
            continue
        last = Job.objects.filter(key=job_key(project, version)).order_by("-created_at").first()
        if last is not None and last.state not in {Job.State.DONE, Job.State.CANCELLED}:
            continue
        if people_without_proposal(project, version).exists():
            enqueue_preannotation(project=project, version=version)
            started += 1
    return started


def proposer_of(project: Project) -> ModelVersion | None:
    """Return the version that proposes for a project's new people; None where no model is at hand."""
    return project.proposer or default_version()


@transaction.atomic
def choose_proposer(*, project: Project, version: ModelVersion, by: User) -> None:
    """Let a version propose for a project's new people from now on. What was proposed before stays."""
    before = proposer_of(project)
    Project.objects.filter(pk=project.pk).update(proposer=version)
    record_event(
        verb="changed", target=project, project=project, actor=by, before={"proposer": str(before) if before else None},
        after={"proposer": str(version)},
    )  # fmt: skip


def people_without_proposal(project: Project, version: ModelVersion) -> QuerySet[Person]:
    """Return the people for whom this version has proposed nothing yet and who are still to be annotated."""
    looked_at = Proposal.objects.filter(person=OuterRef("pk"), stage=Stage.PARTS, model_version=version.digest)
    wanted = Q(Exists(Task.objects.filter(person=OuterRef("pk")).exclude(state__in=_ENDED)))
    # Once confirmed, a person that a detector found is to have its proposal at once.
    wanted |= Q(is_proposed=True, is_deleted=False)
    return Person.objects.filter(~Exists(looked_at), wanted, project=project, image__state=Image.State.READY).order_by(
        "image_id", "pk"
    )


def images_to_search(project: Project, finder: ModelVersion) -> QuerySet[Image]:
    """Return the images in which nobody was ever drawn, and in which this version has not looked for people yet."""
    anyone = Person.objects.filter(image=OuterRef("pk"))
    return (
        Image.objects.filter(~Exists(anyone), project=project, state=Image.State.READY)
        .exclude(searched_by=finder.digest)
        .order_by("pk")
    )


def store_proposal(
    *, person: Person, version: ModelVersion, seen: DenseMap | None, uncertainty: float | None
) -> Proposal:
    """Keep what a version sees of a person's crop; None where it could not look, so that it is not asked again."""
    crop = person.crop()
    fields: dict[str, Any] = {"source": version.name[:40], "uncertainty": uncertainty}
    if seen is not None and seen.chart.any():
        fields |= {
            "label_map": pack(completed_by_limbs(tidied(without_strays(seen.part)), person, crop)),
            "surface": seen.pack(),
        }
        fields |= {"crop_x": crop.x, "crop_y": crop.y, "crop_width": crop.width, "crop_height": crop.height}
    proposal, _is_new = Proposal.objects.update_or_create(
        person=person, stage=Stage.PARTS, source=fields.pop("source"), model_version=version.digest, defaults=fields
    )
    if person.project.orders_by_uncertainty and uncertainty is not None:
        Task.objects.filter(person=person).update(uncertainty=round(uncertainty * _THOUSANDTHS))
    return proposal


@transaction.atomic
def propose_people(*, image: Image, finder: ModelVersion, boxes: Sequence[Box]) -> list[Person]:
    """Keep the people that a detector found in an image, each to be confirmed or deleted, and that it has looked."""
    Image.objects.filter(pk=image.pk).update(searched_by=finder.digest)
    found = []
    for box in boxes:
        try:
            found.append(
                create_person(
                    image=image, box=box.to_xywh(), is_proposed=True,
                    source={"detected_by": finder.digest, "name": finder.name},
                )
            )  # fmt: skip
        except InvalidInputError:
            # Less than a few pixels: nobody could annotate that.
            continue
    return found


def order_tasks(project: Project) -> None:
    """Bring the order of a project's tasks into line with its setting."""
    tasks = Task.objects.filter(project=project)
    if not project.orders_by_uncertainty:
        tasks.exclude(uncertainty=0).update(uncertainty=0)
        return
    newest = Proposal.objects.filter(person=OuterRef("person_id"), uncertainty__isnull=False).order_by("-created_at")
    share = Subquery(newest.values("uncertainty")[:1])
    tasks.annotate(share=share).update(uncertainty=Coalesce(F("share") * _THOUSANDTHS, 0.0))
