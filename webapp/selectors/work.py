"""Work and time by annotator, for payment."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, Sum

from annotator.models import Project, Stage, Submission
from annotator.natural_order import natural_key


@dataclass(frozen=True)
class WorkRow:
    """What one person handed in at one stage in a period; corrections add time, not people."""

    username: str
    name: str
    stage: str
    people: int
    answers: int
    active_ms: int
    sent_back: int

    @property
    def hours(self) -> float:
        return self.active_ms / 3_600_000


def work_by_annotator(project: Project, first: date, last: date) -> list[WorkRow]:
    """Return the work of a period, both days included, by name and stage; reviewers' corrections too."""
    rows = (
        Submission.objects.filter(
            task__project=project, annotator__isnull=False, created_at__date__gte=first, created_at__date__lte=last
        )
        .order_by()
        .values("annotator__username", "annotator__display_name", "task__stage")
        .annotate(
            answers=Count("pk"),
            people=Count("pk", filter=Q(supersedes=None)),
            active_ms=Sum("active_ms", default=0),
            returned=Count("sent_back", filter=Q(sent_back__reviewer__isnull=False)),
        )
    )
    return [
        WorkRow(
            row["annotator__username"],
            row["annotator__display_name"] or row["annotator__username"],
            str(Stage(row["task__stage"]).label),
            row["people"],
            row["answers"],
            row["active_ms"],
            row["returned"],
        )
        for row in sorted(rows, key=lambda row: (natural_key(row["annotator__username"]), row["task__stage"]))
    ]
