"""Versions of models: where each came from, what it is worth on held-out people, which one proposes."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator.models import Membership
from annotator.permissions import may_engineer
from annotator.services.preannotation import choose_proposer
from export.models_api import number_in
from export.selectors.models import held_out_sets, version_of, versions_for
from webapp.views.common import PageRequest, project_page, render_project, told


@require_safe
@project_page(may_engineer)
def models(request: PageRequest, membership: Membership) -> HttpResponse:
    """List versions with their evaluation, and how each differs from one of them on the same people."""
    project = membership.project
    return render_project(
        request, membership, "webapp/models.html", "models", versions=versions_for(project),
        held_out_sets=held_out_sets(project, number_in(request.GET.get("against"))),
    )  # fmt: skip


@require_POST
@project_page(may_engineer)
def model_propose(request: PageRequest, membership: Membership, version_id: int) -> HttpResponse:
    """Let a version propose for new people from now on."""
    project = membership.project
    told(
        request,
        lambda: choose_proposer(project=project, version=version_of(project, version_id), by=request.user),
        _("New people get this model's proposals from now on."),
    )
    return redirect("project-models", project.pk)
