"""The Django project. The Celery app is loaded with it, so that tasks find their broker."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
