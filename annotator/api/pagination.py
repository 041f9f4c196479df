"""Keyset pagination: `?after=<id>&limit=50`. A page costs the same at the end of a million rows as at the start."""

from typing import Any, Final

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from annotator.errors import InvalidInputError

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200


class KeysetPagination(BasePagination):
    """Pages by primary key, ascending, or descending where the query set is ordered by "-id"."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self._request = request
        limit = _whole(request, "limit", DEFAULT_LIMIT)
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInputError(f"limit must be 1..{MAX_LIMIT}, got {limit}.", fields={"limit": ["Out of range."]})
        after = _whole(request, "after", 0)
        is_descending = tuple(queryset.query.order_by or queryset.model._meta.ordering)[:1] == ("-id",)
        if after:
            queryset = queryset.filter(pk__lt=after) if is_descending else queryset.filter(pk__gt=after)
        rows = list(queryset.order_by("-id" if is_descending else "id")[: limit + 1])
        self._next = rows[limit - 1].pk if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next_url()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": {"type": "string", "nullable": True, "format": "uri"}},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": "after", "in": "query", "schema": {"type": "integer"}, "description": "Id of the last row seen."},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": MAX_LIMIT}},
        ]

    def _next_url(self) -> str | None:
        if self._next is None:
            return None
        query = self._request.query_params.copy()
        query["after"] = str(self._next)
        return f"{self._request.path}?{query.urlencode()}"


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or len(text) > 18:
        raise InvalidInputError(
            f"{name} must be a whole number, got {text[:40]!r}.", fields={name: ["Give a whole number."]}
        )
    return int(text)
