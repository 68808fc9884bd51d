"""What is so now: ships, ports, accounts, and what became of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.postgres.journal import gone, not_found
from service.postgres.names import Names
from service.postgres.pool import Pool, reading_faults
from service.projections.answers import NotFound, State

_SHIP = "SELECT ship_id, name, status, current_port, version, cargo FROM {public}.ships"
_PORT = "SELECT port, ships_now, visits, loaded::text, unloaded::text FROM {public}.ports"
_USER = "SELECT user_id, username, balance, version, deleted FROM {public}.accounts WHERE user_id = $1"
# Each reply is a row. One that is not final counts until another is there, but never instead of an outcome.
_OUTCOMES = """
SELECT aggregate, entity_id, status, code, message, entity_version, events, time
FROM {public}.outcomes AS told WHERE command_id = $1 AND (
    status NOT IN ('busy', 'failed') OR NOT EXISTS (
        SELECT FROM {public}.outcomes AS other
        WHERE other.command_id = $1 AND other.aggregate = told.aggregate AND other.partition = told.partition
            AND other.entity_id IS NOT DISTINCT FROM told.entity_id
            AND (other.status NOT IN ('busy', 'failed') OR other."offset" > told."offset")
    )
) ORDER BY time, aggregate, partition, "offset"
"""
_PROGRESS = """
SELECT projection, version, topic, partition, next_offset FROM {public}.progress
WHERE current ORDER BY projection, topic, partition
"""
_VERSIONS = {
    "ship": "SELECT version FROM {public}.ships WHERE ship_id = $1",
    "user": "SELECT version FROM {public}.accounts WHERE user_id = $1",
}

# The projection that has an aggregate's states.
STATES = {"ship": "ships", "user": "accounts"}


class Current:
    """Rows of the public views as they are; its methods raise StoreUnavailable."""

    def __init__(self, pool: Pool, names: Names) -> None:
        self._pool = pool
        self._public = names.public

    async def _fetch(self, query: str, *parameters: Any) -> list[Mapping[str, Any]]:
        with reading_faults():
            rows = await self._pool.fetch(query.format(public=self._public), *parameters)
        return [dict(row) for row in rows]

    async def version(self, aggregate: str, entity_id: str) -> int:
        """The version that the entity's state has, 0 where there is none."""
        rows = await self._fetch(_VERSIONS[aggregate], entity_id)
        return int(rows[0]["version"]) if rows else 0

    async def state(self, aggregate: str, entity_id: str) -> State:
        """The latest state; raises NotFound and Gone."""
        query = f"{_SHIP} WHERE ship_id = $1" if aggregate == "ship" else _USER
        rows = await self._fetch(query, entity_id)
        if not rows:
            raise not_found(aggregate, entity_id)
        row = dict(rows[0])
        if row.pop("deleted", False):
            raise gone(aggregate, entity_id)
        row.pop("ship_id" if aggregate == "ship" else "user_id")
        return State(entity_id, row.pop("version"), row)

    async def ships(self, after: str, limit: int) -> list[State]:
        """Up to `limit` ships whose ids come after this one, in the order of ids."""
        rows = await self._fetch(f"{_SHIP} WHERE ship_id > $1 ORDER BY ship_id LIMIT $2", after, limit)
        return [
            State(
                row["ship_id"],
                row["version"],
                {name: row[name] for name in ("name", "status", "current_port", "cargo")},
            )
            for row in rows
        ]

    async def ports(self, after: str, limit: int) -> list[Mapping[str, Any]]:
        """Up to `limit` ports whose names come after this one, in the order of names."""
        return [
            _port(row) for row in await self._fetch(f"{_PORT} WHERE port > $1 ORDER BY port LIMIT $2", after, limit)
        ]

    async def port(self, name: str) -> Mapping[str, Any]:
        """One port; raises NotFound."""
        rows = await self._fetch(f"{_PORT} WHERE port = $1", name)
        if not rows:
            raise NotFound(f"No ship has docked at {name}")
        return _port(rows[0])

    async def outcomes(self, command_id: str) -> list[Mapping[str, Any]]:
        """What became of the commands with this id, which each entity has to itself."""
        return await self._fetch(_OUTCOMES, command_id)

    async def progress(self) -> list[Mapping[str, Any]]:
        """The next offset of each partition of each projection."""
        return await self._fetch(_PROGRESS)

    async def ping(self) -> None:
        """Return where the database answers."""
        await self._fetch("SELECT 1")


def _port(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "loaded": int(row["loaded"]), "unloaded": int(row["unloaded"])}
