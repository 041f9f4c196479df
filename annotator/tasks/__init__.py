"""Celery tasks and job kinds. Heavy modules are imported inside the functions: a worker loads what its job needs."""

from annotator.tasks.archives import unpack_uploaded
from annotator.tasks.preannotation import preannotate, preannotate_new
from annotator.tasks.superpixels import make_superpixels
from annotator.tasks.surface import build_geodesics_table, render_views
from annotator.tasks.upkeep import discard_uploads, reap
from annotator.tasks.work import run_job_task

__all__ = [
    "build_geodesics_table", "discard_uploads", "make_superpixels", "preannotate", "preannotate_new", "reap",
    "render_views", "run_job_task", "unpack_uploaded",
]  # fmt: skip
