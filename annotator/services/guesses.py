"""How many names someone may try that no account goes by: to add members must not be a way to find out who is here."""

from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from annotator.errors import TooManyError
from annotator.models import User

# So many within the window that wrong passwords lock a name for, from the first wrong guess.
MAX_WRONG: Final = 20


def check_guesses(user: User) -> None:
    """Let nobody guess on who guessed wrong too often.

    Raises:
        TooManyError: for the rest of the window.
    """
    if cache.get(_key(user), 0) >= MAX_WRONG:
        minutes = round(_window_s() / 60)
        words = _(
            "Too many names that no account goes by. Try again in %(minutes)d minutes, or invite people by a link."
        )
        raise TooManyError(words % {"minutes": minutes})


def count_wrong_guess(user: User) -> None:
    """Note that no account goes by what was tried."""
    key = _key(user)
    if not cache.add(key, 1, _window_s()):
        try:
            cache.incr(key)
        except ValueError:  # it ran out between the two
            cache.add(key, 1, _window_s())


def _key(user: User) -> str:
    return f"wrong-names:{user.pk}"


def _window_s() -> int:
    return round(3600 * settings.AXES_COOLOFF_TIME)
