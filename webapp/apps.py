from typing import ClassVar

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class WebappConfig(AppConfig):
    name = "webapp"


class StaticConfig(StaticFilesConfig):
    """Static files, less what nothing here uses: htmx's extensions (one names a file that is not there), Redoc, source maps."""

    ignore_patterns: ClassVar[list[str]] = [*StaticFilesConfig.ignore_patterns, "ext", "htmx-4*", "redoc*", "*.map"]
