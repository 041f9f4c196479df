"""Versions of models as a project sees them: where each came from, what it is worth, how two differ."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from annotator.errors import NotFoundError
from annotator.models import ModelVersion, Project, Proposal, Stage
from annotator.services.model_versions import FINDERS
from annotator.services.preannotation import proposer_of
from body.intervals import Interval, mean_interval
from export.models import Evaluation, Training

# Figures that people are resampled for, each with what a person's entry counts: its points, or once.
COMPARED: Final = {"auc10": "points", "auc30": "points", "gps": "people"}
_SETS: Final = 4
_VERSIONS_A_SET: Final = 12


@dataclass(frozen=True)
class VersionRow:
    """A version that the project may use.

    Attributes:
        training: on a release of this project; None for what came from elsewhere.
        proposals: how many people of the project it has proposed for.
        is_proposer: whether new people get its proposals.
    """

    version: ModelVersion
    training: Training | None
    proposals: int
    is_proposer: bool


@dataclass(frozen=True)
class MeasuredRow:
    """An evaluation with intervals over people, and how far it lies above the one that all are compared with."""

    evaluation: Evaluation
    own: dict[str, Interval]
    difference: dict[str, Interval] | None


@dataclass(frozen=True)
class HeldOutSet:
    """Everything measured on the same held-out people, the newest first.

    Attributes:
        release_number: the first release that had them.
        against: the evaluation that the others are compared with.
    """

    release_number: int
    people: int
    points: int
    against: Evaluation
    rows: list[MeasuredRow]


def versions_for(project: Project) -> list[VersionRow]:
    """Return the versions that a project may use, the newest first; what learnt from other projects is left out."""
    counted = Proposal.objects.filter(person__project=project, stage=Stage.PARTS).values_list("model_version")
    proposals = Counter(dict(counted.annotate(n=Count("id"))))
    proposer = proposer_of(project)
    elsewhere = Training.objects.filter(version=OuterRef("pk")).exclude(project=project)
    measured = Evaluation.objects.filter(version=OuterRef("pk"), project=project)
    known = ModelVersion.objects.filter(
        ~Exists(elsewhere) | Exists(measured) | Q(digest__in=list(proposals)) | Q(pk=proposer.pk if proposer else None)
    )
    trainings = {row.version_id: row for row in Training.objects.filter(project=project).select_related("start")}
    return [
        VersionRow(version, trainings.get(version.pk), proposals[version.digest], version == proposer)
        for version in known.exclude(bundled__in=FINDERS)
    ]


def held_out_sets(project: Project, against: int | None = None) -> list[HeldOutSet]:
    """Return what was measured, by held-out people, the latest set first.

    Args:
        against: the number of the version that the others are compared with; where it is None or was not measured on a
            set, the one that proposes now is taken, or else the oldest.
    """
    proposer = proposer_of(project)
    preferred = [against, proposer.pk if proposer else None]
    by_set: dict[str, list[Evaluation]] = {}
    for evaluation in Evaluation.objects.filter(project=project).select_related("version"):
        by_set.setdefault(evaluation.held_out, []).append(evaluation)
    return [_set_of(found, preferred) for found in list(by_set.values())[:_SETS]]


def _set_of(found: list[Evaluation], preferred: list[int | None]) -> HeldOutSet:
    of_version = {evaluation.version_id: evaluation for evaluation in found}
    against = next((of_version[pk] for pk in preferred if pk in of_version), found[-1])
    rows = [
        MeasuredRow(
            evaluation,
            {name: _mean(evaluation, name) for name in COMPARED},
            None if evaluation == against else {name: _mean(evaluation, name, against) for name in COMPARED},
        )
        for evaluation in found[:_VERSIONS_A_SET]
    ]
    oldest = found[-1]
    return HeldOutSet(oldest.release_number, oldest.figures["people"], oldest.figures["points"], against, rows)


def _mean(evaluation: Evaluation, name: str, against: Evaluation | None = None) -> Interval:
    """Return a figure over people with its interval, or its difference to another's on the same people: paired."""
    columns = evaluation.by_person
    value = np.array(columns[name], np.float64)
    if against is not None:
        assert columns["person"] == against.by_person["person"]  # the same file of held-out people
        value = value - np.array(against.by_person[name], np.float64)
    count = np.array(columns["points"], np.int64) if COMPARED[name] == "points" else np.ones(len(value), np.int64)
    found = mean_interval(np.array(columns["person"], np.int64), value * count, count)
    return found or Interval(0.0, None, None, 0)


def version_of(project: Project, number: int) -> ModelVersion:
    """Return a version that a project may use.

    Raises:
        NotFoundError: there is none of this number, or it learnt from another project.
    """
    found = next((row.version for row in versions_for(project) if row.version.pk == number), None)
    if found is None:
        raise NotFoundError(_("There is no such model."))
    return found
