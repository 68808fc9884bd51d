"""The checker's own model against answers written down by hand from the contract."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import pytest

from service.audit.hashing import murmur2, uuid8
from service.audit.messages import Verdict
from service.audit.model import Judge
from service.audit.reading import Fault, read
from service.audit.records import Json, PartitionLogs
from service.audit.text import micros, render_time
from tests.flow.checker_story import SHIP, TIME, USER, command, partition, record

_LIMIT = 2**53 - 1
_LOAD: Json = {"item": "tea", "quantity": 1}


def _judge(aggregate: str, *values: Json, **options: Any) -> list[Verdict]:
    logs = partition(aggregate, values)
    judge = Judge(logs, **options)
    return [judge.judge(record) for record in logs.records["commands"]]


def _names(verdicts: list[Verdict]) -> list[str]:
    return [verdict.name.removeprefix("rejected.") for verdict in verdicts]


@pytest.mark.parametrize(
    ("key", "expected"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536), (b"abc", 479470107)],
)
def test_murmur2_is_that_of_kafka(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected & 0xFFFFFFFF


def test_an_event_is_what_the_contract_shows() -> None:
    verdict = _judge("ship", command(1, "register_ship", {"name": "a"}, correlationid="c"))[0]

    content = b'["register_ship",1,null,{"name":"a"}]'
    raw = blake2b(f"ship\n{SHIP}\n1\n{command(1, '')['id']}".encode(), digest_size=16).hexdigest()
    [event] = verdict.events
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "/fairlead/ship",
        "type": "ShipRegistered",
        "subject": SHIP,
        "time": render_time(TIME * 1000),
        "datacontenttype": "application/json",
        "dataschema": "urn:fairlead:ship:ShipRegistered:1",
        "entityversion": 1,
        "causationid": command(1, "")["id"],
        "commanddigest": blake2b(content, digest_size=16).hexdigest(),
        "correlationid": "c",
        "data": {"name": "a"},
    }
    bare = event["id"].replace("-", "")
    assert (bare[:12], bare[12], bare[13:16], bare[17:]) == (raw[:12], "8", raw[13:16], raw[17:])
    assert bare[16] in "89ab"
    assert verdict.reply is not None
    assert verdict.reply["id"] == uuid8("ship", "reply", 0, 0)


def test_a_ship_refuses_in_the_order_of_its_rules() -> None:
    verdicts = _judge(
        "ship",
        command(1, "dock_ship", {"port": "a"}),
        command(2, "register_ship", {"name": "a"}),
        command(3, "register_ship", {"name": "a"}),
        command(4, "load_cargo", _LOAD),
        command(5, "dock_ship", {"port": "a"}),
        command(6, "dock_ship", {"port": "a"}),
        command(7, "unload_cargo", _LOAD),
        command(8, "load_cargo", _LOAD),
        command(9, "unload_cargo", {"item": "tea", "quantity": 2}),
        command(10, "load_cargo", {"item": "tea", "quantity": _LIMIT}),
        command(11, "unload_cargo", _LOAD),
        command(12, "unload_cargo", _LOAD),
    )

    assert _names(verdicts) == [
        "not_found", "accepted", "already_exists", "not_docked", "accepted", "accepted", "no_such_item", "accepted",
        "not_enough_cargo", "out_of_range", "accepted", "no_such_item",
    ]  # fmt: skip


def test_a_ship_holds_a_thousand_different_items_and_more_of_each() -> None:
    loads = [command(10 + at, "load_cargo", {"item": f"item {at}", "quantity": 1}) for at in range(1_001)]
    start = [command(1, "register_ship", {"name": "a"}), command(2, "dock_ship", {"port": "a"})]

    names = _names(_judge("ship", *start, *loads, command(3, "load_cargo", {"item": "item 0", "quantity": 1})))

    assert names[-3:] == ["accepted", "out_of_range", "accepted"]


def test_a_deleted_user_is_gone_for_every_command() -> None:
    verdicts = _judge(
        "user",
        command(1, "delete_user", {}, USER),
        command(2, "create_user", {"username": "a", "balance": 0}, USER),
        command(3, "change_balance", {"balance_change": -1}, USER),
        command(4, "change_balance", {"balance_change": _LIMIT}, USER),
        command(5, "change_balance", {"balance_change": 1}, USER),
        command(6, "delete_user", {}, USER),
        command(7, "create_user", {"username": "a", "balance": 0}, USER),
        command(8, "delete_user", {}, USER, expectedversion=2),
    )

    assert _names(verdicts) == [
        "not_found", "accepted", "insufficient_balance", "accepted", "out_of_range", "accepted", "gone",
        "conflict.version_conflict",
    ]  # fmt: skip


def test_a_key_of_another_partition_is_refused_after_the_contract() -> None:
    logs = PartitionLogs("ship", (murmur2(SHIP.encode()) + 1) % 2, 2)
    found = [read(logs, record(0, value)) for value in (command(1, "depart_ship"), command(1, "depart_ship", {"a": 1}))]

    assert [fault.code for fault in found if isinstance(fault, Fault)] == ["wrong_partition", "invalid_command"]


def test_times_are_those_of_rfc_3339() -> None:
    assert render_time(micros("2026-11-24T18:20:00.123456+01:00") or 0) == "2026-11-24T17:20:00.123456Z"
    assert render_time(micros("2026-11-24t18:20:00z") or 0) == "2026-11-24T18:20:00.000Z"
    wrong = ("2026-11-24", "2026-11-24T18:20:00", "2026-11-24 18:20:00Z", "2026-02-30T00:00:00Z", "1764008400", 5, None)
    assert [micros(value) for value in wrong] == [None] * len(wrong)
