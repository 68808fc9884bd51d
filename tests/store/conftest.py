"""A store of each kind, new for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.commands.ports import LocalStore
from service.store.shelf import RocksShelf
from tests.domain.memory import MemoryStore


@pytest.fixture
def shelf(tmp_path: Path) -> RocksShelf:
    return RocksShelf(tmp_path / "shelf")


@pytest.fixture(params=["memory", "rocks"])
def store(request: pytest.FixtureRequest, shelf: RocksShelf) -> Iterator[LocalStore]:
    found: LocalStore = MemoryStore() if request.param == "memory" else shelf.open("one")
    yield found
    found.close()
