"""However an owner comes to know its partition, by its disk, by snapshots or by all events, it knows the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.commands import floors, snapshots
from service.domain import Aggregate
from service.kafka import rehydration
from service.kafka import session as sessions
from tests.domain.failing import failing
from tests.domain.memory import MemoryStore
from tests.domain.partition_histories import assert_equal, histories
from tests.domain.strategies import aggregates
from tests.domain.troubles import History
from tests.store.owning import Owning, copied, judged

_TIMES = st.sampled_from(
    ["", "", "", "flush", "rest", "swept", "swept", "restart", "kill", "before", "behind", "lost", "other"]
)
COUNTS: Counter[str] = Counter()


@pytest.fixture(params=aggregates, ids=lambda aggregate: aggregate.name, scope="module")
def aggregate(request: pytest.FixtureRequest) -> Aggregate:
    found: Aggregate = request.param
    return found


@pytest.fixture(scope="module")
def short() -> Any:
    """Generations, sweeps and marks after a few events already, and some states too large for a record."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(floors, "GENERATION_EVENTS", 1)
        patched.setattr(floors, "_MARK_MICROS", 1_000)
        patched.setattr(sessions, "_SWEPT", 1)
        patched.setattr(snapshots, "_MAX_BYTES", 230)
        yield patched


@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_an_owner_knows_what_all_logs_tell_however_it_came_to_know(
    short: pytest.MonkeyPatch, aggregate: Aggregate, data: st.DataObject
) -> None:
    asyncio.run(_story(short, Owning(aggregate), data.draw(histories(aggregate)), data))


@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_so_it_is_where_code_fails_and_entities_are_parked(
    short: pytest.MonkeyPatch, aggregate: Aggregate, data: st.DataObject
) -> None:
    owning = Owning(aggregate, judging=failing(aggregate))
    asyncio.run(_story(short, owning, data.draw(histories(aggregate, control=True)), data))


def test_all_of_it_has_happened() -> None:
    if not COUNTS:
        pytest.skip("this is told by the tests above")
    assert set() == {"warm", "snapshots", "events", "floors rose", "parked", "swept", "too large"} - (+COUNTS).keys()


async def _story(patched: pytest.MonkeyPatch, owning: Owning, history: History, data: st.DataObject) -> None:
    with patched.context() as served:
        owning.logs.serve(served)
        # How many entities are counted in memory while logs are read from their beginning.
        served.setattr(rehydration, "_COUNTED", data.draw(st.sampled_from([0, 1, 100])))
        for command, time, ends in history:
            owning.publish(command, time)
            if ends:
                await _then(owning, data.draw(_TIMES))
                await _check(owning)
        await owning.work()
        await owning.sweep()
        await _check(owning)
        assert [] == judged(owning).violations
        owning.logs.compact(owning.topics.snapshots)
        await _check(owning)
        assert [] == judged(owning, compacted=True).violations


async def _then(owning: Owning, what: str) -> None:
    if owning.session is None:
        await owning.acquire()
        COUNTS[owning.how] += 1
    if what in ("before", "behind"):
        await owning.kill(what)
    await owning.work()
    await _afterwards(owning, what)


async def _afterwards(owning: Owning, what: str) -> None:
    match what:
        case "flush":
            await owning.flush()
        case "rest":
            await owning.flush()
            await owning.rest()
        case "swept":
            await owning.sweep()
        case "restart":
            await owning.flush()
            await owning.kill()
        case "kill":
            await owning.kill()
        case "lost":
            owning.lose_disk()
        case "other":
            owning.handed_over()


async def _check(owning: Owning) -> None:
    """All ways lead to the same; those that are tried here leave the owner as it was."""
    expected = owning.replayed()
    COUNTS["parked"] += len(expected.parked)
    COUNTS["too large"] += any("state" not in one.json for one in owning.snapshots())
    COUNTS["swept"] += len(owning.snapshots())
    if not owning.logs.ends[owning.topics.replies]:
        return
    COUNTS["floors rose"] += owning.checkpoint.needed.events > 0
    for disk in (copied(owning.disk), MemoryStore()):
        found = await owning.acquired(disk)
        COUNTS[found.how] += 1
        assert_equal(expected, found.local.entities)
        assert found.next_offset == owning.checkpoint.next_offset
    anew = await replace(owning, fold="new").acquired(MemoryStore())
    COUNTS[anew.how] += 1
    assert_equal(expected, anew.local.entities)
