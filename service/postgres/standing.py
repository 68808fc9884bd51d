"""Where each projection stands in its topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.postgres.public import Public

_PROGRESS = """
SELECT projection, version, topic, partition, next_offset FROM {public}.progress
WHERE current ORDER BY projection, topic, partition
"""


async def progress(views: Public) -> list[Mapping[str, Any]]:
    """The next offset of each partition of each projection; raises StoreUnavailable."""
    return await views.fetch(_PROGRESS)
