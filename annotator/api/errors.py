"""One shape for every error of the API: {"code", "message", "fields"}, and at times more members."""

from typing import Any, Final

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from annotator.errors import DomainError

_CODES: Final[dict[type[Exception], str]] = {
    exceptions.NotAuthenticated: "not_signed_in",
    exceptions.AuthenticationFailed: "bad_credentials",
    exceptions.PermissionDenied: "not_allowed",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.ParseError: "malformed",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.Throttled: "too_many_requests",
}
_OF_DJANGO: Final[dict[type[Exception], tuple[int, str, Any]]] = {
    Http404: (404, "not_found", _("There is no such object.")),
    PermissionDenied: (403, "not_allowed", _("You may not do this.")),
    SuspiciousOperation: (400, "malformed", _("The request is malformed or too large.")),
}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into an answer; None leaves it to Django as an internal error."""
    if isinstance(error, DomainError):
        return _answer(error.status, error.error_code, error.message, error.fields, error.data)
    for kind, (status, code, text) in _OF_DJANGO.items():
        if isinstance(error, kind):
            return _answer(status, code, str(text))
    if isinstance(error, exceptions.ValidationError):
        fields = _fields(error.detail)
        message = " ".join(text for texts in fields.values() for text in texts) or str(_("The input is not valid."))
        return _answer(400, "invalid", message, fields)
    if isinstance(error, exceptions.APIException):
        response = _answer(error.status_code, _CODES.get(type(error), "error"), str(error.detail))
        if header := getattr(error, "auth_header", None):
            response["WWW-Authenticate"] = header
        return response
    return None


def _answer(
    status: int,
    code: str,
    message: str,
    fields: dict[str, list[str]] | None = None,
    more: dict[str, Any] | None = None,
) -> Response:
    return Response({**(more or {}), "code": code, "message": message, "fields": fields or {}}, status=status)


def _fields(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Flatten nested validation messages: {"box": {"0": [...]}} becomes {"box.0": [...]}."""
    if isinstance(detail, dict):
        items = [(f"{path}.{key}" if path else str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        items = [(f"{path}.{index}" if path else str(index), value) for index, value in enumerate(detail)]
    else:
        texts = detail if isinstance(detail, list) else [detail]
        return {path or "body": [f"{path}: {text}" if path else str(text) for text in texts]}
    found: dict[str, list[str]] = {}
    for key, value in items:
        if value:
            found |= _fields(value, key)
    return found
