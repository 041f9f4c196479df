"""Figures over the API: what the pages show, as it is kept. docs/qa.md defines each."""

from typing import Any, Final

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ApiView, documented
from annotator.errors import NotAllowedError
from annotator.models import Membership
from annotator.permissions import is_member, may_browse, membership_for
from qa.selectors.figures import sheet_for
from qa.selectors.gold import gold_sheet_for

# What flags are made of: it names whom an annotator was compared with.
_KEPT_BACK: Final = frozenset({"traces"})


class FiguresOut(serializers.Serializer[Any]):
    """The kept figures of a project or of one annotator."""

    computed_at = serializers.DateTimeField(
        allow_null=True, help_text="of annotators' own figures the beginning of today; null: nothing is told yet"
    )
    figures = serializers.DictField(allow_null=True, help_text="agreement, work and flags")
    gold = serializers.DictField(allow_null=True, help_text="accuracy against known truth; null: nothing was checked")


class ProjectFiguresView(ApiView):
    @documented("Get the figures of a project, with a short row for each annotator", answers=FiguresOut)
    def get(self, request: Request, project_id: int) -> Response:
        return Response(_kept(membership_for(self.me, project_id, may_browse), None))


class AnnotatorFiguresView(ApiView):
    @documented(
        "Get the figures of one annotator; annotators may ask for their own alone",
        answers=FiguresOut,
        description="Annotators get their own as they stood when the day began.",
    )
    def get(self, request: Request, project_id: int, user_id: int) -> Response:
        membership = membership_for(self.me, project_id, is_member)
        if user_id != membership.user_id and not may_browse(membership):
            raise NotAllowedError("You see your own figures; those of others are for who manages and reviews.")
        return Response(_kept(membership, user_id))


def _kept(membership: Membership, user_id: int | None) -> dict[str, Any]:
    sheet, gold = sheet_for(membership, user_id), gold_sheet_for(membership, user_id)
    is_theirs = user_id is None or membership.project.memberships.filter(user=user_id).exists()
    if sheet is None and gold is None and not is_theirs:
        raise Http404
    return {
        "computed_at": sheet.computed_at if sheet else None,
        "figures": {name: told for name, told in sheet.data.items() if name not in _KEPT_BACK} if sheet else None,
        "gold": gold.data if gold else None,
    }
