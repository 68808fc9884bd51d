"""What stands on the topics that projections read, and what their rows and offsets say of that at one moment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.running import PARTITIONS

Place = tuple[str, int]

_PROGRESS = 'SELECT projection, topic, partition, next_offset FROM "{}fairlead".progress'
_JOURNAL = 'SELECT aggregate, count(*) FROM "{}fairlead".journal GROUP BY 1'
_OUTCOMES = 'SELECT aggregate, partition, count(*) FROM "{}fairlead".outcomes GROUP BY 1, 2'
_SECONDS = 60.0


def records(bootstrap_servers: str, prefix: str) -> dict[Place, list[int]]:
    """The offsets of all events, and of all replies that are no repeats, by topic and partition."""
    topics = [f"{aggregate}.{kind}" for aggregate in ("ship", "user") for kind in ("events", "replies")]
    at = [
        TopicPartition(f"{prefix}{topic}", number, OFFSET_BEGINNING) for topic in topics for number in range(PARTITIONS)
    ]
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "not-used",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    found: dict[Place, list[int]] = {(tp.topic.removeprefix(prefix), tp.partition): [] for tp in at}
    try:
        consumer.assign(at)
        ended = 0
        while ended < len(at):
            message = consumer.poll(_SECONDS)
            assert message is not None, "the topics could not be read to their ends"
            if message.error() is not None:
                ended += 1
            elif not json.loads(message.value() or b"{}")["data"].get("duplicate"):
                place = (message.topic() or "").removeprefix(prefix), message.partition() or 0
                found[place].append(message.offset() or 0)
    finally:
        consumer.close()
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """At one moment: the next offset by projection, topic and partition, and the numbers of rows."""

    offsets: Mapping[tuple[str, str, int], int]
    journal: Mapping[str, int]
    outcomes: Mapping[Place, int]

    @property
    def total(self) -> int:
        """All offsets together: how far the projections are."""
        return sum(self.offsets.values())

    def differences(self, stand: Mapping[Place, list[int]]) -> list[str]:
        """Where there are other rows than the offsets say, of the projections that have a row for each record."""
        below: Counter[tuple[str, Any]] = Counter()
        for (projection, topic, partition), end in self.offsets.items():
            aggregate = topic.split(".")[0]
            count = sum(offset < end for offset in stand[topic, partition])
            if projection == "journal":
                below["journal", aggregate] += count
            elif projection == "outcomes":
                below["outcomes", (aggregate, partition)] += count
        rows: Counter[tuple[str, Any]] = Counter({("journal", of): count for of, count in self.journal.items()})
        rows += Counter({("outcomes", place): count for place, count in self.outcomes.items()})
        return [
            f"{place}: {rows[place]} rows, {below[place]} records"
            for place in rows | below
            if rows[place] != below[place]
        ]


async def seen(connection: Any, prefix: str) -> Seen:
    """What can be seen now; `prefix` is taken from the topics."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        offsets = await connection.fetch(_PROGRESS.format(prefix))
        journal = await connection.fetch(_JOURNAL.format(prefix))
        outcomes = await connection.fetch(_OUTCOMES.format(prefix))
    return Seen(
        {(name, topic.removeprefix(prefix), partition): at for name, topic, partition, at in offsets},
        dict(map(tuple, journal)),
        {(aggregate, partition): count for aggregate, partition, count in outcomes},
    )
