"""One record that is no good, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

from service.domain import AGGREGATES
from tests.domain.partition import NOON, Partition, entity_id, envelope

SHIP = entity_id(1)
LOAD = envelope("load_cargo", SHIP, {"item": "tea", "quantity": 1}, id=entity_id(100))


def published(key: bytes | None, value: bytes | None, aggregate: str = "ship") -> Partition:
    partition = Partition(AGGREGATES[aggregate], owns=lambda key: key != b"elsewhere")
    partition.publish(key, value)
    partition.judge()
    return partition


def code_of(partition: Partition) -> bytes:
    """Its one record's code, after checking that it is put aside byte for byte and answered wherever it can be."""
    [received], [letter] = partition.commands, partition.dead_letters
    assert (received.key, received.value) == (letter.key, letter.value)
    headers = dict(letter.headers)
    expected = {"topic": b"ship.commands", "partition": b"0", "offset": b"0", "timestamp": str(NOON).encode()}
    assert expected == {name: headers[f"fairlead-{name}"] for name in expected}
    assert [] == partition.events
    for reply in partition.replies:
        data = reply.json["data"]
        assert ("invalid", headers["fairlead-code"]) == (data["status"], data["code"].encode())
        assert headers["fairlead-reason"] == data["message"].encode()
        assert data["entity_version"] is None
        assert "commanddigest" not in reply.json
    return headers["fairlead-code"] or b""


def dumped(command: dict[str, Any]) -> bytes:
    """As the standard library writes it: lone surrogates, NaN and integers of any length too."""
    return json.dumps(command).encode()
