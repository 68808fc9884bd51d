"""A partition to which everything happens that can: code and broker fail, too much waits, retention takes letters."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import strategies as st

from service.domain import Aggregate
from tests.domain.failing import Blind, failing
from tests.domain.partition import Partition
from tests.domain.partition_histories import histories

History = list[tuple[dict[str, Any], int, bool]]

_TROUBLES = st.sampled_from(["none", "none", "none", "busy", "refused", "unread"])


class Troubled(Partition):
    """A partition that a replay reads with code that works: what it wrote was decided by code that did."""

    def __init__(self, aggregate: Aggregate, *, park: bool = True) -> None:
        super().__init__(failing(aggregate), park=park)
        self.aggregate = aggregate


def trouble(partition: Partition, history: History, draws: st.DataObject) -> None:
    """Judge what was published, batch by batch, or have it go wrong."""
    for command, time, ends_batch in history:
        partition.publish(command["subject"].encode(), orjson.dumps(command), at=time)
        if ends_batch:
            match draws.draw(_TROUBLES):
                case "busy":
                    partition.put_off(500)
                case "refused":
                    partition.refuse("MessageSizeTooLarge")
                case "unread":
                    sound, partition.decider = partition.decider, partition.decider_with(Blind(partition.aggregate))
                    partition.judge()
                    partition.decider = sound
                case _:
                    partition.judge()
    partition.judge()


def troubles(partition: Troubled, draws: st.DataObject, taken: st.SearchStrategy[int]) -> None:
    """Two histories one after the other, after each of which retention takes so many dead letters."""
    for _ in range(2):
        trouble(partition, draws.draw(histories(partition.aggregate, control=True)), draws)
        partition.retain(draws.draw(taken))
