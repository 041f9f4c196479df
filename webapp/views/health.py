"""For load balancers and for the local runner: does this process answer, and does it reach its services."""

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when PostgreSQL and Redis answer, else 503 with the name of the one that does not."""
    checks = {"database": _database_answers, "redis": _redis_answers}
    found = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:
            found[name] = type(error).__name__
        else:
            found[name] = "ok"
    is_well = all(value == "ok" for value in found.values())
    return JsonResponse({"status": "ok" if is_well else "unwell", **found}, status=200 if is_well else 503)


def _database_answers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis_answers() -> None:
    cache.get("healthz")
