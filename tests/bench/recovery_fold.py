"""Whether what a handler's stores hold is what the events say, by the checker's rules and another client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import KafkaError, TopicPartition

from service.audit.ship import apply
from service.commands.entities import ENTITIES
from service.commands.identity import render_time
from service.commands.stored import States
from service.domain.ship import SHIP
from service.store.rocks import RocksStore
from service.store.shelf import RocksShelf, base_name
from tests.bench.failure import BenchFailed
from tests.bench.recovery_logs import Logs
from tests.running import PARTITIONS

Known = tuple[int, str, Any]  # version, time of the last event, and the ship


class Fold:
    """All ships of a topic of events as far as it has been read, by partition."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._ships: list[dict[str, Known]] = [{} for _ in range(PARTITIONS)]
        self._at = dict.fromkeys(range(PARTITIONS), 0)

    @property
    def ships(self) -> int:
        """How many there are."""
        return sum(map(len, self._ships))

    @property
    def events(self) -> int:
        """How many there are."""
        return sum(version for ships in self._ships for version, _, _ in ships.values())

    def read_on(self) -> None:
        """Fold what has come since; raises BenchFailed."""
        topic, open_ = self._logs.topic("events"), set(self._at)
        with self._logs.reading() as reader:
            reader.assign([TopicPartition(topic, at, offset) for at, offset in self._at.items()])
            while open_:
                for message in reader.consume(10_000, timeout=0.2):
                    error, partition = message.error(), message.partition() or 0
                    if error is None:
                        self._at[partition] = (message.offset() or 0) + 1
                        self._add(self._ships[partition], orjson.loads(message.value() or b""))
                    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # its only name
                        open_.discard(partition)
                    else:
                        raise BenchFailed(f"{topic} cannot be read: {error}")

    def _add(self, ships: dict[str, Known], event: dict[str, Any]) -> None:
        subject, version = event["subject"], event["entityversion"]
        before, _, ship = ships.get(subject, (0, "", None))
        if version != before + 1:
            raise BenchFailed(f"{subject} has version {version} after {before}: the events are not what they should be")
        ships[subject] = version, event["time"], apply(event["type"], event["data"], ship)

    def compare(self, folder: Path) -> int:
        """How many ships the stores in this folder hold, all partitions together; raises BenchFailed."""
        shelf, topic = RocksShelf(folder), self._logs.topic("events")
        return sum(_same(folder, shelf, f"{topic}-{at}", ships) for at, ships in enumerate(self._ships))


def _same(folder: Path, shelf: RocksShelf, name: str, ships: dict[str, Known]) -> int:
    """How many there are in a copy of this store: a worker leaves one behind where another took over meanwhile."""
    faults = []
    with ExitStack() as copies:
        for _ in list(folder.glob(f"{base_name(name)}.*.lock")):
            fault = _fault(copies.enter_context(closing(shelf.open(name))), ships)
            if fault is None:
                return len(ships)
            faults.append(fault)
    raise BenchFailed(f"{name} in {folder}: {'; '.join(faults) or 'there is no store'}")


def _fault(store: RocksStore, ships: dict[str, Known]) -> str | None:
    number = 0
    for number, (ship, found) in enumerate(_held(store.items(ENTITIES)), 1):  # noqa: B007  # their number
        if found != ships.get(ship):
            return f"it holds {ship} as {found}, but the events make it {ships.get(ship)}"
    return None if number == len(ships) else f"it holds {number:,} ships, but the events have {len(ships):,}"


def _held(items: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, Known]]:
    states = States(SHIP)
    for ship, raw in items:
        entity = states.unpack(raw)
        yield ship, (entity.version, render_time(entity.time), SHIP.render(entity.state))
