"""What a validator reports: defects, each with its place, value and way out, and the count of all of them."""

import reprlib
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How bad a defect is: an error breaks or poisons training, a warning is likely a mistake, a note just tells."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong with a file.

    `record` names the place ("annotation 17", "image 4", "file"); `annotation_id` is set where it is an annotation with
    an id; `field` may carry an index ("dp_I[3]"); `value` is shortened.
    """

    level: Level
    record: str
    field: str
    value: str
    problem: str
    annotation_id: int | str | None = None

    def __str__(self) -> str:
        value = f" = {self.value}" if self.value else ""
        return f"{self.level}: {self.record}: {self.field}{value}: {self.problem}"


@dataclass(slots=True)
class Report:
    """The outcome of validating a file: the first defects of each level, and counts of all."""

    limit: int = 1000
    defects: list[Defect] = field(default_factory=list)
    by_level: Counter[Level] = field(default_factory=Counter)
    by_field: Counter[tuple[Level, str]] = field(default_factory=Counter)
    n_images: int = 0
    n_annotations: int = 0
    n_with_points: int = 0
    n_points: int = 0

    @property
    def n_errors(self) -> int:
        """All errors, also those beyond the limit."""
        return self.by_level[Level.ERROR]

    @property
    def n_warnings(self) -> int:
        """All warnings, also those beyond the limit."""
        return self.by_level[Level.WARNING]

    @property
    def is_valid(self) -> bool:
        """No error at all; warnings and notes may be there."""
        return self.n_errors == 0

    def add(self, defect: Defect) -> None:
        """Count a defect, and keep it while its level has room."""
        if self.by_level[defect.level] < self.limit:
            self.defects.append(defect)
        self.by_level[defect.level] += 1
        self.by_field[defect.level, defect.field.partition("[")[0]] += 1


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlist = _SHORT.maxdict = 4
_SHORT.maxlevel = 2


def shown(value: Any) -> str:
    """Return a short text of any value."""
    return _SHORT.repr(value)
