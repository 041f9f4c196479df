"""Finding an object through its project: what is not in a project of the caller's does not exist for the caller."""

import uuid
from typing import TypeVar

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from annotator.errors import NotFoundError
from annotator.models import ExamplePicture, Gold, Image, Job, Membership, Person, Project, Submission, Task, User
from annotator.permissions import Predicate, is_member, may_browse, membership_for

_M = TypeVar("_M", bound=Model)


def _scoped(user: User, found: _M | None, project_id: int | None, allowed: Predicate) -> _M:
    if found is None or project_id is None:
        raise NotFoundError(_("There is no such object, or it is not in a project of yours."))
    membership_for(user, project_id, allowed)
    return found


def image_for(user: User, image_id: int, allowed: Predicate = may_browse) -> Image:
    image = Image.objects.select_related("project").filter(pk=image_id).first()
    return _scoped(user, image, image.project_id if image else None, allowed)


def person_for(user: User, person_id: int) -> Person:
    person = Person.objects.select_related("image", "project").prefetch_related("tasks").filter(pk=person_id).first()
    return _scoped(user, person, person.project_id if person else None, may_browse)


def task_for(user: User, task_id: int, allowed: Predicate = may_browse) -> Task:
    task = Task.objects.select_related("project", "person__image").filter(pk=task_id).first()
    return _scoped(user, task, task.project_id if task else None, allowed)


def submission_for(user: User, submission_id: int) -> Submission:
    """Return a submission to its author or to whoever may browse the project."""
    submission = (
        Submission.objects.select_related("task__project", "annotator", "point_set", "sent_back")
        .filter(pk=submission_id)
        .first()
    )
    is_own = submission is not None and submission.annotator_id == user.pk
    allowed = is_member if is_own else may_browse
    return _scoped(user, submission, submission.task.project_id if submission else None, allowed)


def example_for(user: User, example_id: uuid.UUID) -> ExamplePicture:
    example = ExamplePicture.objects.filter(pk=example_id).first()
    return _scoped(user, example, example.project_id if example else None, is_member)


def job_for(user: User, job_id: uuid.UUID) -> Job:
    """Return a job of a project that the user may browse, or one of no project to whoever is a member somewhere."""
    job = Job.objects.select_related("project").filter(pk=job_id).first()
    if job is not None and job.project_id is None and Membership.objects.filter(user=user).exists():
        return job
    return _scoped(user, job, job.project_id if job else None, may_browse)


def projects_of(user: User) -> QuerySet[Membership]:
    """Return the user's memberships with their projects, by name."""
    return (
        Membership.objects.select_related("project")
        .filter(user=user)
        .order_by("project__is_archived", "project__name", "project_id")
    )


def real_images(images: QuerySet[Image]) -> QuerySet[Image]:
    """Leave out the images that were rendered as gold: they are no part of the data."""
    rendered = Gold.objects.filter(person__image=OuterRef("pk"), kind=Gold.Kind.RENDERED)
    return images.exclude(Exists(rendered))


def real_people(people: QuerySet[Person]) -> QuerySet[Person]:
    """Leave out the people that were rendered as gold."""
    return people.exclude(Exists(Gold.objects.filter(person=OuterRef("pk"), kind=Gold.Kind.RENDERED)))


def images_of(project: Project) -> QuerySet[Image]:
    images = real_images(Image.objects.filter(project=project))
    return images.annotate(n_people=Count("people", filter=Q(people__is_deleted=False)))


def people_of(project: Project) -> QuerySet[Person]:
    return real_people(Person.objects.filter(project=project, is_deleted=False)).prefetch_related("tasks")


def submissions_of(project: Project) -> QuerySet[Submission]:
    return Submission.objects.filter(task__project=project).select_related("task", "annotator", "sent_back")
