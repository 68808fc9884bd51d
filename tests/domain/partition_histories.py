"""Any commands in any order on a broker whose clock is not to be trusted, and what is compared after them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from hypothesis import strategies as st

from fairlead.control import DISCARD_PARKED, REDRIVE_PARKED
from service.commands.entities import ENTITIES, EVENT_IDS, Entities
from service.commands.stored import Outcome
from service.commands.window import counts
from service.domain import Aggregate
from tests.domain.partition import HOUR, NOON, Partition, entity_id, envelope, flush
from tests.domain.strategies import commands_of, type_of

# A broker's clock mostly goes on a little, sometimes a day, and now and then goes back.
_STEPS = st.sampled_from([0, 0, 0, 1, 1, 1000, 23 * HOUR, 25 * HOUR, -1, -2 * HOUR])
_ID = len(entity_id(1))
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
    assert states_of(expected) == states_of(actual)
    assert outcomes_of(expected) == outcomes_of(actual)
    assert event_ids_of(expected) == event_ids_of(actual)
    assert expected.parked == actual.parked
    assert expected.clock == actual.clock


def states_of(entities: Entities) -> dict[str, tuple[Any, int, int]]:
    """State, version and time of everything that exists."""
    flush(entities)
    there = dict(entities.store.items(ENTITIES))
    return {id_: entities.entity(id_)[:3] for id_ in there}


def outcomes_of(entities: Entities) -> dict[str, dict[str, tuple[Outcome, int]]]:
    """What a repeat would find now, by entity and command, each with how many came after it."""
    found: dict[str, dict[str, tuple[Outcome, int]]] = defaultdict(dict)
    for key in outcome_keys_of(entities):
        entity, remembered = entities.entity(key[:-_ID]), entities.outcome(key)
        if remembered and counts(remembered, entity.place, entity.time, entities.clock):
            found[key[:-_ID]][key[-_ID:]] = remembered.outcome, entity.place - remembered.place
    return found


def outcome_keys_of(entities: Entities) -> set[str]:
    """All that are held, whether a repeat finds them or not."""
    flush(entities)
    store = entities.store
    buckets = [space for space in store.spaces() if space.startswith("outcomes.")]
    return {key for space in buckets for key, _ in store.items(space) if len(key) > _ID}


def event_ids_of(entities: Entities) -> dict[str, bytes]:
    return dict(entities.store.items(EVENT_IDS))
