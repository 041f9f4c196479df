"""The first page after signing in: what to do next, and how today went."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.errors import NotAllowedError
from annotator.models import Lease
from annotator.permissions import can_create_projects, may_browse
from annotator.services.projects import create_project
from annotator.services.returning_work import open_sent_back
from webapp.selectors.home import feedback_for, today_for, work_for
from webapp.views.common import PageRequest, as_pages, told


@require_safe
@login_required
def home(request: PageRequest) -> HttpResponse:
    """My projects, the next person, today's figures, what was sent back."""
    works = work_for(request.user)
    # What only few may do comes first: cases wait for a reviewer, people to annotate for anyone.
    first = next((work for work in works if work.cases or work.next_stage is not None), None)
    context = {
        "first": first,
        "to_qualify": next((work for work in works if work.must_qualify), None),
        # Who looks after a project finds its card here, also beside the next person of it.
        "projects": [work for work in works if work is not first or may_browse(work.membership)],
        "today": today_for(request.user),
        "now": timezone.localtime(),
        "feedback": feedback_for(request.user),
        "may_create": can_create_projects(request.user),
    }
    return render(request, "webapp/home.html", context)


@require_POST
@login_required
def sent_back_open(request: PageRequest, sent_back_id: int) -> HttpResponse:
    """Take up work that was sent back, in its workbench."""
    with as_pages():
        taken: list[Lease] = []
        if not told(request, lambda: taken.append(open_sent_back(user=request.user, sent_back_id=sent_back_id))):
            return redirect("home")
        task = taken[0].task
        return redirect(f"{reverse(f'annotate-{task.stage}', args=[task.project_id])}?lease={taken[0].pk}")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_project(request: PageRequest) -> HttpResponse:
    """Make a project; for the staff of the site."""
    with as_pages():
        if not can_create_projects(request.user):
            raise NotAllowedError(_("Projects are made by the staff of this site."))
        if request.method == "POST":
            made = []
            name = request.POST.get("name", "")
            if told(request, lambda: made.append(create_project(name=name, by=request.user))):
                return redirect("project-settings", made[0].pk)
        return render(request, "webapp/new_project.html")
