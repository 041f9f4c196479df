"""One's own account: name, theme, language, password, API tokens."""

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import InvalidInputError
from annotator.models import User
from annotator.services.accounts import create_token, revoke_token, set_password, update_account
from webapp.views.common import PageRequest, as_pages, told

TOKEN_DAYS = (30, 90, 365)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
@login_required
def account(request: PageRequest) -> HttpResponse:
    """Show the account; a POST carries out one act and shows a new token this once."""
    acts = {"preferences": _preferences, "password": _password, "token": _token}
    secret = ""
    if request.method == "POST" and (act := acts.get(request.POST.get("act", ""))):
        made: list[str] = []
        if told(request, lambda: made.append(act(request)), "" if act is _token else _("Saved.")) and act is not _token:
            return redirect("account")
        secret = made[0] if made else ""
    context = {
        "themes": User.Theme.choices,
        "languages": settings.LANGUAGES,
        "tokens": list(request.user.api_tokens.all()),
        "secret": secret,
        "token_days": TOKEN_DAYS,
    }
    return render(request, "webapp/account.html", context)


@require_POST
@login_required
def token_revoke(request: PageRequest, token_id: int) -> HttpResponse:
    """Delete one of one's own tokens."""
    with as_pages():
        revoke_token(user=request.user, token_id=token_id)
    return redirect("account")


def _preferences(request: PageRequest) -> str:
    given = {name: request.POST.get(name, "") for name in ("display_name", "theme", "language")}
    if given["theme"] not in User.Theme.values or given["language"] not in {"", *dict(settings.LANGUAGES)}:
        raise InvalidInputError(_("Choose a theme and a language from the lists."))
    update_account(user=request.user, changes={**given, "display_name": given["display_name"].strip()[:80]})
    return ""


def _password(request: PageRequest) -> str:
    user = request.user
    if not user.check_password(request.POST.get("old", "")):
        raise InvalidInputError(_("The old password is wrong."))
    if request.POST.get("new") != request.POST.get("again"):
        raise InvalidInputError(_("The two new passwords differ."))
    set_password(user=user, password=request.POST.get("new", ""))
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
    return ""


def _token(request: PageRequest) -> str:
    name, days = request.POST.get("name", "").strip(), request.POST.get("days", "")
    if not name or len(name) > 80:
        raise InvalidInputError(_("Give the token a name of 1 to 80 characters, to know it by."))
    if days and days not in {str(number) for number in TOKEN_DAYS}:
        raise InvalidInputError(_("Choose how long the token is valid from the list."))
    return create_token(user=request.user, name=name, days=int(days) if days else None)[1]
