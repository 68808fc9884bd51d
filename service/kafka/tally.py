"""What an owner counts of its work, and how fast it goes."""

from __future__ import annotations

from collections import Counter

from service.kafka import metrics

_SHORTEST_MS, _LONGEST_MS = 100, 60_000


class Tally:
    """Of one partition of an aggregate."""

    def __init__(self, aggregate: str, partition: int) -> None:
        self._aggregate = aggregate
        self._labels = aggregate, str(partition)
        self._per_second = 1_000.0

    def judged(self, commands: int, statuses: Counter[tuple[str, str]], seconds: float) -> None:
        """A transaction of so many commands, and of replies by status and code, took so many seconds."""
        self._per_second += 0.1 * (commands / seconds - self._per_second)
        metrics.TRANSACTION_SECONDS.labels(self._aggregate).observe(seconds)
        for (status, code), count in statuses.items():
            metrics.COMMANDS.labels(self._aggregate, status, code).inc(count)

    def retry_after_ms(self, commands: int) -> int:
        """About when so many will have been judged."""
        return min(max(int(commands / max(self._per_second, 1.0) * 1000), _SHORTEST_MS), _LONGEST_MS)

    def stands(self, waiting: int, parked: int) -> None:
        """So many commands wait, and entities for a redrive."""
        metrics.WAITING.labels(*self._labels).set(waiting)
        metrics.PARKED.labels(*self._labels).set(parked)

    def remembered(self, outcomes: int) -> None:
        """So many outcomes are kept."""
        metrics.REMEMBERED.labels(*self._labels).set(outcomes)
