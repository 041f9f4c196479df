"""An answer to the points of a person as the workbench sends it, and what was put into it."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotator.models import PointStatus
from body.surface import SurfacePoints
from qa.simulation.clicks import clickable

Float64 = NDArray[np.float64]
UInt8 = NDArray[np.uint8]
_WORDS = {PointStatus.CANNOT_TELL: "cannot_tell", PointStatus.NOT_THIS_PART: "not_this_part"}


class Deed(IntEnum):
    """What was done to one point."""

    NONE = 0
    PLAIN = 1
    SIDE_SWAP = 2
    FRONT_BACK_SWAP = 3
    LAZY = 4
    COPIED = 5


@dataclass(frozen=True, slots=True, eq=False)
class PointsAnswer:
    """An answer to N points in the columns of a submission, and what was put into it.

    Attributes:
        status: (N,) uint8; view: (N,) uint8, 0 where nothing was clicked; click: (N, 2), NaN there; surface: N points.
        deed: (N,) uint8 of `Deed`.
        error_cm: (N,) the length of the error that was drawn, NaN where none was.
        seconds: time taken.
    """

    status: UInt8
    view: UInt8
    click: Float64
    surface: SurfacePoints
    deed: UInt8
    error_cm: Float64
    seconds: float

    def as_json(self, keys: NDArray[np.integer]) -> dict[str, Any]:
        """Return the answer as the workbench sends it."""
        answers: dict[str, dict[str, Any]] = {}
        for row, key in enumerate(keys):
            status = PointStatus(int(self.status[row]))
            told: dict[str, Any] = {"status": _WORDS.get(status, "placed")}
            if status == PointStatus.PLACED:
                told |= {"view": int(self.view[row]), "x": float(self.click[row, 0]), "y": float(self.click[row, 1])}
            answers[str(int(key))] = told
        return {"answers": answers, "current": None}


def truthful(part: UInt8, truth: SurfacePoints) -> PointsAnswer:
    """Return the true answer, as a reviewer places it: what no view of the part shows is "cannot tell".

    Args:
        part: (N,) the part whose views are shown for each point.
        truth: N true points; absent beside the person.
    """
    view, click = clickable(part, truth)
    status = np.where(view > 0, PointStatus.PLACED, PointStatus.CANNOT_TELL).astype(np.uint8)
    status[truth.part != part] = PointStatus.NOT_THIS_PART
    absent = status != PointStatus.PLACED
    view[absent], click[absent] = 0, np.nan
    surface = SurfacePoints(np.where(absent, -1, truth.triangle), np.where(absent[:, None], 0.0, truth.weights))
    deed = np.where(absent, Deed.NONE, Deed.PLAIN).astype(np.uint8)
    return PointsAnswer(status, view, click, surface, deed, np.where(absent, np.nan, 0.0), 1.0)


@dataclass(slots=True)
class PutIn:
    """What was put into one annotator's answers, summed, so that the figures can be checked against it."""

    habits: str
    tasks: int = 0
    points: int = 0
    deeds: dict[str, int] = field(default_factory=dict)
    error_cm: float = 0.0
    errors: int = 0
    people_painted: int = 0
    people_swapped: int = 0

    def add(self, answer: PointsAnswer) -> None:
        self.tasks += 1
        self.points += int((answer.status == PointStatus.PLACED).sum())
        for deed, n in zip(Deed, np.bincount(answer.deed, minlength=len(Deed)), strict=True):
            if n:
                self.deeds[deed.name.lower()] = self.deeds.get(deed.name.lower(), 0) + int(n)
        known = np.isfinite(answer.error_cm)
        self.error_cm += float(answer.error_cm[known].sum())
        self.errors += int(known.sum())
