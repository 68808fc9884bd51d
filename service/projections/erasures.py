"""Who is to be forgotten, and since when: what destroys a person's key, now and after a backup has brought it back."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain import AGGREGATES
from service.projections.projection import Change, Projection, Upsert, View
from service.projections.stored import Source, Stored

NAME = TABLE = "erasures"

TABLES = """
CREATE TABLE erasures (
    aggregate text,
    entity_id text,
    version bigint NOT NULL,
    time timestamptz NOT NULL,
    PRIMARY KEY (aggregate, entity_id)
);
"""

ERASURES = "SELECT aggregate, entity_id, version, time FROM erasures"


def project(event: Stored) -> Iterable[Change]:
    """A row for the event that ends a person; of all others none."""
    if event.type != AGGREGATES[event.aggregate].last_event:
        return []
    key = {"aggregate": event.aggregate, "entity_id": event.entity_id}
    return [Upsert(TABLE, key, {"version": event.version, "time": event.time})]


PROJECTION = Projection(
    NAME,
    1,
    tuple(Source(name, "events") for name, aggregate in AGGREGATES.items() if aggregate.personal),
    TABLES,
    {NAME: View(ERASURES, ("aggregate", "entity_id"))},
    project,
)
