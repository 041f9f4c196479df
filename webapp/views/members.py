"""Members: roles, pauses, accounts, invitations by link; and the page where an invitation is accepted."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotator.models import Membership, Role, User
from annotator.natural_order import natural_key
from annotator.permissions import may_manage
from annotator.services.accounts import reset_password, set_active
from annotator.services.members import (
    accept_invitation,
    add_member,
    change_role,
    invitation_for_secret,
    invite,
    pause_member,
    register_by_invitation,
    remove_member,
    withdraw_invitation,
)
from webapp.views.common import PageRequest, as_pages, project_page, render_project, told


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@project_page(may_manage)
def members(request: PageRequest, membership: Membership) -> HttpResponse:
    """Who belongs to the project; a POST adds an account, or makes an invitation, whose link is shown this once."""
    project, link = membership.project, ""
    if request.POST.get("act") == "add":
        return _add(request, membership)
    if request.method == "POST":
        made: list[str] = []

        def act() -> None:
            uses, days = (_whole(request, name) for name in ("uses", "days"))
            note, role = request.POST.get("note", ""), request.POST.get("role", "")
            made.append(invite(project=project, role=role, by=request.user, uses=uses, days=days, note=note)[1])

        if told(request, act):
            link = request.build_absolute_uri(reverse("invitation", args=[made[0]]))
    return _page(request, membership, link=link)


def _add(request: PageRequest, membership: Membership) -> HttpResponse:
    """Add an account that is there already; what was typed stays where it is refused."""
    project, account, role = membership.project, request.POST.get("account", ""), request.POST.get("role", "")
    added: list[Membership] = []
    if not told(
        request, lambda: added.append(add_member(project=project, account=account, role=role, by=request.user))
    ):
        return _page(request, membership, account=account, role=role)
    words = _("%(name)s was added as %(role)s.")
    messages.success(request, words % {"name": added[0].user, "role": added[0].get_role_display()})
    return redirect("project-members", project.pk)


@require_POST
@never_cache
@project_page(may_manage)
def member_act(request: PageRequest, membership: Membership, user_id: int) -> HttpResponse:
    """Change one member: role, pause, removal, account, password."""
    project, by, act = membership.project, request.user, request.POST.get("act", "")
    if act == "reset-password":
        made: list[str] = []
        told(request, lambda: made.append(reset_password(manager=by, user_id=user_id)))
        name = project.members.filter(pk=user_id).values_list("username", flat=True).first()
        return _page(request, membership, password=made[0] if made else "", password_of=name)
    acts = {
        "role": lambda: change_role(project=project, user_id=user_id, role=request.POST.get("role", ""), by=by),
        "pause": lambda: pause_member(
            project=project, user_id=user_id, is_paused=True, by=by, reason=request.POST.get("reason", "")
        ),
        "resume": lambda: pause_member(project=project, user_id=user_id, is_paused=False, by=by),
        "remove": lambda: remove_member(project=project, user_id=user_id, by=by),
        "deactivate": lambda: set_active(manager=by, user_id=user_id, is_active=False),
        "activate": lambda: set_active(manager=by, user_id=user_id, is_active=True),
    }
    if act in acts:
        told(request, acts[act], _("Saved."))
    return redirect("project-members", project.pk)


@require_POST
@project_page(may_manage)
def invitation_withdraw(request: PageRequest, membership: Membership, invitation_id: int) -> HttpResponse:
    """Make a link invalid."""
    withdraw_invitation(project=membership.project, invitation_id=invitation_id, by=request.user)
    return redirect("project-members", membership.project_id)


def _page(request: PageRequest, membership: Membership, **context: Any) -> HttpResponse:
    project = membership.project
    invitations = project.invitations.filter(uses_left__gt=0, expires_at__gt=timezone.now())
    return render_project(
        request, membership, "webapp/members.html", "members",
        members=sorted(project.memberships.select_related("user"), key=lambda member: natural_key(member.user)),
        invitations=list(invitations), roles=Role.choices, **context,
    )  # fmt: skip


def _whole(request: PageRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Join a project by a link, with the account that is signed in or with a new one."""
    with as_pages():
        found = invitation_for_secret(secret)
        if request.method == "POST":
            joined: list[Membership] = []
            if isinstance(user := request.user, User):
                ok = told(request, lambda: joined.append(accept_invitation(secret=secret, user=user)))
            else:
                given = {name: request.POST.get(name, "") for name in ("username", "password", "display_name")}
                ok = told(request, lambda: joined.append(register_by_invitation(secret=secret, **given)))
            if ok:
                if not request.user.is_authenticated:
                    login(request, joined[0].user, "django.contrib.auth.backends.ModelBackend")
                return redirect("project-overview", joined[0].project_id)
        response = render(request, "webapp/invitation.html", {"invitation": found, "given": request.POST})
        # The secret is in the address: it must not travel to other sites. "no-referrer" would take the form's origin
        # too, without which a POST is refused.
        response["Referrer-Policy"] = "same-origin"
        return response
