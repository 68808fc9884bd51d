"""Whatever stands on a topic, it stops no more than its entity, and what it says of that can be kept and told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from service.postgres.names import Names
from service.postgres.pool import Pool
from service.postgres.projector import BuildTables
from service.postgres.schema import prepare_projections
from service.projections import PROJECTIONS
from service.projections.projection import Change, Insert, Upsert
from service.projections.stored import Source, Stored
from service.projections.taking import Taking
from tests.event_records import Record, event_record
from tests.postgres.seeding import Seeding

TOPIC = "ship.events"
SHIP_EVENTS = Source("ship", "events")
JOURNAL, SHIPS, OUTCOMES = (PROJECTIONS[name] for name in ("journal", "ships", "outcomes"))
DOCKED = ("ShipDocked", {"port": "Oslo"})


def _event(offset: int, ship: str = "a", **fields: Any) -> Record:
    return event_record(offset, ship, offset + 1, DOCKED, **fields)


def _raw(offset: int, key: bytes | None, value: bytes | None) -> Record:
    return Record(key, value, 0, offset)  # type: ignore[arg-type]  # a tombstone is one of the things that may come


NOT_UNDERSTOOD = {
    "no value": _raw(3, b"bad", None),
    "empty": _raw(3, b"bad", b""),
    "no JSON": _raw(3, b"bad", b"\xff{"),
    "no object": _raw(3, b"bad", b"[]"),
    "a lone surrogate": _raw(3, b"bad", b'{"id": "\\ud800"}'),
    "nested without end": _raw(3, b"bad", b"[" * 100_000),
    "without fields": _raw(3, b"bad", b"{}"),
    "no time": _event(3, "bad", time="yesterday"),
    "no event": _event(3, "bad", type="ShipSunk"),
    "no data": _event(3, "bad", data=None),
    "U+0000": _event(3, "bad", data={"port": "a\x00b"}),
    "a number for a text": _event(3, "bad", data={"port": 7}),
    "too long for an index": _event(3, "bad", data={"port": "".join(map(chr, range(0x4E00, 0x9E00)))}),
}


@pytest.mark.parametrize("bad", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
async def test_what_cannot_be_taken_parks_its_ship_and_no_other(pool: Pool, seeding: Seeding, bad: Record) -> None:
    taking = Taking(PROJECTIONS["ports"], SHIP_EVENTS, seeding.tables["ports"], TOPIC, 0)
    await taking.begin(0)
    await taking.take([_event(0), _event(1), _event(2), bad, _event(4), _event(5, "bad")], 6)

    assert {"bad"} == taking.standing.parked
    assert 6 == taking.standing.next_offset
    assert 4 == await pool.fetchval(f"SELECT visits FROM {seeding.names.public}.ports")  # noqa: S608
    schema = seeding.names.tables(PROJECTIONS["ports"].build())
    waiting = await pool.fetch(f'SELECT "offset", key, value FROM {schema}.waiting ORDER BY 1')  # noqa: S608
    assert [(3, bad.key, bad.value), (5, b"bad", _event(5, "bad").value)] == [tuple(row) for row in waiting]


@pytest.mark.parametrize(
    "bad",
    [{"id": "no UUID"}, {"entityversion": 2**63}, {"causationid": 7}, {"data": {"a": "\x00"}}, {"subject": 5}],
    ids=str,
)
async def test_one_that_copy_refuses_among_many_parks_its_ship_and_no_other(
    pool: Pool, seeding: Seeding, bad: dict[str, Any]
) -> None:
    taking = Taking(JOURNAL, SHIP_EVENTS, seeding.tables["journal"], TOPIC, 0)
    await taking.begin(0)
    records = [_event(offset) for offset in range(600)]
    records[271] = _event(271, "bad", **bad)

    await taking.take(records, 600)

    assert {"bad"} == taking.standing.parked
    assert 599 == await pool.fetchval(f"SELECT count(*) FROM {seeding.names.public}.journal")  # noqa: S608


KEYS = [None, b"", b"\xff\xfe", b"a\x00b", b"x" * 200_000, bytes(range(256)) * 500]


async def test_replies_with_any_key_park_and_wait_as_they_were_received(pool: Pool, seeding: Seeding) -> None:
    """Keys of invalid commands stand on the replies as they came."""
    taking = Taking(OUTCOMES, Source("ship", "replies"), seeding.tables["outcomes"], "ship.replies", 0)
    await taking.begin(0)
    records = [_raw(offset, key, b"{}") for offset, key in enumerate([*KEYS, *KEYS])]
    await taking.take(records, len(records))

    schema = seeding.names.tables(OUTCOMES.build())
    waiting = await pool.fetch(f'SELECT key FROM {schema}.waiting ORDER BY "offset"')  # noqa: S608
    assert [record.key for record in records] == [row["key"] for row in waiting]
    parked = await pool.fetch(f"SELECT entity_id FROM {schema}.parked")  # noqa: S608
    # None and an empty key are one: nobody's.
    assert taking.standing.parked == {row["entity_id"] for row in parked}
    assert len(KEYS) - 1 == len(parked)
    restarted = Taking(OUTCOMES, Source("ship", "replies"), seeding.tables["outcomes"], "ship.replies", 0)
    assert len(records) == await restarted.begin(0)
    assert taking.standing == restarted.standing


def _fails_half_way(event: Stored) -> Iterator[Change]:
    yield Upsert("ships", {"ship_id": event.entity_id}, {"version": event.version})
    raise ValueError("\x00 and \ud800 " + "x" * 100_000)


def _names_no_column(event: Stored) -> list[Change]:
    return [Insert("ships", {"ship_id": event.entity_id, "flag": "red"})]


def _means_a_row_twice(event: Stored) -> list[Change]:
    return [
        Upsert("ships", {"ship_id": name}, {"version": 1}) for name in (f"{event.entity_id}", f"{event.entity_id} ")
    ]


@pytest.mark.parametrize(
    ("project", "reason"),
    [
        (_fails_half_way, r"ValueError: � and \ud800 xxx"),
        (_names_no_column, "KeyError: 'flag'"),
        (
            _means_a_row_twice,
            "CardinalityViolationError: ON CONFLICT DO UPDATE command cannot affect row a second time",
        ),
    ],
)
async def test_whatever_a_function_does_wrong_parks_with_a_reason_and_leaves_nothing(
    pool: Pool, names: Names, project: Any, reason: str
) -> None:
    tables = SHIPS.tables.replace("ship_id text PRIMARY KEY", "ship_id char(50) PRIMARY KEY")
    wrong = replace(SHIPS, project=project, tables=tables, views={})
    await prepare_projections(pool, names, [wrong])
    taking = Taking(wrong, SHIP_EVENTS, BuildTables(pool, names, wrong.build()), TOPIC, 0)
    await taking.begin(0)
    await taking.take([_event(0, "a"), _event(1, "b")], 2)

    schema = names.tables(wrong.build())
    assert 0 == await pool.fetchval(f"SELECT count(*) FROM {schema}.ships")  # noqa: S608
    told = await pool.fetch(f'SELECT reason FROM {schema}.parked ORDER BY "offset"')  # noqa: S608
    assert [True, True] == [row["reason"].startswith(reason) and len(row["reason"]) < 3_000 for row in told], told
