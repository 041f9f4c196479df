"""Versions of models over the API: what the page of models shows."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ApiView, checked, documented
from annotator.models import ModelVersion
from annotator.permissions import may_engineer, membership_for
from annotator.services.preannotation import choose_proposer
from export.selectors.models import HeldOutSet, VersionRow, held_out_sets, version_of, versions_for


class ModelOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of the file of weights")
    added_at = serializers.DateTimeField()
    release = serializers.IntegerField(allow_null=True, help_text="of this project, that it was trained on")
    start = serializers.CharField(allow_null=True, help_text="digest of the version that its training began with")
    minutes = serializers.FloatField(allow_null=True, help_text="budget of its training")
    proposals = serializers.IntegerField(help_text="people of this project that it has proposed for")
    is_proposer = serializers.BooleanField(help_text="whether new people get its proposals")


class MeasuredOut(serializers.Serializer[Any]):
    model = serializers.IntegerField()
    measured_at = serializers.DateTimeField()
    figures = serializers.DictField(help_text="of all people together")
    over_people = serializers.DictField(help_text="auc10, auc30, gps: value, 95 % interval, people")
    difference = serializers.DictField(
        allow_null=True, help_text="the same, above the model that all are compared with, on the same people: paired"
    )


class HeldOutOut(serializers.Serializer[Any]):
    release = serializers.IntegerField(help_text="the first release with these held-out people")
    people = serializers.IntegerField()
    points = serializers.IntegerField()
    against = serializers.IntegerField(help_text="the model that the others are compared with")
    measured = MeasuredOut(many=True)


class ModelsOut(serializers.Serializer[Any]):
    models = ModelOut(many=True)
    held_out = HeldOutOut(many=True)


class ProposerIn(serializers.Serializer[Any]):
    model = serializers.IntegerField(min_value=1)


class ModelsView(ApiView):
    @documented(
        "List the versions of models, what each is worth on held-out people, and how they differ", answers=ModelsOut,
        parameters=[OpenApiParameter("against", int, description="Id of the model that all are compared with.")],
    )  # fmt: skip
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_engineer).project
        sets = held_out_sets(project, number_in(request.query_params.get("against")))
        return Response(
            {"models": [_model(row) for row in versions_for(project)], "held_out": [_held_out(found) for found in sets]}
        )

    @documented("Let a model propose for new people from now on", request=ProposerIn, answers=ModelOut)
    def post(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_engineer).project
        version = version_of(project, checked(ProposerIn, request)["model"])
        choose_proposer(project=project, version=version, by=self.me)
        project.refresh_from_db()
        return Response(next(_model(row) for row in versions_for(project) if row.version == version))


def number_in(text: str | None) -> int | None:
    """Return the whole number that a query names; None where it names none."""
    return int(text) if text and text.isdecimal() and len(text) <= 18 else None


def _model(row: VersionRow) -> dict[str, Any]:
    version, training = row.version, row.training
    start: ModelVersion | None = training.start if training else None
    return {
        "id": version.pk, "name": version.name, "digest": version.digest, "added_at": version.created_at,
        "release": training.release_number if training else None, "start": start.digest if start else None,
        "minutes": training.minutes if training else None, "proposals": row.proposals, "is_proposer": row.is_proposer,
    }  # fmt: skip


def _held_out(found: HeldOutSet) -> dict[str, Any]:
    measured = [
        {
            "model": row.evaluation.version_id,
            "measured_at": row.evaluation.created_at,
            "figures": row.evaluation.figures,
            "over_people": {name: asdict(interval) for name, interval in row.own.items()},
            "difference": None
            if row.difference is None
            else {name: asdict(interval) for name, interval in row.difference.items()},
        }
        for row in found.rows
    ]
    return {
        "release": found.release_number, "people": found.people, "points": found.points,
        "against": found.against.version_id, "measured": measured,
    }  # fmt: skip
