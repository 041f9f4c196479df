"""The table of geodesic distances in this process; QA says "preparing" until it is built."""

from annotator.tasks.surface import GEODESICS_DIR
from body.geodesics import GeodesicsFileError, GeodesicTable, geodesics_path

_opened: list[GeodesicTable] = []


def geodesic_table() -> GeodesicTable | None:
    """Return the table of the canonical body, memory-mapped once a process; None while it is being built."""
    if not _opened:
        try:
            _opened.append(GeodesicTable.open(geodesics_path(GEODESICS_DIR)))
        except GeodesicsFileError:
            return None
    return _opened[0]
