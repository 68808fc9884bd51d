"""How far a rehydration is, how fast it goes, and when it will be done: for people, logs and metrics."""

from __future__ import annotations

from time import monotonic

import structlog

from service.kafka import metrics
from service.kafka.log_reader import Tell

log = structlog.get_logger()

_TOLD_SECONDS = 1.0
_LOGGED_SECONDS = 10.0


class Progress:
    """Of `total` offsets, among which are markers of transactions that are never read."""

    def __init__(self, aggregate: str, partition: int, total: int, tell: Tell) -> None:
        self._aggregate = aggregate
        self._partition = partition
        self._total = total
        self._tell = tell
        self._begun = self._told = self._logged = monotonic()

    def hindered(self, reason: str | None) -> None:
        """Nothing comes, for this reason."""
        if reason:
            self._tell(reason)

    def left(self, left: int) -> None:
        """So many offsets are left."""
        metrics.REHYDRATING.labels(self._aggregate, str(self._partition)).set(left)
        now = monotonic()
        if now - self._told < _TOLD_SECONDS:
            return
        self._told, done = now, self._total - left
        rate = max(done / (now - self._begun), 1.0)
        self._tell(f"rehydrating: {done:,} of {self._total:,} records, {rate:,.0f}/s, {left / rate:,.0f} s left")
        if now - self._logged < _LOGGED_SECONDS:
            return
        self._logged = now
        log.info(
            "rehydrating",
            aggregate=self._aggregate,
            partition=self._partition,
            done=done,
            total=self._total,
            per_second=round(rate),
            seconds_left=round(left / rate),
        )
