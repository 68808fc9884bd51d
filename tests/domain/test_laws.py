"""What every registered aggregate obeys, whatever its rules are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fairlead.bounds import Message
from service.domain import Aggregate
from service.domain.aggregate import InvalidHistory, Rejected
from tests.domain.partition import entity_id
from tests.domain.strategies import aggregates, commands_of, decided

ID = entity_id(1)
Steps = list[tuple[Any, Message]]


@pytest.fixture(params=aggregates, ids=lambda aggregate: aggregate.name, scope="module")
def aggregate(request: pytest.FixtureRequest) -> Aggregate:
    found: Aggregate = request.param
    return found


@pytest.fixture(params=[one for one in aggregates if one.last_event], ids=lambda one: one.name, scope="module")
def ending(request: pytest.FixtureRequest) -> Aggregate:
    """One that has an end."""
    found: Aggregate = request.param
    return found


def steps_of(aggregate: Aggregate, data: st.DataObject) -> Steps:
    return data.draw(decided(aggregate, ID))


@given(st.data())
def test_an_event_comes_back_from_json_as_it_was(aggregate: Aggregate, data: st.DataObject) -> None:
    for _, event in steps_of(aggregate, data):
        stored = orjson.loads(orjson.dumps(event.__dict__))
        assert event == aggregate.read_event(type(event).__name__, stored)


@given(st.data())
def test_a_decided_event_always_evolves(aggregate: Aggregate, data: st.DataObject) -> None:
    steps = steps_of(aggregate, data)
    state = aggregate.fold(aggregate.initial, [event for _, event in steps])
    orjson.dumps(aggregate.render(state))


@given(st.data())
def test_the_cause_of_an_event_decides_it_again(aggregate: Aggregate, data: st.DataObject) -> None:
    for state, event in steps_of(aggregate, data):
        assert [event] == list(aggregate.decide(aggregate.cause(event), state, ID))


@given(st.data())
def test_the_first_event_is_the_one_that_is_declared(aggregate: Aggregate, data: st.DataObject) -> None:
    for _, event in steps_of(aggregate, data)[:1]:
        assert aggregate.first_event == type(event).__name__


@given(st.data())
def test_no_other_event_can_come_first(aggregate: Aggregate, data: st.DataObject) -> None:
    for _, event in steps_of(aggregate, data)[1:]:
        with pytest.raises(InvalidHistory, match=f"First event must be {aggregate.first_event}"):
            aggregate.evolve(aggregate.initial, event)


def test_whoever_can_be_known_can_be_forgotten(aggregate: Aggregate) -> None:
    assert not aggregate.personal or aggregate.last_event in aggregate.events


@given(st.data())
def test_the_last_event_leaves_nothing_and_nothing_can_follow_it(ending: Aggregate, data: st.DataObject) -> None:
    steps = steps_of(ending, data)
    state = next((state for state, _ in reversed(steps) if state != ending.initial), None)
    assume(state is not None)
    last = ending.events[str(ending.last_event)]()
    assert [last] == list(ending.decide(ending.cause(last), state, ID))
    after = ending.evolve(state, last)
    assert ({}, None) == (asdict(after), ending.render(after))
    with pytest.raises(Rejected):
        ending.decide(data.draw(commands_of(ending)), after, ID)
    for _, event in steps:
        with pytest.raises(InvalidHistory):
            ending.evolve(after, event)


@given(st.data())
def test_before_its_last_event_there_is_something_to_see(aggregate: Aggregate, data: st.DataObject) -> None:
    for before, _ in steps_of(aggregate, data):
        assert (before == aggregate.initial) == (aggregate.render(before) is None)


@given(st.data())
def test_neither_deciding_nor_evolving_changes_a_state(aggregate: Aggregate, data: st.DataObject) -> None:
    steps = steps_of(aggregate, data)
    before = [repr(state) for state, _ in steps]
    for state, event in steps:
        aggregate.decide(aggregate.cause(event), state, ID)
        aggregate.evolve(state, event)
    assert before == [repr(state) for state, _ in steps]


def test_an_unknown_event_is_no_history(aggregate: Aggregate) -> None:
    with pytest.raises(InvalidHistory, match="Unknown event: Sunk"):
        aggregate.read_event("Sunk", {})
