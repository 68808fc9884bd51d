"""What became of each command, found by its id; the answer to a repeat says nothing new and makes no row."""

from __future__ import annotations

from collections.abc import Iterable

from service.projections.projection import Change, Insert, Projection, View
from service.projections.stored import Source, Stored

TABLES = """
CREATE TABLE outcomes (
    aggregate text,
    partition int,
    "offset" bigint,
    command_id text NOT NULL,
    entity_id text,
    status text NOT NULL,
    code text,
    message text,
    entity_version bigint,
    events jsonb NOT NULL,
    time timestamptz NOT NULL,
    PRIMARY KEY (aggregate, partition, "offset")
);
CREATE INDEX ON outcomes (command_id);
"""

OUTCOMES = """
SELECT aggregate, partition, "offset", command_id, entity_id, status, code, message, entity_version, events, time
FROM outcomes
"""


def project(reply: Stored) -> Iterable[Change]:
    """The row of a reply."""
    data = reply.data
    if data["duplicate"]:
        return []
    row = {
        "aggregate": reply.aggregate,
        "partition": reply.partition,
        "offset": reply.offset,
        "command_id": _storable(reply.causation_id),
        "entity_id": _storable(reply.entity_id),
        "status": data["status"],
        "code": data["code"],
        "message": _storable(data["message"]),
        "entity_version": data["entity_version"],
        "events": data["events"],
        "time": reply.time,
    }
    return [Insert("outcomes", row)]


def _storable(text: str | None) -> str | None:
    """An invalid command is quoted as it came; U+0000, the one character PostgreSQL cannot hold, becomes U+FFFD."""
    return text and text.replace("\x00", "\ufffd")


VIEWS = {"outcomes": View(OUTCOMES, ("aggregate", "partition", "offset"))}

PROJECTION = Projection(
    "outcomes",
    1,
    (Source("ship", "replies"), Source("user", "replies")),
    TABLES,
    VIEWS,
    project,
)
