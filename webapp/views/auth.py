"""Signing in and out."""

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST


class SignInView(LoginView):
    """The sign-in page; goes on to the page that was asked for."""

    template_name = "webapp/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"languages": settings.LANGUAGES}


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    logout(request)
    return redirect("sign-in")


def locked_out(request: HttpRequest, credentials: dict[str, Any], *args: object, **kwargs: object) -> HttpResponse:
    """Answer a sign-in that came after too many wrong passwords."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    message = _(
        "Too many wrong passwords for this name. Try again in %(minutes)d minutes, or ask a manager for a new password."
    ) % {"minutes": minutes}
    context = {"form": AuthenticationForm(request), "locked_message": message, "languages": settings.LANGUAGES}
    response = render(request, "webapp/sign_in.html", context, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response
