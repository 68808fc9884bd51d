"""Going on behind the owner of a partition: what it writes is read, and kept on disk now and then."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.commands.ports import Record
from service.kafka.bare import barely
from service.kafka.checkpoint import KEY, read_checkpoint
from service.kafka.local import Local
from service.kafka.log_reader import Tell, open_reader
from service.kafka.rehydration import FLUSHED, Rehydration
from service.kafka.terms import Terms
from service.kafka.unread import Logs, Stale
from service.kafka.watchdog import watch

_POLL_MS = 500
_RECORDS = 500
_FLUSH_SECONDS = 1.0
_STALL_SECONDS = 10.0
# More than any owner writes in one transaction: swept, or parked, once for each command of the largest batch.
_HELD = 200_000


class Pursuit:
    """Of logs which `local` knows up to their ends.

    `tell` hears by how much it is behind, and None where that is no more than is read at once.
    """

    def __init__(self, terms: Terms, logs: Logs, local: Local, tell: Tell) -> None:
        self._connection = terms.connection
        self._logs = logs
        self._local = local
        self._tell = tell
        self._at = logs.reached(local.standpoint)
        self._rehydration = Rehydration(terms, logs, local, tell)
        self._replay = self._rehydration.replay(local.standpoint.checkpoint)
        # Snapshots that are read, by transaction, each with what its checkpoint says of events; and the last ones, of
        # which it is still to come.
        self._held: deque[tuple[int, list[Record]]] = deque()
        self._open: list[Record] = []
        self._told_by: int | None = None
        self._waiting: Mapping[TopicPartition, int] = {}

    async def run(self) -> None:
        """Go on without end; raises Stale, Stuck, PartitionUnsafe."""
        # What it knows of the ends it has from the client that may stand still, so that it would seem to be there.
        watching = asyncio.create_task(watch(self._connection, lambda: self._waiting, _STALL_SECONDS))
        try:
            await self._follow(watching)
        finally:
            watching.cancel()

    async def _follow(self, watching: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        async with open_reader(barely(self._connection), "read_committed") as reader:
            reader.assign(list(self._at))
            for tp, at in self._at.items():
                reader.seek(tp, max(at.next_offset, self._logs.starts[tp]))
            flushed = loop.time()
            while not watching.done():
                await self._read(reader)
                due = self._local.unflushed >= FLUSHED or loop.time() - flushed >= _FLUSH_SECONDS
                if due and not await self._unsure(reader):
                    await self._local.flush()
                    flushed = loop.time()
        await watching

    async def _read(self, reader: AIOKafkaConsumer) -> None:
        logs, replay = self._logs, self._replay
        if replay.ahead:
            # Nothing can be kept until these have come, which may be hidden for long.
            wanted = [logs.events]
        elif self._held:
            # Of a backlog aiokafka hands out as many bytes of each log, and snapshots, which are small, would run away.
            wanted = [logs.events, logs.replies]
        else:
            wanted = [*self._at]
        self._waiting = {tp: await reader.position(tp) for tp in wanted}
        batches = await reader.getmany(*wanted, timeout_ms=_POLL_MS, max_records=_RECORDS)
        self._waiting = {}
        # First, since checkpoints say of which events a reply tells.
        self._hold(batches.get(logs.snapshots, ()))
        for tp in (logs.events, logs.replies):
            if tp in batches:
                self._rehydration.take(replay, tp, batches[tp])
        self._take_held(await reader.position(logs.events))
        left = [max((reader.highwater(tp) or 0) - await reader.position(tp), 0) for tp in self._at]
        far = sum(left) + sum(len(records) for _, records in self._held)
        self._tell(f"{far:,} records behind" if far > _RECORDS else None)

    def _hold(self, snapshots: Iterable[Record]) -> None:
        for record in snapshots:
            self._open.append(record)
            if record.key == KEY:
                events = read_checkpoint(record).events
                self._held.append((events, self._open))
                self._open = []
                self._replay.covered(events)
        if len(self._open) > _HELD:
            raise Stale("snapshots were compacted before they were read")

    def _take_held(self, events: int) -> None:
        """Take the snapshots of all transactions whose events are read up to this offset, but for a few."""
        while self._held and self._held[0][0] <= events:
            _, records = self._held.popleft()
            self._rehydration.take(self._replay, self._logs.snapshots, records)
            self._told_by = None
        if self._replay.hidden:
            raise Stale("an owner of another release writes the snapshots")

    async def _unsure(self, reader: AIOKafkaConsumer) -> bool:
        """Whether snapshots tell of what events do not yet; raises Stale where these never will."""
        if not self._replay.ahead:
            return False
        events = self._logs.events
        if self._told_by is None:
            # As in read_partition: the last stable offset may be before what a snapshot tells of already.
            async with open_reader(self._connection, "read_uncommitted") as marks:
                self._told_by = (await marks.end_offsets([events]))[events]
        if await reader.position(events) >= self._told_by:
            raise Stale("snapshots tell of what no event does")
        return True
