"""Drawing people with known truth, and measuring answers to them. A killed worker changes no figure in the end."""

import logging
from typing import Any, Final

from celery import shared_task
from django.db import transaction
from django.db.models import CharField, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Concat

from annotator.models import Consensus, Gold, Lease, Submission
from annotator.services.jobs import JobRun, job_kind
from annotator.services.superpixels import prepare_superpixels
from qa.geodesics import geodesic_table
from qa.models import ExamAttempt, GoldScore, GoldSheet
from qa.services.gold_bars import judge_member
from qa.services.gold_people import JOB_KIND, add_planned
from qa.services.gold_scores import score_submission, standing, unscored_submissions
from qa.services.gold_sheets import write_gold_sheet
from qa.services.qualification import end_exam

logger = logging.getLogger(__name__)
_SCORES_A_BEAT: Final = 200


@job_kind(JOB_KIND)
def add_gold_people(run: JobRun) -> dict[str, Any]:
    """Draw the planned people one after the other; each is there with its checkpoint, or not at all."""
    assert run.project is not None
    planned = run.params["people"]
    done = int((run.last_checkpoint or {}).get("done", 0))
    for number in range(done, len(planned)):
        run.stop_if_cancelled()
        run.progress(number, len(planned), "Drawing people with known truth")
        with transaction.atomic():
            add_planned(run.project, planned[number], run.job.created_by)
            run.checkpoint({"done": number + 1})
    run.progress(len(planned), len(planned), "Drawn")
    prepare_superpixels(run.project)
    return {"people": len(planned)}


@shared_task(name="qa.score_gold")  # type: ignore[untyped-decorator]  # Celery brings no types
def score_gold(submission_id: int) -> bool:
    """Measure one answer to a gold person that stands, keep the figures, look at the bars; returns whether it did."""
    submission = (
        standing(Submission.objects.filter(pk=submission_id, superseded_by=None))
        .select_related("task__project", "task__person", "point_set", "lease")
        .first()
    )
    return submission is not None and _score(submission)


def _score(submission: Submission) -> bool:
    """Score, sheet, and what the bars ask for: all of it or nothing."""
    with transaction.atomic():
        score = score_submission(submission, geodesic_table())
        if score is None:
            return False
        write_gold_sheet(score.project_id, score.annotator_id)
        if score.purpose == Lease.Purpose.CHECK:
            judge_member(score.project_id, score.annotator_id, score.stage)
    if score.purpose == Lease.Purpose.EXAM:
        end_exam(project_id=score.project_id, annotator=score.annotator_id, table=geodesic_table())
    logger.info("gold_scored submission=%s stage=%s", submission.pk, score.stage)
    return True


@shared_task(name="qa.score_waiting_gold")  # type: ignore[untyped-decorator]
def score_waiting_gold() -> int:
    """Measure what was missed, measure again what was settled anew, end exams; returns how many answers were scored."""
    _forget_outdated()
    scored = 0
    waiting = unscored_submissions(is_measurable=geodesic_table() is not None)
    for submission in waiting.iterator(chunk_size=_SCORES_A_BEAT):
        try:
            scored += _score(submission)
        except Exception:  # One that cannot be measured must not hold up the others, however many they are.
            logger.exception("gold_failed submission=%s", submission.pk)
        if scored == _SCORES_A_BEAT:
            break
    for attempt in ExamAttempt.objects.filter(ended_at=None):
        end_exam(project_id=attempt.project_id, annotator=attempt.annotator_id, table=geodesic_table())
    for project_id in _projects_with_news():
        write_gold_sheet(project_id, None)
    return scored


def _forget_outdated() -> None:
    """Take away scores whose settled answer is another one now; they are measured anew, or not at all."""
    settled = Consensus.objects.filter(
        person=OuterRef("person"), stage=OuterRef("stage"), method=Consensus.Method.REVIEWED
    )
    name = Concat(Value("settled:"), Cast("submission_id", CharField()))
    outdated = (
        GoldScore.objects.filter(kind=Gold.Kind.REVIEWED)
        .annotate(now=Subquery(settled.annotate(name=name).values("name")[:1]))
        .filter(Q(now=None) | ~Q(now=F("truth")))
    )
    GoldScore.objects.filter(pk__in=list(outdated.values_list("pk", flat=True)[:_SCORES_A_BEAT])).delete()


def _projects_with_news() -> list[int]:
    """Return the projects where an annotator's sheet is newer than that of all together."""
    whole = GoldSheet.objects.filter(project=OuterRef("project"), annotator=None).values("computed_at")[:1]
    newer = GoldSheet.objects.filter(annotator__isnull=False).annotate(whole=Subquery(whole))
    found = newer.filter(Q(whole=None) | Q(computed_at__gt=F("whole")))
    return sorted(set(found.values_list("project_id", flat=True)))
