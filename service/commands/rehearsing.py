"""Recorded commands decided again by the code at hand, each where it was decided, and held to what was said then."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from fairlead.control import CONTROL
from fairlead.envelope import Command
from service.commands.again import Again, Said
from service.commands.asked import Asked
from service.commands.faults import Unreadable
from service.commands.identity import changed_by_reading, command_digest, reply_id
from service.commands.judging import Judge
from service.commands.past import Log, Past, Unfoldable, Untold
from service.commands.ports import Record
from service.commands.reading import CommandReader
from service.domain import Aggregate

# What no rule has decided.
_OF_STATUS = {"busy": "put off then", "failed": "failed or waiting then"}
_OF_CODE = {
    "import_not_allowed": "importing was not allowed then",
    "wrong_partition": "sent to the wrong partition",
    "id_reused": "repeats",
}


Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """A command of which something else is said now."""

    aggregate: str
    partition: int
    offset: int
    entity_id: str | None
    command_id: str
    type: str
    recorded: Told
    now: Told


@dataclass(frozen=True, slots=True)
class Logs:
    """What was recorded of one partition: commands and replies of some time, and all events of whom they are about.

    `imported` are the keys of the commands that may import, of which `may_import` tells.
    """

    partition: int
    commands: AsyncIterator[Sequence[Record]]
    replies: AsyncIterator[Sequence[Record]]
    events: AsyncIterator[Sequence[Record]]
    imported: Container[bytes | None]


def may_import(value: bytes | None) -> bool:
    """Whether a command could be one that asks for the ids of events; to read it would cost as much as to decide it."""
    # Its name could be written with escapes.
    return value is not None and (b"import_history" in value or b"\\u" in value)


class Rehearsal:
    """Of one partition; `counts` is added to, and `differs` is told of each difference.

    State before a command is that of the recorded events, so that one difference does not lead to others. Names of
    people are sealed in it, as they are for a handler.
    """

    def __init__(
        self, aggregate: Aggregate, logs: Logs, counts: Counter[str], differs: Callable[[Difference], None]
    ) -> None:
        self._aggregate = aggregate
        self._partition = logs.partition
        reply_to = partial(reply_id, aggregate.name, logs.partition)
        self._asked = Asked(Log(logs.commands), reply_to, partial(self._pass, "without a reply"))
        self._replies = Log(logs.replies)
        self._past = Past(aggregate, Log(logs.events), logs.imported)
        self._again = Again(aggregate)
        self._reader = CommandReader(aggregate)
        self._personal = Judge(aggregate, allow_import=True).personal
        self._changed = changed_by_reading(aggregate.commands)
        self._counts = counts
        self._differs = differs
        # By entity and id what failed, which may be decided later.
        self._put_aside: dict[tuple[str | None, str], Record] = {}

    async def run(self) -> None:
        """Go through all replies, in whose order the commands were decided."""
        while (record := await self._replies.next()) is not None:
            reply = orjson.loads(record.value or b"")
            command = await self._command(reply, record.timestamp)
            if command is None:
                self._pass("replies to what is no longer kept")
            else:
                await self._take(command, reply)
        await self._asked.end()

    async def _command(self, reply: Any, at: int) -> Record | None:
        """What this is the reply to, of the same broker time; None where that is gone."""
        if reply["id"] not in self._asked and (aside := self._put_aside.get(_of(reply))) is not None:
            return aside
        return await self._asked.taken(reply["id"], at)

    async def _take(self, record: Record, reply: Any) -> None:
        data, command = reply["data"], self._reader.read(record)
        if data["status"] == "failed":
            self._put_aside[_of(reply)] = record
        elif self._put_aside:
            self._put_aside.pop(_of(reply), None)
        passed = _OF_STATUS.get(data["status"]) or _OF_CODE.get(data["code"])
        if data["duplicate"]:
            passed = "repeats"
        elif isinstance(command, Command) and command.type in CONTROL:
            passed = "redrives and discards"
        if passed:
            self._pass(passed)
            return
        try:
            recorded, now = await self._both(command, record, reply)
        except Untold:
            self._pass("without the events that were there")
            return
        self._counts["decided again"] += 1
        if recorded != now:
            type_ = command.type if isinstance(command, Command) else _type_in(record)
            place = self._aggregate.name, self._partition, record.offset
            self._differs(Difference(*place, reply.get("subject"), reply["causationid"], type_, recorded, now))

    async def _both(self, command: Command | Unreadable, record: Record, reply: Any) -> tuple[Told, Told]:
        """What was said and what is said now, equal where that is the same; raises Untold."""
        data, again = reply["data"], self._again
        then = Said(data["status"], data["code"], data["message"])
        if data["entity_version"] is None:
            # What such a command would have met, no log tells.
            now = Said("invalid", command.code, command.message) if isinstance(command, Unreadable) else Said("read")
        else:
            subject, count = reply["subject"], len(data["events"])
            version = data["entity_version"] - count
            try:
                entity = await self._past.at(subject, version)
                then = then._replace(events=await self._past.next(subject, count))
            except Unfoldable as fault:
                return again.shown(then), again.shown(Said("failed", "invalid_history", str(fault)))
            now = again.decide(command, entity, self._past.event_id)
        if not again.same(then, now):
            return again.shown(then), again.shown(now)
        return self._digests(command, record, reply)

    def _digests(self, command: Command | Unreadable, record: Record, reply: Any) -> tuple[Told, Told]:
        """Where they differ, a repeat of the command would be taken for another; of names they are not to be had."""
        if isinstance(command, Unreadable) or command.type in self._personal:
            return {}, {}
        digest = command_digest(command, record.value or b"", None, self._changed)
        return {"digest": reply.get("commanddigest")}, {"digest": digest}

    def _pass(self, why: str) -> None:
        self._counts[f"not compared: {why}"] += 1


def _of(reply: Any) -> tuple[str | None, str]:
    return reply.get("subject"), reply["causationid"]


def _type_in(record: Record) -> str:
    try:
        return str(orjson.loads(record.value or b"")["type"])
    except (KeyError, TypeError, ValueError):
        return "?"
