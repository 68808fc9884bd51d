"""A place in a group outlives its clients, and is given up in a way that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client import REGISTRY

from service.kafka.group import GroupMember
from service.kafka.membership import Membership
from service.kafka.watchdog import Stuck
from service.local.child import until
from service.local.servers import Endpoints
from service.status import Part

SECONDS = 20.0


class Idle:
    """Works on nothing, and takes as long to rest as it is told to."""

    waiting_at = None
    next_offset = None
    part = Part("idle", "owned", ready=True)

    def __init__(self, membership: Membership[Idle], rest: asyncio.Event) -> None:
        self.membership = membership
        self.resting = False
        self._rest = rest

    async def suspend(self, seconds: float) -> bool:  # noqa: ARG002  # as the others
        self.resting = True
        await self._rest.wait()
        return False

    def resume(self) -> None:
        self.resting = False

    async def stop(self, seconds: float) -> None:  # noqa: ARG002  # as the others
        asyncio.get_running_loop().call_later(0.2, self._rest.set)


class Waits(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka's base class has no types
    """Gives nothing back before it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Any) -> None:
        if revoked:
            await self.go_on.wait()

    def on_partitions_assigned(self, assigned: Any) -> None:
        pass


class Group:
    """One topic, its group, and a place in it."""

    def __init__(self, servers: Endpoints, instance_id: str | None = None) -> None:
        self.name = f"group-{uuid4().hex[:8]}"
        self.connection = {"bootstrap_servers": servers.bootstrap_servers, "client_id": "ours"}
        self.rest = asyncio.Event()
        self.rest.set()
        self._admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
        [created] = self._admin.create_topics([NewTopic(self.name, 2, 1)]).values()
        created.result(SECONDS)
        self.member = GroupMember(
            self.connection,
            self.name,
            [self.name],
            self._start,
            instance_id=instance_id,
            session_timeout_ms=30_000,
            watchdog_s=30.0,
        )

    def _start(self, membership: Membership[Idle], _: TopicPartition) -> Idle:
        return Idle(membership, self.rest)

    def clients(self) -> list[str]:
        [described] = self._admin.describe_consumer_groups([self.name]).values()
        return sorted(member.client_id for member in described.result(SECONDS).members)

    def restarts(self) -> float:
        return REGISTRY.get_sample_value("fairlead_client_restarts_total", {"group": self.name}) or 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        running = asyncio.create_task(self.member.run())
        try:
            await asyncio.wait_for(self.member.until(lambda _: True), SECONDS)
            yield running
        finally:
            running.cancel()
            await asyncio.wait({running})

    @asynccontextmanager
    async def other(self, name: str, listener: ConsumerRebalanceListener) -> AsyncIterator[AIOKafkaConsumer]:
        connection = self.connection | {"client_id": name}
        consumer = AIOKafkaConsumer(
            **connection,
            group_id=self.name,
            partition_assignment_strategy=(self.member.workers[0].membership._assignor,),  # noqa: SLF001  # as ours
            heartbeat_interval_ms=100,
            enable_auto_commit=False,
        )
        await consumer.start()
        consumer.subscribe([self.name], listener=listener)
        try:
            yield consumer
        finally:
            await consumer.stop()


async def test_a_client_that_stood_still_is_replaced_however_long_the_broker_is_gone(servers: Endpoints) -> None:
    group = Group(servers)
    async with group.running() as running:
        address, group.connection["bootstrap_servers"] = group.connection["bootstrap_servers"], "127.0.0.1:1"
        group.member.workers[0].membership.lost(Stuck("it read nothing"))
        assert await until(lambda: group.restarts() >= 2 or running.done(), SECONDS)
        assert not running.done(), running

        group.connection["bootstrap_servers"] = address
        await asyncio.wait_for(group.member.until(lambda _: True), SECONDS)


@pytest.mark.parametrize("instance_id", [None, "static"])
async def test_who_stops_while_the_group_waits_for_another_has_left_it(
    servers: Endpoints, instance_id: str | None
) -> None:
    group, slow = Group(servers, instance_id), Waits()
    async with group.running() as running, group.other("slow", slow):
        assert await until(lambda: group.clients() == ["ours", "slow"] and len(group.member.workers) == 1, SECONDS)
        async with group.other("new", Waits()):
            coordinator = group.member.workers[0].membership.consumer._coordinator  # noqa: SLF001  # nobody else says
            assert await until(lambda: coordinator._heartbeat_task is None, SECONDS)  # noqa: SLF001  # as above
            running.cancel()
            await asyncio.wait({running})
            try:
                assert "ours" not in group.clients()
            finally:
                slow.go_on.set()


@contextmanager
def faults(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record.getMessage() for record in caplog.records if record.exc_info]


async def test_a_stop_in_the_midst_of_a_rebalance_is_no_fault(
    servers: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    group = Group(servers)
    with faults(caplog):
        async with group.running() as running:
            group.rest.clear()
            worker = group.member.workers[0]
            async with group.other("new", Waits()):
                assert await until(lambda: worker.resting, SECONDS)
                running.cancel()
                await asyncio.wait({running})
