"""From several answers to the accepted one: merged where they agree, else one more annotator, else a reviewer."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from annotator.errors import ConflictError
from annotator.models import Consensus, Stage, Submission, Task, User
from annotator.services.acceptance import place_consensus
from annotator.services.task_states import check_open, standing_answers
from annotator.services.tasks import ask_another
from qa.geodesics import geodesic_table
from qa.models import MergeDecision
from qa.services.answer_weights import answer_weights
from qa.services.merging import Merged, merge_parts, merge_points


def merge_answers(task_id: int) -> MergeDecision | None:
    """Compare the answers to a task in review, and merge them, ask for another, or leave them to a reviewer.

    Run any number of times it does one thing: an answer that was compared already is not compared again. Returns None
    where there is nothing to do, or not yet: distances are not measured before the surface is.
    """
    with transaction.atomic():
        task = _held(task_id)
        if task is None or task.state != Task.State.REVIEW or task.is_gold:
            return None
        answers = answers_to_merge(task)
        if not answers:
            return None
        known = MergeDecision.objects.filter(task=task).first()
        if known is not None and (known.newest, known.answers) == (answers[-1].pk, len(answers)):
            return known
        merged = merge(task, answers)
        if merged is None:
            return None
        outcome = _outcome(task, answers, merged)
        decision, _is_new = MergeDecision.objects.update_or_create(
            task=task,
            defaults={
                "project": task.project, "person": task.person,
                "newest": answers[-1].pk, "answers": len(answers), "outcome": outcome, "figures": merged.figures,
                "disagreement": round(merged.disagreement, 4), "at_stake": merged.at_stake,
            },
        )  # fmt: skip
        if outcome == MergeDecision.Outcome.MERGED:
            _place(task, answers, merged, by=None)
        elif outcome == MergeDecision.Outcome.ANOTHER:
            ask_another(task=task, by=None)
        return decision


@transaction.atomic
def accept_merged(*, task: Task, by: User) -> Consensus:
    """Accept what a task's answers come to together, as a reviewer.

    Raises:
        ConflictError: closed, no answer stands or they have nothing in common, or the surface is not measured yet.
    """
    held = _held(task.pk)
    assert held is not None
    check_open(held)
    answers = answers_to_merge(held)
    merged = merge(held, answers) if answers else None
    if merged is None:
        raise ConflictError("There is nothing to merge: no answer stands, or the surface is still being measured.")
    if merged.is_empty:
        raise ConflictError(
            _("The answers have nothing in common: accept one of them, or paint a better one."),
            code="nothing_in_common",
        )
    return _place(held, answers, merged, by=by)


def answers_to_merge(task: Task) -> list[Submission]:
    """Return the answers that count, in the order of their coming; those to older points are left out."""
    answers = standing_answers(task)
    if task.stage == Stage.CORRESPONDENCE:
        answers = answers.filter(point_set__is_current=True).select_related("point_set")
    return list(answers)


def merge(task: Task, answers: Sequence[Submission]) -> Merged | None:
    """Return what answers come to; None where distances cannot be measured yet."""
    weights = answer_weights(task, answers)
    if task.stage == Stage.PARTS:
        return merge_parts(answers, weights, task.person.crop(), task.project.merges_by)
    table = geodesic_table()
    return None if table is None else merge_points(answers, weights, table, task.project.agreement_bar_cm)


def _held(task_id: int) -> Task | None:
    return (
        Task.objects.select_for_update(of=("self",), no_key=True)
        .select_related("project", "person__image")
        .filter(pk=task_id)
        .first()
    )


def _outcome(task: Task, answers: Sequence[Submission], merged: Merged) -> MergeDecision.Outcome:
    project = task.project
    if project.is_review_required:
        # They see how far the answers agree, and may ask for another themselves.
        return MergeDecision.Outcome.REVIEWER
    accepted = Consensus.objects.filter(person_id=task.person_id, stage=task.stage).only("method").first()
    if accepted is not None and accepted.method == Consensus.Method.REVIEWED:
        # What a reviewer settled is theirs to change.
        return MergeDecision.Outcome.REVIEWER
    if merged.disagreement <= project.disputed_bar and not merged.is_empty:
        return MergeDecision.Outcome.MERGED
    may_ask = accepted is None and 1 < len(answers) < project.max_answers
    return MergeDecision.Outcome.ANOTHER if may_ask else MergeDecision.Outcome.REVIEWER


def _place(task: Task, answers: Sequence[Submission], merged: Merged, *, by: User | None) -> Consensus:
    figures: dict[str, Any] = merged.figures["agreement"]
    if len(answers) == 1:
        method = Consensus.Method.REVIEWED if by else Consensus.Method.SINGLE
        return place_consensus(task=task, answer=answers[0], method=method, by=by)
    return place_consensus(
        task=task, answer=Consensus(**merged.columns), by=by, answers=len(answers), figures=figures,
        method=Consensus.Method.REVIEWED if by else Consensus.Method.MERGED,
    )  # fmt: skip
