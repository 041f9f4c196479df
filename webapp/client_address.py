"""Where a request comes from, which wrong passwords are counted by."""

from contextlib import suppress
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the address that the outermost of our proxies saw; what clients wrote before it is not believed."""
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < settings.PROXIES <= len(hops):
        with suppress(ValueError):
            return str(ip_address(hops[-settings.PROXIES].strip()))
    return request.META.get("REMOTE_ADDR")
