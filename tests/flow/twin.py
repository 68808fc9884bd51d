"""The command flow without servers: lists for topics, and everything between them real."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from fairlead.kafka.partitions import partition_of
from service.commands.identity import reply_id
from service.domain import AGGREGATES, Aggregate
from tests.domain.keys import Keys
from tests.domain.partition import Partition, Stored
from tests.flow.harness import PARTITIONS, Message, Place


class Twin:
    """Judges every command as soon as it is published."""

    def __init__(self, aggregates: Mapping[str, Aggregate] = AGGREGATES) -> None:
        self._aggregates = aggregates
        self._keys = Keys()
        self.partitions = {
            (name, number): self._partition(name, number) for name in AGGREGATES for number in range(PARTITIONS)
        }
        self._time = defaultdict[tuple[str, int], int](lambda: 1_795_000_000_000)

    def _partition(self, aggregate: str, number: int) -> Partition:
        return Partition(
            self._aggregates[aggregate], number=number, keys=self._keys, owns=lambda key: place_of(key) == number
        )

    async def publish(
        self,
        aggregate: str,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Sequence[tuple[str, bytes | None]] = (),
        partition: int | None = None,
    ) -> Place:
        """Append to the commands and judge."""
        number = partition if partition is not None else place_of(key or b"")
        chosen = self.partitions[aggregate, number]
        self._time[aggregate, number] += 1
        chosen.publish(key, value, headers=headers, at=self._time[aggregate, number])
        chosen.judge()
        return Place(aggregate, number, len(chosen.commands) - 1)

    async def reply(self, place: Place, by: Place | None = None) -> Message:
        """The reply to a command, or that to it when the one at another place redrove it."""
        id_ = reply_id(place.aggregate, place.partition, place.offset, None if by is None else by.offset)
        replies = self.partitions[place.aggregate, place.partition].replies
        return next(_message(place.partition, reply) for reply in replies if reply.json["id"] == id_)

    async def dead_letter(self, place: Place) -> Message:
        """What was put aside of a command."""
        offset = ("fairlead-offset", str(place.offset).encode())
        letters = self.partitions[place.aggregate, place.partition].dead_letters
        return next(_message(place.partition, letter) for letter in letters if offset in letter.headers)

    async def snapshots(self, aggregate: str, entity_id: str) -> list[Message]:
        """All records of an entity that is or was parked."""
        number = place_of(entity_id.encode())
        snapshots = self.partitions[aggregate, number].snapshots
        return [_message(number, snapshot) for snapshot in snapshots if snapshot.key == entity_id.encode()]

    async def events(self, aggregate: str, entity_id: str) -> list[Message]:
        """All events of an entity."""
        number = place_of(entity_id.encode())
        events = self.partitions[aggregate, number].events
        return [_message(number, event) for event in events if event.key == entity_id.encode()]


def place_of(key: bytes) -> int:
    """The partition of a key."""
    return partition_of(key, PARTITIONS)


def _message(partition: int, stored: Stored) -> Message:
    return Message(partition, stored.key, stored.value, stored.headers)
