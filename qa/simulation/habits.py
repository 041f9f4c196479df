"""How a simulated annotator works: each habit is a number that the figures should find again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final


class HabitsError(ValueError):
    """A table of habits that cannot be read, in words."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What one kind of annotator does.

    Attributes:
        name: of the kind.
        sigma_cm: error of a placed point along each of two tangent axes; its mean distance is sigma sqrt(pi / 2).
        drift: share by which sigma grows with each task done: 0.02 doubles it in fifty tasks.
        side_swaps: share of points answered on the other side of the body; only head and torso, whose two sides lie on
            one set of views, can be mixed up in the workbench.
        front_back_swaps: share of points answered on the far side of the part, front for back.
        laziness: share of parts whose points are all put in the middle of one view.
        copying: share of tasks whose answer is another's, where another's is there.
        cannot_tell: share of points called so.
        seconds_a_point: median time.
        edge_px: how far painted edges stray, a standard deviation in pixels of the crop.
        painted_swaps: share of people painted with left and right exchanged.
        seconds_a_person: median time for the parts of one person.
    """

    name: str = "careful"
    sigma_cm: float = 1.5
    drift: float = 0.0
    side_swaps: float = 0.0
    front_back_swaps: float = 0.0
    laziness: float = 0.0
    copying: float = 0.0
    cannot_tell: float = 0.01
    seconds_a_point: float = 4.0
    edge_px: float = 1.0
    painted_swaps: float = 0.0
    seconds_a_person: float = 90.0

    def sigma_after(self, tasks: int) -> float:
        """Return sigma in cm when that many tasks were done before."""
        return self.sigma_cm * (1.0 + self.drift) ** tasks


PRESETS: Final[Mapping[str, Habits]] = {
    habits.name: habits
    for habits in (
        Habits(),
        Habits("average", sigma_cm=3.0, side_swaps=0.01, front_back_swaps=0.01, cannot_tell=0.03, edge_px=2.0),
        Habits("swapping", sigma_cm=2.0, side_swaps=0.2, front_back_swaps=0.1, painted_swaps=0.2),
        Habits("lazy", laziness=1.0, seconds_a_point=2.0),
        Habits("drifting", sigma_cm=1.2, drift=0.04),
        Habits("copying", copying=1.0, seconds_a_point=2.0),
        Habits("hasty", sigma_cm=4.0, seconds_a_point=0.8, edge_px=5.0, seconds_a_person=15.0),
    )
}
USUAL_MIX: Final = "careful=6,average=3,swapping=1,lazy=1,drifting=1,copying=1,hasty=1"


def habits_of_mix(mix: str, count: int | None = None) -> list[Habits]:
    """Return one entry an annotator from words like "careful=6,lazy=1".

    Args:
        mix: presets and how many of each.
        count: how many in all; the mix is repeated, or cut, to that. None takes the mix as it is.

    Raises:
        HabitsError: an unknown preset, or no number.
    """
    found: list[Habits] = []
    for word in filter(None, (part.strip() for part in mix.split(","))):
        name, _, number = word.partition("=")
        if name not in PRESETS:
            raise HabitsError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
        if not (number or "1").isdecimal():
            raise HabitsError(f"{word!r}: give a whole number of annotators, like {name}=2")
        found += [PRESETS[name]] * int(number or "1")
    if not found:
        raise HabitsError("the mix names nobody")
    return found if count is None else (found * -(-count // len(found)))[:count]


def habits_of_file(path: Path) -> list[Habits]:
    """Return one entry an annotator from a JSON list like [{"like": "careful", "count": 3, "sigma_cm": 1.2}, ...].

    Raises:
        HabitsError: not such a file, an unknown habit, or a share outside 0..1.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HabitsError(f"{path} cannot be read: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise HabitsError(f"{path} must be a JSON list of objects")
    found: list[Habits] = []
    for row in rows:
        found += [_habits(dict(row))] * int(row.get("count", 1))
    return found


def _habits(row: dict[str, Any]) -> Habits:
    base = row.pop("like", "careful")
    row.pop("count", None)
    if base not in PRESETS:
        raise HabitsError(f"there is no preset {base!r}; there are {', '.join(PRESETS)}")
    known = {field.name for field in fields(Habits)}
    if unknown := sorted(set(row) - known):
        raise HabitsError(f"unknown habits {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    for name, value in row.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if name != "name" and not (is_number and value >= 0 and (value <= 1 or name not in _SHARES)):
            raise HabitsError(f"{name} must be a number {'from 0 to 1' if name in _SHARES else 'of 0 or more'}")
    return replace(PRESETS[base], **row)


_SHARES: Final = frozenset({"side_swaps", "front_back_swaps", "laziness", "copying", "cannot_tell", "painted_swaps"})
