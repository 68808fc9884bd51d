"""Reading the logs of a partition into what its owner knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition

from fairlead.versions import NewerVersion
from service.commands.floors import Floors
from service.commands.replay import GapInLog, Replay
from service.kafka import metrics
from service.kafka.checkpoint import KEY, Checkpoint, read_checkpoint
from service.kafka.local import Local
from service.kafka.log_reader import Tell
from service.kafka.spool import Spool
from service.kafka.terms import Terms
from service.kafka.unread import Logs, Stale, Unread
from service.kafka.unsafe import PartitionUnsafe

# What many records change is written once: with a fourth of 20,000 each took 1.2 to 1.8 times as long; more is memory.
FLUSHED = 10_000
# Of all partitions of an aggregate together, since one handler may begin with all of them: some 130 MB. To count in
# entities on disk, where memory has not all, took 15 of 25 CPU-µs of a reply or snapshot.
_COUNTED = 1_000_000


class Gap(PartitionUnsafe):
    """What was read does not follow what was known: one of them is not what this service wrote."""


class Rehydration:
    """Brings `local` up to the ends of its logs; `found_any` says whether anything was ever decided."""

    def __init__(self, terms: Terms, logs: Logs, local: Local, tell: Tell) -> None:
        self.found_any = local.warm
        self._terms = terms
        self._logs = logs
        self._local = local
        self._tell = tell
        self._at = logs.reached(local.standpoint)
        self._unread = Unread(terms, logs, self._at, tell)

    async def warm(self, checkpoint: Checkpoint) -> None:
        """Go on where the store stands; raises Stale, PartitionUnsafe."""
        await self._add(self.replay(checkpoint), finished=True)

    async def cold(self, checkpoint: Checkpoint) -> None:
        """Begin with snapshots, and with what is needed beside them; raises PartitionUnsafe."""
        needed, at = checkpoint.needed, self._local.standpoint
        at.floors = Floors(begun=needed.events, floor=needed.events, marks=[(needed.clock, needed.replies)])
        at.events.next_offset, at.replies.next_offset = needed.events, needed.replies
        self._local.entities.clock = needed.clock
        await self._add(self.replay(checkpoint, afresh=True, states=True), finished=False)

    async def whole(self, checkpoint: Checkpoint | None, *, replies_lost: bool) -> None:
        """Begin with the first event, which tells outcomes too where replies are lost; raises PartitionUnsafe."""
        spool = await self._spooled() if replies_lost else None
        await self._add(self.replay(checkpoint, afresh=not replies_lost, replied=spool), finished=False, spool=spool)

    def replay(self, checkpoint: Checkpoint | None, **how: Any) -> Replay:
        """What adds to `local` what `take` is given; `how` as of Replay."""
        terms, beyond = self._terms, checkpoint.events if checkpoint else 0
        return Replay(
            terms.aggregate,
            self._local.entities,
            terms.snapshots,
            keep_event_ids=terms.allow_import,
            beyond=beyond,
            room=_COUNTED // terms.partitions,
            **how,
        )

    async def _spooled(self) -> Spool:
        spool = Spool(self._local.entities.store)
        async for _, records in self._unread.read([self._logs.replies]):
            await spool.add(records)
        return spool

    async def _add(self, replay: Replay, *, finished: bool, spool: Spool | None = None) -> None:
        """Add all logs; before the end of it, the store may be gone on with where it is `finished` at each point.

        Events tell outcomes too where replies are in a `spool`.
        """
        logs, read = self._logs, self._unread.read
        # States before the events that follow them; events before replies where they tell outcomes too.
        if spool is not None:
            steps = [read([logs.snapshots]), read([logs.events]), spool.read(logs.replies)]
        elif replay.afresh:
            steps = [read([logs.replies]), read([logs.snapshots]), read([logs.events])]
        else:
            # What snapshots tell beyond events is then missing, wherever this was broken off before.
            steps = [read([logs.events, logs.replies]), read([logs.snapshots])]
        for reading in steps:
            async for tp, records in reading:
                self.take(replay, tp, records)
                # The floors that the store knows rest on snapshots that may be gone behind this one.
                if finished and replay.hidden:
                    raise Stale
                if self._local.unflushed >= FLUSHED:
                    await self._local.flush(finished=finished)
        if spool is not None:
            spool.drop()
        # What is left over are markers, which are never read.
        metrics.REHYDRATING.labels(self._terms.aggregate.name, str(logs.events.partition)).set(0)
        # Compaction took the snapshot of it while who made this store read it, and left a later one without an event.
        if replay.ahead:
            raise Stale
        replay.finish()
        self.found_any = self.found_any or replay.found_any
        await self._local.flush()

    def take(self, replay: Replay, tp: TopicPartition, records: Sequence[Any]) -> None:
        """Add the next records of one of the logs; raises PartitionUnsafe."""
        logs, at = self._logs, self._local.standpoint
        try:
            if tp == logs.events:
                replay.add_events(records)
            elif tp == logs.replies:
                before = replay.reply_clock
                replay.add_replies(records)
                at.floors.mark(before, records[0].offset, replay.reply_clock)
            else:
                checkpoints = [record for record in records if record.key == KEY]
                if checkpoints:
                    at.checkpoint = read_checkpoint(checkpoints[-1])
                    replay.covered(at.checkpoint.events)
                    # Else a later snapshot, by other code, may have hidden what this counts on: nobody would tell.
                    if replay.goes_on and at.checkpoint.fold == self._terms.snapshots.fold:
                        at.floors.covered(at.checkpoint.needed.events)
                stateless = replay.add_snapshots([record for record in records if record.key != KEY])
                if replay.goes_on:
                    # As who wrote them did: the last ones with a state may be from long before what is known here.
                    at.floors.written((), dict.fromkeys(stateless, True))
        except GapInLog as gap:
            raise Gap(
                f"{tp.topic}[{tp.partition}]: {gap}; something else wrote to the topic, or lost from it: restore it "
                "from a copy, and let nobody but the handler write to it"
            ) from gap
        except NewerVersion as newer:
            # Nobody has to do more than to go on with the rollout: the next owner reads it.
            raise PartitionUnsafe(f"{tp.topic}[{tp.partition}]: {newer}") from newer
        self._at[tp].passed(records[-1].offset, records[-1].value)
