"""How often things are killed: as often as a run on every change has time for, or as one that takes long."""

from __future__ import annotations

import pytest


@pytest.fixture
def kills(pytestconfig: pytest.Config) -> int:
    """So many in one test."""
    return 10 if pytestconfig.getoption("--long") else 5
