"""Accounts: preferences, API tokens, passwords that a manager resets without mail, and deactivation."""

import json
import secrets
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from annotator.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from annotator.models import ApiToken, Membership, Role, User
from annotator.services import events
from annotator.services.acceptance import free_places_of

MAX_TOKENS: Final = 50
_PREFERENCES: Final = ("display_name", "language", "theme", "key_bindings", "workbench_settings")
_MAX_PREFERENCE_BYTES: Final = 64 << 10
# Easy to read aloud and to type: no 0/O, 1/l/I.
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"


@transaction.atomic
def update_account(*, user: User, changes: dict[str, Any]) -> User:
    """Change a person's own preferences.

    Raises:
        InvalidInputError: an unknown or an oversized preference.
    """
    for name, value in changes.items():
        if name not in _PREFERENCES:
            raise InvalidInputError(f"{name} cannot be changed here.", fields={name: ["Not a preference."]})
        if isinstance(value, dict) and len(json.dumps(value)) > _MAX_PREFERENCE_BYTES:
            raise InvalidInputError(f"{name} is larger than 64 KB.", fields={name: ["Too large."]})
    before = {name: getattr(user, name) for name in changes}
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    old, new = events.changes(before, changes)
    if new:
        events.record_event(verb="changed", target=user, actor=user, before=old, after=new)
    return user


@transaction.atomic
def create_token(*, user: User, name: str, days: int | None = None) -> tuple[ApiToken, str]:
    """Make a bearer token; returns it with its secret, which is not stored and cannot be shown again.

    Raises:
        ConflictError: too many tokens.
    """
    if user.api_tokens.count() >= MAX_TOKENS:
        raise ConflictError(f"You have {MAX_TOKENS} tokens: revoke one first.", code="too_many_tokens")
    secret = ApiToken.new_secret()
    token = ApiToken.objects.create(
        user=user,
        name=name,
        digest=ApiToken.digest_of(secret),
        hint=secret[: len(ApiToken.PREFIX) + 4],
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    events.record_event(verb="made", target=token, actor=user, after={"name": name})
    return token, secret


@transaction.atomic
def revoke_token(*, user: User, token_id: int) -> None:
    """Delete one's own token.

    Raises:
        NotFoundError: no such token of the user's.
    """
    token = user.api_tokens.filter(pk=token_id).first()
    if token is None:
        raise NotFoundError("There is no such token of yours.")
    events.record_event(verb="revoked", target=token, actor=user, before={"name": token.name})
    token.delete()


@transaction.atomic
def create_account(*, username: str, password: str, display_name: str = "", is_staff: bool = False) -> User:
    """Make an account with a checked password.

    Raises:
        InvalidInputError: the name is taken or malformed, or the password too weak.
    """
    user = User(username=username.strip(), display_name=display_name.strip(), is_staff=is_staff)
    try:
        user.clean_fields(exclude=["password"])
        user.validate_unique()
    except ValidationError as error:
        fields = {name: [str(text) for text in texts] for name, texts in error.message_dict.items()}
        raise InvalidInputError(" ".join(str(text) for text in error.messages), fields=fields) from error
    set_password(user=user, password=password)
    user.save()
    events.record_event(verb="made", target=user, actor=user, after={"username": user.username})
    return user


def set_password(*, user: User, password: str) -> None:
    """Check and set a password, unsaved.

    Raises:
        InvalidInputError: too weak.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        messages = [str(text) for text in error.messages]
        raise InvalidInputError(" ".join(messages), fields={"password": messages}) from error
    user.set_password(password)


@transaction.atomic
def reset_password(*, manager: User, user_id: int) -> str:
    """Give a member a new temporary password, to be told in person; returns it this once. Tokens and sessions end.

    Raises:
        NotFoundError, NotAllowedError: see `_managed_account`.
    """
    user = _managed_account(manager, user_id)
    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
    user.set_password(password)
    user.save(update_fields=["password"])
    user.api_tokens.all().delete()
    events.record_event(verb="reset password", target=user, actor=manager)
    return password


@transaction.atomic
def set_active(*, manager: User, user_id: int, is_active: bool) -> User:
    """Deactivate an account, which frees what it holds, or bring it back.

    Raises:
        NotFoundError, NotAllowedError: see `_managed_account`.
    """
    user = _managed_account(manager, user_id)
    if user.is_active == is_active:
        return user
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    if not is_active:
        user.api_tokens.all().delete()
        for project_id in user.memberships.values_list("project_id", flat=True):
            free_places_of(user=user, project_id=project_id)
    events.record_event(
        verb="reactivated" if is_active else "deactivated", target=user, actor=manager, after={"is_active": is_active}
    )
    return user


def is_account_of(*, manager: User, user: User) -> bool:
    """Return whether a manager is responsible for an account, as `_managed_account` says."""
    try:
        _managed_account(manager, user.pk)
    except (NotFoundError, NotAllowedError):
        return False
    return True


def _managed_account(manager: User, user_id: int) -> User:
    """Return an account that this manager is responsible for: all its projects are the manager's own.

    Raises:
        NotFoundError: no member of any project that the manager manages.
        NotAllowedError: one's own account, a member of staff, a guest, or someone who also works elsewhere.
    """
    managed = Membership.objects.filter(user=manager, role=Role.MANAGER).values("project_id")
    user = User.objects.filter(pk=user_id, memberships__project__in=managed).distinct().first()
    if user is None or not manager.is_active:
        raise NotFoundError("There is no such member in your projects.")
    if user == manager:
        raise NotAllowedError("This is your own account: another manager must do this.")
    if user.is_staff or user.is_superuser:
        raise NotAllowedError("This account belongs to the staff of the site: ask an administrator.")
    if not manager.is_superuser and user.memberships.filter(is_guest=True).exists():
        raise NotAllowedError("This account was there before it was added by its name: ask an administrator.")
    if not manager.is_superuser and user.memberships.exclude(project__in=managed).exists():
        raise NotAllowedError("This person also works in projects of other managers: ask an administrator.")
    return user
