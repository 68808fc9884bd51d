"""The decider and the checker's own model, which share no code, decide alike, whatever was published."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audit.report import Report
from service.domain import AGGREGATES, Aggregate
from tests.domain.bad_input import LOAD, SHIP, dumped
from tests.domain.hostile import Hostile
from tests.domain.imported import VOYAGE
from tests.domain.partition import NOON, Partition
from tests.domain.partition_histories import histories
from tests.domain.strategies import aggregates
from tests.domain.test_bounds import INVALID
from tests.domain.test_reading import UNREADABLE
from tests.flow.twin import Twin, place_of
from tests.flow.twin_logs import judged
from tests.workload import generate

_INPUTS = 3_000


def assert_alike(report: Report) -> None:
    assert [] == report.violations


async def test_a_random_workload() -> None:
    twin = Twin()
    for message in generate(3_000, ships=30, users=30, seed=11):
        own = place_of(message.key or b"")
        where = (own + 1) % 4 if message.astray else own
        headers = [(name, value or b"") for name, value in message.headers]
        aggregate = message.topic.partition(".")[0]
        await twin.publish(aggregate, message.key, message.value, headers=headers, partition=where)
    assert_alike(judged(twin.partitions.values()))


def ships() -> Partition:
    return Partition(AGGREGATES["ship"], owns=lambda key: place_of(key) == 0, number=0)


def test_all_that_is_out_of_bounds() -> None:
    partition = ships()
    for value in UNREADABLE.values():
        partition.publish(SHIP.encode(), value)
    for change in INVALID.values():
        partition.publish(SHIP.encode(), dumped(change(LOAD)))
    for key in (None, b"", b"\xff", b"elsewhere"):
        partition.publish(key, dumped(LOAD))
    partition.judge()
    assert_alike(judged([partition]))


@given(st.data())
@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
def test_any_commands_on_a_clock_that_may_go_back(aggregate: Aggregate, data: st.DataObject) -> None:
    twin = Twin()
    for command, time, _ in data.draw(histories(aggregate)):
        key = command["subject"].encode()
        partition = twin.partitions[aggregate.name, place_of(key)]
        partition.publish(key, orjson.dumps(command), at=time)
        partition.judge()
    assert_alike(judged(twin.partitions.values()))


@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
def test_what_strangers_send(aggregate: Aggregate) -> None:
    partition, hostile = Partition(aggregate, owns=lambda key: place_of(key) == 0, number=0), Hostile(aggregate.name, 7)
    for number in range(_INPUTS):
        one = hostile.next()
        partition.publish(one.key, one.value, at=NOON + number, headers=one.headers)
    partition.judge()
    assert_alike(judged([partition]))


_STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*LOAD.values(), "x" * 201]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_ATTRIBUTES = st.sampled_from([*LOAD, "time", "correlationid", "expectedversion", "dataschema", "ext", "X", ""])


@given(st.dictionaries(_ATTRIBUTES, _STRANGE, max_size=3), st.dictionaries(st.sampled_from(["item", "x"]), _STRANGE))
def test_strange_commands(changes: dict[str, Any], fields: dict[str, Any]) -> None:
    partition = ships()
    command = LOAD | {"data": LOAD["data"] | fields} | changes
    partition.publish(SHIP.encode(), dumped(command))
    partition.judge()
    assert_alike(judged([partition]))


_MOMENTS = ["1969-12-31T23:59:59.9Z", "2020-01-01T00:00:00.123456789+02:00", "2100-01-01T00:00:00Z"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(_MOMENTS), st.booleans()), max_size=8))
def test_histories_cut_anywhere(chunks: list[tuple[int, int, str, bool]]) -> None:
    twin = Twin()
    partition = twin.partitions["ship", place_of(SHIP.encode())]
    for first, length, time, other in chunks:
        events = [entry | {"time": time} for entry in VOYAGE[max(first - 1, 0) :][:length]]
        if other and events:
            events[-1] = events[-1] | {"id": str(uuid4())}
        data = {"first_version": first, "events": events}
        command = LOAD | {"id": str(uuid4()), "type": "import_history", "data": data}
        docking = LOAD | {"id": str(uuid4()), "type": "dock_ship", "data": {"port": "Singapore"}}
        for each in (command, docking, command):
            partition.publish(SHIP.encode(), dumped(each), at=NOON)
    partition.judge()
    assert_alike(judged([partition]))
