"""From records to writes, and to the place of a record that cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import pytest

from service.projections import PROJECTIONS
from service.projections.batch import project_batch
from service.projections.fingerprint import fingerprint
from service.projections.stored import Source, read_stored

SHIPS = Source("ship", "events")
ENVELOPE = {
    "id": "e",
    "type": "ShipRegistered",
    "subject": "a",
    "time": "2026-11-24T18:20:00.123456Z",
    "entityversion": 1,
    "causationid": "c",
    "data": {"name": "Aurora"},
}


@dataclass(frozen=True)
class Record:
    value: bytes | None
    partition: int = 3
    offset: int = 42
    key: bytes | None = b"a"


def test_a_record_is_read_into_what_projections_need() -> None:
    stored = read_stored(SHIPS, Record(orjson.dumps(ENVELOPE)))

    assert ("ship", "events", 3, 42) == (stored.aggregate, stored.kind, stored.partition, stored.offset)
    assert ("a", 1, {"name": "Aurora"}) == (stored.entity_id, stored.version, stored.data)
    assert datetime(2026, 11, 24, 18, 20, 0, 123456, tzinfo=UTC) == stored.time


@pytest.mark.parametrize("value", [None, b"", b"no JSON", b"[]", orjson.dumps(ENVELOPE | {"type": "ShipSunk"})])
def test_what_cannot_be_projected_parks_its_entity_and_no_other(value: bytes | None) -> None:
    good = orjson.dumps(ENVELOPE)
    records = [Record(value, offset=1), Record(good, offset=2), Record(good, offset=3, key=b"b")]

    batch = project_batch(PROJECTIONS["ships"], SHIPS, records)

    assert [("a", 1)] == [(entity_id, at.offset) for entity_id, at in batch.parked.items()]
    assert [1, 2] == [record.offset for record in batch.waiting]
    assert 1 == sum(len(write.rows) for write in batch.writes)


def test_what_comes_for_a_parked_entity_waits() -> None:
    batch = project_batch(PROJECTIONS["ships"], SHIPS, [Record(orjson.dumps(ENVELOPE))], {"a"})

    assert ({}, 1, []) == (batch.parked, len(batch.waiting), batch.writes)


def test_each_projection_has_a_fingerprint_of_its_own() -> None:
    assert len(PROJECTIONS) == len({fingerprint(projection) for projection in PROJECTIONS.values()})
