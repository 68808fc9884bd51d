"""Reading the logs of a partition into what its owner knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import TopicPartition

from service.commands.floors import Floors
from service.commands.ports import Record
from service.commands.replay import GapInLog, Replay, remembered_by
from service.kafka.checkpoint import KEY, Checkpoint, read_checkpoint
from service.kafka.local import Local
from service.kafka.log_reader import Tell, read_log
from service.kafka.progress import Progress
from service.kafka.terms import Terms
from service.kafka.unsafe import PartitionUnsafe


class Stale(Exception):
    """The local store is of another log than this one."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of a partition, with where each starts and ends."""

    snapshots: TopicPartition
    events: TopicPartition
    replies: TopicPartition
    starts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]


class Rehydration:
    """Brings `local` up to the ends of its logs; `found_any` says whether anything was ever decided."""

    def __init__(self, terms: Terms, logs: Logs, local: Local, tell: Tell) -> None:
        self.found_any = local.warm
        self._terms = terms
        self._logs = logs
        self._local = local
        self._tell = tell
        at = local.standpoint
        self._at = {logs.snapshots: at.snapshots, logs.events: at.events, logs.replies: at.replies}

    async def warm(self, checkpoint: Checkpoint) -> None:
        """Go on where the store stands; raises Stale, PartitionUnsafe."""
        await self._add(self._replay(checkpoint), finished=True)

    async def cold(self, checkpoint: Checkpoint) -> None:
        """Begin with snapshots, and with what is needed beside them; raises PartitionUnsafe."""
        needed, at = checkpoint.needed, self._local.standpoint
        at.floors = Floors(begun=needed.events, floor=needed.events, marks=[(needed.clock, needed.replies)])
        at.events.next_offset, at.replies.next_offset = needed.events, needed.replies
        self._local.entities.clock = needed.clock
        await self._add(self._replay(checkpoint, states=True), finished=False)

    async def whole(self, checkpoint: Checkpoint | None, *, replies_lost: bool) -> None:
        """Begin with the first event, which tells outcomes too where replies are lost; raises PartitionUnsafe."""
        replied = {key async for key in self._replied()} if replies_lost else None
        await self._add(self._replay(checkpoint, replied=replied), finished=False)

    def _replay(self, checkpoint: Checkpoint | None, **how: Any) -> Replay:
        terms, beyond = self._terms, checkpoint.events if checkpoint else 0
        ids = terms.allow_import
        return Replay(terms.aggregate, self._local.entities, terms.snapshots, keep_event_ids=ids, beyond=beyond, **how)

    async def _replied(self) -> AsyncIterator[str]:
        async for _, records in self._read([self._logs.replies]):
            for record in records:
                if key := remembered_by(orjson.loads(record.value or b"")):
                    yield key

    async def _add(self, replay: Replay, *, finished: bool) -> None:
        """Add all logs; before the end of it, the store may be gone on with where it is `finished` at each point."""
        logs, local = self._logs, self._local
        add = {
            logs.snapshots: replay.add_snapshots,
            logs.events: replay.add_events,
            logs.replies: replay.add_replies,
        }
        # States before the events that follow them; events before replies where they tell outcomes too.
        steps = [[logs.snapshots], [logs.events], [logs.replies]] if replay.outcomes_of_events else None
        for together in steps or [[logs.snapshots], [logs.events, logs.replies]]:
            async for tp, records in self._read(together):
                if tp == logs.replies:
                    local.standpoint.floors.mark(replay.reply_clock, records[0].offset)
                if tp == logs.snapshots:
                    self._add_snapshots(add[tp], tp, records)
                else:
                    self._tried(add[tp], tp, records)
                last = records[-1]
                self._at[tp].passed(last.offset, last.value)
                if local.due:
                    await local.flush(finished=finished)
        replay.finish()
        self.found_any = self.found_any or replay.found_any
        await local.flush()

    def _add_snapshots(
        self, add: Callable[[Iterable[Record]], None], tp: TopicPartition, records: Sequence[Any]
    ) -> None:
        ours = [record for record in records if record.key == KEY]
        if ours:
            self._local.standpoint.checkpoint = read_checkpoint(ours[-1])
        self._tried(add, tp, [record for record in records if record.key != KEY])

    def _tried(self, add: Callable[[Iterable[Record]], None], tp: TopicPartition, records: Sequence[Any]) -> None:
        try:
            add(records)
        except GapInLog as gap:
            raise PartitionUnsafe(
                f"{tp.topic}[{tp.partition}]: {gap}; something else wrote to the topic, or lost from it: restore it "
                "from a copy, and let nobody but the handler write to it"
            ) from gap

    async def _read(self, logs: Sequence[TopicPartition]) -> AsyncIterator[tuple[TopicPartition, list[Any]]]:
        """All records of these that are not known yet; raises Stale."""
        starts, ends = self._logs.starts, self._logs.ends
        begins = {tp: at.last[0] if at.last else at.next_offset for tp, at in self._at.items()}
        begins = {tp: max(begin, starts[tp]) for tp, begin in begins.items()}
        unsure = {tp for tp in logs if self._at[tp].last}
        terms, left = self._terms, {tp: ends[tp] - begin for tp, begin in begins.items()}
        progress = Progress(terms.aggregate.name, logs[0].partition, max(sum(left.values()), 0), self._tell)
        reading = read_log(terms.connection, {tp: begins[tp] for tp in logs}, ends, progress.hindered)
        async with aclosing(reading):
            async for tp, records in reading:
                fresh = records[self._known(tp, records[0]) :] if tp in unsure else records
                unsure.discard(tp)
                if fresh:
                    yield tp, fresh
                left[tp] = ends[tp] - records[-1].offset - 1
                progress.left(sum(max(one, 0) for one in left.values()))

    def _known(self, tp: TopicPartition, record: Record) -> int:
        """How many of the records that begin with this one are known: one, or none where that has been removed."""
        at = self._at[tp]
        if at.follows(record):
            return 1
        if tp == self._logs.events or at.last is None or record.offset <= at.last[0]:
            raise Stale
        return 0
