"""A fault of ours on one command stops neither the others nor the partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from fairlead.bounds import Message
from service.commands.replay import GapInLog
from service.domain import AGGREGATES
from tests.domain.partition import Partition, Stored, entity_id, envelope
from tests.domain.partition_histories import states_of

SHIP = entity_id(1)
REGISTER = envelope("register_ship", SHIP, {"name": "Pacific Explorer"})
DOCK = envelope("dock_ship", SHIP, {"port": "Singapore"})


def broken() -> Partition:
    """A partition of ships whose rules fail on one port."""
    ship = AGGREGATES["ship"]

    def decide(command: Any, state: Any, entity: str) -> Sequence[Message]:
        if getattr(command, "port", None) == "Atlantis":
            raise ZeroDivisionError
        return ship.decide(command, state, entity)

    return Partition(replace(ship, decide=decide), park=False)


def test_a_command_that_cannot_be_judged_has_failed_and_the_others_go_on() -> None:
    partition = broken()
    for command in (REGISTER, DOCK | {"data": {"port": "Atlantis"}}, DOCK | {"id": entity_id(5)}):
        partition.publish(SHIP.encode(), orjson.dumps(command))
    partition.judge()
    assert ["accepted", "failed", "accepted"] == [reply.json["data"]["status"] for reply in partition.replies]
    [letter] = partition.dead_letters
    assert partition.commands[1].value == letter.value
    assert "internal_error" == letter.said["fairlead-code"]
    assert "ZeroDivisionError" in letter.said["fairlead-traceback"]


def test_a_failure_is_not_remembered() -> None:
    partition = broken()
    partition.ask(REGISTER)
    partition.ask(DOCK | {"data": {"port": "Atlantis"}})
    again = partition.ask(DOCK | {"data": {"port": "Singapore"}})
    assert ("accepted", False) == (again["data"]["status"], again["data"]["duplicate"])
    assert states_of(partition.entities) == states_of(partition.replayed())


def test_without_a_key_a_persons_event_is_not_written() -> None:
    partition = Partition(AGGREGATES["user"])
    command = envelope("create_user", SHIP, {"username": "test_user", "balance": 0})
    partition.publish(SHIP.encode(), orjson.dumps(command))
    batch = partition.decider.read(partition.commands, partition.entities)
    decision = partition.decider.begin(partition.entities, {}, {})
    decision.judge(batch)
    assert [] == decision.output.events
    assert {("failed", "internal_error"): 1} == decision.output.statuses


@pytest.mark.parametrize(
    "damage",
    [
        lambda event: event | {"entityversion": 3},
        lambda event: event | {"entityversion": 1},
        lambda event: event | {"type": "Sunk"},
        lambda event: event | {"data": {}},
        lambda _: None,
    ],
)
def test_a_log_that_was_not_written_by_this_service_is_not_built_upon(damage: Any) -> None:
    partition = Partition(AGGREGATES["ship"])
    partition.ask(REGISTER)
    partition.ask(DOCK)
    value = damage(partition.events[1].json)
    partition.events[1] = Stored(SHIP.encode(), orjson.dumps(value), 1, 0)
    with pytest.raises(GapInLog, match="offset 1"):
        partition.replayed()
