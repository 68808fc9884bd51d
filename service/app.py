"""The composition root: the one place where real things are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from service.commands.ports import KeyStore
from service.commands.reading import CommandReader
from service.domain import AGGREGATES
from service.kafka import topics as kafka_topics
from service.kafka.connection import connection
from service.kafka.member import Member
from service.kafka.owner import Terms
from service.kafka.topics import Topics
from service.settings import Settings

log = structlog.get_logger()


async def apply_topics(settings: Settings, *, partitions: int, replication: int) -> list[str]:
    """Create the topics that are missing; returns their names."""
    return await kafka_topics.apply_topics(
        connection(settings), AGGREGATES, settings.prefix, partitions=partitions, replication=replication
    )


async def check_topics(settings: Settings) -> list[str]:
    """What is wrong with the topics, a line each."""
    return await kafka_topics.check_topics(connection(settings), AGGREGATES, settings.prefix)


async def members(settings: Settings, aggregates: Sequence[str], keys: KeyStore) -> list[Member]:
    """A member of the handler's group for each aggregate; raises LookupError where topics are missing."""
    found = []
    for name in aggregates:
        topics = Topics(name, settings.prefix)
        terms = Terms(
            connection=connection(settings),
            aggregate=AGGREGATES[name],
            topics=topics,
            partitions=await kafka_topics.partition_count(connection(settings), topics),
            reader=CommandReader(AGGREGATES[name]),
            keys=keys,
            allow_import=settings.allow_import,
            transaction_timeout_ms=settings.transaction_timeout_ms,
            commit_timeout_s=settings.commit_timeout_s,
        )
        group = settings.group or f"{settings.prefix}fairlead.{name}.handler"
        found.append(
            Member(
                terms,
                group,
                instance_id=settings.instance_id,
                max_records=settings.max_batch,
                session_timeout_ms=settings.session_timeout_ms,
            )
        )
    return found
