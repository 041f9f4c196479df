"""The list of annotators on the page of figures: looked through by name, by habit, in the order of a column.

A project of 200 is read from a kept sheet; what is looked for stands in the page's address.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy

from annotator.natural_order import natural_key
from webapp.selectors.flags import NAMES

ANY: Final = "any"
Row = dict[str, Any]


def _of(stage: str, figure: str) -> Callable[[Row], Any]:
    return lambda row: row[stage].get(figure)


@dataclass(frozen=True)
class Column:
    """One column: its heading, what of a row it is sorted by, and to which stage it belongs where two look alike."""

    name: str
    heading: Any
    key: Callable[[Row], Any]
    stage: Any = ""


COLUMNS: Final = (
    Column("name", gettext_lazy("Annotator"), lambda row: natural_key(row["name"])),
    Column("parts", gettext_lazy("parts"), _of("parts", "answers")),
    Column("parts-time", gettext_lazy("time"), _of("parts", "median_s"), gettext_lazy("parts")),
    Column("iou", "IoU", lambda row: row["iou"] and row["iou"]["value"]),
    Column("points", gettext_lazy("points"), _of("points", "answers")),
    Column("points-time", gettext_lazy("time"), _of("points", "median_s"), gettext_lazy("points")),
    Column("auc10", "AUC@10", lambda row: row["auc10"] and row["auc10"]["value"]),
    Column("cm", "cm", lambda row: row["cm"]),
    Column("swaps", gettext_lazy("swaps"), lambda row: row["swaps"]),
)
_KEYS: Final = {column.name: column.key for column in COLUMNS}


@dataclass(frozen=True)
class Wanted:
    """What is looked for: part of a name, a kind of flag or any, and the column of the order, "-" for largest first."""

    search: str = ""
    flag: str = ""
    order: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> "Wanted":
        """Return what an address asks for; what is unknown in it is left out."""
        flag, order = query.get("flag", ""), query.get("order", "")
        return cls(
            query.get("q", "").strip()[:80],
            flag if flag in {ANY, *NAMES} else "",
            order if order.removeprefix("-") in _KEYS else "",
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.flag)


@dataclass(frozen=True)
class Heading:
    """A column's heading: the order that a click asks for, and the order that stands, as `aria-sort` has it."""

    column: Column
    next_order: str
    sorted: str


def headings(wanted: Wanted) -> list[Heading]:
    """Return the headings; a click asks for names from the first, for figures from the largest, then turns round."""
    found = []
    for column in COLUMNS:
        up, down = column.name, f"-{column.name}"
        first, then = (up, down) if column.name == "name" else (down, up)
        sort = {up: "ascending", down: "descending"}.get(wanted.order, "")
        found.append(Heading(column, then if wanted.order == first else first, sort))
    return found


def flag_choices(rows: list[Row]) -> list[tuple[str, Any, int]]:
    """Return (kind, label, how many annotators) of the flags that anybody has, any of them first."""
    counts = Counter(kind for row in rows for kind in row["kinds"])
    flagged = sum(bool(row["kinds"]) for row in rows)
    kinds = [(kind, name, counts[kind]) for kind, name in NAMES.items() if counts[kind]]
    return [(ANY, gettext_lazy("any habit"), flagged), *kinds] if kinds else []


def narrowed(rows: list[Row], wanted: Wanted) -> list[Row]:
    """Return the rows that are looked for, in the order that is; who has no such figure comes last either way."""
    search = wanted.search.casefold()
    found = [
        row
        for row in rows
        if search in row["name"].casefold()
        and (not wanted.flag or wanted.flag in row["kinds"] or (wanted.flag == ANY and row["kinds"]))
    ]
    if not wanted.order:
        return found
    key = _KEYS[wanted.order.removeprefix("-")]
    with_figure = [row for row in found if key(row) is not None]
    without = [row for row in found if key(row) is None]
    return sorted(with_figure, key=key, reverse=wanted.order.startswith("-")) + without
