"""What is read of a file is sorted on disk, so that a history of any length is judged in little memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from types import TracebackType
from typing import Any, Self

from service.cli.exits import Exit, Stop
from service.cli.history_chunks import Chunk
from service.cli.history_file import RowFault

_MADE = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -32768;  -- KiB; as much again is sorted at once
CREATE TABLE events (
    entity_id TEXT, time INTEGER, place INTEGER, event_id TEXT, type TEXT, schema_version INTEGER, data BLOB,
    reached INTEGER
);
CREATE TABLE faults (place INTEGER, entity_id TEXT, message TEXT);
CREATE INDEX unreadable ON faults (entity_id, place);
CREATE TABLE chunks (entity_id TEXT, first_version INTEGER, events INTEGER, command_id TEXT, content BLOB);
BEGIN;
"""
_ORDERED = "SELECT * FROM events ORDER BY entity_id, reached, place"
_REPEATED = """
INSERT INTO faults SELECT place, NULL, 'event_id is that of row ' || first FROM events JOIN (
    SELECT event_id, min(place) AS first FROM events WHERE event_id IS NOT NULL GROUP BY event_id HAVING count(*) > 1
) USING (event_id) WHERE place > first
"""


class Spool:
    """A file without a name: nothing of it stays, however the process ends. Entered, it raises Stop where none can be.

    It lies where TMPDIR says, and takes a few times the room of the events.
    """

    def __enter__(self) -> Self:
        # An empty name makes a file that is removed from its directory as soon as it is open.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_MADE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.OperationalError):
            message = (
                f"Sorting the file failed ({error}): TMPDIR says where, and twice the room of the events is needed"
            )
            raise Stop(Exit.FAILED, message) from error

    def add_rows(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Keep these, the fields of a row each, in any order."""
        self._db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def add_fault(self, fault: RowFault) -> None:
        """Keep what is wrong with a row; `entity_id` where it cannot be read as an event of it."""
        # What a file may hold, and UTF-8 may not.
        told = fault.message.encode(errors="backslashreplace").decode()
        self._db.execute("INSERT INTO faults VALUES (?, ?, ?)", (fault.place, fault.entity_id, told))

    def add_chunks(self, chunks: Iterable[Chunk]) -> None:
        """Keep these; those of an entity one after the other."""
        self._db.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?)", chunks)

    def find_repeated(self) -> None:
        """Keep as a fault each event under an id that an earlier one has."""
        self._db.execute(_REPEATED)

    def ordered(self) -> Iterator[tuple[Any, ...]]:
        """The fields of each row, entity by entity, in order of times reached; equal ones keep that of the file."""
        return self._db.execute(_ORDERED)

    def any_unreadable(self) -> bool:
        """Whether there is a row of a known entity that cannot be read."""
        return bool(self._one("SELECT EXISTS (SELECT 1 FROM faults WHERE entity_id IS NOT NULL)"))

    def unreadable(self, entity_id: str) -> int | None:
        """The place of the first row of an entity that cannot be read, where there is one."""
        found: int | None = self._one("SELECT min(place) FROM faults WHERE entity_id = ?", entity_id)
        return found

    def events(self) -> int:
        """How many there are."""
        return int(self._one("SELECT count(*) FROM events"))

    def entities(self) -> int:
        """How many histories there are."""
        return int(self._one("SELECT count(*) FROM chunks WHERE first_version = 1"))

    def faults(self, most: int | None = None) -> Iterator[str]:
        """A line each, in the order of the file."""
        query = "SELECT place, message FROM faults ORDER BY place, message LIMIT ?"
        for place, message in self._db.execute(query, (-1 if most is None else most,)):
            yield f"Row {place}: {message}"

    def fault_count(self) -> int:
        """How many there are."""
        return int(self._one("SELECT count(*) FROM faults"))

    def histories(self) -> Iterator[Iterator[Chunk]]:
        """The chunks of each entity; several entities can be gone through at once."""
        firsts = self._db.execute("SELECT rowid FROM chunks WHERE first_version = 1 ORDER BY rowid")
        behind_all = self._one("SELECT count(*) + 1 FROM chunks")
        for (first,), (next_first,) in pairwise(chain(firsts, [(behind_all,)])):
            yield map(self._chunk, range(first, next_first))

    def _chunk(self, rowid: int) -> Chunk:
        [found] = self._db.execute("SELECT * FROM chunks WHERE rowid = ?", (rowid,))
        return Chunk._make(found)

    def _one(self, query: str, *parameters: str) -> Any:
        [(found,)] = self._db.execute(query, parameters)
        return found
