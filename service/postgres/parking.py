"""What a build could not take: the entity, why, and its messages in their order, until somebody has them taken."""

from __future__ import annotations

from service.postgres.pool import Connection
from service.projections.batch import Batch, entity_of

# What each build has beside the tables of its projection.
OWN_TABLES = ("progress", "parked", "waiting")

TABLES = """
CREATE TABLE progress (
    topic text, partition int, next_offset bigint NOT NULL, turn int NOT NULL DEFAULT 0, PRIMARY KEY (topic, partition)
) WITH (fillfactor = 10);
CREATE TABLE parked (
    topic text, partition int, entity_id text, "offset" bigint NOT NULL, reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (topic, partition, entity_id)
);
CREATE TABLE waiting (
    topic text, partition int, entity_id text, "offset" bigint, key bytea, value bytea,
    PRIMARY KEY (topic, partition, entity_id, "offset")
);
"""


async def park(connection: Connection, schema: str, topic: str, partition: int, batch: Batch) -> None:
    """Keep what a batch could not take, within its transaction; one that is parked already is parked anew."""
    await connection.executemany(
        f"""
        INSERT INTO {schema}.parked VALUES ($1, $2, $3, $4, $5) ON CONFLICT (topic, partition, entity_id)
        DO UPDATE SET "offset" = excluded."offset", reason = excluded.reason, at = excluded.at
        """,  # noqa: S608  # the schema is our own
        [(topic, partition, entity_id, at.offset, at.reason) for entity_id, at in batch.parked.items()],
    )
    await connection.execute(
        f"""
        INSERT INTO {schema}.waiting SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[], $5::bytea[], $6::bytea[])
        ON CONFLICT DO NOTHING
        """,  # noqa: S608  # as above
        topic,
        partition,
        [entity_of(record) for record in batch.waiting],
        [record.offset for record in batch.waiting],
        [record.key for record in batch.waiting],
        [record.value for record in batch.waiting],
    )
