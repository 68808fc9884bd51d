"""Decider and checker decide alike where code and broker fail, commands wait, are redriven, left out or discarded."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import service.audit.parking
import service.commands.parked
from service.audit.report import Report
from service.domain import Aggregate
from tests.domain.strategies import aggregates
from tests.domain.troubles import Troubled, troubles
from tests.flow.happened import draw_until
from tests.flow.twin_logs import judged

_PARKS = st.sampled_from([True, True, True, False])
_TAKEN = st.integers(0, 6)
_MOST = st.sampled_from([10_000] * 3 + [1])
_MOST_BYTES = st.sampled_from([16 << 20] * 3 + [300])
COUNTS: Counter[str] = Counter()


@given(st.data())
@settings(max_examples=3 * settings().max_examples)
@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
def test_any_commands_whatever_happens_to_them(aggregate: Aggregate, data: st.DataObject) -> None:
    assert [] == _judged(aggregate, data).violations


def _judged(aggregate: Aggregate, data: st.DataObject) -> Report:
    """What the checker says of some history."""
    partition = Troubled(aggregate, park=data.draw(_PARKS))
    with pytest.MonkeyPatch.context() as patch:
        # Each side has bounds of its own: so small that now and then more waits.
        most, size = data.draw(_MOST), data.draw(_MOST_BYTES)
        for one in (service.commands.parked, service.audit.parking):
            patch.setattr(one, "MAX_WAITING", most)
            patch.setattr(one, "MAX_WAITING_BYTES", size)
        troubles(partition, data, _TAKEN)
        report = judged([partition], of=1, troubled=True)
    COUNTS.update(report.counts)
    letters = [letter.said for letter in partition.dead_letters]
    parked = Counter(said["fairlead-offset"] for said in letters if said["fairlead-code"] == "parked")
    COUNTS["written again"] += sum(parked.values()) - len(parked)
    return report


def test_all_of_it_happens() -> None:
    failures = {"failed.internal_error", "failed.not_writable", "failed.parked", "rejected.still_parked"}
    refusals = {"rejected.not_parked", "rejected.too_many_waiting"}
    wanted = {*failures, *refusals, "busy", "parked", "redriven", "written again"}
    draw_until(COUNTS, wanted, lambda data: _judged(data.draw(st.sampled_from(aggregates)), data))
