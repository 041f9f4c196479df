"""What the shell around every page needs."""

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, object]:
    """Return the theme to draw the page in; the browser's wish where the account has none."""
    user = getattr(request, "user", None)
    theme = user.theme if user is not None and user.is_authenticated else "system"
    return {"theme": "" if theme == "system" else theme}
