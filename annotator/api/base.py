"""What all views of the API share."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from annotator.api.pagination import MAX_LIMIT, KeysetPagination
from annotator.api.permissions import IsSignedIn
from annotator.api.serializers.workbench import ErrorOut
from annotator.errors import InvalidInputError
from annotator.models import User

_Method = TypeVar("_Method", bound=Callable[..., Any])
ERROR = OpenApiResponse(ErrorOut, description="code, message, fields")


class ApiView(APIView):
    """A view for signed-in people; each method asks annotator.permissions for the rest."""

    permission_classes = (IsSignedIn,)

    @property
    def me(self) -> User:
        """The signed-in account."""
        user = self.request.user
        if not isinstance(user, User):
            raise NotAuthenticated
        return user


def checked(serializer: type[Serializer[Any]], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """Return the validated body of a request.

    Raises:
        ValidationError: with messages by field.
    """
    parsed = serializer(data=request.data, partial=partial)
    parsed.is_valid(raise_exception=True)
    data: dict[str, Any] = parsed.validated_data
    return data


def documented(
    summary: str, *, request: Any = None, answers: Any = None, status: int = 200, **more: Any
) -> Callable[[_Method], _Method]:
    """Describe one method for OpenAPI: its input, its answer and the errors that any call may have."""
    if more.pop("paginated", False):
        more["parameters"] = [
            OpenApiParameter("after", int, description="Id of the last row seen."),
            OpenApiParameter("limit", int, description=f"Rows a page, at most {MAX_LIMIT}."),
        ]
        answers = inline_serializer(
            f"{type(answers.child).__name__}Page",
            {"results": answers, "next": serializers.CharField(allow_null=True)},
        )
    responses = {status: answers, 400: ERROR, 401: ERROR, 403: ERROR, 404: ERROR} | more.pop("also", {})
    decorator: Callable[[_Method], _Method] = extend_schema(
        summary=summary, request=request, responses=responses, **more
    )
    return decorator


def paged(
    view: APIView, rows: QuerySet[Any], serializer: type[Serializer[Any]], filters: Collection[str] = ()
) -> Response:
    """Return one page of rows, by the keys in the query string.

    Raises:
        InvalidInputError: the query string has a key that is none of `filters`: a script that filters or turns pages
            by a name of its own making would take everything, or the first page for ever.
    """
    known = (*filters, "after", "limit")
    if unknown := sorted(set(view.request.query_params) - {*known, api_settings.URL_FORMAT_OVERRIDE}):
        problem = f"{unknown[0][:40]} is not known here; these are: {', '.join(known)}."
        raise InvalidInputError(problem, fields={unknown[0][:40]: ["Unknown."]})
    pages = KeysetPagination()
    page = pages.paginate_queryset(rows, view.request, view)
    return pages.get_paginated_response(serializer(page, many=True).data)
