"""When the broker removes a record: it removes whole segments, so that there are two times for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.kafka.topics import settings_of


@dataclass(frozen=True, slots=True)
class Retention:
    """Of one topic from which records are removed by their age, in milliseconds; with `kept_ms` -1 none are."""

    kept_ms: int
    segment_ms: int
    delay_ms: int

    def readable_until(self, timestamp: int) -> int | None:
        """Until then a record of this broker time is surely there, None for ever."""
        return None if self.kept_ms < 0 else timestamp + self.kept_ms

    def removed_by(self, timestamp: int) -> int | None:
        """From then on its whole segment is old enough, and the broker removes it the next time that it looks."""
        until = self.readable_until(timestamp)
        return None if until is None else until + self.segment_ms + self.delay_ms


async def retention_of(connection: Mapping[str, Any], topic: str) -> Retention:
    """As the broker has it now."""
    said = await settings_of(connection, topic)
    return Retention(*(int(said[name]) for name in ("retention.ms", "segment.ms", "file.delete.delay.ms")))
