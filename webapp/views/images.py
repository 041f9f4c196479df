"""Images: the list, one image with its people, and upload."""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from annotator.models import Image, Membership, Split
from annotator.permissions import may_browse, may_engineer, may_manage, may_review
from annotator.selectors.scope import images_of
from annotator.services.images import delete_image
from webapp.views.common import PageRequest, project_page, render_project, told

PAGE_SIZE = 60


@require_safe
@project_page(may_browse)
def images(request: PageRequest, membership: Membership) -> HttpResponse:
    """All images, those without people, or those that cannot be read."""
    show = request.GET.get("show", "")
    found: QuerySet[Any] = images_of(membership.project).order_by("-id")
    if show == "empty":
        found = found.filter(n_people=0, state=Image.State.READY)
    elif show == "unreadable":
        found = found.filter(state=Image.State.UNREADABLE)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render_project(request, membership, "webapp/images.html", "people", page=page, show=show)


@require_safe
@ensure_csrf_cookie
@project_page(may_browse)
def image(request: PageRequest, membership: Membership, image_id: int) -> HttpResponse:
    """One image with its people: reviewers draw and correct them through the API, managers also confirm and delete."""
    found = Image.objects.filter(project=membership.project, pk=image_id).first()
    if found is None:
        raise Http404
    config: dict[str, Any] = {
        "people_url": reverse("api-image-people", args=[found.pk]),
        "person_url": reverse("api-person", args=[0]),
        "file_url": reverse("api-image-file", args=[found.pk]),
        "width": found.width,
        "height": found.height,
        "may_correct": may_review(membership),
        "may_delete": may_manage(membership),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "words": _words(),
    }
    return render_project(
        request, membership, "webapp/image.html", "people", image=found, config=config,
        may_correct=may_review(membership), previous=_neighbour(found, after=False),
        following=_neighbour(found, after=True),
    )  # fmt: skip


def _neighbour(found: Image, *, after: bool) -> Image | None:
    others = Image.objects.filter(project=found.project_id).only("pk")
    if after:
        return others.filter(pk__gt=found.pk).order_by("pk").first()
    return others.filter(pk__lt=found.pk).order_by("-pk").first()


def _words() -> dict[str, str]:
    return {
        "person": _("Person"),
        "crowd": _("crowd"),
        "ignored": _("ignored"),
        "saved": _("Saved"),
        "saving": _("Saving …"),
        "stale": _("Someone else changed this person; you see the newest now."),
        "offline": _("Not saved: the server cannot be reached. Try again."),
        "deleted": _("Deleted."),
        "undo": _("Undo"),
        "too_small": _("A box needs at least 4 pixels each way."),
    }


@require_POST
@project_page(may_manage)
def image_delete(request: PageRequest, membership: Membership, image_id: int) -> HttpResponse:
    """Delete an image that nobody worked on."""
    found = Image.objects.filter(project=membership.project, pk=image_id).first()
    if found is None:
        raise Http404
    if told(request, lambda: delete_image(image=found, by=request.user), _("The image was deleted.")):
        return redirect("project-images", membership.project_id)
    return redirect("project-image", membership.project_id, image_id)


@require_safe
@ensure_csrf_cookie
@project_page(may_manage)
def upload(request: PageRequest, membership: Membership) -> HttpResponse:
    """Many images or a zip, with progress for each; the files go to the API one by one."""
    project = membership.project
    config = {
        "upload_url": reverse("api-upload", args=[project.pk]),
        "archive_url": reverse("api-upload-archive", args=[project.pk]),
        "job_url": reverse("api-job", args=["00000000-0000-0000-0000-000000000000"]),
        "image_url": reverse("project-image", args=[project.pk, 0]),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "max_image_bytes": settings.MAX_IMAGE_BYTES,
        "max_archive_bytes": settings.MAX_ARCHIVE_BYTES,
        "words": {
            "waiting": _("waits"), "added": _("added"), "known": _("was there already"), "refused": _("refused"),
            "too_large": _("too large"), "draw": _("Draw people"), "unpacking": _("unpacking"),
            "offline": _("not sent: the server cannot be reached"), "again": _("Try again"),
            "archive_done": _("{added} added, {known} were there, {refused} refused"),
        },
    }  # fmt: skip
    return render_project(
        request, membership, "webapp/upload.html", "upload", config=config, splits=Split.choices,
        max_image_mb=settings.MAX_IMAGE_BYTES >> 20, max_megapixels=settings.MAX_IMAGE_PIXELS // 1_000_000,
        max_archive_mb=settings.MAX_ARCHIVE_BYTES >> 20, may_import=may_engineer(membership),
    )  # fmt: skip
