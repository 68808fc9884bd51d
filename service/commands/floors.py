"""From where on the logs are still needed beside the snapshots, and which snapshots move that on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from service.commands.window import KEPT_MICROS

# A new owner reads two generations of events, and a little. An entity that changes all the time costs one snapshot in
# each: with a thousand of them one for every hundred events.
GENERATION_EVENTS = 100_000
_MARK_MICROS = 600 * 1_000_000

Mark = tuple[int, int]


@dataclass(slots=True)
class Floors:
    """Offsets of events and replies, times in microseconds.

    Entities that changed from `begun` on are of the present `generation`; while `sweeping`, those of the one before
    are written. Below `floor` snapshots tell everything but for the entities in `held`, whose state is too large for
    a record. `marks` are offsets of replies, each with the clock of the partition there.
    """

    generation: int = 0
    begun: int = 0
    floor: int = 0
    sweeping: bool = False
    held: dict[str, int] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=lambda: [(0, 0)])

    @property
    def events(self) -> int:
        """The lowest offset of events that is needed."""
        return min(self.floor, *self.held.values()) if self.held else self.floor

    @property
    def replies(self) -> Mark:
        """The partition's clock, and the lowest offset of replies that is needed."""
        return self.marks[0]

    def mark(self, clock: int, replies: int, now: int) -> None:
        """The clock stood there before the replies from this offset on were written, and stands at `now` behind them.

        A `clock` of 0 says nothing of replies that were removed.
        """
        if clock and now - self.marks[-1][0] >= _MARK_MICROS:
            self.marks.append((clock, replies))
        while len(self.marks) > 1 and self.marks[1][0] <= now - KEPT_MICROS:
            del self.marks[0]

    def turn(self, events: int) -> None:
        """All that changed below this offset is flushed: have it swept, if that is worth it by now."""
        if not self.sweeping and events - self.begun >= GENERATION_EVENTS:
            self.sweeping, self.begun, self.generation = True, events, self.generation + 1

    def swept(self) -> None:
        """All of the generation before are written."""
        # Who took over may know of a later one than its own sweep leads to.
        self.sweeping, self.floor = False, max(self.floor, self.begun)

    def covered(self, events: int) -> None:
        """Snapshots that another owner wrote tell everything below this offset, of those in `held` too."""
        self.floor = max(self.floor, events)
        self.held = {entity_id: max(since, events) for entity_id, since in self.held.items()}
        if self.sweeping and self.begun <= events:
            self.swept()

    def written(self, swept: Collection[str], stateless: Mapping[str, bool]) -> None:
        """These entities were swept; the states of others, or of some of these, were too large for their snapshot.

        True means that not even the one before is there any more.
        """
        for entity_id in swept if self.held else ():
            if entity_id not in stateless:
                self.held.pop(entity_id, None)
        for entity_id, lost in stateless.items():
            # Its last snapshot with a state may be from long before this floor.
            self.held[entity_id] = 0 if lost else min(self.held.get(entity_id, self.floor), self.floor)
