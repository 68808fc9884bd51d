"""Entities that changed some time ago are written as snapshots, a few in each transaction, so that the floors rise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.kafka.local import Local


class Sweep:
    """Walks through the generation before the present one of what changed."""

    def __init__(self, local: Local) -> None:
        self._entities = local.entities
        self._floors = local.standpoint.floors
        self._after = ""

    @property
    def pending(self) -> bool:
        """Whether there is anything left of it."""
        return self._floors.sweeping

    def next(self, count: int) -> Sequence[str]:
        """So many of the entities whose snapshot is to be written next, fewer at the end."""
        if not self._floors.sweeping:
            return ()
        return self._entities.changed(self._floors.generation - 1, self._after, count)

    def written(self, swept: Sequence[str], count: int, stateless: Mapping[str, bool]) -> None:
        """Those that `next` gave for this count are committed, but for the `stateless`, as of Output."""
        floors = self._floors
        floors.written(swept, stateless)
        if not floors.sweeping:
            return
        if len(swept) == count:
            self._after = swept[-1]
        else:
            self._after = ""
            floors.swept()
