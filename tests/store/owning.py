"""Owners of one partition, one after the other: the real session, reading and sweep, on logs without a broker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from service.audit.records import KINDS, DataKey, PartitionLogs, Record
from service.commands.batch import Decider
from service.commands.encoding import Encoder
from service.commands.entities import Entities
from service.commands.ports import Draft, LocalStore
from service.commands.replay import Replay
from service.commands.snapshots import Snapshots
from service.commands.stored import Entity
from service.domain import Aggregate
from service.kafka.acquire import Acquired, read_partition
from service.kafka.checkpoint import KEY, Checkpoint, read_checkpoint
from service.kafka.partition_feed import Batch
from service.kafka.session import Session
from service.kafka.suspicion import Suspicion
from service.kafka.terms import Terms
from service.kafka.topics import Topics
from tests.checker import Report, check_logs
from tests.domain.keys import Keys
from tests.domain.memory import MemoryShelf, MemoryStore
from tests.domain.partition import READERS, SNAPSHOTS, Stored, flush
from tests.store.logs import Killed, Logs


@dataclass
class Owning:
    """A partition's logs, what its last owner had on its disk, and the present one if there is any.

    `judging` has the rules by which commands are judged, where they are not those by which logs are read.
    """

    aggregate: Aggregate
    judging: Aggregate | None = None
    fold: str = "one"
    allow_import: bool = False
    keys: Keys = field(default_factory=Keys)
    disk: LocalStore = field(default_factory=MemoryStore)
    session: Session | None = None
    how: str = ""
    logs: Logs = field(default_factory=Logs)

    def __post_init__(self) -> None:
        """Nothing was ever asked of either code."""
        self._other = "other"
        self._others: LocalStore = MemoryStore()

    @property
    def topics(self) -> Topics:
        """Their names."""
        return Topics(self.aggregate.name)

    @property
    def terms(self) -> Terms:
        """How the next owner works; a cache that is too small for anything."""
        return Terms(
            connection={"logs": self.logs},
            aggregate=self.aggregate,
            topics=self.topics,
            partitions=1,
            reader=READERS[self.aggregate.name],
            snapshots=Snapshots(SNAPSHOTS[self.aggregate.name].states, self.fold),
            shelf=MemoryShelf(),
            cached=2,
            standby=False,
            keys=self.keys,
            allow_import=self.allow_import,
            park=True,
            busy_above=None,
            transaction_timeout_ms=1_000,
            commit_timeout_s=1.0,
        )

    async def acquired(self, disk: LocalStore) -> Acquired:
        """What a new owner with this disk knows."""
        return await read_partition(self.terms, 0, disk, lambda _: None)

    async def acquire(self) -> None:
        """A new owner begins."""
        terms, found = self.terms, await self.acquired(self.disk)
        encoder = Encoder(self.aggregate, 0, self.topics.commands)
        decider = Decider(
            self.judging or self.aggregate,
            encoder,
            terms.reader,
            terms.snapshots,
            lambda _: True,
            allow_import=self.allow_import,
            park=True,
        )
        producer: Any = self.logs
        self.how = found.how
        self.session = Session(terms, 0, decider, producer, found, Suspicion(), lambda _: None)

    async def owned(self) -> Session:
        """The present session."""
        if self.session is None:
            await self.acquire()
        assert self.session
        return self.session

    def publish(self, command: dict[str, Any], at: int) -> None:
        """Append a command; `at` is the broker's time in milliseconds."""
        self.logs.append(self.topics.commands, [Draft(command["subject"].encode(), orjson.dumps(command), [], at)])

    async def work(self) -> None:
        """Judge all that was published."""
        session = await self.owned()
        records = [one for one in self.logs.kept[self.topics.commands] if one.offset >= session.next_offset]
        if records:
            end = records[-1].offset + 1
            await session.work(Batch(records, end, end))

    async def ask(self, command: dict[str, Any], at: int) -> Any:
        """Publish and judge one; returns the reply."""
        self.publish(command, at)
        await self.work()
        return self.logs.written[self.topics.replies][-1].json

    async def flush(self) -> None:
        """The disk has all that the owner knows."""
        await (await self.owned()).flush()

    async def rest(self) -> bool:
        """Do what can wait; whether there is more of it."""
        return await (await self.owned()).rest()

    async def sweep(self) -> None:
        """Write all that changed."""
        await self.flush()
        while await self.rest():
            pass

    async def kill(self, when: str = "") -> None:
        """The owner is gone, in the midst of a transaction where that is asked for; its disk is as it was."""
        self.logs.killing = when or None
        try:
            if when:
                await self.work()
        except Killed:
            pass
        finally:
            self.logs.killing = None
            self.session = None

    def lose_disk(self) -> None:
        """All that is left is on the logs."""
        self.session = None
        self.disk = MemoryStore()

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the last owner stood."""
        found = [one for one in self.logs.written[self.topics.snapshots] if one.key == KEY]
        return read_checkpoint(found[-1])

    def snapshots(self) -> list[Stored]:
        """All that were ever written."""
        return [one for one in self.logs.written[self.topics.snapshots] if one.key != KEY]

    def replayed(self) -> Entities:
        """What all logs together tell, whatever of them is still there."""
        terms, written = self.terms, self.logs.written
        entities = Entities(Entity(self.aggregate.initial), terms.snapshots.states, MemoryStore(), cached=10)
        beyond = self.logs.ends[self.topics.events]
        ids = self.allow_import
        replay = Replay(self.aggregate, entities, terms.snapshots, keep_event_ids=ids, beyond=beyond)
        replay.add_snapshots(self.snapshots())
        replay.add_events(written[self.topics.events])
        for reply in written[self.topics.replies]:
            replay.add_replies([reply])
            flush(entities)
        replay.finish()
        return entities

    def handed_over(self) -> None:
        """An owner with another code, and a disk of its own, is next; or the first one again."""
        self.session = None
        self.fold, self._other = self._other, self.fold
        self.disk, self._others = self._others, self.disk


def judged(owning: Owning, *, compacted: bool = False) -> Report:
    """What the checker says of all that was written, or of what is left."""
    topics, logs = owning.topics, PartitionLogs(owning.aggregate.name, 0, 1)
    for kind in KINDS:
        there = (owning.logs.kept if compacted else owning.logs.written)[topics.name(kind)]
        logs.records[kind] = [
            Record(one.offset, one.key, one.value, one.timestamp, tuple(one.headers)) for one in there
        ]
        logs.ends[kind] = owning.logs.ends[topics.name(kind)]
    keys = {id_: DataKey(key.kid, key.secret) for id_, key in owning.keys.kept("user").items()}
    allow = owning.allow_import
    return check_logs([logs], keys=keys, compacted=compacted, allow_import=allow, failures_allowed=True)


def copied(disk: LocalStore) -> MemoryStore:
    """Another disk with the same on it."""
    copy = MemoryStore()
    copy.kept = {space: dict(disk.items(space)) for space in disk.spaces()}
    return copy
