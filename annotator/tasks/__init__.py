"""Celery tasks and job kinds. Heavy modules are imported inside the functions: a worker loads what its job needs."""

from annotator.tasks.upkeep import reap
from annotator.tasks.work import run_job_task

__all__ = ["reap", "run_job_task"]
