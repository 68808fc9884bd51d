"""What outcomes may cost: which of them count is told by the log alone, and in two days they are gone."""

from __future__ import annotations

from service.commands.entities import ENTITIES
from service.domain import AGGREGATES
from tests.domain.accounts import ADD, CREATE, OTHER, TOO_MUCH, USER, opened, outcome, users
from tests.domain.bad_input import dumped
from tests.domain.partition import HOUR, NOON, Partition, entity_id, envelope
from tests.domain.partition_histories import assert_equal, outcome_keys_of, outcomes_of


def counting(partition: Partition) -> int:
    """How many outcomes a repeat would find; a new owner finds as many."""
    assert_equal(partition.entities, partition.replayed())
    return sum(len(found) for found in outcomes_of(partition.entities).values())


def held(partition: Partition) -> int:
    """How many are held, by a new owner too."""
    keys = outcome_keys_of(partition.entities)
    assert keys == outcome_keys_of(partition.replayed())
    return len(keys)


def test_a_thousand_outcomes_of_an_entity_count() -> None:
    partition = opened()
    for number in range(1_100):
        partition.ask(TOO_MUCH | {"id": entity_id(10_000 + number)})
    assert 1_000 == counting(partition)


def test_an_outcome_counts_for_25_hours_of_the_partition() -> None:
    partition = opened()
    partition.ask(ADD)
    partition.ask(CREATE | {"subject": OTHER}, at=NOON + 25 * HOUR - 1)
    assert 3 == counting(partition)
    partition.ask(ADD | {"subject": OTHER}, at=NOON + 25 * HOUR)
    assert 2 == counting(partition)
    assert partition.entities.entity(USER).version == 2


def test_what_is_asked_of_an_entity_keeps_no_older_outcomes() -> None:
    partition = opened()
    partition.ask(TOO_MUCH, at=NOON + 24 * HOUR)
    partition.ask(CREATE | {"subject": OTHER}, at=NOON + 26 * HOUR)
    assert 2 == counting(partition)


def test_outcomes_are_held_for_50_hours_at_most() -> None:
    partition = opened()
    assert 1 == held(partition)
    partition.ask(CREATE | {"subject": OTHER}, at=NOON + 50 * HOUR)
    assert 1 == held(partition)


def test_what_was_let_go_stays_so_when_the_clock_goes_back() -> None:
    partition = opened()
    partition.ask(CREATE | {"subject": OTHER}, at=NOON + 25 * HOUR)
    assert ("rejected", "already_exists", False) == outcome(partition.ask(CREATE, at=NOON))
    assert 2 == counting(partition)


def test_within_a_batch_it_is_let_go_as_well() -> None:
    partition = opened()
    for command, at in ((CREATE | {"subject": OTHER}, NOON + 25 * HOUR), (CREATE, NOON), (CREATE, NOON)):
        partition.publish(command["subject"].encode(), dumped(command), at=at)
    partition.judge()
    told = [(reply.json["data"]["code"], reply.json["data"]["duplicate"]) for reply in partition.replies[-2:]]
    assert [("already_exists", False), ("already_exists", True)] == told
    assert 2 == counting(partition)


def test_what_is_answered_without_an_outcome_moves_the_clock_too() -> None:
    partition = opened()
    partition.publish(OTHER.encode(), dumped(ADD | {"subject": OTHER, "type": "fly"}), at=NOON + 25 * HOUR)
    partition.judge()
    assert 0 == counting(partition)


def test_an_outcome_of_the_future_counts_no_longer() -> None:
    partition = Partition(AGGREGATES["user"])
    data = {"username": "test_user", "balance": 0}
    entry = {"id": entity_id(9), "time": "2100-01-01T00:00:00Z", "type": "UserCreated", "data": data}
    partition.ask(envelope("import_history", USER, {"first_version": 1, "events": [entry]}))
    partition.ask(ADD)
    assert 1 == counting(partition)
    partition.ask(CREATE | {"subject": OTHER}, at=NOON + 25 * HOUR)
    assert 1 == counting(partition)
    assert not partition.ask(ADD)["data"]["duplicate"]


def test_ids_that_never_existed_do_not_accumulate() -> None:
    partition = users()
    for number in range(100):
        partition.ask(ADD | {"subject": entity_id(number)}, at=NOON + number * HOUR)
    assert 50 >= held(partition) >= counting(partition) == 25
    assert [] == [*partition.entities.store.items(ENTITIES)]


def test_a_repeat_that_was_redriven_days_later_is_one() -> None:
    partition = parked_for_days()
    partition.ask(envelope("redrive_parked", USER, {}), at=NOON + 72 * HOUR)
    told = [(reply.json["data"]["status"], reply.json["data"]["duplicate"]) for reply in partition.replies[-4:]]
    assert [("accepted", False), ("accepted", False), ("accepted", True), ("accepted", False)] == told
    assert 2 == partition.entities.entity(USER).version
    assert_equal(partition.entities, partition.replayed())


def parked_for_days() -> Partition:
    """Creating the account could not be written; then come a change and its repeat."""
    partition = users()
    partition.publish(USER.encode(), dumped(CREATE))
    partition.refuse("MessageSizeTooLarge")
    partition.ask(ADD)
    partition.ask(ADD)
    partition.ask(CREATE | {"subject": OTHER}, at=NOON + 71 * HOUR)
    return partition
