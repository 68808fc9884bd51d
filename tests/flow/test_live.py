"""Whatever a decider wrote, and whatever is left of it or still in the making, an audit has nothing against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.audit.records import DataKey, PartitionLogs, Record
from service.audit.report import Report
from service.commands.decision import Decision
from service.domain import Aggregate
from tests.checker.handmade import checkpoint
from tests.domain.strategies import aggregates
from tests.domain.troubles import Troubled, troubles
from tests.flow.happened import draw_until
from tests.flow.live import judge_live
from tests.flow.twin_logs import logs_of

_PARKS = st.sampled_from([True, True, True, False])
_TAKEN = st.integers(0, 4)
COUNTS: Counter[str] = Counter()


class Recorded(Troubled):
    """Remembers how far each log was after each batch."""

    def __init__(self, aggregate: Aggregate, *, park: bool) -> None:
        super().__init__(aggregate, park=park)
        self.moments = [self._moment()]

    def commit(self, decision: Decision, judged: int) -> None:
        super().commit(decision, judged)
        self.moments.append(self._moment())

    def _moment(self) -> dict[str, int]:
        letters = self.letters_taken + len(self.dead_letters)
        reached = {"events": len(self.events), "replies": len(self.replies), "dead-letters": letters}
        return {**reached, "commands": self.judged, "snapshots": len(self.snapshots)}


@given(st.data())
@settings(max_examples=2 * settings().max_examples)
@pytest.mark.parametrize("aggregate", aggregates, ids=lambda aggregate: aggregate.name)
def test_any_history_read_at_any_time(aggregate: Aggregate, data: st.DataObject) -> None:
    assert [] == _read(aggregate, data).violations


def _read(aggregate: Aggregate, data: st.DataObject) -> Report:
    """What an audit says of some history at some time."""
    partition = Recorded(aggregate, park=data.draw(_PARKS))
    troubles(partition, data, _TAKEN)
    moments = partition.moments
    places = sorted(data.draw(st.tuples(*[st.integers(0, len(moments) - 1)] * 3)))
    first, then, last = (moments[at] for at in places)
    logs = logs_of(partition, 1)
    removed = ("commands", "replies") if data.draw(st.booleans()) else ()
    taken = {kind: data.draw(st.integers(0, len(logs.records[kind]))) for kind in removed}
    _shorten(logs, taken, then)
    settled = _compact(logs, [first, last], data)

    keys = {id_: DataKey(key.kid, key.secret) for id_, key in partition.keys.kept("user").items()}
    report = judge_live(logs, keys=keys, settled=settled)
    COUNTS.update(report.counts)
    return report


def test_all_of_it_happens() -> None:
    wanted = {
        "commands judged again",
        "commands in the making",
        "commands not judged: what they rest on is gone",
        "commands not judged: of an entity that was parked before, perhaps",
        "dead letters",
    }
    draw_until(COUNTS, wanted, lambda data: _read(data.draw(st.sampled_from(aggregates)), data))


def _shorten(logs: PartitionLogs, taken: dict[str, int], then: dict[str, int]) -> None:
    """Let retention have taken so many of a kind, and nothing be there beyond a moment."""
    for kind in ("commands", "events", "replies", "dead-letters"):
        records = logs.records[kind]
        end = len(records) if kind == "commands" else then[kind]
        start = max(logs.starts.get(kind, 0), min(taken.get(kind, 0), end))
        logs.starts[kind], logs.ends[kind] = start, end
        logs.records[kind] = [one for one in records if start <= one.offset < end]


def _compact(logs: PartitionLogs, moments: Sequence[dict[str, int]], data: st.DataObject) -> int:
    """Leave of the snapshots up to each moment at least the last of each key; how many are left up to the first."""
    first, last = moments
    records = [one for one in logs.records["snapshots"][: last["snapshots"]] if one.key != b"checkpoint"]
    newest = {one.key: one.offset for one in records}
    kept = [one for one in records if newest[one.key] == one.offset or data.draw(st.booleans())]
    before = [one for one in kept if one.offset < first["snapshots"]]
    behind = kept[len(before) :]
    commands = {one.offset: one for one in logs.records["commands"]}
    logs.records["snapshots"] = [*before, *_checkpoint(commands, first), *behind, *_checkpoint(commands, last)]
    return len(before) + len(_checkpoint(commands, first))


def _checkpoint(commands: dict[int, Record], moment: dict[str, int]) -> list[Record]:
    if not moment["commands"]:
        return []
    at = moment["commands"] - 1
    last = commands.get(at, Record(at, None, None))
    value: dict[str, Any] = checkpoint(PartitionLogs("ship", 0, 1), last)
    value["reached"] = {kind: moment[kind] for kind in ("events", "replies")}
    return [Record(moment["snapshots"], b"checkpoint", orjson.dumps(value))]
