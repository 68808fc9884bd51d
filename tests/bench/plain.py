"""What the yardsticks are made of: a consumer with the service's settings, and a process that does nothing besides."""

from __future__ import annotations

import gc
from collections.abc import Coroutine
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer

# As members of groups, in service/kafka/membership.py.
_FETCH_BYTES = 4 << 20


def plain_consumer(bootstrap_servers: str, **others: object) -> AIOKafkaConsumer:
    """Of no group, which commits nothing; reads from the beginning where nobody says otherwise."""
    return AIOKafkaConsumer(
        **{
            "bootstrap_servers": bootstrap_servers,
            "isolation_level": "read_committed",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "max_partition_fetch_bytes": _FETCH_BYTES,
            **others,
        }
    )


def run_lean(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it to its end, on the fastest loop and without a garbage collector: it lives for seconds."""
    gc.disable()
    return uvloop.run(work)
