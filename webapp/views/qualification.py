"""The way to the first real person: the tutorial with its feedback, and the exam."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotator.models import Lease, Membership, Stage, Submission
from annotator.permissions import may_annotate
from qa.geodesics import geodesic_table
from qa.selectors.training_feedback import differences_picture, parts_feedback, points_feedback, training_answer
from qa.services.gold_scores import score_submission
from qa.services.qualification import end_exam, take_exam_step, take_tutorial_step, way_of
from webapp.selectors.training import part_feedback_rows, point_feedback_rows
from webapp.views.common import PageRequest, project_page, render_project, told


@require_safe
@never_cache
@project_page(may_annotate)
def qualification(request: PageRequest, membership: Membership) -> HttpResponse:
    """Where one stands: the steps of the tutorial, the exam, and what comes next."""
    end_exam(project_id=membership.project_id, annotator=membership.user_id, table=geodesic_table())
    membership.refresh_from_db()
    way = way_of(membership)
    return render_project(request, membership, "webapp/qualification.html", "qualification", way=way)


@require_POST
@project_page(may_annotate)
def tutorial_step(request: PageRequest, membership: Membership) -> HttpResponse:
    """Open the next person of the tutorial, or one of them again, in the workbench."""
    task = request.POST.get("task", "")
    taken: list[Lease] = []

    def take() -> None:
        chosen = int(task) if task.isdecimal() and len(task) < 19 else None
        taken.append(take_tutorial_step(user=request.user, project_id=membership.project_id, task_id=chosen))

    return _to_workbench(membership, taken) if told(request, take) else _back(membership)


@require_POST
@project_page(may_annotate)
def exam_step(request: PageRequest, membership: Membership) -> HttpResponse:
    """Open the next person of the exam in the workbench; the first one starts an attempt."""
    taken: list[Lease] = []

    def take() -> None:
        taken.append(take_exam_step(user=request.user, project_id=membership.project_id))

    return _to_workbench(membership, taken) if told(request, take) else _back(membership)


@require_safe
@never_cache
@project_page(may_annotate)
def training_last(request: PageRequest, membership: Membership) -> HttpResponse:
    """Where the workbench comes back to: what the tutorial says of the answer just given, or how far the exam is."""
    answer = (
        Submission.objects.filter(
            task__project=membership.project_id, annotator=request.user,
            lease__purpose__in=[Lease.Purpose.TUTORIAL, Lease.Purpose.EXAM],
        )
        .select_related("lease")
        .order_by("-pk")
        .first()
    )  # fmt: skip
    if answer is None or answer.lease is None or answer.lease.purpose == Lease.Purpose.EXAM:
        return _back(membership)
    return redirect("project-training-answer", membership.project_id, answer.pk)


@require_safe
@never_cache
@project_page(may_annotate)
def training_feedback(request: PageRequest, membership: Membership, submission_id: int) -> HttpResponse:
    """What was right in one's own answer of the tutorial, and where the rest belongs."""
    answer = _own_answer(membership, submission_id)
    way = way_of(membership)
    context: dict[str, Any] = {"answer": answer, "way": way, "is_parts": answer.task.stage == Stage.PARTS}
    context["crop"] = answer.lease.shown_crop if answer.lease else answer.task.person.crop()
    table = geodesic_table()
    score_submission(answer, table)
    if context["is_parts"]:
        found = parts_feedback(answer)
        context |= {"parts": found, "part_rows": part_feedback_rows(found) if found else []}
        context["shares"] = {name: round(100 * share) for name, share in found.shares.items()} if found else {}
    elif table is not None:
        points = points_feedback(answer, table, context["crop"])
        context |= {"points": points, "point_rows": point_feedback_rows(points) if points else []}
        # Marks of one size on the screen, whatever the size of the crop.
        side = max(context["crop"].width, context["crop"].height)
        context |= {"dot_px": round(side / 110, 1), "label_px": round(side / 36, 1)}
    return render_project(request, membership, "webapp/training_feedback.html", "qualification", **context)


@require_safe
@project_page(may_annotate)
def training_picture(request: PageRequest, membership: Membership, submission_id: int) -> HttpResponse:
    """Where one's own answer to parts differs from the truth, to be laid over the photograph."""
    picture = differences_picture(_own_answer(membership, submission_id))
    if picture is None:
        raise Http404
    response = HttpResponse(picture, content_type="image/png")
    # An answer never changes, and neither does the truth of a rendered person.
    patch_cache_control(response, private=True, max_age=86400, immutable=True)
    return response


def _own_answer(membership: Membership, submission_id: int) -> Submission:
    """Return one's own answer of the tutorial."""
    answer = training_answer(
        user_id=membership.user_id, project_id=membership.project_id, submission_id=submission_id
    )  # fmt: skip
    if answer is None:
        raise Http404(_("There is no such answer of yours."))
    return answer


def _to_workbench(membership: Membership, taken: list[Lease]) -> HttpResponse:
    workbench = reverse(f"annotate-{taken[0].task.stage}", args=[membership.project_id])
    back = reverse("project-training-last", args=[membership.project_id])
    return redirect(f"{workbench}?lease={taken[0].pk}&back={back}")


def _back(membership: Membership) -> HttpResponse:
    return redirect("project-qualification", membership.project_id)
