"""The window in which a repeat finds its outcome: 1,000 commands, 24 hours of decision time, the same content."""

from __future__ import annotations

from tests.domain.accounts import ADD, CREATE, OTHER, TOO_MUCH, opened, outcome, users
from tests.domain.partition import HOUR, NOON, Partition, entity_id


def test_a_repeat_is_answered_with_the_first_outcome_and_no_event() -> None:
    partition = opened()
    first = partition.ask(ADD)
    assert {**first["data"], "duplicate": True} == partition.ask(ADD)["data"]
    assert 2 == len(partition.events)


def test_a_refusal_is_repeated_even_when_it_would_be_accepted_now() -> None:
    partition = users()
    assert ("rejected", "not_found", False) == outcome(partition.ask(ADD))
    partition.ask(CREATE)
    assert ("rejected", "not_found", True) == outcome(partition.ask(ADD))


def test_a_version_conflict_is_repeated() -> None:
    partition = opened()
    late = ADD | {"id": entity_id(7), "expectedversion": 7}
    assert ("conflict", "version_conflict", False) == outcome(partition.ask(late))
    assert ("conflict", "version_conflict", True) == outcome(partition.ask(late))


def test_a_repeat_comes_before_the_expected_version() -> None:
    partition = opened()
    exact = ADD | {"expectedversion": 1}
    partition.ask(exact)
    assert ("accepted", None, True) == outcome(partition.ask(exact))


def test_an_id_with_other_content_is_a_conflict_that_is_not_remembered() -> None:
    partition = opened()
    partition.ask(ADD)
    other = ADD | {"data": {"balance_change": 11}}
    assert ("conflict", "id_reused", False) == outcome(partition.ask(other))
    assert ("conflict", "id_reused", False) == outcome(partition.ask(other))
    assert ("accepted", None, True) == outcome(partition.ask(ADD))


def test_source_time_and_correlation_are_no_content() -> None:
    partition = opened()
    partition.ask(ADD)
    again = ADD | {"source": "/elsewhere", "time": "2026-11-24T18:20:00Z", "correlationid": "c1"}
    reply = partition.ask(again)
    assert ("accepted", None, True) == outcome(reply)
    assert "c1" == reply["correlationid"]


def test_the_expected_version_is_content() -> None:
    partition = opened()
    partition.ask(ADD)
    assert ("conflict", "id_reused", False) == outcome(partition.ask(ADD | {"expectedversion": 1}))


def test_an_id_counts_within_its_entity() -> None:
    partition = opened()
    reply = partition.ask(CREATE | {"subject": OTHER})
    assert ("accepted", None, False) == outcome(reply)


def fill(partition: Partition, count: int) -> None:
    for number in range(count):
        partition.ask(TOO_MUCH | {"id": entity_id(10_000 + number)})


def test_a_repeat_is_known_while_fewer_than_a_thousand_others_came_after_it() -> None:
    partition = opened()
    partition.ask(ADD)
    fill(partition, 999)
    assert ("accepted", None, True) == outcome(partition.ask(ADD))


def test_after_a_thousand_others_an_id_is_new() -> None:
    partition = opened()
    partition.ask(ADD)
    fill(partition, 1_000)
    assert ("accepted", None, False) == outcome(partition.ask(ADD))


def test_repeats_do_not_count_as_others() -> None:
    partition = opened()
    partition.ask(ADD)
    fill(partition, 999)
    partition.ask(TOO_MUCH | {"id": entity_id(10_000)})
    assert ("accepted", None, True) == outcome(partition.ask(ADD))


def test_a_repeat_is_known_for_less_than_a_day() -> None:
    partition = opened()
    partition.ask(ADD)
    assert ("accepted", None, True) == outcome(partition.ask(ADD, at=NOON + 24 * HOUR - 1))
    assert ("accepted", None, False) == outcome(partition.ask(ADD, at=NOON + 24 * HOUR))


def test_a_decision_is_never_earlier_than_the_last_event() -> None:
    partition = opened()
    partition.ask(ADD, at=NOON + HOUR)
    late = partition.ask(ADD | {"id": entity_id(9)}, at=NOON - HOUR)
    assert partition.events[1].json["time"] == partition.events[2].json["time"] == late["time"]


def test_when_the_brokers_clock_goes_back_a_day_does_not_begin_again() -> None:
    partition = opened()
    partition.ask(ADD)
    partition.ask(ADD | {"id": entity_id(9)}, at=NOON + 24 * HOUR)
    assert ("accepted", None, False) == outcome(partition.ask(ADD, at=NOON))


def test_an_id_that_is_new_again_is_known_by_what_it_led_to_last() -> None:
    partition = opened()
    partition.ask(ADD)
    second = partition.ask(ADD, at=NOON + 24 * HOUR)
    for entities in (partition.replayed(), partition.replayed(replies=[])):
        partition.entities = entities
        repeat = partition.ask(ADD, at=NOON + 25 * HOUR)
        assert {**second["data"], "duplicate": True} == repeat["data"]
