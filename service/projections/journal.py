"""Every event as a row: what replays and any moment in time are read from."""

from __future__ import annotations

from collections.abc import Iterable

from service.projections.projection import Change, Insert, Projection, View
from service.projections.stored import Source, Stored

TABLES = """
CREATE TABLE journal (
    aggregate text,
    entity_id text,
    version bigint,
    event_id uuid NOT NULL,
    type text NOT NULL,
    time timestamptz NOT NULL,
    causation_id uuid NOT NULL,
    correlation_id text,
    data jsonb NOT NULL,
    PRIMARY KEY (aggregate, entity_id, version)
);
"""

JOURNAL = """
SELECT aggregate, entity_id, version, event_id, type, time, causation_id, correlation_id, data FROM journal
"""


def project(event: Stored) -> Iterable[Change]:
    """The row of an event."""
    row = {
        "aggregate": event.aggregate,
        "entity_id": event.entity_id,
        "version": event.version,
        "event_id": event.id,
        "type": event.type,
        "time": event.time,
        "causation_id": event.causation_id,
        "correlation_id": event.correlation_id,
        "data": event.data,
    }
    return [Insert("journal", row)]


VIEWS = {"journal": View(JOURNAL, ("aggregate", "entity_id", "version"))}

PROJECTION = Projection(
    "journal",
    1,
    (Source("ship", "events"), Source("user", "events")),
    TABLES,
    VIEWS,
    project,
)
