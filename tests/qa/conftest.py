"""The cast at work on one project, as the annotator's tests know it."""

from tests.annotator.conftest import _fast_passwords, views, world

__all__ = ["_fast_passwords", "views", "world"]
