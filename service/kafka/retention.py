"""When the broker removes a record: it removes whole segments, so that there are two times for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.kafka.topics import settings_of


@dataclass(frozen=True, slots=True)
class Retention:
    """Of one topic from which records are removed by their age, in milliseconds."""

    kept_ms: int
    segment_ms: int
    delay_ms: int

    def readable_until(self, timestamp: int) -> int:
        """Until then a record of this broker time is surely there."""
        return timestamp + self.kept_ms

    def removed_by(self, timestamp: int) -> int:
        """From then on its whole segment is old enough, and the broker removes it the next time that it looks."""
        return timestamp + self.kept_ms + self.segment_ms + self.delay_ms


async def retention_of(connection: Mapping[str, Any], topic: str) -> Retention:
    """As the broker has it now."""
    said = await settings_of(connection, topic)
    return Retention(*(int(said[name]) for name in ("retention.ms", "segment.ms", "file.delete.delay.ms")))
