"""Decider and checker decide alike where code and broker fail, commands wait, are redriven, left out or discarded."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.audit.report import Report
from service.domain import Aggregate
from tests.domain.strategies import aggregates
from tests.domain.troubles import Troubled, troubles
from tests.flow.happened import draw_until
from tests.flow.twin_logs import judged

_PARKS = st.sampled_from([True, True, True, False])
_TAKEN = st.integers(0, 6)
COUNTS: Counter[str] = Counter()


@given(st.data())
@settings(max_examples=150)
@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
def test_any_commands_whatever_happens_to_them(aggregate: Aggregate, data: st.DataObject) -> None:
    assert [] == _judged(aggregate, data).violations


def _judged(aggregate: Aggregate, data: st.DataObject) -> Report:
    """What the checker says of some history."""
    partition = Troubled(aggregate, park=data.draw(_PARKS))
    troubles(partition, data, _TAKEN)
    report = judged([partition], of=1, troubled=True)
    COUNTS.update(report.counts)
    letters = [letter.said for letter in partition.dead_letters]
    parked = Counter(said["fairlead-offset"] for said in letters if said["fairlead-code"] == "parked")
    COUNTS["written again"] += sum(parked.values()) - len(parked)
    return report


def test_all_of_it_happens() -> None:
    failures = {"failed.internal_error", "failed.not_writable", "failed.parked", "rejected.still_parked"}
    wanted = {*failures, "busy", "parked", "redriven", "rejected.not_parked", "written again"}
    draw_until(COUNTS, wanted, lambda data: _judged(data.draw(st.sampled_from(aggregates)), data))
