"""Whether a broker answers, and which topics it has: told alike to whoever reads and to whoever writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from fairlead.failures import TopicsMissing, Unreachable


@contextmanager
def answering(connection: Mapping[str, Any]) -> Iterator[None]:
    """Raises Unreachable where none does within the block."""
    try:
        yield
    except KafkaError as error:
        # A broker that is not let in by its controller names none, which aiokafka has no narrower error for.
        if isinstance(error, KafkaConnectionError) or type(error) is KafkaError:
            raise Unreachable(connection["bootstrap_servers"]) from error
        raise


async def require(client: AIOKafkaClient, *topics: str) -> None:
    """Raises TopicsMissing."""
    # Asking for all topics creates none, as asking for one by its name can.
    if missing := {*topics} - (await client.fetch_all_metadata()).topics():
        raise TopicsMissing(
            f"Topics missing: {', '.join(sorted(missing))}; `fairlead topics apply` creates them, "
            "unless they are there and this principal may not describe them"
        )
