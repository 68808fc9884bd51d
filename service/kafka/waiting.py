"""The dead letters of one entity, for its owner to work off."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from aiokafka import TopicPartition

from service.commands.parked import Letters
from service.kafka.log_reader import Tell, open_reader, read_log
from service.kafka.topics import Topics


async def add_letters(  # noqa: PLR0913  # where they are, whose they are, and who waits for them
    letters: Letters, connection: Mapping[str, Any], topics: Topics, partition: int, entity_id: str, tell: Tell
) -> None:
    """Add those kept under the entity's id, until it is known what is to be known; `tell` as in read_log."""
    tp = TopicPartition(topics.dead_letters, partition)
    async with open_reader(connection, "read_uncommitted") as marks:
        ends, starts = await marks.end_offsets([tp]), await marks.beginning_offsets([tp])
    key = entity_id.encode()
    async with aclosing(read_log(connection, starts, ends, tell)) as reading:
        async for _, records in reading:
            for record in records:
                if record.key == key:
                    letters.add(record)
            if letters.told:
                return
