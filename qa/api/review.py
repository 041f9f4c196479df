"""The reviewer's bench over the API: the cases in order, one case, and what a reviewer decides."""

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ERROR, ApiView, checked, documented
from annotator.api.files import picture_response
from annotator.api.serializers.workbench import CropOut, PointsOut
from annotator.models import Stage
from annotator.permissions import may_review, membership_for
from annotator.selectors.scope import task_for
from annotator.services.leases import stage_of
from annotator.services.pictures import stored_crop
from annotator.services.review_answers import open_for_review, settle_points
from annotator.services.tasks import ask_another
from qa.selectors.bench import case_of_task, cases_for_project
from qa.services.consensus import accept_merged

_CONFLICT = {409: ERROR}


class CaseRowOut(serializers.Serializer[Any]):
    task = serializers.IntegerField()
    person = serializers.IntegerField()
    answers = serializers.IntegerField()
    disagreement = serializers.FloatField(
        allow_null=True, required=False, help_text="share of the person that is disputed, 0..1; null: not known yet"
    )


class CasesOut(serializers.Serializer[Any]):
    cases = CaseRowOut(many=True)


class AnswerOut(serializers.Serializer[Any]):
    """One answer; label map or points, by the stage."""

    id = serializers.IntegerField()
    author = serializers.CharField(allow_blank=True)
    has_author = serializers.BooleanField()
    at = serializers.DateTimeField()
    active_ms = serializers.IntegerField()
    origin = serializers.CharField()
    note = serializers.CharField(allow_null=True, help_text="what it was sent back with")
    not_visible = serializers.ListField(child=serializers.IntegerField(), required=False)
    status = serializers.ListField(child=serializers.IntegerField(), required=False)
    triangle = serializers.ListField(child=serializers.IntegerField(), required=False)
    weights = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()), required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `label_map` would be read from a label; it is declared here as it may be absent or null.
        return super().get_fields() | {"label_map": serializers.CharField(required=False, allow_null=True)}


class PairOut(serializers.Serializer[Any]):
    a = serializers.IntegerField(help_text="index into answers")
    b = serializers.IntegerField()
    cm = serializers.ListField(child=serializers.FloatField(allow_null=True))


class CommentOut(serializers.Serializer[Any]):
    author = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()


class CaseOut(serializers.Serializer[Any]):
    """A task with all its answers on the crop of its person."""

    task = serializers.IntegerField()
    stage = serializers.ChoiceField(choices=Stage.values)
    state = serializers.CharField()
    person = serializers.IntegerField()
    name = serializers.CharField()
    picture = serializers.CharField()
    crop = CropOut()
    accepted = serializers.IntegerField(allow_null=True)
    overlap = serializers.IntegerField()
    comments = CommentOut(many=True)
    answers = AnswerOut(many=True)
    merged = serializers.DictField(
        allow_null=True, help_text="what the answers come to together: a label map, or by point the answer that stands"
    )
    points = PointsOut(required=False)
    pairs = PairOut(many=True, required=False)
    is_measured = serializers.BooleanField(required=False, help_text="false while the surface is being measured")
    views = serializers.DictField(child=serializers.DictField(child=serializers.CharField()), required=False)


class LeaseRefOut(serializers.Serializer[Any]):
    lease = serializers.UUIDField()
    url = serializers.CharField()


class SettleIn(serializers.Serializer[Any]):
    client_uuid = serializers.UUIDField()
    active_ms = serializers.IntegerField(min_value=0, default=0)
    taken = serializers.DictField(child=serializers.IntegerField(), default=dict, help_text="answer by point key")
    placed = serializers.DictField(child=serializers.JSONField(), default=dict, help_text="new answer by point key")


class SettledOut(serializers.Serializer[Any]):
    submission = serializers.IntegerField(allow_null=True, help_text="null where several answers were merged")


class CasesView(ApiView):
    @documented("List what waits for a reviewer at a stage, the most urgent first", answers=CasesOut)
    def get(self, request: Request, project_id: int) -> Response:
        membership = membership_for(self.me, project_id, may_review)
        stage = stage_of(request.query_params.get("stage", Stage.PARTS))
        rows = cases_for_project(membership.project, stage)
        return Response(
            {
                "cases": [
                    {
                        "task": row.task.pk,
                        "person": row.task.person_id,
                        "answers": row.answers,
                        "disagreement": row.disagreement,
                    }
                    for row in rows
                ]
            }
        )


class CaseView(ApiView):
    @documented("Get one case with all its answers and the distances between them", answers=CaseOut)
    def get(self, request: Request, task_id: int) -> Response:
        return Response(case_of_task(task_for(self.me, task_id, may_review)))


class CasePictureView(ApiView):
    @documented("Get the crop of a case's person as a JPEG", answers=bytes)
    def get(self, request: Request, task_id: int) -> HttpResponseBase:
        person = task_for(self.me, task_id, may_review).person
        return picture_response(stored_crop(image=person.image, crop=person.crop()))


class AnotherView(ApiView):
    @documented("Ask one more annotator", answers=CaseRowOut, also=_CONFLICT)
    def post(self, request: Request, task_id: int) -> Response:
        task = ask_another(task=task_for(self.me, task_id, may_review), by=self.me)
        return Response({"task": task.pk, "person": task.person_id, "answers": task.overlap})


class AcceptMergedView(ApiView):
    @documented("Accept what the answers come to together", answers=SettledOut, also=_CONFLICT)
    def post(self, request: Request, task_id: int) -> Response:
        consensus = accept_merged(task=task_for(self.me, task_id, may_review), by=self.me)
        return Response({"submission": consensus.submission_id})


class ReviewLeaseView(ApiView):
    @documented("Open an answer in the workbench; what is submitted there is accepted", answers=LeaseRefOut,
                also=_CONFLICT)  # fmt: skip
    def post(self, request: Request, submission_id: int) -> Response:
        lease = open_for_review(user=self.me, submission_id=submission_id)
        back = reverse("review-bench", args=[lease.task.project_id, lease.task.stage])
        url = f"{reverse(f'annotate-{lease.task.stage}', args=[lease.task.project_id])}?lease={lease.pk}&back={back}"
        return Response({"lease": lease.pk, "url": url})


class SettleView(ApiView):
    @documented("Accept an answer with points taken from other answers or placed anew", request=SettleIn,
                answers=SettledOut, also=_CONFLICT)  # fmt: skip
    def post(self, request: Request, submission_id: int) -> Response:
        consensus = settle_points(user=self.me, submission_id=submission_id, **checked(SettleIn, request))
        return Response({"submission": consensus.submission_id})
