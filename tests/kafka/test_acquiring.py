"""What an owner reads before its first decision is not read again for a member that comes or goes meanwhile."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from prometheus_client import REGISTRY

from service.kafka.topics import Topics
from service.local.ports import free_port
from service.local.servers import Endpoints
from tests.kafka.supervised import Answer, asking, handling, open_transaction, readyz
from tests.running import PARTITIONS, apply_topics, settings_for


async def test_partitions_that_stay_are_read_on_through_a_rebalance_and_owned_after_it(servers: Endpoints) -> None:
    one = settings_for(servers, "acquiring.", health_port=free_port())
    other = one.model_copy(update={"health_port": free_port()})
    events = Topics("ship", one.prefix).events
    await apply_topics(one)
    before = acquisitions()
    async with AsyncExitStack() as running:
        # Nobody has read all behind somebody's open transaction.
        async with AsyncExitStack() as reading:
            for partition in range(PARTITIONS):
                await reading.enter_async_context(open_transaction(servers, events, partition))
            http = await running.enter_async_context(asking(one))
            await running.enter_async_context(handling(one))
            await readyz(http, lambda answer: PARTITIONS == sum(map(waits, partitions(answer))))
            second = await running.enter_async_context(asking(other))
            await running.enter_async_context(handling(other))
            for asked in (second, http):
                await readyz(asked, lambda answer: PARTITIONS // 2 == len(partitions(answer)))
            assert PARTITIONS + PARTITIONS // 2 == acquisitions() - before
        for asked in (http, second):
            await readyz(asked, lambda answer: answer[0] == 200)
        assert PARTITIONS + PARTITIONS // 2 == acquisitions() - before


def acquisitions() -> float:
    """How often this process read a partition of ships because it was assigned."""
    return REGISTRY.get_sample_value("fairlead_acquisitions_total", {"aggregate": "ship", "reason": "assigned"}) or 0.0


def partitions(answer: Answer) -> list[dict[str, Any]]:
    """How those stand that a handler is to own."""
    return [part for part in answer[1]["parts"] if ".commands[" in part["name"]]


def waits(part: dict[str, Any]) -> bool:
    """Whether it cannot read to the end."""
    return "open transaction" in (part["reason"] or "")
