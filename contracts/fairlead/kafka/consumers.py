"""A consumer of committed records that has started, or has left nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, KafkaError

from fairlead.failures import TopicsMissing, Unreachable


@asynccontextmanager
async def starting(connection: Mapping[str, Any], *needed: str, **settings: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """One of no group, running after the block; where that fails, stopped. Raises TopicsMissing and Unreachable."""
    consumer = AIOKafkaConsumer(**connection, isolation_level="read_committed", enable_auto_commit=False, **settings)
    try:
        await consumer.start()
        # Asking for all topics creates none, as asking for one by its name can.
        _require({*needed}, await consumer.topics())
        yield consumer
    except BaseException as error:
        await consumer.stop()
        # A broker that is not let in by its controller names none, which aiokafka has no narrower error for.
        if isinstance(error, KafkaConnectionError) or type(error) is KafkaError:
            raise Unreachable(connection["bootstrap_servers"]) from error
        raise


def _require(needed: set[str], present: set[str]) -> None:
    if missing := needed - present:
        msg = f"Topics missing: {', '.join(sorted(missing))}; `fairlead topics apply` creates them"
        raise TopicsMissing(msg)
