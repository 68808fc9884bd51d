"""Topics are made where they are missing, and never given more partitions than they have."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from service.kafka.presence import present
from service.kafka.topics import CONFIGS, KINDS, Topics, administrator

PARTITIONS = 12
_KNOWN_SECONDS = 60.0
_TICK = 0.05

# A record carries the time of its command, and a copy that of its original: brokers may have their own by default.
_WRITER_TIME: Mapping[str, str] = {"message.timestamp.type": "CreateTime"}
# What no handler insists on. Every transaction writes a checkpoint to the snapshots, and the last segment is never
# compacted: each new owner reads all of it.
_AT_FIRST: Mapping[str, Mapping[str, str]] = {
    "events": _WRITER_TIME,
    "replies": _WRITER_TIME,
    "snapshots": {**_WRITER_TIME, "segment.bytes": str(64 * 1024 * 1024)},
    "dead-letters": _WRITER_TIME,
}


class PartitionsFixed(Exception):
    """Topics exist, with another number of partitions than is wanted; the message says why they keep it."""


class TopicsRefused(Exception):
    """The brokers do not make a topic, or do not delete it; the message says which, and what they answer."""


async def apply_topics(  # noqa: PLR0913  # where, of whom, and how they are to be
    connection: Mapping[str, Any],
    aggregates: Iterable[str],
    prefix: str,
    kept_ms: Mapping[str, int] | None = None,  # the retention.ms of kinds that are to have another one than by default
    /,
    *,
    partitions: int | None,
    replication: int,
) -> list[str]:
    """Create the topics that are missing and return their names; topics that exist are left as they are.

    Where no number of partitions is said, it is that of an aggregate's other topics, or 12. Raises PartitionsFixed,
    TopicsRefused, and LookupError where the broker does not say which are missing.
    """
    async with administrator(connection) as admin:
        missing = []
        for topics in (Topics(aggregate, prefix) for aggregate in aggregates):
            names = {topics.name(kind): kind for kind in KINDS}
            there = await present(admin, names)
            count = await _partitions(admin, sorted(there), partitions)
            missing += [
                _new(name, kind, count, replication, kept_ms) for name, kind in names.items() if name not in there
            ]
        made = {topic.name for topic in missing}
        if missing:
            _require_made(await admin.create_topics(missing))
            await _until(made, admin, made)
        return [topic.name for topic in missing]


async def require_makeable(connection: Mapping[str, Any], topics: Topics, *, partitions: int, replication: int) -> None:
    """Raise TopicsRefused where the brokers would not make an aggregate's topics; they are asked, and make none."""
    async with administrator(connection) as admin:
        names = {topics.name(kind): kind for kind in KINDS}
        there = await present(admin, names)
        # One that is there is only refused for that, whatever else is asked for.
        wanted = [_new(name, kind, partitions, replication) for name, kind in names.items() if name not in there]
        if wanted:
            _require_made(await admin.create_topics(wanted, validate_only=True))


def _new(name: str, kind: str, partitions: int, replication: int, kept_ms: Mapping[str, int] | None = None) -> NewTopic:
    insync = {"min.insync.replicas": str(max(1, replication - 1))}
    return NewTopic(name, partitions, replication, topic_configs={**_configs(kind, kept_ms or {}), **insync})


def _configs(kind: str, kept_ms: Mapping[str, int]) -> dict[str, str]:
    kept = {"retention.ms": str(kept_ms[kind])} if kind in kept_ms else {}
    return {**CONFIGS[kind], **_AT_FIRST.get(kind, {}), **kept}


def _require_made(answer: Any) -> None:
    for topic, code, *said in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise TopicsRefused(f"{topic} is not made: {' '.join([error.message, *filter(None, said)])}")


async def delete_topics(connection: Mapping[str, Any], names: Collection[str]) -> None:
    """Delete those of these topics that are there, and return once they are gone; raises TopicsRefused.

    Raises LookupError where the broker does not say which are there.
    """
    async with administrator(connection) as admin:
        if there := await present(admin, names):
            answer = await admin.delete_topics(sorted(there))
            for topic, code in answer.topic_error_codes:
                error = for_code(code)
                if code and error is not UnknownTopicOrPartitionError:
                    raise TopicsRefused(f"{topic} is not deleted: {error.message} (error {code})")
        await _until(set(), admin, names)


async def _until(there: set[str], admin: AIOKafkaAdminClient, names: Collection[str]) -> None:
    """A broker knows of topics a little after they were made or deleted, and sends no word of it."""
    async with asyncio.timeout(_KNOWN_SECONDS):
        while await present(admin, names) != there:  # noqa: ASYNC110  # as this says
            await asyncio.sleep(_TICK)


async def _partitions(admin: AIOKafkaAdminClient, there: Collection[str], wanted: int | None) -> int:
    """How many a topic that is missing gets beside those that are there."""
    for topic in await admin.describe_topics(list(there)) if there else []:
        count = len(topic["partitions"])
        if wanted not in {None, count}:
            aggregate = topic["topic"].rpartition(".")[0].rpartition(".")[2]
            raise PartitionsFixed(
                f"{topic['topic']} has {count} partitions, and keeps them for life: with {wanted}, ids would lie "
                "elsewhere than their events, and be judged as if they were new. `fairlead topics migrate "
                f"{aggregate} --partitions {wanted} --to PREFIX.` copies it to topics that have more"
            )
        wanted = count
    return PARTITIONS if wanted is None else wanted
