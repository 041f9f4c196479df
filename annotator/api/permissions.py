"""The outer door of the API. What a member may do in a project is asked of annotator.permissions by each view."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class DenyAll(BasePermission):
    """The default: a view that says nothing answers nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class IsSignedIn(BasePermission):
    """An active account, by session or token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated and request.user.is_active)
