"""Whether the rows of a projection are those that its events lead to, by the checker's rules: else figures are void."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from service.commands.identity import micros_of, render_time
from service.postgres.names import Names
from tests.bench.failure import BenchFailed
from tests.bench.histories import History

Row = dict[str, Any]
_COLUMNS = {
    "ships": "ship_id, name, status, current_port, version, cargo::text",
    "ports": "port, ships_now, visits, loaded::bigint, unloaded::bigint",
    "accounts": "user_id, username::text, balance, version, deleted",
    "journal": """aggregate, entity_id, version, event_id::text, type, time, causation_id::text, correlation_id,
        data::text""",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What these histories lead to."""

    prefix: str
    ships: History
    users: History

    def events(self, aggregate: str) -> int:
        """How many there are."""
        return len((self.ships if aggregate == "ship" else self.users).events)

    async def compare(self, name: str, database: Any) -> None:
        """Raise BenchFailed where a row is missing, other than it should be, or one too many."""
        wanted = {"ships": self._ships, "ports": self._ports, "accounts": self._accounts, "journal": self._journal}
        left = {_bytes(row) for row in wanted[name]()}
        async for row in self._rows(name, database):
            if (found := _bytes(row)) not in left:
                raise BenchFailed(f"{name} has a row that no event leads to: {found!r}")
            left.remove(found)
        if left:
            raise BenchFailed(f"{name} lacks {len(left):,} rows, among them {next(iter(left))!r}")

    async def _rows(self, name: str, database: Any) -> AsyncIterator[Row]:
        query = f"SELECT {_COLUMNS[name]} FROM {Names(self.prefix).public}.{name}"  # noqa: S608  # names of our own
        async with database.transaction():
            async for row in database.cursor(query, prefetch=5_000):
                yield dict(row)

    def _ships(self) -> Iterator[Row]:
        for ship_id, (version, state) in self.ships.states.items():
            yield {"ship_id": ship_id, "version": version, **state}

    def _ports(self) -> Iterator[Row]:
        found: dict[str, Row] = defaultdict(lambda: dict.fromkeys(("ships_now", "visits", "loaded", "unloaded"), 0))
        for event in _read(self.ships):
            data = event["data"]
            if event["type"] == "ShipDocked":
                found[data["port"]]["visits"] += 1
            elif "quantity" in data:
                found[data["port"]]["loaded" if event["type"] == "CargoLoaded" else "unloaded"] += data["quantity"]
        for _, state in self.ships.states.values():
            if state["current_port"] is not None:
                found[state["current_port"]]["ships_now"] += 1
        return ({"port": port, **row} for port, row in found.items())

    def _accounts(self) -> Iterator[Row]:
        for user_id, (version, state) in self.users.states.items():
            yield {"user_id": user_id, "version": version, **state}

    def _journal(self) -> Iterator[Row]:
        for history in (self.ships, self.users):
            for event in _read(history):
                yield {
                    "aggregate": history.aggregate,
                    "entity_id": event["subject"],
                    "version": event["entityversion"],
                    "event_id": event["id"],
                    "type": event["type"],
                    "time": event["time"],
                    "causation_id": event["causationid"],
                    "correlation_id": event.get("correlationid"),
                    "data": event["data"],
                }


def _read(history: History) -> Iterator[Mapping[str, Any]]:
    return (orjson.loads(draft.value or b"") for draft in history.events)


def _bytes(row: Row) -> bytes:
    """One way to write it, whichever way its JSON, its times and its columns came."""
    for name in ("cargo", "username", "data"):
        if isinstance(row.get(name), str):
            row[name] = orjson.loads(row[name])
    if not isinstance(row.get("time", ""), str):
        row["time"] = render_time(micros_of(row["time"]))
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
