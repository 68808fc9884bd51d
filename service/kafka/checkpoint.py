"""Where the owner of a partition stands: written in every transaction, and believed before any group offset."""

from __future__ import annotations

from dataclasses import dataclass, replace

import orjson

from service.commands.ports import Draft, Record

KEY = b"checkpoint"
# In place of a fingerprint, where nothing was ever folded: a copy in which nothing has begun, or never will.
COPY = "-"


@dataclass(frozen=True, slots=True)
class Needed:
    """From where on the logs are needed; all of them, unless something else is known."""

    events: int = 0
    replies: int = 0
    clock: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The next command to be judged, and the last one that was: its offset and broker time in milliseconds.

    `needed` is where the logs are still needed from, beside snapshots of the same `fold`: an offset of events, one of
    replies, and the partition's clock there in microseconds.

    aiokafka reads no topic ids; by the last command, and by offsets that `events` and `replies` had reached, a topic
    that was made anew under the same name is found out. By `partitions`, how many there were, one is that was grown;
    where `moved_to` is a prefix, the aggregate's topics are those under it. With COPY as its `fold`, they are copied.
    """

    next_offset: int
    last_offset: int
    last_timestamp: int
    events: int
    replies: int
    needed: Needed
    fold: str | None
    partitions: int | None = None
    moved_to: str | None = None

    @property
    def copy_of(self) -> str | None:
        """The prefix of the topics of which these are an unfinished copy, None where they are a truth of their own."""
        return self.moved_to if self.fold == COPY else None

    def moved(self, next_offset: int) -> Checkpoint:
        """The checkpoint once what comes before this offset is known to hold no further command."""
        return replace(self, next_offset=max(next_offset, self.next_offset))

    def draft(self) -> Draft:
        """The record of it."""
        last = {"offset": self.last_offset, "timestamp": self.last_timestamp}
        reached = {"events": self.events, "replies": self.replies}
        value = {
            "next_offset": self.next_offset,
            "last_command": last,
            "reached": reached,
            "needed": self.needed,
            "fold": self.fold,
        }
        # One that was read may be of an earlier release, which did not say it.
        later = {"partitions": self.partitions, "moved_to": self.moved_to}
        value |= {name: said for name, said in later.items() if said is not None}
        return Draft(KEY, orjson.dumps(value), [], self.last_timestamp)


def read_checkpoint(record: Record) -> Checkpoint:
    """The checkpoint in a record."""
    value = orjson.loads(record.value or b"null")
    last, reached = value["last_command"], value.get("reached", {})
    return Checkpoint(
        value["next_offset"],
        last["offset"],
        last["timestamp"],
        reached.get("events", 0),
        reached.get("replies", 0),
        Needed(**value.get("needed", {})),
        value.get("fold"),
        value.get("partitions"),
        value.get("moved_to"),
    )
