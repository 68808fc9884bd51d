"""How the owner of a partition stands, for whoever supervises it: in /readyz and in the metrics."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from service.kafka import metrics
from service.status import Part

_GAUGES = (metrics.OWNED, metrics.STOPPED, metrics.WAITING, metrics.PARKED, metrics.REMEMBERED, metrics.REHYDRATING)


class Standing:
    """Its `part`; `changed` is told of each change."""

    def __init__(self, aggregate: str, topic: str, partition: int, changed: Callable[[], None]) -> None:
        self.part = Part(f"{topic}[{partition}]", "acquiring", ready=False)
        self._labels = aggregate, str(partition)
        self._changed = changed

    def set(self, state: str, reason: str | None = None) -> None:
        """It stands so from now on."""
        self.part = Part(self.part.name, state, ready=state == "owned", reason=reason)
        metrics.OWNED.labels(*self._labels).set(state == "owned")
        metrics.STOPPED.labels(*self._labels).set(state == "stopped")
        self._changed()

    def hindered(self, reason: str | None) -> None:
        """An owner waits for something, until there is no reason for it."""
        self.set("waiting" if reason else "owned", reason)

    def forget(self) -> None:
        """The partition is another's now: what was said of it here is no longer so."""
        for gauge in _GAUGES:
            with suppress(KeyError):
                gauge.remove(*self._labels)
