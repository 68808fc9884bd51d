"""Three brokers of a test's own, as in production but on one machine, any of which may be killed."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from service.local.child import Child, Program, ready, start, stop
from service.local.environment import for_servers
from service.local.jars import class_path
from service.local.kafka import JVM, STARTED, _java
from service.local.ports import free_port

_NODES = (1, 2, 3)
_JAVA = ("-Xmx320m", "-XX:TieredStopAtLevel=1", *JVM)
_SECONDS = 120.0


class Cluster:
    """Each node is broker and controller; `settings` are told to all of them besides."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self._directory = directory
        self._settings = settings
        ports: list[int] = []
        for _ in range(2 * len(_NODES)):
            ports.append(free_port(ports))
        self._brokers = {node: f"127.0.0.1:{ports.pop()}" for node in _NODES}
        self._controllers = {node: f"127.0.0.1:{ports.pop()}" for node in _NODES}
        self._id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._children: dict[int, Child] = {}

    @property
    def bootstrap_servers(self) -> str:
        """All of them."""
        return ",".join(self._brokers.values())

    async def start(self) -> None:
        """Start all at once: none serves before a majority is there."""
        java = [_java(), *_JAVA, "-cp", await class_path(lambda _: None)]
        for node in _NODES:
            folder = self._directory / f"node-{node}"
            folder.mkdir()
            (folder / "server.properties").write_text(self._properties(node))
            await self._format(node, java, folder)
            line = [*java, "kafka.Kafka", "server.properties"]
            self._children[node] = start(self._directory, Program(f"kafka-{node}", line, for_servers(), folder))
        for child in self._children.values():
            await ready(child, partial(child.said, STARTED), within=_SECONDS)

    async def _format(self, node: int, java: list[str], folder: Path) -> None:
        tool = [*java, "kafka.tools.StorageTool", "format", "--config", "server.properties"]
        line = [*tool, f"--cluster-id={self._id}"]
        child = start(self._directory, Program(f"format-{node}", line, for_servers(), folder))
        await ready(child, lambda: child.process.poll() == 0, within=_SECONDS)

    async def kill(self, node: int) -> None:
        """End one without asking."""
        self._children[node].process.kill()
        await asyncio.to_thread(self._children[node].process.wait)

    async def stop(self) -> None:
        """End all."""
        await asyncio.gather(*(stop(child) for child in self._children.values()))

    def _properties(self, node: int) -> str:
        settings = {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": ",".join(f"{one}@{at}" for one, at in self._controllers.items()),
            "listeners": f"PLAINTEXT://{self._brokers[node]},CONTROLLER://{self._controllers[node]}",
            "advertised.listeners": f"PLAINTEXT://{self._brokers[node]}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": "data",
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "replica.lag.time.max.ms": 3000,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.num.partitions": 4,
            **self._settings,
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


@asynccontextmanager
async def running_cluster(directory: Path, **settings: str) -> AsyncIterator[Cluster]:
    """Three brokers with these settings besides, which have _ for the dots of their names, gone on exit."""
    cluster = Cluster(directory, {name.replace("_", "."): value for name, value in settings.items()})
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.stop()
