"""Who may do what: predicates on a membership. The default is no.

One query gives the membership; views ask `membership_for` once, then the predicates.
"""

from collections.abc import Callable, Collection
from typing import Any

from django.utils.translation import gettext as _

from annotator.errors import NotAllowedError, NotFoundError
from annotator.models import Job, Membership, Project, Role

# What takes people into the data and out of it; the rest of a person is for reviewers to correct.
_MANAGED_FLAGS = frozenset({"is_proposed", "is_deleted"})

Predicate = Callable[[Membership | None], bool]


def membership_of(user: Any, project: Project | int, *, lock: bool = False) -> Membership | None:
    """Return the user's membership with its project, or None for outsiders, anonymous and deactivated accounts.

    With `lock`, which needs a transaction, the row is held: one member's requests then go one after the other.
    """
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return None
    project_id = project.pk if isinstance(project, Project) else project
    memberships = Membership.objects.select_related("project").filter(user=user, project_id=project_id)
    if lock:
        memberships = memberships.select_for_update(of=("self",), no_key=True)
    return memberships.order_by().first()


def _has(*roles: Role) -> Predicate:
    return lambda membership: membership is not None and membership.role in roles


def is_member(membership: Membership | None) -> bool:
    """Return whether this is a membership at all."""
    return membership is not None


may_annotate = _has(Role.ANNOTATOR, Role.REVIEWER, Role.MANAGER)
may_review = _has(Role.REVIEWER, Role.MANAGER)
may_manage = _has(Role.MANAGER)
may_engineer = _has(Role.ENGINEER, Role.MANAGER)
# Annotators see their own work alone: what others answered, and what is gold, must not be looked up.
may_browse = _has(Role.REVIEWER, Role.MANAGER, Role.ENGINEER)


def may_change_person(membership: Membership | None, changes: Collection[str]) -> bool:
    """Return whether these fields of a person may be changed: reviewers correct, managers also confirm and delete."""
    return may_manage(membership) or (may_review(membership) and _MANAGED_FLAGS.isdisjoint(changes))


def may_cancel(membership: Membership | None, job: Job) -> bool:
    """Return whether a job may be cancelled: one's own as long as one's role shows it, others' by managers."""
    return may_manage(membership) or (
        membership is not None and may_browse(membership) and job.created_by_id == membership.user_id
    )


def check_allowed(is_allowed: bool) -> None:
    """Raise NotAllowedError where a member's role does not admit something."""
    if not is_allowed:
        raise NotAllowedError(_("Your role in this project does not admit this."))


def can_work(user: Any, project: Project | int) -> bool:
    """Return whether the user gets tasks now: may annotate, and is not paused."""
    membership = membership_of(user, project)
    return membership is not None and may_annotate(membership) and not membership.is_paused


def can_create_projects(user: Any) -> bool:
    return bool(getattr(user, "is_authenticated", False) and user.is_active and user.is_staff)


def membership_for(user: Any, project_id: int, allowed: Predicate = is_member, *, lock: bool = False) -> Membership:
    """Return the user's membership with its project, held until the transaction's end where `lock` says so.

    Raises:
        NotFoundError: no such project, or the user is no member: outsiders cannot tell which.
        NotAllowedError: a member whose role does not admit this.
    """
    membership = membership_of(user, project_id, lock=lock)
    if membership is None:
        raise NotFoundError(_("There is no such project, or you are not a member of it."))
    if not allowed(membership):
        raise NotAllowedError(
            _("Your role in this project (%(role)s) does not admit this.") % {"role": membership.get_role_display()}
        )
    return membership


def why_no_work(membership: Membership) -> tuple[str, str] | None:
    """Return why a member gets no work just now, as a stable code and in words; None where they do."""
    if membership.is_paused:
        return "paused", membership.pause_reason or _("A manager paused your work here for now.")
    if membership.project.is_archived:
        return "paused", _("This project is archived.")
    if membership.must_qualify:
        return "qualification", _("Before your first person here comes a short tutorial, then an exam. Take your time.")
    return None
