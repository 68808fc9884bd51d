"""Whoever is erased can be read nowhere any more, byte for byte, but where the certificate says, and until when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from service.commands.identity import micros_of
from service.domain import AGGREGATES
from service.store.shelf import RocksShelf
from tests.cli.forgotten import NAME, NAMESAKE, USER, Place, files_with

DAY_MS = 24 * 3600 * 1000
PLAIN = "commands", "dead-letters"


def _millis(time: str) -> int:
    return micros_of(datetime.fromisoformat(time)) // 1000


def copies(certificate: Any) -> dict[str, Any]:
    return {copy["copy"]: copy for copy in certificate["copies"]}


async def test_the_certificate_names_every_copy_and_what_became_of_it(place: Place) -> None:
    found = copies(place.certificate)
    results = {name: (copy["result"], copy["found"]) for name, copy in found.items()}
    assert {
        "key store": ("destroyed", 1),
        "events": ("sealed", 3),
        "snapshots": ("sealed", results["snapshots"][1]),
        "replies": ("none", 6),
        # Other projections may not have the deletion yet.
        "rows": ("sealed", results["rows"][1]),
        "commands": ("rests", 6),
        "dead-letters": ("rests", 2),
        "local state of handlers": ("named", None),
        "what PostgreSQL has not overwritten": ("named", None),
        "what was handed out": ("named", None),
    } == results
    assert "vacuumed: no dead row is left" in found["key store"]["checked"]
    assert (True, "shape and name", 3) == tuple(place.certificate[name] for name in ("clear", "searched_by", "version"))
    assert place.key.kid == place.certificate["key_id"]
    assert place.certificate == orjson.loads(written := (place.directory / "it").read_bytes())
    assert NAME.encode() not in written


async def test_what_rests_is_named_with_its_place_and_its_dates_and_nothing_else_rests(place: Place) -> None:
    found = copies(place.certificate)
    for kind, days in (("commands", 7), ("dead-letters", 30)):
        then = _millis(place.certificate["made_at"])
        readable = {
            f"{place.topic(kind)}[{record.partition}] offset {record.offset}": record.timestamp + days * DAY_MS
            async for record in place.records(kind)
            if NAME.encode() in record.value and record.key == USER.encode() and record.timestamp < then
        }
        named = {shown["place"]: _millis(shown["readable_until"]) for shown in found[kind]["shown"]}
        assert readable == named
        for shown in found[kind]["shown"]:
            # Segments of 7 days, and a minute until files are gone.
            assert 7 * DAY_MS + 60_000 == _millis(shown["removed_by"]) - _millis(shown["readable_until"])
        assert found[kind]["until"] == max(shown["removed_by"] for shown in found[kind]["shown"])


async def test_no_file_of_broker_database_or_handler_has_the_name_but_those_of_what_rests(place: Place) -> None:
    holding = {path.relative_to(place.directory) for path in files_with(place.directory, NAME.encode())}
    topics = {path.parts[2].rpartition("-")[0] for path in holding if path.parts[:2] == ("kafka", "data")}
    assert {place.topic(kind) for kind in PLAIN} == topics
    assert all(path.parts[:2] == ("kafka", "data") for path in holding), holding
    # The search sees something: what the name is sealed in is there.
    sealed = {
        path.relative_to(place.directory).parts[0] for path in files_with(place.directory, place.key.kid.encode())
    }
    assert {"kafka", "postgres"} <= sealed


async def test_what_brokers_and_handlers_keep_packed_does_not_have_it_either(place: Place) -> None:
    for kind in ("events", "replies", "snapshots"):
        values = [record.value async for record in place.records(kind)]
        assert values
        assert [] == [value for value in values if NAME.encode() in (value or b"")]
    shelf, kept = RocksShelf(Path(str(place.settings.state_dir))), b""
    for partition in range(4):
        store = shelf.open(f"{place.topic('events')}-{partition}")
        kept += b"".join(value for space in store.spaces() for _, value in store.items(space))
        store.close()
    assert (False, True) == (NAME.encode() in kept, b"A256GCM" in kept)


async def test_no_table_of_any_schema_has_it(place: Place) -> None:
    query = "SELECT oid::regclass::text AS it FROM pg_class WHERE relkind IN ('r', 'm') AND oid >= 16384"
    rows = {}
    for (table,) in await place.pool.fetch(query):
        rows[table] = await place.pool.fetchval(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")  # noqa: S608
    assert place.key.secret
    for text in (NAME, place.key.secret.hex()):
        assert [] == [table for table, all_of_it in rows.items() if text in all_of_it]
    assert 3 <= sum(place.key.kid in text for text in rows.values())


async def test_who_reads_on_sees_erased_and_the_stream_still_folds(place: Place) -> None:
    events = [event for event in place.exported if event["entity_id"] == USER]
    told = [(event["type"], event["data"]) for event in events]
    created = ("UserCreated", {"username": "[erased]", "balance": 100})
    assert [created, ("UserBalanceChanged", {"balance_change": 5}), ("UserDeleted", {})] == told
    user = AGGREGATES["user"]
    read = [user.read_event(type_, data) for type_, data in told]
    assert {"username": "[erased]", "balance": 105} == user.render(user.fold(user.initial, read[:2]))


async def test_somebody_of_the_same_name_is_left_alone(place: Place) -> None:
    events = [event for event in place.exported if event["entity_id"] == NAMESAKE]
    assert [NAME] == [event["data"]["username"] for event in events]


async def test_on_somebody_who_is_erased_it_certifies_again(place: Place) -> None:
    code, certificate, _ = await place.fairlead("erase", "user", USER)
    before, after = copies(place.certificate), copies(certificate)
    # Somebody has sent one more command with the name since, which was answered.
    assert (0, before["commands"]["found"] + 1) == (code, after["commands"]["found"])
    assert ("sealed", 12) == (after["rows"]["result"], after["rows"]["found"])
    alike = before.keys() - {"commands", "replies", "rows", "snapshots"}
    assert {name: before[name] for name in alike} == {name: after[name] for name in alike}


async def test_a_deletion_that_nobody_answers_says_that_the_same_command_goes_on(place: Place) -> None:
    code, _, told = await place.fairlead("erase", "user", str(uuid4()), "--wait", "1")
    assert (5, True, False) == (code, "the same command goes on" in told, "--id" in told)
