"""Takes one protection away from outside and runs the service: `python -m tests.chaos.without NAME handle ship`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from service.__main__ import main
from service.cli import running
from service.commands import floors
from service.kafka import follower, log_reader, membership, partition_feed, recovery, transaction, workers
from service.kafka.coordination import Coordination
from service.kafka.owner import PartitionOwner
from service.kafka.topics import Topics
from service.kafka.transaction import PartitionProducer
from tests.chaos.handlers import SECONDS

patch = pytest.MonkeyPatch()


def fence() -> None:
    """Each process has transactional ids of its own, and time between two transactions, in which it can be frozen."""
    name = Topics.transactional_id

    async def forgetful(owner: PartitionOwner, seconds: float) -> bool:
        await owner.stop(seconds)
        return False

    # Who keeps what it knows through a rebalance relies on the fence.
    patch.setattr(PartitionOwner, "suspend", forgetful)
    patch.setattr(Topics, "transactional_id", lambda topics, partition: f"{name(topics, partition)}.{os.getpid()}")
    _dawdle(0.05)


def pause() -> None:
    """All that waits is read at once, by one who is slow to work it off."""
    patch.setattr(partition_feed, "_READ_AHEAD", 1 << 30)
    _dawdle(SECONDS)


def _dawdle(seconds: float) -> None:
    write = PartitionProducer.write

    async def slow(producer: PartitionProducer, topics: Sequence[Any]) -> dict[str, int]:
        await asyncio.sleep(seconds)
        return await write(producer, topics)

    patch.setattr(PartitionProducer, "write", slow)


def batches() -> None:
    """Projectors write little at once, so that a kill finds much behind it, some under way and much before it."""
    patch.setattr(follower, "_BATCH_RECORDS", 40)


def signals() -> None:
    """SIGTERM and SIGINT do what the system does by default."""

    async def unguarded(work: Any, *_: Any) -> Any:
        return await work

    patch.setattr(running, "_until_signalled", unguarded)


def second_signal() -> None:
    """Only the first signal counts."""

    async def patient(work: Any, *_: Any) -> Any:
        loop, task, asked = asyncio.get_running_loop(), asyncio.ensure_future(work), asyncio.Event()

        def stop() -> None:
            if not asked.is_set():
                task.cancel()
            asked.set()

        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, stop)
        return await task

    patch.setattr(running, "_until_signalled", patient)


def leaving() -> None:
    """The group is not told that a member goes."""

    async def silent(_: GroupCoordinator) -> None:
        return

    patch.setattr(GroupCoordinator, "_maybe_leave_group", silent)


def bounds() -> None:
    """What hangs is waited for."""
    patch.setattr(membership, "_LEAVE_SECONDS", 1e6)
    for name in ("_DRAIN_SECONDS", "_RELEASE_SECONDS"):
        patch.setattr(workers, name, 1e6)
    for module in (log_reader, transaction):
        patch.setattr(module, "_STOP_SECONDS", 1e6)


def growth() -> None:
    """Who is fenced comes back at once, every time."""

    async def unasked(_: Coordination) -> None:
        return

    patch.setattr(Coordination, "heartbeat", unasked)
    for name in ("_FIRST_FENCED_SECONDS", "_LONGEST_FENCED_SECONDS"):
        patch.setattr(recovery, name, 0.01)


def stickiness() -> None:
    """Partitions are dealt out anew, like cards, whenever a member comes or goes."""
    init = AIOKafkaConsumer.__init__

    def dealt(consumer: AIOKafkaConsumer, *topics: str, **options: Any) -> None:
        init(consumer, *topics, **{**options, "partition_assignment_strategy": (RoundRobinPartitionAssignor,)})

    patch.setattr(AIOKafkaConsumer, "__init__", dealt)


def generations() -> None:
    """Not a hundred thousand events but a few are swept together."""
    patch.setattr(floors, "GENERATION_EVENTS", 50)


PROTECTIONS: dict[str, Callable[[], None]] = {
    take.__name__: take
    for take in (fence, pause, batches, signals, second_signal, leaving, bounds, growth, stickiness, generations)
}

if __name__ == "__main__":
    PROTECTIONS[sys.argv.pop(1)]()
    main()
