"""The messages that wait behind parked entities, as a redrive looks at them and lets go of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from service.postgres.frozen import FROZEN_MS
from service.postgres.pool import Connection
from service.projections.batch import Parked
from service.projections.level import Place


class Waiting(NamedTuple):
    """A record that waits, and for whom."""

    entity_id: str
    offset: int
    key: bytes | None
    value: bytes | None
    partition: int


class Still(NamedTuple):
    """An entity that is parked: from which message on and why, since when, and how many messages wait."""

    topic: str
    partition: int
    entity_id: str
    offset: int
    reason: str
    at: datetime
    waiting: int


async def still_parked(connection: Connection, schema: str, only: str | None) -> list[Still]:
    """One entity or all, the longest parked first."""
    query = f"""
        SELECT topic, partition, entity_id, "offset", reason, at, (
            SELECT count(*) FROM {schema}.waiting
            WHERE (topic, partition, entity_id) = (parked.topic, parked.partition, parked.entity_id)
        ) FROM {schema}.parked WHERE $1::text IS NULL OR entity_id = $1 ORDER BY at, topic, partition, "offset"
    """  # noqa: S608  # the schema is our own
    return [Still(*row) for row in await connection.fetch(query, only)]


async def places(connection: Connection, schema: str, only: str | None) -> list[Place]:
    """The topics and partitions in which one entity, or any, is parked."""
    query = f"""
        SELECT DISTINCT topic, partition FROM {schema}.parked WHERE $1::text IS NULL OR entity_id = $1 ORDER BY 1, 2
    """  # noqa: S608  # as above
    return [tuple(row) for row in await connection.fetch(query, only)]


async def count_waiting(connection: Connection, schema: str, only: str | None) -> int:
    """How many messages wait, of one entity or of all."""
    query = f"SELECT count(*) FROM {schema}.waiting WHERE $1::text IS NULL OR entity_id = $1"  # noqa: S608  # as above
    return int(await connection.fetchval(query, only))


async def hold(connection: Connection, schema: str, place: Place) -> None:
    """Let no projector, switch or other redrive come between what waits and its rows to the transaction's end."""
    # Whatever the server's own setting: a turn that a crash undoes could come again, and stand for other entities.
    await connection.execute("SET LOCAL synchronous_commit = on")
    await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {FROZEN_MS}")
    # The row's lock alone would be none to a switch, to which the build that readers see must stand still.
    await connection.execute(f"LOCK TABLE {schema}.progress IN ROW EXCLUSIVE MODE")
    await connection.execute(
        f"SELECT FROM {schema}.progress WHERE (topic, partition) = ($1, $2) FOR UPDATE",  # as above
        *place,
    )


async def next_waiting(  # noqa: PLR0913  # where, from where on, of whom, and how many
    connection: Connection,
    schema: str,
    place: Place,
    after: tuple[str, int],
    only: str | None,
    leave_out: Sequence[str],
    most: int,
) -> list[Waiting]:
    """An entity's messages in their order; the entities in any, since rows that they share do not ask for one."""
    query = f"""
        SELECT entity_id, "offset", key, value, partition FROM {schema}.waiting
        WHERE (topic, partition) = ($1, $2) AND (entity_id, "offset") > ($3, $4) AND entity_id <> ALL ($5::text[])
            {"AND entity_id = $6" if only is not None else ""}
        ORDER BY entity_id, "offset" LIMIT {most}
    """  # noqa: S608  # as above
    more = [] if only is None else [only]
    return [Waiting(*row) for row in await connection.fetch(query, *place, *after, leave_out, *more)]


async def forget(connection: Connection, schema: str, place: Place, taken: Sequence[Waiting]) -> None:
    """These, which are the first that wait of their entities, wait no longer."""
    last = {one.entity_id: one.offset for one in taken}
    # Each by itself: joined with what is taken, PostgreSQL goes through all that waits, which is new to it.
    await connection.executemany(
        f"""
        DELETE FROM {schema}.waiting WHERE topic = $1 AND partition = $2 AND entity_id = $3 AND "offset" <= $4
        """,  # noqa: S608  # as above
        [(*place, entity_id, offset) for entity_id, offset in last.items()],
    )


async def park_anew(connection: Connection, schema: str, place: Place, failed: Mapping[str, Parked]) -> None:
    """These are parked from here on and for this reason."""
    await connection.executemany(
        f"""
        UPDATE {schema}.parked SET "offset" = $4, reason = $5, at = now()
        WHERE (topic, partition, entity_id) = ($1, $2, $3)
        """,  # noqa: S608  # as above
        [(*place, entity_id, at.offset, at.reason) for entity_id, at in failed.items()],
    )


async def park_further(connection: Connection, schema: str, place: Place, taken: Sequence[Waiting]) -> None:
    """Whose first messages were taken is parked from the next on: by that a switch knows how far its rows have come."""
    # Who has none waiting has all that there is, until the projector comes further.
    await connection.executemany(
        f"""
        UPDATE {schema}.parked SET "offset" = coalesce(
            (SELECT min("offset") FROM {schema}.waiting WHERE (topic, partition, entity_id) = ($1, $2, $3)),
            (SELECT next_offset FROM {schema}.progress WHERE (topic, partition) = ($1, $2))
        ) WHERE (topic, partition, entity_id) = ($1, $2, $3)
        """,  # noqa: S608  # as above
        [(*place, entity_id) for entity_id in dict.fromkeys(one.entity_id for one in taken)],
    )


async def unpark(connection: Connection, schema: str, place: Place, only: str | None) -> int:
    """Who has nothing waiting is parked no longer, which projectors hear of by the turn; how many those are."""
    gone = await connection.fetch(
        f"""
        DELETE FROM {schema}.parked AS p
        WHERE (topic, partition) = ($1, $2) AND ($3::text IS NULL OR entity_id = $3) AND NOT EXISTS (
            SELECT FROM {schema}.waiting AS w
            WHERE (w.topic, w.partition, w.entity_id) = (p.topic, p.partition, p.entity_id)
        ) RETURNING entity_id
        """,  # noqa: S608  # as above
        *place,
        only,
    )
    if gone:
        await connection.execute(
            f"UPDATE {schema}.progress SET turn = turn + 1 WHERE (topic, partition) = ($1, $2)",  # noqa: S608  # as above
            *place,
        )
    return len(gone)
