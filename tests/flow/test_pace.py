"""A pace bounds what all who share it take together, in even portions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.projections import PROJECTIONS
from service.projections.batch import Batch
from service.projections.pace import Pace, PacedTaking
from service.projections.store import Standing
from service.projections.stored import Source
from tests.flow.test_projections_read import Record

RATE, RECORDS = 2_000, 1_000


@dataclass
class Reached:
    """A store that remembers how far it was brought, and by which steps."""

    steps: list[tuple[int, int]] = field(default_factory=list)

    async def standing(self, _topic: str, _partition: int, beginning: int) -> Standing:
        return Standing(beginning)

    async def apply(self, _topic: str, _partition: int, since: Standing, reached: int, batch: Batch) -> Standing:
        self.steps.append((len(batch.waiting), reached))
        return Standing(reached, 0, since.parked | batch.parked.keys())


async def _take(pace: Pace, store: Reached, records: Sequence[Record]) -> None:
    taking = PacedTaking(pace, PROJECTIONS["ships"], Source("ship", "events"), store, "ship.events", 0)
    await taking.begin(0)
    await taking.take(records, 2 * len(records) + 5)


async def test_two_partitions_take_no_more_together_than_the_pace_allows() -> None:
    records = [Record(b"", offset=2 * number) for number in range(RECORDS)]
    stores = [Reached(), Reached()]
    clock = asyncio.get_running_loop().time
    pace, begun = Pace(RATE), clock()

    await asyncio.gather(*(_take(pace, store, records) for store in stores))

    # What comes last is drawn, and not waited for.
    assert clock() - begun >= (2 * RECORDS - pace.portion) / RATE
    for store in stores:
        assert RECORDS == sum(count for count, _ in store.steps)
        assert max(count for count, _ in store.steps) == pace.portion == RATE // 4
        assert [2 * pace.portion, 2 * RECORDS + 5] == [reached for _, reached in store.steps]


async def test_a_stretch_without_records_is_passed_at_once() -> None:
    store = Reached()
    pace = Pace(1)
    await _take(pace, store, [])
    assert [(0, 5)] == store.steps
