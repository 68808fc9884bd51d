"""What waits is judged in its order once somebody says so, or left."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.commands import parked
from service.commands.identity import reply_id
from tests.domain.accounts import ADD, CREATE, USER, users
from tests.domain.atlantis import DEPART, LOAD, REGISTER, SHIP, SINK, Ships, mended, sunk
from tests.domain.partition import HOUR, NOON, envelope
from tests.domain.partition_histories import assert_equal


def assert_too_many(told: dict[str, Any]) -> None:
    message = (
        "More than 10,000 commands, or 16 MiB, wait from offset 1 on: discard them, then send their dead letters again"
    )
    assert ("rejected", "too_many_waiting", message) == (told["status"], told["code"], told["message"])


def test_what_waits_is_judged_in_order_and_then_the_control_command() -> None:
    partition = mended()
    told = partition.redrive()
    assert ("accepted", None, 4, []) == (told["status"], told["code"], told["entity_version"], told["events"])
    assert ["ShipRegistered", "ShipDocked", "CargoLoaded", "ShipDeparted"] == [
        event.json["type"] for event in partition.events
    ]
    assert [SINK["id"], LOAD["id"], DEPART["id"]] == [reply.json["causationid"] for reply in partition.replies[-4:-1]]
    assert [reply_id("ship", 0, offset, 4) for offset in (1, 2, 3)] + [reply_id("ship", 0, 4)] == [
        reply.json["id"] for reply in partition.replies[-4:]
    ]
    assert partition.snapshots[-1].json["parked"] is None
    assert {} == partition.entities.parked
    assert_equal(partition.entities, partition.replayed())


def test_a_redriven_command_is_decided_at_the_time_of_the_redrive() -> None:
    partition = mended()
    at = NOON + 30 * HOUR
    partition.ask(envelope("redrive_parked", SHIP, {}), at=at)
    assert {at} == {record.timestamp for record in [*partition.events[1:], *partition.replies[-4:]]}
    assert {partition.replies[-1].json["time"]} == {
        record.json["time"] for record in [*partition.events[1:], *partition.replies[-4:]]
    }
    assert_equal(partition.entities, partition.replayed())


def test_a_repeat_finds_the_outcome_for_a_day_from_the_redrive() -> None:
    partition = mended()
    at = NOON + 30 * HOUR
    partition.ask(envelope("redrive_parked", SHIP, {}), at=at)
    for entities in (partition.replayed(), partition.entities):
        partition.entities = entities
        assert partition.ask(LOAD, at=at + 24 * HOUR - 1)["data"]["duplicate"]
    assert not partition.ask(LOAD, at=at + 24 * HOUR)["data"]["duplicate"]


def test_a_redrive_is_never_earlier_than_the_last_event() -> None:
    partition = mended()
    partition.ask(envelope("redrive_parked", SHIP, {}), at=NOON - HOUR)
    assert 1 == len({record.json["time"] for record in [*partition.events, *partition.replies[-4:]]})
    assert_equal(partition.entities, partition.replayed())


def test_a_dead_letter_keeps_the_time_of_its_command() -> None:
    partition = sunk()
    partition.ask(envelope("redrive_parked", SHIP, {}), at=NOON + HOUR)
    partition.ask(envelope("redrive_parked", SHIP, {}), at=NOON + 2 * HOUR)
    assert 3 + 3 + 3 == len(partition.dead_letters)
    assert {str(NOON)} == {letter.said["fairlead-timestamp"] for letter in partition.dead_letters}
    assert {NOON, NOON + HOUR, NOON + 2 * HOUR} == {letter.timestamp for letter in partition.dead_letters}


def test_what_fails_again_waits_with_all_behind_it() -> None:
    partition = mended()
    partition.ask(envelope("dock_ship", SHIP, {"port": "Atlantis"}))
    partition.rules.mended = False
    for redrives in (1, 2):
        told = partition.redrive()
        assert ("rejected", "still_parked", 1) == (told["status"], told["code"], told["entity_version"])
        assert "The command at offset 1 failed again: ZeroDivisionError" == told["message"]
        assert ("internal_error", "1", str(redrives)) == partition.letter(-4)
    partition.rules.mended = True
    assert "accepted" == partition.redrive()["status"]
    assert 5 == len(partition.events)
    assert_equal(partition.entities, partition.replayed())


def test_what_waits_behind_a_failure_is_written_again_after_it() -> None:
    partition = sunk()
    replies, before = len(partition.replies), partition.dead_letters[1:]
    partition.redrive(3)
    assert 2 == len(partition.replies) - replies
    assert [("internal_error", "1", "1"), ("parked", "2", None), ("parked", "3", None)] == [
        partition.letter(place) for place in (-3, -2, -1)
    ]
    assert [(one.key, one.value, one.said) for one in before] == [
        (one.key, one.value, one.said) for one in partition.dead_letters[-2:]
    ]
    partition.rules.mended = True
    assert ("accepted", 4) == (partition.redrive()["status"], len(partition.events))


@pytest.mark.parametrize("kept", range(7))
def test_what_retention_took_is_missed(kept: int) -> None:
    partition = sunk()
    partition.redrive()
    partition.rules.mended = True
    partition.retain(max(len(partition.dead_letters) - kept, 0))
    assert ("accepted" if kept >= 3 else "rejected") == partition.redrive()["status"]
    assert (4 if kept >= 3 else 1) == len(partition.events)


def test_what_fails_later_is_where_it_waits_from() -> None:
    partition = sunk()
    again = envelope("dock_ship", SHIP, {"port": "Atlantis"})
    partition.ask(again)
    assert "The command at offset 4 failed again: ZeroDivisionError" == partition.redrive(1)["message"]
    assert {SHIP: 4} == partition.entities.parked
    assert {"from": 4} == partition.snapshots[-1].json["parked"]
    assert "accepted" == partition.redrive(4)["status"]
    assert {} == partition.entities.parked


def test_what_is_skipped_is_left_out() -> None:
    partition = sunk()
    assert ("accepted", 1) == (partition.redrive(1)["status"], partition.replies[-1].json["data"]["entity_version"])
    assert [("rejected", "not_docked"), ("rejected", "not_docked"), ("accepted", None)] == partition.last(3)


def test_a_repeat_that_waits_is_answered_as_one() -> None:
    partition = mended()
    partition.ask(LOAD)
    partition.redrive()
    assert [False, False, False, True, False] == [reply.json["data"]["duplicate"] for reply in partition.replies[-5:]]
    assert 4 == len(partition.events)


def test_what_is_discarded_is_not_judged() -> None:
    partition = mended()
    assert ("accepted", None) == partition.told(envelope("discard_parked", SHIP, {}))
    assert ("rejected", "not_docked") == partition.told(DEPART)
    assert partition.snapshots[-1].json["parked"] is None
    assert ("rejected", "not_parked") == partition.told(envelope("redrive_parked", SHIP, {}))
    assert_equal(partition.entities, partition.replayed())


def test_without_the_dead_letter_it_waits_from_nothing_is_judged() -> None:
    partition = mended()
    del partition.dead_letters[0]
    told = partition.redrive(1)
    assert ("rejected", "dead_letters_gone") == (told["status"], told["code"])
    message = "The dead letter of the command at offset 1 is no longer kept: discard what is left"
    assert message == told["message"]
    assert {SHIP: 1} == partition.entities.parked
    assert 1 == len(partition.events)


def test_no_more_commands_are_redriven_at_once_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked, "MAX_WAITING", 3)
    partition = mended()
    partition.ask(envelope("dock_ship", SHIP, {"port": "Rio"}))
    before = len(partition.events), len(partition.dead_letters), len(partition.snapshots)
    assert_too_many(partition.redrive())
    # What is left out waits like the rest.
    assert_too_many(partition.redrive(1, 2))
    assert before == (len(partition.events), len(partition.dead_letters), len(partition.snapshots))
    assert {SHIP: 1} == partition.entities.parked
    assert_equal(partition.entities, partition.replayed())
    monkeypatch.setattr(parked, "MAX_WAITING", 4)
    assert "accepted" == partition.redrive()["status"]
    assert 5 == len(partition.events)


def test_no_more_bytes_are_redriven_at_once_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = mended()
    partition.publish(
        SHIP.encode(), orjson.dumps(envelope("depart_ship", SHIP, {})), headers=[("né", b"123"), ("x", None)]
    )
    partition.judge()
    size = sum(len(command.value or b"") for command in partition.commands[1:]) + len("né".encode()) + 3 + 1
    monkeypatch.setattr(parked, "MAX_WAITING_BYTES", size - 1)
    assert_too_many(partition.redrive())
    monkeypatch.setattr(parked, "MAX_WAITING_BYTES", size)
    assert "accepted" == partition.redrive()["status"]


def test_what_is_written_again_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked, "MAX_WAITING", 3)
    monkeypatch.setattr(parked, "MAX_WAITING_BYTES", sum(len(orjson.dumps(one)) for one in (SINK, LOAD, DEPART)))
    partition = sunk()
    for _ in range(3):
        assert "still_parked" == partition.redrive()["code"]
    partition.rules.mended = True
    assert "accepted" == partition.redrive()["status"]


def test_what_was_judged_or_left_out_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = sunk()
    partition.ask(envelope("dock_ship", SHIP, {"port": "Atlantis"}))
    assert "still_parked" == partition.redrive(1)["code"]
    monkeypatch.setattr(parked, "MAX_WAITING", 1)
    partition.rules.mended = True
    assert "accepted" == partition.redrive()["status"]


def test_what_is_too_much_can_be_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked, "MAX_WAITING", 2)
    partition = mended()
    assert_too_many(partition.redrive())
    assert ("accepted", None) == partition.told(envelope("discard_parked", SHIP, {}))
    assert [("accepted", None)] * 3 == [partition.told(command) for command in (SINK, LOAD, DEPART)]


def test_a_letter_that_is_gone_is_told_before_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked, "MAX_WAITING", 1)
    partition = mended()
    partition.retain(1)
    assert "dead_letters_gone" == partition.redrive()["code"]


def test_of_too_many_none_is_held_and_no_more_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked, "MAX_WAITING", 2)
    letters = parked.Letters(1, NOON)
    told = []
    for letter in sunk().dead_letters:
        letters.add(letter)
        told.append((letters.told, len(letters.in_order())))
    assert [(False, 1), (False, 2), (True, 0)] == told


def test_the_bound_is_that_of_the_contract() -> None:
    assert (10_000, 16 * 2**20) == (parked.MAX_WAITING, parked.MAX_WAITING_BYTES)


def test_a_dead_letter_keeps_the_headers_that_came_with_the_command() -> None:
    partition = Ships()
    received = [("traceparent", b"00-1"), ("fairlead-offset", b"77"), ("fairlead-redrives", b"2"), ("x", b"y")]
    partition.publish(SHIP.encode(), orjson.dumps(REGISTER))
    partition.publish(SHIP.encode(), orjson.dumps(SINK), headers=received)
    partition.judge()
    partition.redrive()
    first, second = partition.dead_letters
    assert received == list(first.headers[:4]) == list(second.headers[:4])
    assert ("internal_error", "1", "3") == partition.letter()
    partition.rules.mended = True
    partition.redrive()
    assert [("content-type", b"application/cloudevents+json"), received[0]] == list(partition.events[-1].headers)


@pytest.mark.parametrize("count", [None, b"", b"abc", b"-1", b"1_0", b"\xff", "\u0663".encode(), b"9" * 5_000])
def test_a_count_that_is_none_counts_as_nothing(count: bytes | None) -> None:
    partition = Ships()
    partition.publish(SHIP.encode(), orjson.dumps(REGISTER))
    partition.publish(SHIP.encode(), orjson.dumps(SINK), headers=[("fairlead-redrives", count)])
    partition.judge()
    assert "still_parked" == partition.redrive()["code"]
    assert ("internal_error", "1", "1") == partition.letter()
    partition.rules.mended = True
    assert "accepted" == partition.redrive()["status"]
    assert 2 == len(partition.events)


def test_a_person_who_is_redriven_is_sealed() -> None:
    partition = users()
    partition.publish(USER.encode(), orjson.dumps(CREATE))
    partition.refuse("MessageSizeTooLarge")
    partition.ask(ADD)
    partition.ask(envelope("redrive_parked", USER, {}))
    assert "A256GCM" == partition.events[0].json["data"]["username"]["alg"]
    assert 2 == partition.entities.entity(USER).version
