"""What is sorted on disk leaves nothing there, takes no memory with its size, and says where there is no room."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli.exits import Exit, Stop
from service.cli.history_file import Row
from service.cli.history_spool import Spool

_MIB = 2**20


def rows(count: int) -> Iterator[Row]:
    return (Row(f"{place * 7919 % count}", 0, place, None, "ShipDocked", 1, b"x" * 1_000, 0) for place in range(count))


def test_what_is_larger_than_memory_may_be_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    most = _peak()
    with Spool() as spool:
        spool.add_rows(rows(200_000))
        found = [int(Row._make(row).entity_id) for row in spool.ordered()]
        assert [] == [*tmp_path.iterdir()]
    assert sorted(range(200_000), key=str) == found
    assert _peak() - most < 150 * _MIB


def _peak() -> int:
    """In bytes, of which macOS counts ones and Linux kibibytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1_024)


def test_that_there_is_no_room_is_told() -> None:
    with pytest.raises(Stop) as stop:
        _spool_on_a_full_disk()
    assert stop.value.code is Exit.FAILED
    assert "TMPDIR" in str(stop.value)


def _spool_on_a_full_disk() -> None:
    with Spool() as spool:
        spool._db.execute("PRAGMA max_page_count = 100")  # noqa: SLF001  # as if the disk had no more
        spool.add_rows(rows(1_000))
