"""The five topics of an aggregate: their names, their settings, and whether the cluster agrees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import ClusterAuthorizationFailedError, NodeNotReadyError, TopicAuthorizationFailedError, for_code

from service.kafka.presence import present

_DAY_MS = 24 * 3600 * 1000
_LET_IN_SECONDS, _TICK = 20.0, 0.05
_NOT_ALLOWED = (TopicAuthorizationFailedError.errno, ClusterAuthorizationFailedError.errno)
KINDS = ("commands", "events", "replies", "snapshots", "dead-letters")

# compression.type=uncompressed makes the broker unpack and measure what strangers send: a bomb is refused there.
# retention.bytes=-1 goes before what the brokers have: where a reply is gone early, its command is carried out again.
CONFIGS: Mapping[str, Mapping[str, str]] = {
    "commands": {
        "cleanup.policy": "delete",
        "retention.ms": str(7 * _DAY_MS),
        "retention.bytes": "-1",
        "message.timestamp.type": "LogAppendTime",
        "compression.type": "uncompressed",
        "max.message.bytes": str(256 * 1024),
    },
    "events": {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"},
    "replies": {"cleanup.policy": "delete", "retention.ms": str(7 * _DAY_MS), "retention.bytes": "-1"},
    "snapshots": {"cleanup.policy": "compact"},
    "dead-letters": {"cleanup.policy": "delete", "retention.ms": str(30 * _DAY_MS), "retention.bytes": "-1"},
}
# What is removed once it is old enough may be kept for longer, by who may stand still for longer; -1 is for ever.
AGED = ("commands", "replies", "dead-letters")
_FOR_EVER = "-1"


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of an aggregate's topics."""

    aggregate: str
    prefix: str = ""

    def name(self, kind: str) -> str:
        """The topic of a kind, one of KINDS."""
        return f"{self.prefix}{self.aggregate}.{kind}"

    @property
    def commands(self) -> str:
        """What was asked."""
        return self.name("commands")

    @property
    def events(self) -> str:
        """The truth."""
        return self.name("events")

    @property
    def replies(self) -> str:
        """Answers."""
        return self.name("replies")

    @property
    def snapshots(self) -> str:
        """Where the handler stands."""
        return self.name("snapshots")

    @property
    def dead_letters(self) -> str:
        """What could not be handled."""
        return self.name("dead-letters")

    def transactional_id(self, partition: int) -> str:
        """Fixed for each partition and never settable: whoever holds it is the owner, under whatever group."""
        return f"{self.prefix}fairlead.{self.aggregate}.events.{partition}"


async def check_topics(connection: Mapping[str, Any], topics: Topics) -> list[str]:
    """What is wrong with an aggregate's topics, a line each; nothing when they are as they must be."""
    async with administrator(connection) as admin:
        return await _check(admin, topics)


async def partition_count(connection: Mapping[str, Any], topics: Topics) -> int:
    """How many partitions all topics of an aggregate have; raises LookupError where they are missing or differ."""
    async with administrator(connection) as admin:
        if faults := await _check(admin, topics):
            raise LookupError("; ".join(faults))
        [described] = await admin.describe_topics([topics.commands])
        return len(described["partitions"])


async def settings_of(connection: Mapping[str, Any], topic: str) -> dict[str, str]:
    """What the broker says of one topic, its defaults included; raises LookupError where it does not say it."""
    async with administrator(connection) as admin:
        said = (await configs(admin, [topic]))[topic]
    if not said:
        raise LookupError(unsaid(topic))
    return said


def unsaid(topic: str) -> str:
    """That the broker does not say how this topic is set."""
    return f"{topic}: its settings are not told: who asks needs DescribeConfigs on the topic"


async def partition_counts(connection: Mapping[str, Any], topics: Collection[str]) -> dict[str, int]:
    """How many partitions each topic has; raises LookupError where one is missing, or that is not told."""
    async with administrator(connection) as admin:
        if missing := sorted(set(topics) - await present(admin, topics)):
            raise LookupError(f"{', '.join(missing)}: missing; `fairlead topics apply` creates them")
        return {found["topic"]: len(found["partitions"]) for found in await admin.describe_topics(list(topics))}


@asynccontextmanager
async def administrator(connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that asks and changes what the cluster has; raises KafkaError where no broker is to be had."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _LET_IN_SECONDS
    while True:
        admin = AIOKafkaAdminClient(**connection)
        try:
            await admin.start()
            # One that was taken for dead answers before it is let in again, and names none until then, itself neither.
            if admin._client.cluster.brokers():  # noqa: SLF001  # what starting has just asked for
                yield admin
                return
        finally:
            await admin.close()
        if loop.time() > until:
            raise NodeNotReadyError
        await asyncio.sleep(_TICK)


async def configs(
    admin: AIOKafkaAdminClient, names: Iterable[str], kind: ConfigResourceType = ConfigResourceType.TOPIC
) -> dict[str, dict[str, str]]:
    """What each of these is set to, its defaults included, and nothing of one that may not be asked; brokers by ids."""
    answers = await admin.describe_configs([ConfigResource(kind, name) for name in names])
    said = {}
    for code, message, _, name, entries in (resource for answer in answers for resource in answer.resources):
        if code and code not in _NOT_ALLOWED:
            raise for_code(code)(f"{name}: {message}")
        said[name] = {entry[0]: entry[1] for entry in entries}
    return said


async def _check(admin: AIOKafkaAdminClient, topics: Topics) -> list[str]:
    names = [topics.name(kind) for kind in KINDS]
    try:
        there = await present(admin, names)
    except LookupError as fault:
        return [str(fault)]
    if missing := [name for name in names if name not in there]:
        return [f"{name}: missing; `fairlead topics apply` creates it" for name in missing]
    return [*await _check_counts(admin, topics), *await _check_configs(admin, topics)]


async def _check_counts(admin: AIOKafkaAdminClient, topics: Topics) -> list[str]:
    described = await admin.describe_topics([topics.name(kind) for kind in KINDS])
    counts = {topic["topic"]: len(topic["partitions"]) for topic in described}
    if len(set(counts.values())) == 1:
        return []
    listed = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return [f"{topics.aggregate}: all five topics need one partition count, but have {listed}"]


async def _check_configs(admin: AIOKafkaAdminClient, topics: Topics) -> list[str]:
    names = {topics.name(kind): kind for kind in KINDS}
    said = await configs(admin, names)
    return [
        *(unsaid(name) for name, actual in said.items() if not actual),
        *(
            f"{name}: {key} is {actual.get(key)}, must be {value}{' at least' if _is_least(names[name], key) else ''}"
            for name, actual in said.items()
            for key, value in CONFIGS[names[name]].items()
            if actual
            and actual.get(key) != value
            and not (_is_least(names[name], key) and _is_longer(actual.get(key), value))
        ),
    ]


def _is_least(kind: str, key: str) -> bool:
    return key == "retention.ms" and kind in AGED


def _is_longer(retention_ms: str | None, least: str) -> bool:
    return retention_ms is not None and (retention_ms == _FOR_EVER or int(retention_ms) > int(least))
