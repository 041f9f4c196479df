"""What can go wrong in the domain: each error has a stable code, an HTTP status and words for a person.

Services raise these; the API turns each into `{"code", "message", "fields"}` in one place.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """Base of all errors that a caller can do something about.

    Args:
        message: what is wrong and the way out.
        code: overrides the class's stable code.
        fields: messages by field name.
        data: further members of the answer, e.g. the current draft of a stale write.
    """

    code: ClassVar[str] = "invalid"
    status: ClassVar[int] = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: dict[str, list[str]] | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = code or self.code
        self.fields = fields or {}
        self.data = data or {}


class InvalidInputError(DomainError):
    """A value cannot be taken."""


class NotAllowedError(DomainError):
    """The caller is known but may not do this."""

    code = "not_allowed"
    status = 403


class NotFoundError(DomainError):
    """No such object, or none that the caller may know of."""

    code = "not_found"
    status = 404


class ConflictError(DomainError):
    """The object changed meanwhile, or is not in a state for this."""

    code = "conflict"
    status = 409


class GoneError(DomainError):
    """It was the caller's and is no more."""

    code = "gone"
    status = 410


class TooManyError(DomainError):
    """Asked too often; later again."""

    code = "too_many_requests"
    status = 429


class TooLargeError(DomainError):
    """More bytes, pixels or files than the limits admit."""

    code = "too_large"
    status = 413
