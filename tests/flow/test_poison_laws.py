"""Any history with any poison in it, in memory: see `tests/postgres/test_poison_laws.py` for the same in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings

from tests.event_records import Record
from tests.flow.poison_laws import Poison, Step, histories, obeys, poisons, steps
from tests.flow.poison_memory import MemoryStore, straight


@settings(max_examples=300, deadline=None)
@given(histories(), poisons(), steps())
def test_once_mended_and_redriven_the_rows_are_those_of_a_history_without_poison(
    history: Sequence[Record], poison: Poison, plan: Sequence[Step]
) -> None:
    asyncio.run(obeys(MemoryStore(), straight, history, poison, plan))
