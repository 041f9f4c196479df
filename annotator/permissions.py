"""Who may do what: predicates on (user, project), all from the membership. The default is no.

One query gives the membership; views ask `membership_for` once and then use the predicates on it.
"""

from collections.abc import Callable, Collection
from typing import Any

from django.utils.translation import gettext as _

from annotator.errors import NotAllowedError, NotFoundError
from annotator.models import Job, Membership, Project, Role

_ANNOTATE = frozenset({Role.ANNOTATOR, Role.REVIEWER, Role.MANAGER})
_REVIEW = frozenset({Role.REVIEWER, Role.MANAGER})
_MANAGE = frozenset({Role.MANAGER})
_ENGINEER = frozenset({Role.ENGINEER, Role.MANAGER})
_BROWSE = frozenset({Role.REVIEWER, Role.MANAGER, Role.ENGINEER})
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


def _has(roles: frozenset[Role]) -> Predicate:
    return lambda membership: membership is not None and membership.role in roles


def is_member_role(membership: Membership | None) -> bool:
    """Return whether this is a membership at all."""
    return membership is not None


may_annotate = _has(_ANNOTATE)
may_review = _has(_REVIEW)
may_manage = _has(_MANAGE)
may_engineer = _has(_ENGINEER)
# Annotators see their own work alone: what others answered, and what is gold, must not be looked up.
may_browse = _has(_BROWSE)


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


def is_member(user: Any, project: Project | int) -> bool:
    return is_member_role(membership_of(user, project))


def can_annotate(user: Any, project: Project | int) -> bool:
    """Return whether the user may take tasks. The queue tells paused members that they are paused."""
    return may_annotate(membership_of(user, project))


def can_work(user: Any, project: Project | int) -> bool:
    """Return whether the user gets tasks now: may annotate, and is not paused."""
    membership = membership_of(user, project)
    return membership is not None and may_annotate(membership) and not membership.is_paused


def can_review(user: Any, project: Project | int) -> bool:
    return may_review(membership_of(user, project))


def can_manage(user: Any, project: Project | int) -> bool:
    return may_manage(membership_of(user, project))


def can_engineer(user: Any, project: Project | int) -> bool:
    """Return whether the user may import, export and run models."""
    return may_engineer(membership_of(user, project))


def can_browse(user: Any, project: Project | int) -> bool:
    """Return whether the user may look at images, people and everyone's answers."""
    return may_browse(membership_of(user, project))


def can_create_projects(user: Any) -> bool:
    return bool(getattr(user, "is_authenticated", False) and user.is_active and user.is_staff)


def membership_for(
    user: Any, project_id: int, allowed: Predicate = is_member_role, *, lock: bool = False
) -> Membership:
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
