"""The running bar: whose latest checks are too far from the truth is paused, and asked about, but never blamed.

Each act leaves a row that says why, with figures; a manager can undo it (qa.services.automatic_acts).
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from annotator.models import Lease, Membership, Role, Stage, Submission
from annotator.services.members import pause_member
from annotator.services.second_answers import ask_second_answers
from qa.models import AutomaticAct, GoldScore, QualityPolicy
from qa.services.gold_people import policy_of

_MAX_REQUEUED = 500


@dataclass(frozen=True)
class Rolling:
    """The mean over someone's latest checks of a stage, beside the project's bar."""

    value: float
    bar: float
    checks: int

    @property
    def is_below(self) -> bool:
        return self.value < self.bar


def bar_of(policy: QualityPolicy, stage: str) -> float:
    """Return the running bar of a stage: IoU of parts, AUC@10 cm of points."""
    return policy.check_iou if stage == Stage.PARTS else policy.check_auc10


def mean_value(scores: list[GoldScore]) -> float | None:
    """Return the figure that bars look at: the mean over people for parts, all points pooled for points."""
    known = [score for score in scores if score.value is not None]
    weights = [1 if score.stage == Stage.PARTS else score.placed for score in known]
    if not sum(weights):
        return None
    return sum(float(score.value or 0) * weight for score, weight in zip(known, weights, strict=True)) / sum(weights)


def rolling_of(membership: Membership, stage: str, policy: QualityPolicy) -> Rolling | None:
    """Return a member's running figure; None where there are too few checks since the last pause to tell."""
    checks = _checks(membership, stage)
    since = _last_pause(membership, stage)
    if since is not None:
        checks = checks.filter(submitted_at__gt=since)
    latest = list(checks.order_by("-submitted_at")[: policy.check_window])
    value = mean_value(latest)
    if len(latest) < policy.check_minimum or value is None:
        return None
    return Rolling(value, bar_of(policy, stage), len(latest))


@transaction.atomic
def judge_member(project_id: int, annotator: int, stage: str) -> AutomaticAct | None:
    """Pause an annotator whose running figure is below the bar; returns the act, None where nothing was done."""
    membership = (
        Membership.objects.select_related("project", "user")
        .select_for_update(of=("self",), no_key=True)
        .filter(project=project_id, user=annotator, role=Role.ANNOTATOR, is_paused=False)
        .first()
    )
    if membership is None:
        return None
    policy = policy_of(membership.project)
    rolling = rolling_of(membership, stage, policy) if policy.pauses_below_bar else None
    if rolling is None or not rolling.is_below:
        return None
    since = _last_good(membership, stage, policy)
    pause_member(
        project=membership.project, user_id=annotator, is_paused=True, by=None, reason=_kind_words(membership, stage)
    )
    act = AutomaticAct.objects.create(
        project=membership.project, kind=AutomaticAct.Kind.PAUSED, subject=membership.user, stage=stage,
        figures=_told(rolling),
    )  # fmt: skip
    if policy.requeues_below_bar:
        _requeue(membership, stage, since, rolling)
    return act


def _requeue(membership: Membership, stage: str, since: datetime | None, rolling: Rolling) -> None:
    """Ask for second answers to what was handed in since the last good check."""
    own = Submission.objects.filter(
        task__project=membership.project_id, task__stage=stage, task__is_gold=False, annotator=membership.user_id,
        superseded_by=None, sent_back=None, origin__in=[Submission.Origin.WORKBENCH, Submission.Origin.API],
    ).exclude(lease__purpose=Lease.Purpose.CHECK)  # fmt: skip
    if since is not None:
        own = own.filter(created_at__gt=since)
    asked = ask_second_answers(list(own.only("pk", "task_id").order_by("-pk")[:_MAX_REQUEUED]))
    if asked:
        AutomaticAct.objects.create(
            project=membership.project, kind=AutomaticAct.Kind.REQUEUED, subject=membership.user, stage=stage,
            figures=_told(rolling) | {"people": len(asked), "since": since.isoformat() if since else None},
            details={"asked": asked},
        )  # fmt: skip


def _checks(membership: Membership, stage: str) -> Any:
    return GoldScore.objects.filter(
        project=membership.project_id, annotator=membership.user_id, stage=stage, purpose=Lease.Purpose.CHECK,
        value__isnull=False,
    )  # fmt: skip


def _last_pause(membership: Membership, stage: str) -> datetime | None:
    """Return when checks of the stage last led to a pause: what was measured before is settled by it."""
    acts = AutomaticAct.objects.filter(
        project=membership.project_id, subject=membership.user_id, kind=AutomaticAct.Kind.PAUSED, stage=stage
    )
    return acts.order_by("-created_at").values_list("created_at", flat=True).first()


def _last_good(membership: Membership, stage: str, policy: QualityPolicy) -> datetime | None:
    """Return when the member was last seen to be good: at a check, at the exam, or at the end of the last pause."""
    checks = _checks(membership, stage).filter(value__gte=bar_of(policy, stage))
    good = checks.order_by("-submitted_at").values_list("submitted_at", flat=True).first()
    known = [when for when in (good, membership.qualified_at, _last_pause(membership, stage)) if when is not None]
    return max(known, default=None)


def _told(rolling: Rolling) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in asdict(rolling).items()}


def _kind_words(membership: Membership, stage: str) -> str:
    """Return what a paused annotator reads, in their own language."""
    with translation.override(membership.user.language or None):
        if stage == Stage.PARTS:
            found = _("Your last parts lay further from what is known to be true than this project asks for.")
        else:
            found = _("Your last points lay further from what is known to be true than this project asks for.")
        end = _(
            "So work here rests for the moment. Everything you did is kept, and a manager will look at it with you; "
            "it is often one habit that is easily changed."
        )
    return f"{found} {end}"
