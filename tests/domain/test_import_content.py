"""What an imported history keeps: its times as they are, its names sealed, its size in one decision."""

from __future__ import annotations

import orjson

from service.domain import AGGREGATES
from tests.domain.imported import SHIP, USER, VOYAGE, answer, chunk, event, ships
from tests.domain.partition import NOON, Partition, entity_id, envelope
from tests.domain.partition_histories import outcomes_of, states_of


def test_times_need_not_rise_and_the_last_one_counts() -> None:
    partition = ships()
    late = [VOYAGE[0] | {"time": "2100-01-01T00:00:00Z"}, VOYAGE[1] | {"time": "2090-01-01T00:00:00Z"}]
    answer(partition, chunk(late))
    partition.ask(envelope("depart_ship", SHIP, {}))
    assert "2090-01-01T00:00:00.000Z" == partition.events[-1].json["time"]
    assert states_of(partition.entities) == states_of(partition.replayed())


def test_an_imported_name_is_protected_and_a_deleted_user_stays_deleted() -> None:
    partition = Partition(AGGREGATES["user"])
    history = [
        event(1, "UserCreated", {"username": "test_user", "balance": 100}),
        event(2, "UserBalanceChanged", {"balance_change": -100}),
        event(3, "UserDeleted", {}),
    ]
    assert ("accepted", None, None, 3) == answer(partition, chunk(history, subject=USER))
    assert b"test_user" not in b"".join(stored.value or b"" for stored in partition.events)
    more = chunk([event(4, "UserDeleted", {})], first=4, subject=USER)
    message = f"Event 4: User with ID {USER} was deleted"
    assert ("rejected", "invalid_history", message, 3) == answer(partition, more)


def test_a_sealed_name_is_no_history() -> None:
    partition = Partition(AGGREGATES["user"])
    sealed = {"alg": "A256GCM", "kid": entity_id(9), "value": "AAAA"}
    answer(partition, chunk([event(1, "UserCreated", {"username": sealed, "balance": 0})], subject=USER))
    assert ["invalid_command"] == [reply.json["data"]["code"] for reply in partition.replies]


def test_the_content_of_a_history_is_what_was_sent() -> None:
    partition = ships()
    command = chunk(VOYAGE)
    partition.ask(command)
    assert partition.ask(command)["data"]["duplicate"]
    same_moment = [VOYAGE[0] | {"time": "2020-01-01T00:00:01.0000010Z"}, *VOYAGE[1:]]
    other = command | {"data": {"first_version": 1, "events": same_moment}}
    assert "id_reused" == answer(partition, other)[1]


def test_a_chunk_of_500_events_is_one_command() -> None:
    partition = ships()
    docks = [event(number % 60, "ShipDocked", {"port": f"port {number}"}) for number in range(499)]
    docks = [dock | {"id": entity_id(5_000 + number)} for number, dock in enumerate(docks)]
    value = orjson.dumps(chunk([VOYAGE[0], *docks]))
    partition.publish(SHIP.encode(), value, at=NOON)
    partition.judge()
    assert 500 == partition.replies[0].json["data"]["entity_version"]
    assert_one_decision(partition)


def assert_one_decision(partition: Partition) -> None:
    [(outcome, _)] = outcomes_of(partition.replayed(replies=[]))[SHIP].values()
    assert 500 == len(outcome.events)
