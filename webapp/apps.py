from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class WebappConfig(AppConfig):
    name = "webapp"


class StaticConfig(StaticFilesConfig):
    """Static files, less what nothing here uses; one of htmx's extensions names a file that is not there."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "ext", "htmx-4*", "redoc*"]
