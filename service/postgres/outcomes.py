"""What became of commands."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from service.postgres.public import Public
from service.postgres.signals import Signals

# Each reply is a row. One that is not final counts until another is there, but never instead of an outcome.
_OUTCOMES = """
SELECT aggregate, entity_id, status, code, message, entity_version, events, time
FROM {public}.outcomes AS told WHERE command_id = $1 AND (
    status NOT IN ('busy', 'failed') OR NOT EXISTS (
        SELECT FROM {public}.outcomes AS other
        WHERE other.command_id = $1 AND other.aggregate = told.aggregate AND other.partition = told.partition
            AND other.entity_id IS NOT DISTINCT FROM told.entity_id
            AND (other.status NOT IN ('busy', 'failed') OR other."offset" > told."offset")
    )
) ORDER BY time, aggregate, partition, "offset"
"""


async def outcomes(views: Public, signals: Signals, command_id: str, wait_s: float = 0) -> list[Mapping[str, Any]]:
    """What became of the commands with this id, which each entity has to itself; raises StoreUnavailable.

    Waits up to `wait_s` seconds for the first of them.
    """
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        moved = signals.next("outcomes")
        if found := await views.fetch(_OUTCOMES, command_id):
            return found
        try:
            async with asyncio.timeout_at(deadline):
                await moved.wait()
        except TimeoutError:
            return []
