"""The bounds of every field: a fault in a command is told with its path, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.domain.bad_input import LOAD, SHIP, code_of, dumped, published
from tests.domain.partition import entity_id, envelope

EVENT = {"id": entity_id(9), "time": "2026-11-24T18:20:00Z", "type": "ShipRegistered", "data": {"name": "A"}}

Change = Callable[[dict[str, Any]], dict[str, Any]]


def data(**fields: Any) -> Change:
    return lambda command: command | {"data": command["data"] | fields}


def attributes(**fields: Any) -> Change:
    return lambda command: command | fields


def chunk(**fields: Any) -> Change:
    history = {"first_version": 1, "events": [EVENT]} | fields
    return lambda command: command | {"type": "import_history", "data": history}


INVALID: dict[str, Change] = {
    "data.quantity": data(quantity=0),
    "data.quantity ": data(quantity=2**53),
    "data.quantity  ": data(quantity=1.0),
    "data.quantity   ": data(quantity="1"),
    "data.quantity    ": data(quantity=True),
    "data.quantity     ": data(quantity=None),
    "data.quantity      ": data(quantity=10**4_000),
    "data.item": data(item=""),
    "data.item ": data(item="x" * 201),
    "data.item  ": data(item="cafe\u0301"),
    "data.item   ": data(item="a\x00b"),
    "data.item    ": data(item="a\x7fb"),
    "data.item     ": data(item="a\x85b"),
    "data.item      ": data(item="a\ud800b"),
    "data.port": data(port="Singapore"),
    "data": attributes(data=None),
    "data ": attributes(data=[]),
    "specversion": attributes(specversion="1.1"),
    "id": attributes(id=LOAD["id"].upper().replace("0", "A", 1)),
    "id ": attributes(id=LOAD["id"] + "\n"),
    "source": attributes(source=""),
    "subject": attributes(subject="7"),
    "time": attributes(time="yesterday"),
    "time ": attributes(time=1_795_000_000),
    "time  ": attributes(time="2026-11-24T18:20:00"),
    "time   ": attributes(time="9999-12-31T23:59:59-23:00"),
    "datacontenttype": attributes(datacontenttype="text/xml"),
    "dataschema": attributes(dataschema="urn:fairlead:ship:load_cargo:2"),
    "expectedversion": attributes(expectedversion=-1),
    "expectedversion ": attributes(expectedversion="1"),
    "expectedVersion": attributes(expectedVersion=1),
    "ext\n": attributes(**{"ext\n": 1}),
    "data_base64": attributes(data_base64="e30="),
    "correlationid": attributes(correlationid=""),
    "data.first_version": chunk(first_version=0),
    "data.events": chunk(events=[EVENT] * 501),
    "data.events.0.id": chunk(events=[EVENT | {"id": "1"}]),
    "data.events.0.time": chunk(events=[EVENT | {"time": "2026-11-24"}]),
    "data.events.0": chunk(events=[EVENT | {"type": "Sunk"}]),
    "data.events.1.data.name": chunk(events=[EVENT, EVENT | {"data": {"name": ""}}]),
    "data.events.0.data.port": chunk(events=[EVENT | {"data": {"name": "A", "port": "B"}}]),
}


@pytest.mark.parametrize(("path", "change"), INVALID.items(), ids=[*INVALID])
def test_a_fault_is_told_with_its_path(path: str, change: Change) -> None:
    value = dumped(change(LOAD))
    partition = published(SHIP.encode(), value)
    assert b"invalid_command" == code_of(partition)
    [reply] = partition.replies
    faults = reply.json["data"]["message"].split("; ")
    assert path.strip(" ") in [fault.split(": ")[0] for fault in faults]


def test_an_integer_of_any_length_is_out_of_bounds() -> None:
    partition = published(SHIP.encode(), dumped(LOAD).replace(b'"quantity": 1', b'"quantity": ' + b"9" * 200_000))
    assert b"invalid_command" == code_of(partition)
    assert "data.quantity: " in partition.replies[0].json["data"]["message"]


@pytest.mark.parametrize("id_", ["0", "7", "-7", "9" * 20, "-" + "9" * 19, entity_id(3)])
def test_a_user_has_a_uuid_or_a_decimal_integer(id_: str) -> None:
    command = envelope("create_user", id_, {"username": "test_user", "balance": 0})
    assert [] == published(id_.encode(), orjson.dumps(command), "user").dead_letters


@pytest.mark.parametrize("id_", ["", "-0", "007", "+7", "7.0", "9" * 21, "-" + "9" * 20, "\u0667", "7\n", "bob"])
def test_a_user_has_no_other_id(id_: str) -> None:
    command = envelope("create_user", id_, {"username": "test_user", "balance": 0})
    partition = published(id_.encode(), orjson.dumps(command), "user")
    assert ["invalid_command"] == [reply.json["data"]["code"] for reply in partition.replies]
