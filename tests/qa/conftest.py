"""The cast at work on one project, as the annotator's tests know it, and distances that need no table."""

import pytest

from tests.annotator.conftest import _fast_passwords, views, world

__all__ = ["_fast_passwords", "straight_table", "views", "world"]


@pytest.fixture
def straight_table(monkeypatch):
    """Distances through the air wherever qa asks for the table: quick, and known to the last digit."""
    import qa.geodesics
    from tests.distances import StraightTable

    table = StraightTable()
    monkeypatch.setattr(qa.geodesics, "_opened", [table])
    return table
