"""Letting a model propose for a project's people."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotator.models import Membership
from annotator.permissions import may_engineer
from annotator.services.preannotation import enqueue_preannotation
from export.models_api import number_in
from export.selectors.models import version_of
from webapp.views.common import PageRequest, project_page, told


@require_POST
@project_page(may_engineer)
def preannotate(request: PageRequest, membership: Membership) -> HttpResponse:
    """Start the job that proposes for everyone who has no proposal of the chosen model yet."""

    def start() -> None:
        version = version_of(membership.project, number_in(request.POST.get("model")) or 0)
        enqueue_preannotation(project=membership.project, version=version, by=request.user)

    told(request, start, _("The model is at work; its job tells how far it is."))
    return redirect("project-overview", membership.project_id)
