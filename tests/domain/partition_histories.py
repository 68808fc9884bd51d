"""Any commands in any order on a broker whose clock is not to be trusted, and what is compared after them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import strategies as st

from fairlead.control import DISCARD_PARKED, REDRIVE_PARKED
from service.commands.entities import Entities, Outcome
from service.domain import Aggregate
from tests.domain.partition import HOUR, NOON, Partition, entity_id, envelope
from tests.domain.strategies import commands_of, type_of

# A broker's clock mostly goes on a little, sometimes a day, and now and then goes back.
_STEPS = st.sampled_from([0, 0, 0, 1, 1, 1000, 23 * HOUR, 25 * HOUR, -1, -2 * HOUR])
_LENGTHS = st.integers(0, 20)
_REPEATS = st.sampled_from([True, False, False, False])
_ENTITIES = st.sampled_from([entity_id(1), entity_id(2)])
_IDS = st.sampled_from([entity_id(1_000 + number) for number in range(16)])
_EXPECTED = st.sampled_from([None, None, None, 0, 1, 2])
_ENDS = st.booleans()
_CONTROLS = st.sampled_from([True, False, False, False, False])
_CONTROL: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.tuples(st.just(REDRIVE_PARKED), st.one_of(st.just({}), st.builds(dict, skip=st.lists(st.integers(0, 20))))),
    st.tuples(st.just(DISCARD_PARKED), st.just({})),
)


@st.composite
def histories(
    draw: st.DrawFn, aggregate: Aggregate, *, control: bool = False
) -> list[tuple[dict[str, Any], int, bool]]:
    """Envelopes with the broker's time of each, and whether a batch ends after it.

    With control commands among them where that is asked for.
    """
    time = NOON
    asked: list[tuple[dict[str, Any], int, bool]] = []
    for _ in range(draw(_LENGTHS)):
        time += draw(_STEPS)
        repeats: bool = draw(_REPEATS)
        if asked and repeats:
            command = draw(st.sampled_from(asked))[0]
        else:
            expected = draw(_EXPECTED)
            more = {"id": draw(_IDS)} | ({} if expected is None else {"expectedversion": expected})
            type_, data = draw(_CONTROL) if control and draw(_CONTROLS) else draw(_asked_of(aggregate))
            command = envelope(type_, draw(_ENTITIES), data, **more)
        asked.append((command, time, draw(_ENDS)))
    return asked


def _asked_of(aggregate: Aggregate) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return commands_of(aggregate).map(lambda message: (type_of(aggregate, message), message.model_dump()))


def publish(partition: Partition, history: list[tuple[dict[str, Any], int, bool]]) -> None:
    for command, time, ends in history:
        partition.publish(command["subject"].encode(), orjson.dumps(command), at=time)
        if ends:
            partition.judge()
    partition.judge()


def assert_equal(expected: Entities, actual: Entities) -> None:
    assert expected.known == actual.known
    assert {id_: [*window.items()] for id_, window in expected.windows.items()} == {
        id_: [*window.items()] for id_, window in actual.windows.items()
    }
    assert expected.event_ids == actual.event_ids
    assert expected.parked == actual.parked
    assert expected.clock == actual.clock
    for entities in (expected, actual):
        assert entities.outcomes == sum(map(len, entities.windows.values()))


def states_of(entities: Entities) -> dict[str, tuple[Any, int, int]]:
    return {id_: (entity.state, entity.version, entity.time) for id_, entity in entities.known.items()}


def answer_of(outcome: Outcome) -> Outcome:
    return replace(outcome, place=0, clock=0)
