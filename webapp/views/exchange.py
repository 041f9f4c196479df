"""What comes in and goes out as files: imports and releases of a project."""

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator.errors import InvalidInputError
from annotator.models import Job, Membership, Split
from annotator.permissions import may_engineer
from export.api import readable_release, release_file_response
from export.models import Format, Release
from export.services.import_jobs import KIND as IMPORT_KIND
from export.services.import_jobs import start_import
from export.services.releases import create_release, delete_release
from webapp.views.common import as_pages, project_page, render_project, told

ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)


@project_page(may_engineer)
def releases(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List releases and make new ones; a release is made by POST alone."""
    if request.method == "POST":
        form = request.POST
        told(
            request,
            lambda: create_release(
                project=membership.project,
                by=membership.user,
                fmt=form.get("format", ""),
                note=form.get("note", "")[:200],
                only_annotated="only_annotated" in form,
                has_images="has_images" in form,
            ),
            _("The release is being written."),
        )
        return redirect("project-releases", membership.project_id)
    rows = list(Release.objects.filter(project=membership.project).select_related("job", "created_by")[:100])
    context: dict[str, Any] = {
        "releases": rows,
        "formats": Format.choices,
        "is_alive": any(row.job and row.job.state in ACTIVE for row in rows),
    }
    if request.headers.get("HX-Request"):
        return render(request, "webapp/release_rows.html", {**context, "project": membership.project})
    return render_project(request, membership, "webapp/releases.html", "releases", **context)


@require_safe
@login_required
def release_file(request: HttpRequest, release_id: uuid.UUID, name: str) -> HttpResponseBase:
    with as_pages():
        return release_file_response(readable_release(request.user, release_id), name)


@require_POST
@login_required
def release_delete(request: HttpRequest, release_id: uuid.UUID) -> HttpResponse:
    with as_pages():
        release = readable_release(request.user, release_id)
        told(
            request,
            lambda: delete_release(release=release, by=request.user),  # type: ignore[arg-type]
            _("Release %(number)s is deleted.") % {"number": release.number},
        )
        return redirect("project-releases", release.project_id)


@project_page(may_engineer)
def imports(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Take a COCO file, with a zip of its images or without, and show how the imports get on."""
    if request.method == "POST":
        annotations, images = request.FILES.get("annotations"), request.FILES.get("images")
        if annotations is None:
            told(request, _missing_file)
        else:
            told(
                request,
                lambda: start_import(
                    project=membership.project,
                    by=membership.user,
                    annotations=annotations,
                    images=images,
                    split=request.POST.get("split", Split.TRAIN.value),
                ),
                _("The import has begun. You may leave this page."),
            )
        return redirect("project-imports", membership.project_id)
    jobs = list(Job.objects.filter(project=membership.project, kind=IMPORT_KIND)[:20])
    context: dict[str, Any] = {
        "jobs": jobs,
        "splits": Split.choices,
        "is_alive": any(job.state in ACTIVE for job in jobs),
    }
    if request.headers.get("HX-Request"):
        return render(request, "webapp/import_rows.html", {**context, "project": membership.project})
    return render_project(request, membership, "webapp/imports.html", "imports", **context)


@project_page(may_engineer)
def import_report(request: HttpRequest, membership: Membership, job_id: uuid.UUID) -> HttpResponse:
    """Show what an import refused, with id and reason."""
    job = get_object_or_404(Job, pk=job_id, project=membership.project, kind=IMPORT_KIND)
    return render_project(request, membership, "webapp/import_report.html", "imports", job=job)


def _missing_file() -> None:
    raise InvalidInputError(_("Choose the annotation file first: a COCO or DensePose-COCO JSON."))
