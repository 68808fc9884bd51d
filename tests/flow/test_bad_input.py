"""Whatever is published is answered where it can be, put aside byte for byte, and the next command is judged."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import orjson
import pytest

from fairlead.kafka.partitions import partition_of
from tests.domain.partition import envelope
from tests.flow.harness import PARTITIONS, Harness, ask

SHIP = str(uuid4())
REGISTER = envelope("register_ship", SHIP, {"name": "Pacific Explorer"})
VALID = orjson.dumps(REGISTER)
TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

WITHOUT_ID: Mapping[str, tuple[bytes | None, bytes | None]] = {
    "a null value": (SHIP.encode(), None),
    "neither key nor value": (None, b""),
    "no JSON": (SHIP.encode(), b"register it"),
    "no UTF-8": (b"\xff\xfe", b"\xff\xfe"),
    "an array": (SHIP.encode(), b"[]"),
    "NaN": (SHIP.encode(), VALID.replace(b'"source"', b'"x":NaN,"source"')),
    "too deep": (SHIP.encode(), b"[" * 10_000),
    "an id that is none": (SHIP.encode(), orjson.dumps(REGISTER | {"id": 7})),
}
WITH_ID: Mapping[str, tuple[str, bytes | None, bytes]] = {
    "no type": ("unreadable", SHIP.encode(), VALID.replace(b'"type"', b'"kind"')),
    "an unknown type": ("unknown_command", SHIP.encode(), VALID.replace(b"register_ship", b"sink_ship")),
    "a wrong field": ("invalid_command", SHIP.encode(), VALID.replace(b'"name"', b'"title"')),
    "a lone surrogate": ("invalid_command", SHIP.encode(), VALID.replace(b"Pacific", b"\\ud800")),
    "a misspelt attribute": ("invalid_command", SHIP.encode(), orjson.dumps(REGISTER | {"expectedVersion": 0})),
    "no key": ("invalid_command", None, VALID),
    "another key": ("invalid_command", b"somebody", VALID),
    "an empty key": ("invalid_command", b"", VALID),
}


@pytest.mark.parametrize(("key", "value"), WITHOUT_ID.values(), ids=[*WITHOUT_ID])
async def test_what_has_no_id_is_put_aside(harness: Harness, key: bytes | None, value: bytes | None) -> None:
    place = await harness.publish("ship", key, value, headers=[TRACE])
    letter = await harness.dead_letter(place)
    assert (place.partition, key, value) == (letter.partition, letter.key, letter.value)
    headers = dict(letter.headers)
    assert b"unreadable" == headers["fairlead-code"]
    assert TRACE == letter.headers[0]
    assert f"{place.partition} {place.offset}" == " ".join(
        (headers[f"fairlead-{name}"] or b"").decode() for name in ("partition", "offset")
    )


@pytest.mark.parametrize(("code", "key", "value"), WITH_ID.values(), ids=[*WITH_ID])
async def test_what_has_an_id_is_answered_too(harness: Harness, code: str, key: bytes | None, value: bytes) -> None:
    place = await harness.publish("ship", key, value, headers=[TRACE])
    letter, reply = await harness.dead_letter(place), await harness.reply(place)
    assert (place.partition, key, value) == (letter.partition, letter.key, letter.value)
    assert ("invalid", code) == (reply.json["data"]["status"], reply.json["data"]["code"])
    assert (place.partition, SHIP.encode() if key is None else key) == (reply.partition, reply.key)
    assert TRACE == reply.headers[1]


async def test_a_command_on_another_partition_is_told_so(harness: Harness) -> None:
    own = partition_of(SHIP.encode(), PARTITIONS)
    place = await harness.publish("ship", SHIP.encode(), VALID, partition=(own + 1) % PARTITIONS)
    reply, letter = await harness.reply(place), await harness.dead_letter(place)
    assert ("invalid", "wrong_partition") == (reply.json["data"]["status"], reply.json["data"]["code"])
    assert VALID == letter.value


async def test_the_largest_fault_fits_into_its_answer(harness: Harness) -> None:
    type_ = "x" * 250_000
    place = await harness.publish("ship", SHIP.encode(), orjson.dumps(REGISTER | {"type": type_}))
    reply, letter = await harness.reply(place), await harness.dead_letter(place)
    assert f"Unknown command: {type_}" == reply.json["data"]["message"]
    assert reply.json["data"]["message"].encode() == dict(letter.headers)["fairlead-reason"]


async def test_after_all_that_a_good_command_is_accepted(harness: Harness) -> None:
    for number in range(PARTITIONS):
        await harness.publish("ship", None, b"nonsense", partition=number)
    ship = str(uuid4())
    assert ("accepted", None, None, 1) == await ask(
        harness, "ship", envelope("register_ship", ship, {"name": "Pacific Explorer"})
    )
