"""What every registered aggregate obeys, whatever its rules are."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.bounds import Message
from service.domain import Aggregate
from service.domain.aggregate import InvalidHistory
from tests.domain.partition import entity_id
from tests.domain.strategies import aggregates, decided

ID = entity_id(1)
Steps = list[tuple[Any, Message]]


@pytest.fixture(params=aggregates, ids=lambda aggregate: aggregate.name, scope="module")
def aggregate(request: pytest.FixtureRequest) -> Aggregate:
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
