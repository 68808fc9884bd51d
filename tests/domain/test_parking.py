"""An entity whose command failed waits, others go on, and nothing of it is lost."""

from __future__ import annotations

from uuid import uuid4

import orjson
import pytest

from service.commands.replay import GapInLog
from service.domain import AGGREGATES
from tests.domain.atlantis import DEPART, LOAD, OTHER, REGISTER, SHIP, SINK, Ships, sunk
from tests.domain.partition import Partition, Stored, envelope
from tests.domain.partition_histories import assert_equal, states_of

FAILED, WAITS = ("failed", "internal_error"), ("failed", "parked")


def test_what_comes_after_a_failure_waits_and_other_entities_go_on() -> None:
    partition = sunk()
    assert [("accepted", None), FAILED, WAITS, WAITS] == partition.last(4)
    assert ("accepted", None) == partition.told(REGISTER | {"subject": OTHER})
    assert [("internal_error", "1", None), ("parked", "2", None), ("parked", "3", None)] == [
        partition.letter(place) for place in range(3)
    ]
    assert [(SHIP.encode(), {"from": 1})] == [(one.key, one.json["parked"]) for one in partition.snapshots]
    assert {("accepted", ""): 2} | {FAILED: 1, WAITS: 2} == partition.statuses


def test_a_waiting_reply_tells_nothing_of_the_entity() -> None:
    reply = sunk().replies[-1].json
    assert "commanddigest" not in reply
    assert {
        "status": "failed",
        "code": "parked",
        "message": "An earlier command of this entity failed: this one waits in the dead letters behind it",
        "entity_version": None,
        "events": [],
        "duplicate": False,
        "retry_after_ms": None,
    } == reply["data"]


def test_a_repeat_that_finds_its_outcome_does_not_wait() -> None:
    partition = sunk()
    assert ("accepted", None) == partition.told(REGISTER)
    assert partition.replies[-1].json["data"]["duplicate"]
    assert ("conflict", "id_reused") == partition.told(REGISTER | {"data": {"name": "Other"}})


def test_a_command_waits_before_its_expected_version_is_asked() -> None:
    assert WAITS == sunk().told(DEPART | {"id": str(uuid4()), "expectedversion": 7})


def test_an_entity_that_never_was_can_be_parked() -> None:
    partition = Ships()
    partition.publish(SHIP.encode(), orjson.dumps(REGISTER))
    partition.refuse("MessageSizeTooLarge")
    assert WAITS == partition.told(SINK)
    assert {SHIP: 0} == partition.entities.parked
    assert {} == states_of(partition.entities)
    assert_equal(partition.entities, partition.replayed())


def test_where_the_service_goes_on_nothing_waits() -> None:
    partition = Ships(park=False)
    assert [("accepted", None), FAILED, ("rejected", "not_docked")] == [
        partition.told(command) for command in (REGISTER, SINK, LOAD)
    ]
    assert [] == partition.snapshots


def test_what_no_broker_takes_has_failed() -> None:
    partition = Ships()
    for command in (REGISTER, DEPART, LOAD):
        partition.publish(SHIP.encode(), orjson.dumps(command))
    batch = partition.decider.read(partition.commands, partition.entities)
    decision = partition.begin(batch)
    decision.judge(batch[:1])
    decision.refuse(batch[1], "MessageSizeTooLarge")
    decision.refuse(batch[2], "MessageSizeTooLarge")
    partition.commit(decision, 3)
    refused = ("failed", "not_writable")
    assert [("accepted", None), refused, refused] == partition.last(3)
    message = "The broker does not take what this command leads to: MessageSizeTooLarge"
    assert message == partition.replies[1].json["data"]["message"]
    assert [("not_writable", "1", None), ("not_writable", "2", None)] == [partition.letter(place) for place in range(2)]
    assert {SHIP: 1} == partition.entities.parked


def test_what_is_put_off_changes_nothing_and_can_be_sent_again() -> None:
    partition = Ships()
    partition.publish(SHIP.encode(), orjson.dumps(REGISTER))
    partition.publish(b"elsewhere", orjson.dumps(REGISTER))
    partition.put_off(250)
    assert [("busy", "busy"), ("invalid", "invalid_command")] == partition.last(2)
    assert 250 == partition.replies[0].json["data"]["retry_after_ms"]
    assert [0, 1] == [len(partition.events), len(partition.dead_letters)]
    assert ("accepted", None) == partition.told(REGISTER)


def test_control_commands_are_never_put_off() -> None:
    partition = sunk()
    partition.rules.mended = True
    partition.publish(SHIP.encode(), orjson.dumps(envelope("redrive_parked", SHIP, {})))
    partition.put_off(250)
    assert [("accepted", None)] * 4 == partition.last(4)


@pytest.mark.parametrize("value", [b"{}", b"null", b'{"parked": 1}', b'{"parked": {}}'])
def test_a_snapshot_that_was_not_written_by_this_service_is_not_built_upon(value: bytes) -> None:
    partition = Partition(AGGREGATES["ship"])
    partition.snapshots.append(Stored(SHIP.encode(), value, 0, 0))
    with pytest.raises(GapInLog, match="offset 0"):
        partition.replayed()
