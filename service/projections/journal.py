"""Every event as a row: what replays and any moment in time are read from."""

from __future__ import annotations

from collections.abc import Iterable

from service.projections.projection import Change, Insert, Projection, View
from service.projections.stored import Source, Stored

# So many events are folded by who asks for a moment, at most, once the states between are kept. With 200 a state of a
# long history took 1.4 ms instead of 0.8; kept states then had 2 bytes for each of its events, and now have 6.
KEPT_EVERY = 50

# `due` are versions whose states are to be kept, and `kept` those that are: `reached` is the running maximum of the
# times of events up to there, since times of imported ones need not rise.
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
    schema_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (aggregate, entity_id, version)
);
CREATE INDEX ON journal (aggregate, entity_id, time) WHERE version = 1;
CREATE TABLE due (
    aggregate text,
    entity_id text,
    version bigint,
    PRIMARY KEY (aggregate, entity_id, version)
);
CREATE TABLE kept (
    aggregate text,
    entity_id text,
    version bigint,
    reached timestamptz NOT NULL,
    fold text NOT NULL,
    state jsonb NOT NULL,
    PRIMARY KEY (aggregate, entity_id, version)
);
CREATE INDEX ON kept (aggregate, entity_id, reached, version);
"""

JOURNAL = """
SELECT aggregate, entity_id, version, event_id, type, time, causation_id, correlation_id, data, schema_version
FROM journal
"""

KEPT = "SELECT aggregate, entity_id, version, reached, fold, state FROM kept"


def project(event: Stored) -> Iterable[Change]:
    """The row of an event, and now and then that the state after it is to be kept."""
    row = {
        "aggregate": event.aggregate,
        "entity_id": event.entity_id,
        "version": event.version,
        "event_id": event.id,
        "type": event.type,
        "time": event.time,
        "causation_id": event.causation_id,
        "correlation_id": event.correlation_id,
        # As it was written, in whatever version: who reads it brings it up to its own.
        "data": event.written,
        "schema_version": event.schema_version,
    }
    changes: list[Change] = [Insert("journal", row)]
    if event.version is not None and event.version % KEPT_EVERY == 0:
        due = {"aggregate": event.aggregate, "entity_id": event.entity_id, "version": event.version}
        changes.append(Insert("due", due))
    return changes


# Which states are kept so far is no matter of the build: they are all folds of its events.
VIEWS = {"journal": View(JOURNAL, ("aggregate", "entity_id", "version")), "kept": View(KEPT, ())}

PROJECTION = Projection(
    "journal",
    1,
    (Source("ship", "events"), Source("user", "events")),
    TABLES,
    VIEWS,
    project,
)
