"""A project's overview with its jobs, its guide, and its settings."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.models import Job, Membership
from annotator.permissions import check_allowed, is_member, may_browse, may_cancel, may_engineer, may_manage
from annotator.selectors.progress import progress_for
from annotator.services.jobs import cancel_job
from annotator.services.projects import add_example, change_project, remove_example
from export.selectors.models import versions_for
from qa.selectors.figures import sheet_of
from qa.services.gold_people import fill_training_pool, policy_of
from webapp.forms.projects import ExampleForm, ProjectSettingsForm
from webapp.forms.quality import QualityPolicyForm
from webapp.selectors import overview as figures
from webapp.selectors.figures import agreement_card, annotator_rows
from webapp.selectors.home import work_for
from webapp.views.common import PageRequest, project_page, render_project, told

PERIODS = (7, 14, 30)


@require_safe
@project_page(is_member)
def overview(request: PageRequest, membership: Membership) -> HttpResponse:
    """How far both stages are; for annotators, what they can do next."""
    project = membership.project
    work = next((found for found in work_for(request.user) if found.project.pk == project.pk), None)
    days = request.GET.get("days", "14")
    period = int(days) if days.isdecimal() and int(days) in PERIODS else 14
    # An archived project is nobody's work.
    counts, in_hand = (work.counts, work.in_hand) if work else progress_for([membership])[project.pk]
    progress, sizes = figures.progress_of(project, counts, in_hand), figures.sizes_of(project)
    context: dict[str, Any] = {
        "progress": progress,
        "work": work,
        "sizes": sizes,
        "periods": PERIODS,
    }
    if may_browse(membership):
        sheet = sheet_of(project)
        context |= {
            "pace": figures.pace_of(sheet, period),
            "period": period,
            "as_of": sheet.computed_at if sheet else None,
            "left": figures.end_of(sheet, progress) if sheet else None,
            "decisions": figures.decisions_for(project, counts, sizes, sheet),
            "annotators": annotator_rows(sheet) if sheet else [],
            "jobs": figures.jobs_for(project),
        }
        if sheet is not None and any([*sheet.data["agreement"].values(), *sheet.data["parts_agreement"].values()]):
            context |= {"sheet": sheet} | agreement_card(sheet)
    if may_engineer(membership):
        context["models"] = versions_for(project)
    return render_project(request, membership, "webapp/overview.html", "overview", **context)


@require_safe
@project_page(may_browse)
def jobs(request: PageRequest, membership: Membership) -> HttpResponse:
    """The latest jobs as a fragment that asks for itself again while one is running."""
    found = figures.jobs_for(membership.project)
    return render_project(request, membership, "webapp/jobs.html", "overview", jobs=found)


@require_POST
@project_page(may_browse)
def job_cancel(request: PageRequest, membership: Membership, job_id: uuid.UUID) -> HttpResponse:
    """Stop a job of the project: one's own; managers also others'."""
    job = get_object_or_404(Job, pk=job_id, project=membership.project)
    check_allowed(may_cancel(membership, job))
    told(request, lambda: cancel_job(job=job, by=request.user), _("Cancelled."))
    return redirect("project-overview", membership.project_id)


@require_safe
@project_page(is_member)
def guide(request: PageRequest, membership: Membership) -> HttpResponse:
    """The instructions with their examples, as annotators read them."""
    examples = list(membership.project.examples.all())
    return render_project(request, membership, "webapp/guide.html", "guide", examples=examples)


@require_http_methods(["GET", "HEAD", "POST"])
@project_page(may_manage)
def settings(request: PageRequest, membership: Membership) -> HttpResponse:
    """Instructions, overlap, review, lease, assistance."""
    project = membership.project
    form = ProjectSettingsForm(request.POST or None, instance=project)
    if request.method == "POST" and form.is_valid():
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        project.refresh_from_db()
        if told(request, lambda: change_project(project=project, by=request.user, **changes), _("Saved.")):
            if changes.get("requires_qualification"):
                fill_training_pool(project=project, by=request.user)
            return redirect("project-settings", project.pk)
    return render_project(
        request, membership, "webapp/settings.html", "settings", form=form, example_form=ExampleForm(),
        examples=list(project.examples.all()), status=400 if form.errors else 200,
        quality_form=QualityPolicyForm(instance=policy_of(project)),
    )  # fmt: skip


@require_POST
@project_page(may_manage)
def example_add(request: PageRequest, membership: Membership) -> HttpResponse:
    """Add a picture to the guide."""
    form = ExampleForm(request.POST, request.FILES)
    if form.is_valid():
        data = form.cleaned_data
        told(
            request,
            lambda: add_example(
                project=membership.project, source=data["file"], is_good=data["is_good"], caption=data["caption"],
                by=request.user,
            ),
            _("The example was added."),
        )  # fmt: skip
    else:
        told(request, form.raise_first_error)
    return redirect("project-settings", membership.project_id)


@require_POST
@project_page(may_manage)
def example_remove(request: PageRequest, membership: Membership, example_id: uuid.UUID) -> HttpResponse:
    """Take a picture out of the guide."""
    remove_example(project=membership.project, example_id=example_id, by=request.user)
    return redirect("project-settings", membership.project_id)
