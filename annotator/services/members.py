"""Who belongs to a project: invitations by link, roles, pauses, farewells."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.errors import ConflictError, InvalidInputError, NotFoundError
from annotator.models import Invitation, Membership, Project, Role, User
from annotator.services.acceptance import free_places_of
from annotator.services.accounts import create_account, is_account_of
from annotator.services.events import record_event
from annotator.services.guesses import check_guesses, count_wrong_guess

MAX_DAYS: Final = 90


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def invite(
    *, project: Project, role: str, by: User, uses: int = 1, days: int = 7, note: str = ""
) -> tuple[Invitation, str]:
    """Make an invitation; returns it with the secret of its link, which is not stored.

    Raises:
        InvalidInputError: no such role, or uses or days out of range.
    """
    _check_role(role)
    if not 1 <= uses <= 500 or not 1 <= days <= MAX_DAYS:
        raise InvalidInputError(
            f"An invitation is for 1 to 500 people and 1 to {MAX_DAYS} days, got {uses} people and {days} days.",
            fields={"uses": ["1 to 500."], "days": [f"1 to {MAX_DAYS}."]},
        )
    secret = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        project=project,
        role=role,
        digest=digest_of(secret),
        note=note[:120],
        uses_left=uses,
        expires_at=timezone.now() + timedelta(days=days),
        created_by=by,
    )
    record_event(
        verb="invited", target=invitation, project=project, actor=by, after={"role": role, "uses": uses, "note": note}
    )
    return invitation, secret


def invitation_for_secret(secret: str) -> Invitation:
    """Return the valid invitation of a link.

    Raises:
        NotFoundError: unknown, used up, expired or withdrawn; the words do not tell which.
    """
    invitation = (
        Invitation.objects.select_related("project", "created_by")
        .filter(digest=digest_of(secret), uses_left__gt=0, expires_at__gt=timezone.now(), project__is_archived=False)
        .first()
    )
    if invitation is None:
        raise NotFoundError("This invitation is not valid any more: ask for a new link.", code="invitation_over")
    return invitation


@transaction.atomic
def accept_invitation(*, secret: str, user: User) -> Membership:
    """Join the project of an invitation; who is a member already stays as they are and uses nothing up.

    Raises:
        NotFoundError: the invitation is not valid.
    """
    invitation = invitation_for_secret(secret)
    known = Membership.objects.filter(project=invitation.project, user=user).first()
    if known is not None:
        return known
    used = Invitation.objects.filter(pk=invitation.pk, uses_left__gt=0).update(uses_left=F("uses_left") - 1)
    if not used:
        raise NotFoundError("This invitation is not valid any more: ask for a new link.", code="invitation_over")
    membership = Membership.objects.create(project=invitation.project, user=user, role=invitation.role)
    record_event(
        verb="joined", target=membership, project=invitation.project, actor=user, after={"role": membership.role}
    )
    return membership


@transaction.atomic
def register_by_invitation(*, secret: str, username: str, password: str, display_name: str = "") -> Membership:
    """Make an account and join the project of an invitation.

    Raises:
        NotFoundError: the invitation is not valid.
        InvalidInputError: the name or the password cannot be taken.
    """
    invitation_for_secret(secret)
    user = create_account(username=username, password=password, display_name=display_name)
    return accept_invitation(secret=secret, user=user)


@transaction.atomic
def add_member(*, project: Project, account: str, role: str, by: User) -> Membership:
    """Let an account that is there already into a project.

    Args:
        account: its exact user name, or the e-mail address of just one account.

    Raises:
        InvalidInputError: no such role; `no_account` for every account that cannot be added, whatever the reason.
        ConflictError: `member_already`.
        TooManyError: too many wrong names lately.
    """
    _check_role(role)
    check_guesses(by)
    name = account.strip()
    # Whoever took someone's address for a user name is not let in instead of them.
    found = list(User.objects.filter(Q(username=name) | Q(email__iexact=name))[:2]) if name else []
    user = found[0] if len(found) == 1 else None
    known = Membership.objects.filter(project=project, user=user).first() if user else None
    if known is not None:
        raise ConflictError(
            _("%(name)s is a member already, as %(role)s.") % {"name": user, "role": known.get_role_display()},
            code="member_already",
        )
    if user is None or not user.is_active:
        count_wrong_guess(by)
        words = _("No account goes by this exact user name or e-mail address. New people come by an invitation link.")
        raise InvalidInputError(words, code="no_account", fields={"account": [words]})
    is_guest = not is_account_of(manager=by, user=user)
    membership, is_new = Membership.objects.get_or_create(
        project=project, user=user, defaults={"role": role, "is_guest": is_guest}
    )
    if is_new:
        told = {"user": user.username, "role": role}
        record_event(verb="added", target=membership, project=project, actor=by, after=told)
    return membership


@transaction.atomic
def withdraw_invitation(*, project: Project, invitation_id: int, by: User) -> None:
    """Make a link invalid.

    Raises:
        NotFoundError: it is not this project's.
    """
    invitation = Invitation.objects.filter(project=project, pk=invitation_id).first()
    if invitation is None:
        raise NotFoundError("There is no such invitation in this project.")
    record_event(verb="withdrew", target=invitation, project=project, actor=by, before={"role": invitation.role})
    invitation.delete()


@transaction.atomic
def change_role(*, project: Project, user_id: int, role: str, by: User) -> Membership:
    """Give a member another role.

    Raises:
        NotFoundError, InvalidInputError: no such member or role.
        ConflictError: `last_manager`.
    """
    _check_role(role)
    membership = _locked(project, user_id)
    if membership.role == role:
        return membership
    _check_not_last_manager(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    if role == Role.ENGINEER:
        free_places_of(user=membership.user, project_id=project.pk)
    record_event(
        verb="changed role", target=membership, project=project, actor=by, before={"role": before}, after={"role": role}
    )
    return membership


@transaction.atomic
def pause_member(*, project: Project, user_id: int, is_paused: bool, by: User | None, reason: str = "") -> Membership:
    """Pause a member, who then gets no tasks and whose places go to others, or end the pause.

    Raises:
        NotFoundError: no such member.
    """
    membership = _locked(project, user_id)
    membership.is_paused, membership.pause_reason = is_paused, reason[:500] if is_paused else ""
    membership.save(update_fields=["is_paused", "pause_reason"])
    if is_paused:
        free_places_of(user=membership.user, project_id=project.pk)
    record_event(
        verb="paused" if is_paused else "resumed",
        target=membership,
        project=project,
        actor=by,
        after={"reason": membership.pause_reason},
    )
    return membership


@transaction.atomic
def remove_member(*, project: Project, user_id: int, by: User) -> None:
    """End a membership; the work that was done stays.

    Raises:
        NotFoundError: no such member.
        ConflictError: `last_manager`.
    """
    membership = _locked(project, user_id)
    _check_not_last_manager(membership)
    free_places_of(user=membership.user, project_id=project.pk)
    record_event(
        verb="removed", target=membership, project=project, actor=by,
        before={"user": membership.user.username, "role": membership.role},
    )  # fmt: skip
    membership.delete()


def _locked(project: Project, user_id: int) -> Membership:
    # All of a project's managers at once, so that two cannot remove each other.
    members = Membership.objects.select_for_update(of=("self",)).select_related("user").filter(project=project)
    list(members.filter(role=Role.MANAGER).order_by("pk"))
    membership = members.filter(user_id=user_id).first()
    if membership is None:
        raise NotFoundError("There is no such member in this project.")
    return membership


def _check_not_last_manager(membership: Membership) -> None:
    others = Membership.objects.filter(project_id=membership.project_id, role=Role.MANAGER, user__is_active=True)
    if membership.role == Role.MANAGER and not others.exclude(pk=membership.pk).exists():
        raise ConflictError("A project keeps at least one manager: name another first.", code="last_manager")


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise InvalidInputError(
            f"role must be one of {', '.join(Role.values)}, got {role!r}.", fields={"role": ["Choose a role."]}
        )
