"""The commands that end parking pass the checks of any other, and are remembered like any."""

from __future__ import annotations

from uuid import uuid4

import orjson
import pytest

from service.domain import AGGREGATES
from tests.domain.atlantis import DEPART, LOAD, REGISTER, SHIP, mended, sunk
from tests.domain.partition import envelope
from tests.domain.partition_histories import assert_equal


@pytest.mark.parametrize("type_", ["redrive_parked", "discard_parked"])
def test_a_control_command_meets_the_checks_of_any(type_: str) -> None:
    partition = mended()
    wrong = envelope(type_, SHIP, {}, expectedversion=7)
    assert ("conflict", "version_conflict") == partition.told(wrong)
    right = envelope(type_, SHIP, {}, expectedversion=1)
    assert ("accepted", None) == partition.told(right)
    version = partition.replies[-1].json["data"]["entity_version"]
    assert ("rejected", "not_parked") == partition.told(envelope(type_, SHIP, {}))
    assert f"Nothing of {SHIP} is parked" == partition.replies[-1].json["data"]["message"]
    events = len(partition.events)
    for entities in (partition.entities, partition.replayed()):
        partition.entities = entities
        for before in (wrong, right):
            partition.ask(before)
            assert partition.replies[-1].json["data"]["duplicate"]
        assert version == partition.replies[-1].json["data"]["entity_version"]
    assert events == len(partition.events)


def test_a_control_command_is_compared_as_it_was_sent() -> None:
    partition = mended()
    plain = envelope("redrive_parked", SHIP, {})
    assert ("accepted", None) == partition.told(plain)
    assert ("conflict", "id_reused") == partition.told(plain | {"data": {"skip": []}})


def test_a_control_command_that_failed_ends_nothing_when_it_is_redriven() -> None:
    partition = mended()
    partition.publish(SHIP.encode(), orjson.dumps(envelope("redrive_parked", SHIP, {})))
    partition.refuse("MessageSizeTooLarge")
    assert {SHIP: 1} == partition.entities.parked
    assert "accepted" == partition.redrive()["status"]
    assert [("accepted", None), ("rejected", "not_parked"), ("accepted", None)] == partition.last(3)
    assert_equal(partition.entities, partition.replayed())


def test_a_redrive_is_decided_alone() -> None:
    partition = sunk()
    for command in (LOAD, envelope("redrive_parked", SHIP, {}), REGISTER, DEPART):
        partition.publish(SHIP.encode(), orjson.dumps(command | {"id": str(uuid4())}))
    batch = partition.decider.read(partition.commands[4:], partition.entities)
    assert [1, 1, 2] == [partition.decider.cut(batch[start:]) for start in range(3)]
    assert [False, True, False, False] == [partition.decider.redrives(command) for _, command in batch]


def test_every_aggregate_can_be_redriven() -> None:
    for aggregate in AGGREGATES.values():
        assert {"redrive_parked", "discard_parked"} <= aggregate.commands.keys()
