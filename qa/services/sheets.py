"""Writes the figure sheets of a project and of its annotators; the pages only read them."""

import time
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
from django.db.models import Q
from django.utils import timezone

from annotator.models import Project, Submission
from qa.models import FigureSheet, Tally
from qa.services.flags import Traces
from qa.services.opposites import Distances
from qa.services.painting import painted
from qa.services.parts_figures import parts_figures
from qa.services.points_figures import KINDS, points_figures, reference_of
from qa.services.tallies import EVERYONE, SIZE, View, inflated
from qa.services.told_figures import keep_told_figures
from qa.services.traces import flags_of_project, traces_of
from qa.services.work_figures import Figures, work_of_annotators, work_of_project

# Work of the whole project is read from all answers; it then rests this many times as long as that took.
REST: Final = 10
WORK: Final = ("stages", "days", "skips", "assistance", "pairs", "flags", "newest", "work_at", "seconds")


def write_sheets(
    project: Project, table: Distances | None, annotators: Collection[int] | None = None, *, with_work: bool = True
) -> None:
    """Write the project's sheet and those of some annotators, or of all, from the sums.

    Args:
        table: to paint the error on the body; without it nothing was measured.
        with_work: read the project's work from all its answers anew, also where none was kept.
    """
    kept = FigureSheet.objects.filter(project=project, annotator=None).only("data").first()
    old: Figures = kept.data if kept else {}
    everyone = View(_cells_of(project, EVERYONE))
    reference = reference_of(everyone)
    if reference != old.get("reference"):
        annotators = None  # What a reviewer settles first changes what everyone's page is told against.
    work = work_of_annotators(project, annotators)
    short = {} if annotators is None else {row["id"]: row for row in old["annotators"]}
    sheets = []
    traces = traces_of(project, work)
    for pk in work:
        view = View(_cells_of(project, pk))
        data = _figures(view, reference) | work[pk] | {"traces": traces[pk].as_json()}
        short[pk] = {"id": pk, **work[pk], **_short(data)}
        sheets.append(_sheet(project, pk, data, _paint(view, reference, table)))
    if annotators is None:
        FigureSheet.objects.filter(project=project, annotator__isnull=False).exclude(annotator__in=work).delete()
    # Flags are told with the work: where that rests, they wait for it.
    kept_work = {name: old[name] for name in WORK if name in old} | {"flags_wait": True}
    done = _project_work(project, traces, short) if with_work or "work_at" not in old else kept_work
    listed = {"is_measured": table is not None, "annotators": [short[pk] for pk in sorted(short)]}
    data = _figures(everyone, reference) | listed | done
    sheets.append(_sheet(project, None, data, _paint(everyone, reference, table)))
    written = Q(annotator=None) | Q(annotator__in=list(work))
    keep_told_figures(FigureSheet.objects.filter(written, project=project))
    FigureSheet.objects.bulk_create(
        sheets, batch_size=50, update_conflicts=True, unique_fields=["project", "annotator"],
        update_fields=["data", "vertex_error", "computed_at"],
    )  # fmt: skip


def _project_work(project: Project, traces: Mapping[int, Traces], annotators: Mapping[int, Figures]) -> Figures:
    """Return the work of everyone and what in it asks for a decision, with when and in how long that was read."""
    started, now = time.monotonic(), timezone.now()
    newest = Submission.objects.filter(task__project=project).order_by("-pk").values_list("pk", flat=True).first()
    flags = flags_of_project(project, list(annotators.values()), traces)
    found = work_of_project(project) | {"flags": flags, "flags_wait": False, "newest": newest}
    return found | {"work_at": now.isoformat(), "seconds": round(time.monotonic() - started, 2)}


def _cells_of(project: Project, owner: int) -> Any:
    stored = Tally.objects.filter(project=project, annotator=owner or None).values_list("sums", flat=True).first()
    return np.zeros(SIZE, np.int64) if stored is None else inflated(bytes(stored))


def _figures(view: View, reference: str) -> Figures:
    return points_figures(view, reference) | {"parts_agreement": parts_figures(view)}


def _paint(view: View, reference: str, table: Distances | None) -> Any:
    n, cm = view["vertex"][KINDS[reference]]
    return painted(n, cm, table) if table is not None else None


def _short(data: Figures) -> Figures:
    """Return what the list of annotators tells of one."""
    scores = data["agreement"][data["reference"]]
    parts = data["parts_agreement"][data["reference"]] or data["parts_agreement"]["between"]
    return {
        "auc10": scores["auc10"] if scores else None,
        "auc30": scores["auc30"] if scores else None,
        "cm": scores["cm"]["value"] if scores else None,
        "swaps": data["swaps"],
        "iou": parts["iou"] if parts else None,
    }


def _sheet(project: Project, annotator: int | None, data: Figures, vertex_error: Any) -> FigureSheet:
    now = timezone.now()
    return FigureSheet(project=project, annotator_id=annotator, data=data, vertex_error=vertex_error, computed_at=now)
