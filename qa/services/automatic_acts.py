"""What a manager says to an automatic act: leave it, or undo it, which takes back all that can still be taken back."""

from django.db import transaction
from django.utils import timezone

from annotator.errors import ConflictError, NotFoundError
from annotator.models import Membership, Project, User
from annotator.services.events import record_event
from annotator.services.members import pause_member
from annotator.services.second_answers import take_back_second_answers
from qa.models import AutomaticAct, ExamAttempt


@transaction.atomic
def leave_act(*, project: Project, act_id: int, by: User) -> AutomaticAct:
    """Note that a manager has looked at an act and lets it stand; twice is no error.

    Raises:
        NotFoundError: it is not this project's.
    """
    act = _locked(project, act_id)
    if act.seen_at is None:
        _decide(act, by)
        record_event(verb="let stand", target=act, project=project, actor=by, after={"kind": act.kind})
    return act


@transaction.atomic
def undo_act(*, project: Project, act_id: int, by: User) -> AutomaticAct:
    """Undo an act: end the pause, take unused places back, withdraw the qualification, or let the attempt not count.

    Raises:
        NotFoundError: it is not this project's.
        ConflictError: it was undone already.
    """
    act = _locked(project, act_id)
    if act.undone_at is not None:
        raise ConflictError("This was undone already.", code="undone")
    undo = {
        AutomaticAct.Kind.PAUSED: _end_pause,
        AutomaticAct.Kind.REQUEUED: _take_back,
        AutomaticAct.Kind.QUALIFIED: _withdraw,
        AutomaticAct.Kind.EXAM_FAILED: _excuse,
    }
    act.outcome = undo[AutomaticAct.Kind(act.kind)](act, by)
    act.undone_at = timezone.now()
    _decide(act, by)
    record_event(verb="undid", target=act, project=project, actor=by, after={"kind": act.kind, "outcome": act.outcome})
    return act


def _locked(project: Project, act_id: int) -> AutomaticAct:
    act = (
        AutomaticAct.objects.select_for_update(of=("self",))
        .select_related("subject", "project")
        .filter(project=project, pk=act_id)
        .first()
    )
    if act is None:
        raise NotFoundError("There is no such act in this project.")
    return act


def _decide(act: AutomaticAct, by: User) -> None:
    act.seen_at, act.decided_by = act.seen_at or timezone.now(), by
    act.save(update_fields=["seen_at", "decided_by", "undone_at", "outcome"])


def _end_pause(act: AutomaticAct, by: User) -> dict[str, int]:
    membership = Membership.objects.filter(project=act.project, user=act.subject).first()
    if membership is None or not membership.is_paused:
        return {"resumed": 0}
    pause_member(project=act.project, user_id=act.subject_id, is_paused=False, by=by)
    return {"resumed": 1}


def _take_back(act: AutomaticAct, by: User) -> dict[str, int]:
    taken, used = take_back_second_answers(act.details["asked"], by)
    return {"taken_back": taken, "in_use": used}


def _withdraw(act: AutomaticAct, by: User) -> dict[str, int]:
    held = Membership.objects.filter(project=act.project, user=act.subject, qualified_at__isnull=False)
    return {"withdrawn": held.update(qualified_at=None)}


def _excuse(act: AutomaticAct, by: User) -> dict[str, int]:
    attempts = ExamAttempt.objects.filter(pk=act.details["attempt"], is_excused=False)
    return {"excused": attempts.update(is_excused=True)}
