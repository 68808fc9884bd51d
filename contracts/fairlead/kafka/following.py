"""The committed events of a topic, from wherever somebody stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from fairlead.failures import EventsGone
from fairlead.kafka.consumers import partitions_of, read, starting, stop
from fairlead.kafka.followers import Followers
from fairlead.kafka.partitions import partition_of
from fairlead.transport import Offsets, Reading, Record

_MAX_RECORDS = 1_000

_Places = Mapping[TopicPartition, int]
_Begun = tuple[AIOKafkaConsumer, _Places, _Places]


@dataclass(frozen=True, slots=True)
class EventLog:
    """A topic of events, or what an entity has of it; each reading has a consumer of its own."""

    connection: Mapping[str, Any]
    followers: Followers
    topic: str
    entity_id: str | None

    @asynccontextmanager
    async def read(self, after: Offsets, *, follow: bool) -> AsyncIterator[Reading]:
        """As `Transport.read`."""
        consumer, begins, ends = await self.followers.unless_closed(self._begin(after), _undo)
        try:
            async with (
                self.followers.reading(consumer),
                aclosing(_records(consumer, None if follow else ends)) as records,
            ):
                yield Reading(_by_number(begins), records)
        except OffsetOutOfRangeError as error:
            [(place, offset), *_] = error.args[0].items()
            raise EventsGone(self.topic, place.partition, offset) from error

    async def ends(self) -> Offsets:
        """As `Transport.ends`."""
        consumer, _, ends = await self.followers.unless_closed(self._begin({}), _undo)
        await stop(consumer)
        return _by_number(ends)

    async def _places(self, consumer: AIOKafkaConsumer) -> Collection[TopicPartition]:
        chosen = await partitions_of(consumer, self.topic)
        if self.entity_id is not None:
            chosen = [chosen[partition_of(self.entity_id.encode(), len(chosen))]]
        return [TopicPartition(self.topic, number) for number in chosen]

    async def _begin(self, after: Offsets) -> _Begun:
        """A consumer where the offsets say, where that is, and where the committed events end now."""
        async with starting(self.connection, self.topic, auto_offset_reset="none") as consumer:
            places = await self._places(consumer)
            consumer.assign(places)
            first, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
            begins = {place: after.get(place.partition, first[place]) for place in places}
            for place, offset in begins.items():
                if not first[place] <= offset <= ends[place]:
                    raise EventsGone(self.topic, place.partition, offset)
                consumer.seek(place, offset)
        return consumer, begins, dict(ends)


async def _undo(begun: _Begun) -> None:
    await stop(begun[0])


async def _records(consumer: AIOKafkaConsumer, ends: _Places | None) -> AsyncGenerator[Record, None]:
    while ends is None or await _left(consumer, ends):
        for place, records in (await read(consumer, _MAX_RECORDS)).items():
            for record in records:
                # While some partition is not at its end yet, others may go on behind theirs.
                if ends is None or record.offset < ends[place]:
                    yield Record(record.partition, record.offset, record.key, record.value, record.headers)


def _by_number(places: _Places) -> Offsets:
    return {place.partition: offset for place, offset in places.items()}


async def _left(consumer: AIOKafkaConsumer, ends: _Places) -> bool:
    return any([await consumer.position(place) < end for place, end in ends.items()])
