"""Decider and checker decide alike where code and broker fail, commands wait, are redriven, left out or discarded."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import Aggregate
from tests.domain.partition_histories import histories
from tests.domain.strategies import aggregates
from tests.domain.troubles import Troubled, trouble
from tests.flow.twin_logs import judged

_PARKS = st.sampled_from([True, True, True, False])
_TAKEN = st.integers(0, 6)
COUNTS: Counter[str] = Counter()


@given(st.data())
@settings(max_examples=150)
@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
def test_any_commands_whatever_happens_to_them(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Troubled(aggregate, park=data.draw(_PARKS))
    for _ in range(2):
        trouble(partition, data.draw(histories(aggregate, control=True)), data)
        partition.retain(data.draw(_TAKEN))
    report = judged([partition], of=1, troubled=True)
    assert [] == report.violations
    COUNTS.update(report.counts)
    letters = [letter.said for letter in partition.dead_letters]
    parked = Counter(said["fairlead-offset"] for said in letters if said["fairlead-code"] == "parked")
    COUNTS["written again"] += sum(parked.values()) - len(parked)


def test_all_of_it_has_happened() -> None:
    if not COUNTS:
        pytest.skip("this is told by the test above")
    failures = {"failed.internal_error", "failed.not_writable", "failed.parked", "rejected.still_parked"}
    assert set() == {*failures, "busy", "parked", "redriven", "rejected.not_parked", "written again"} - (+COUNTS).keys()
